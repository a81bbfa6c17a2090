//! A run on a host: what is asked for comes line by line, and is answered so.
//!
//! Invariant: a file of a bundle is read from among the assets and nowhere else; what is applied is what was shown, or
//! nothing.

use crate::assets::Assets;
use crate::given;
use crate::lock::Lock;
use crate::options::Options;
use crate::session::{Ending, Session};
use std::io::{self, BufRead};
use windlass_bundle::{
    Answer, Ask, Bundle, Content, End, ErrorReport, ResourceError, ResourcePlan, ResourceReport,
};

/// What was said so far.
pub(crate) struct Conversation<'c, 's> {
    session: &'c mut Session<'s>,
    options: &'c Options,
    assets: Assets,
    bundle: Bundle,
    shown: Vec<ResourceReport>,
}

impl<'c, 's> Conversation<'c, 's> {
    pub(crate) fn new(session: &'c mut Session<'s>, options: &'c Options) -> Self {
        let assets = Assets::new(options.assets.clone().unwrap_or_default());
        Self { session, options, assets, bundle: Bundle::new(), shown: Vec::new() }
    }

    /// Until there is nothing more to read.
    pub(crate) fn run(mut self, input: &mut dyn BufRead) -> io::Result<Ending> {
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            let done = match serde_json::from_slice(&line)? {
                Ask::Bundle(bundle) => self.take(bundle),
                Ask::Secrets(secrets) => {
                    self.session.runner.secrets = secrets;
                    Ok(())
                }
                Ask::Asset { digest, size } => self.assets.store(&digest, size, input),
                Ask::Plan => self.plan(),
                Ask::Apply => self.apply(),
            };
            if let Err(error) = done {
                let error = ResourceError::new(error.to_string());
                return self.fail(&[error]).map(|()| Ending::Failed);
            }
            line.clear();
        }
        Ok(Ending::Done)
    }

    fn say(&mut self, answer: &Answer) -> io::Result<()> {
        self.session.write(answer)
    }

    fn fail(&mut self, errors: &[ResourceError]) -> io::Result<()> {
        for error in errors {
            self.say(&Answer::Failed(ErrorReport::from(error)))?;
        }
        self.say(&Answer::End(End::Failed))
    }

    fn take(&mut self, mut bundle: Bundle) -> io::Result<()> {
        let mut needs = Vec::new();
        for content in bundle.contents() {
            if let Content::File(path) = content {
                let (place, digest) = self.assets.place(path)?;
                if !needs.contains(&digest) && !Assets::has(&place, &digest) {
                    needs.push(digest);
                }
                *path = place;
            }
        }
        self.bundle = bundle;
        self.say(&Answer::Needs(needs))
    }

    /// `None` after it was said what is wrong.
    fn planned(&mut self) -> io::Result<Option<Vec<ResourceReport>>> {
        match self.session.plan(self.options, &self.bundle)? {
            Ok(plans) => Ok(Some(plans.iter().map(ResourceReport::from).collect())),
            Err(errors) => self.fail(&errors).map(|()| None),
        }
    }

    fn show(&mut self, reports: Vec<ResourceReport>, end: End) -> io::Result<()> {
        for report in &reports {
            self.say(&Answer::Resource(report.clone()))?;
        }
        self.shown = reports;
        self.say(&Answer::End(end))
    }

    fn plan(&mut self) -> io::Result<()> {
        match self.planned()? {
            Some(reports) => self.show(reports, End::Done),
            None => Ok(()),
        }
    }

    fn apply(&mut self) -> io::Result<()> {
        let Some(_lock) = Lock::take(self.options.state.as_deref())? else {
            return self.say(&Answer::End(End::Held));
        };
        given::sweep();
        let Some(reports) = self.planned()? else { return Ok(()) };
        if reports != self.shown {
            return self.show(reports, End::Differs);
        }
        let wrapped = |plan: &ResourcePlan| Answer::Resource(ResourceReport::from(plan));
        match self.session.apply(self.options, &self.bundle, &wrapped)? {
            Ok(_) => {
                self.assets.sweep();
                self.say(&Answer::End(End::Done))
            }
            Err(errors) => self.fail(&errors),
        }
    }
}
