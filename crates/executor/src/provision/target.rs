//! An image that is put together, as the target of a bundle.
//!
//! Invariant: what is computed here becomes layers here; the engine is only asked where a command has to run, and shows then
//! what that left.

use super::ask::{Asker, CommandRun};
use super::look::Look;
use super::stack::Stack;
use crate::failure;
use crate::step::Result;
use crate::upload;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read};
use std::rc::Rc;
use windlass_bundle::{
    Command, Content, Layered, Metadata, Op, Records, Resource, ResourceError, ResourcePlan,
    Target, View,
};
use windlass_image::layer::{ProcessConfig, SavedImage};
use windlass_model::digest::Digest;
use windlass_model::fault::Fault;
use windlass_model::image::PASSING_TAG;
use windlass_model::label;
use windlass_model::name::ImageId;
use windlass_model::report::{Failure, FailureKind};

/// See the module.
pub(super) struct ImageTarget {
    asker: Asker,
    pub(super) stack: RefCell<Stack>,
    /// What the engine has below the stack; nothing below `scratch`.
    image: RefCell<Option<String>>,
    /// References that were only given to go on from them.
    pub(super) passing: RefCell<BTreeSet<String>>,
    /// Those that keep what commands left.
    pub(super) kept: RefCell<BTreeSet<String>>,
    /// Places of the resources whose commands did not run, because what they leave is known.
    pub(super) known: RefCell<BTreeSet<usize>>,
    /// Why the last thing that was asked of the engine failed.
    pub(super) failed: RefCell<Option<Failure>>,
    options: Options,
    /// The resource that is being applied.
    current: RefCell<Applied>,
    /// Commands that will share a layer. They run before anything is looked at.
    waiting: RefCell<Vec<(Applied, Command)>>,
    /// Of that image: what is written into them is not in it.
    has_volumes: Cell<bool>,
    /// The engine refused an image without the layers of its base.
    wants_whole: Cell<bool>,
    /// The next resource begins a layer.
    is_apart: Cell<bool>,
}

/// Beyond so many, what asks for a layer of its own shares one, and so do commands that stand side by side.
const LAYERS_MAX: usize = 100;
/// Beyond so many nothing is run: engines refuse an image of more than 125.
const LAYERS_LAST: usize = 120;

/// A resource, by its place in the bundle and its id.
#[derive(Clone, Default)]
struct Applied {
    index: usize,
    id: String,
}

type Done = std::result::Result<(), ResourceError>;

/// What images on the way get.
pub(super) struct Options {
    /// `repository` of the image that is made.
    pub(super) repository: String,
    pub(super) config: ProcessConfig,
    /// Of those that are only gone on from.
    pub(super) passing_labels: BTreeMap<String, String>,
    /// Commands run though what they left is known.
    pub(super) runs_anew: bool,
    /// Nothing is loaded.
    pub(super) only_looks: bool,
}

impl ImageTarget {
    /// `base`: its reference, and what is in it.
    pub(super) fn new(asker: Asker, base: (Option<String>, SavedImage), options: Options) -> Self {
        let (image, saved) = base;
        let has_volumes = !saved.base.config.volumes.is_empty();
        let below = Look::new(Some(saved.view), image.clone().unwrap_or_default(), asker.clone());
        Self {
            asker,
            stack: RefCell::new(Stack::new(saved.base, Rc::new(below))),
            image: RefCell::new(image),
            passing: RefCell::default(),
            kept: RefCell::default(),
            known: RefCell::default(),
            failed: RefCell::default(),
            options,
            current: RefCell::default(),
            waiting: RefCell::default(),
            has_volumes: Cell::new(has_volumes),
            wants_whole: Cell::new(false),
            is_apart: Cell::new(false),
        }
    }

    /// Runs commands of the current resource: at once, or where there are many layers, with those that come next to them.
    fn run(&self, commands: &[Command]) -> Done {
        let is_isolated = |command: &Command| !command.network;
        let is_other = |(_, command): &(_, Command)| {
            commands.iter().any(|one| is_isolated(one) != is_isolated(command))
        };
        // A container has a network or has none.
        if self.waiting.borrow().last().is_some_and(is_other) {
            self.catch_up()?;
        }
        let current = self.current.borrow().clone();
        let commands = commands.iter().map(|command| (current.clone(), command.clone()));
        self.waiting.borrow_mut().extend(commands);
        let has_room = self.stack.borrow().diff_ids().count() < LAYERS_MAX;
        if has_room { self.catch_up() } else { Ok(()) }
    }

