//! A shell where a run failed: in a copy of its container, with what it wrote.
//!
//! Invariant: the copy and its image are gone when the shell ends, and no secret is in the image.

use windlass::OneOffContainer;
use windlass::model::Digest;
use windlass::model::container::{ContainerConfig, ContainerSpec};
use windlass::model::image::{ImageUse, PullPolicy};
use windlass::model::label::owner_labels;
use windlass::model::mount::Mount;
use windlass::model::{Address, Kind};

use super::{KEY, is_wanted, may_be_wanted};
use crate::args::Consent;
use crate::attendance::Attendance;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::one_off::{self, Errand};
use crate::render::escape;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

/// The highest code that a program ends with by itself; above it are those of signals.
const LAST_CODE: u8 = 127;

/// A run that is over, whose container is still there.
pub(crate) struct FailedRun<'a> {
    container: &'a OneOffContainer,
    like: &'a ContainerSpec,
    code: u8,
}

impl<'a> FailedRun<'a> {
    /// If that is what came of it. One at which keys were typed was ended by whoever typed them.
    pub(crate) fn of(attendance: &Attendance<'a>, result: &Result<Exit>) -> Option<Self> {
        let Ok(Exit::Process(code @ 1..=LAST_CODE)) = *result else { return None };
        let Attendance { container, like, .. } = *attendance;
        (!attendance.typed.get()).then_some(Self { container, like, code })
    }

    /// Asks, if that is wanted, and opens the shell.
    pub(crate) async fn offer(
        self,
        invocation: &Invocation,
        session: &Session,
        consent: Consent,
        signals: &mut Signals,
    ) -> Result<()> {
        if !may_be_wanted(invocation, consent) {
            return Ok(());
        }
        let (name, code) = (escape::line(&self.like.address.name).into_owned(), self.code);
        let question = format!("{name} ended with {code}. Open a shell where it ran?");
        if !is_wanted(invocation, consent, &question, signals).await {
            return Ok(());
        }
        let id = one_off::of_this_run(invocation).id;
        let reference = format!("{}/{KEY}:{id}", session.project.name);
        let ran = self.open(invocation, session, &reference, consent, signals).await;
        // Where it is still used, or never came about, there is nothing to do here.
        drop(session.engines[&self.like.address.engine].remove_image(&reference).await);
        ran
    }

    async fn open(
        &self,
        invocation: &Invocation,
        session: &Session,
        reference: &str,
        consent: Consent,
        signals: &mut Signals,
    ) -> Result<()> {
        let failed = |error| Trouble::engine("keep what it left for a shell", error);
        let engine = &self.like.address.engine;
        let address = Address::new(engine.clone(), Kind::Image, KEY);
        let digest = Digest::of([reference]);
        let project = &session.project.name;
        let labels = owner_labels(project, &address, None::<&()>, Some(digest.as_str()));
        self.container.commit(self.like, reference, &labels).await.map_err(failed)?;
        let seen = self.container.look().await.map_err(failed)?;
        let mut config = ContainerConfig::clone(&self.like.config);
        // What the image gave it: the copy need not have it.
        for (name, value) in &seen.config.env {
            config.env.get_or_insert_with(name.clone(), || value.clone());
        }
        config.workdir = seen.config.workdir.clone();
        config.user = seen.config.user.clone();
        for (target, name) in seen.anonymous_volumes {
            config.mounts.insert(target, Mount::volume(&name));
        }
        let mut like = ContainerSpec {
            image: ImageUse::External(reference.into()),
            pull: PullPolicy::Never,
            config: config.into(),
            ..self.like.clone()
        };
        like.address.name = KEY.into();
        let mut project = session.project.clone();
        project.containers.insert(like.address.clone(), like.clone());
        let stage = session.staged(project);
        let errand = Errand {
            argv: vec!["/bin/sh".to_owned()],
            script: None,
            reads_stdin: true,
            wants_tty: false,
        };
        super::shell(invocation, &stage, &like, errand, consent, signals).await.map(|_| ())
    }
}