    /// Runs what waits for that.
    pub(super) fn catch_up(&self) -> Done {
        let (owners, commands): (Vec<Applied>, Vec<Command>) =
            self.waiting.take().into_iter().unzip();
        if commands.is_empty() {
            return Ok(());
        }
        self.leave(&owners, &commands).map_err(|mut failure| {
            let mut place = owners.len() - 1;
            if let FailureKind::BuildStep { command: Some(command), code, .. } = failure.kind {
                place = command.min(place);
                failure.kind = code.map_or(FailureKind::Local, |code| FailureKind::Exec { code });
            }
            let Applied { index, id } = owners[place].clone();
            self.remember(failure).at(index).of(id)
        })
    }

    /// Runs commands in a layer, or finds what they left before.
    fn leave(&self, owners: &[Applied], commands: &[Command]) -> Result<()> {
        self.seal()?;
        if self.stack.borrow().diff_ids().count() >= LAYERS_LAST {
            return Err(too_many_layers());
        }
        let key = self.key(commands).map_err(|error| failure::local(error.to_string()))?;
        let found = if self.options.runs_anew { None } else { self.asker.find(&key)? };
        let ran = if let Some(ran) = found {
            self.asker.say("what it leaves is known from before".to_owned());
            self.known.borrow_mut().extend(owners.iter().map(|owner| owner.index));
            ran
        } else {
            let (image, commands) = (self.settle()?, commands.to_vec());
            self.asker.run(CommandRun { image, key, commands })?
        };
        let (view, blobs) = ran.saved.map(|saved| (saved.view, saved.base.blobs)).unzip();
        let below = Look::new(view, ran.image.clone(), self.asker.clone());
        let mut stack = self.stack.borrow_mut();
        for owner in owners {
            stack.note(&owner.id);
        }
        stack.go_on((ran.layers, blobs.unwrap_or_default()), Rc::new(below));
        self.kept.borrow_mut().insert(ran.image.clone());
        self.has_volumes.set(false);
        *self.image.borrow_mut() = Some(ran.image);
        Ok(())
    }

    /// What tells commands from all others: what is below, what they are and what they are made of. Of a secret that is its name.
    fn key(&self, commands: &[Command]) -> io::Result<String> {
        let stack = self.stack.borrow();
        let of = ["windlass commands 1", windlass_payload::digest()].map(str::to_owned);
        let mut all: Vec<String> = of.into_iter().chain(stack.diff_ids().cloned()).collect();
        for command in commands {
            let mut command = command.clone();
            for content in command.contents() {
                let digest = content.digest()?;
                *content = Content::Text(digest);
            }
            all.push(serde_json::to_string(&command).expect("invariant: a command is plain data"));
        }
        Ok(Digest::of(all.iter().map(String::as_str)).0)
    }

    /// Ends the open layer.
    pub(super) fn seal(&self) -> Result<()> {
        let sealed = self.stack.borrow_mut().seal();
        sealed.map_err(|error| failure::local(error.to_string()))
    }

    /// The reference under which the engine has all of it.
    fn settle(&self) -> Result<String> {
        self.seal()?;
        let mut stack = self.stack.borrow_mut();
        let is_known = stack.is_empty() && !self.has_volumes.get();
        let known = self.image.borrow().clone().filter(|_| is_known);
        if let Some(image) = known {
            return Ok(image);
        }
        if stack.diff_ids().next().is_none() {
            return Err(failure::local("nothing can be run in an image of nothing"));
        }
        let state = Digest::of(stack.diff_ids().map(String::as_str)).0;
        let reference = format!("{}:{PASSING_TAG}{}", self.options.repository, short(&state));
        // What a command writes into a volume would not be in the image.
        let mut config = ProcessConfig { volumes: BTreeMap::new(), ..self.options.config.clone() };
        config.labels.extend(self.options.passing_labels.clone());
        config.labels.insert(label::DIGEST.to_owned(), state);
        self.load(&stack, &config, [reference.clone()].into())?;
        self.has_volumes.set(false);
        stack.settle();
        self.passing.borrow_mut().insert(reference.clone());
        *self.image.borrow_mut() = Some(reference.clone());
        Ok(reference)
    }

    /// Has the engine take what is sealed, as an image of these references, and says its id.
    pub(super) fn load(
        &self,
        stack: &Stack,
        config: &ProcessConfig,
        references: BTreeSet<String>,
    ) -> Result<String> {
        if self.options.only_looks {
            return Err(failure::local("nothing is made for a look"));
        }
        let assembly = stack.assembly(config, references);
        let image = self.image.borrow();
        let whole = image.as_ref().filter(|_| !stack.base.diff_ids.is_empty());
        if !self.wants_whole.get() || whole.is_none() {
            let (pieces, tar) = upload::pieces();
            let loaded = self.asker.load(tar, || stack.write(&assembly, None, pieces));
            match loaded {
                Err(failure) if whole.is_some() && may_want_whole(&failure) => {}
                loaded => return loaded.map(|id| id.map_or(assembly.id, |ImageId(id)| id)),
            }
        }
        let Some(image) = whole else { return Ok(assembly.id) };
        self.wants_whole.set(true);
        self.asker.say("the engine takes no image without the layers of its base".to_owned());
        let mut below = self.asker.save(image)?;
        let (pieces, tar) = upload::pieces();
        let id = self.asker.load(tar, || stack.write(&assembly, Some(&mut below), pieces))?;
        Ok(id.map_or(assembly.id, |ImageId(id)| id))
    }

    fn remember(&self, failure: Failure) -> ResourceError {
        let code =
            if let FailureKind::Exec { code } = failure.kind { code.try_into().ok() } else { None };
        let error = ResourceError::new(failure.message.clone()).with_exit_code(code);
        *self.failed.borrow_mut() = Some(failure);
        error
    }
}

/// Whether an engine that refused an image may take it with the layers of its base.
fn may_want_whole(failure: &Failure) -> bool {
    use Fault::{ImageMissing, Invalid, NotFound, Other, Unsupported};
    matches!(
        &failure.kind,
        FailureKind::Engine(NotFound | ImageMissing | Invalid | Unsupported | Other)
    )
}

/// Why nothing more is run, and what helps.
fn too_many_layers() -> Failure {
    let message = format!("the image has {LAYERS_LAST} layers, and engines take few more");
    let help = "join commands, as lines of one: each that has conditions, or stands between files, is a layer";
    Failure { help: Some(help.to_owned()), ..failure::local(message) }
}

/// The part of a digest that is in a tag.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

impl Target for ImageTarget {
    fn begin(
        &self,
        resource: &Resource,
        plan: &ResourcePlan,
    ) -> std::result::Result<(), ResourceError> {
        if plan.changes.is_empty() {
            return Ok(());
        }
        let has_room = self.stack.borrow().diff_ids().count() < LAYERS_MAX;
        if has_room && (resource.own_layer || self.is_apart.get()) {
            self.catch_up()?;
            self.seal().map_err(|failure| self.remember(failure))?;
        }
        self.is_apart.set(resource.own_layer);
        let mut reasons: Vec<&String> = plan.changes.iter().map(|change| &change.reason).collect();
        reasons.dedup();
        for reason in reasons {
            self.asker.say(format!("{}: {reason}", plan.id));
        }
        *self.current.borrow_mut() = Applied { index: plan.index, id: plan.id.clone() };
        Ok(())
    }

    fn apply(&self, op: &Op) -> std::result::Result<(), ResourceError> {
        if let Op::Run { commands } = op {
            return self.run(commands);
        }
        self.catch_up()?;
        let mut stack = self.stack.borrow_mut();
        stack.note(&self.current.borrow().id);
        stack.apply(op);
        Ok(())
    }
}

impl View for ImageTarget {
    fn metadata(&self, path: &str) -> std::result::Result<Option<Metadata>, ResourceError> {
        self.catch_up()?;
        self.stack.borrow().open.metadata(path)
    }

    fn open(&self, path: &str) -> std::result::Result<Box<dyn Read + '_>, ResourceError> {
        let unreadable =
            |error: std::io::Error| ResourceError::unreadable(path, &error.to_string());
        self.catch_up()?;
        let stack = self.stack.borrow();
        if let Some(Layered::File { content: Content::File(from), .. }) =
            stack.open.changes().get(path)
        {
            // It may be large.
            return Ok(Box::new(windlass_files::open(from).map_err(unreadable)?));
        }
        let mut bytes = Vec::new();
        stack.open.open(path)?.read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(Box::new(Cursor::new(bytes)))
    }

    fn read_link(&self, path: &str) -> std::result::Result<String, ResourceError> {
        self.catch_up()?;
        self.stack.borrow().open.read_link(path)
    }

    fn extended(
        &self,
        path: &str,
    ) -> std::result::Result<BTreeMap<String, Vec<u8>>, ResourceError> {
        self.catch_up()?;
        self.stack.borrow().open.extended(path)
    }

    fn list(&self, path: &str) -> std::result::Result<Vec<String>, ResourceError> {
        self.catch_up()?;
        self.stack.borrow().open.list(path)
    }

    fn records(
        &self,
        path: &str,
        read: &dyn Fn() -> std::result::Result<Records, ResourceError>,
    ) -> std::result::Result<Rc<Records>, ResourceError> {
        self.catch_up()?;
        self.stack.borrow().open.records(path, read)
    }

    fn probe(&self, command: &Command) -> std::result::Result<Option<i32>, ResourceError> {
        self.catch_up()?;
        let image = self.settle().map_err(|failure| self.remember(failure))?;
        let run = CommandRun { image, key: String::new(), commands: vec![command.clone()] };
        let asked = self.asker.probe(run);
        asked.map(Some).map_err(|failure| self.remember(failure))
    }
}
