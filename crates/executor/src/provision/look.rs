//! A look at an image that is on an engine.
//!
//! Invariant: the index, and contents that it does not have, are fetched when they are asked for.

use super::ask::Asker;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use windlass_bundle::{Metadata, ResourceError, View};
use windlass_image::layer::ImageView;

/// See the module.
pub(super) struct Look {
    view: OnceCell<RefCell<ImageView>>,
    /// Its id or reference.
    image: String,
    asker: Asker,
}

impl Look {
    /// `view`: what is in it, if that was read already.
    pub(super) fn new(view: Option<ImageView>, image: String, asker: Asker) -> Self {
        let view = view.map_or_else(OnceCell::new, |view| OnceCell::from(RefCell::new(view)));
        Self { view, image, asker }
    }

    fn view(&self, path: &str) -> Result<&RefCell<ImageView>, ResourceError> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let looked = self.asker.look(&self.image);
        let looked = looked.map_err(|why| ResourceError::unreadable(path, &why.message))?;
        Ok(self.view.get_or_init(|| RefCell::new(looked.view)))
    }

    /// What does not hold on to the view: that may change while it is read.
    fn read(&self, path: &str) -> Result<Box<dyn Read>, ResourceError> {
        let view = self.view(path)?.borrow();
        if let Some(large) = view.open_large(path) {
            return Ok(Box::new(large));
        }
        let mut bytes = Vec::new();
        let failed = |error: std::io::Error| ResourceError::unreadable(path, &error.to_string());
        view.open(path)?.read_to_end(&mut bytes).map_err(failed)?;
        Ok(Box::new(Cursor::new(bytes)))
    }
}

impl View for Look {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        self.view(path)?.borrow().metadata(path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError> {
        if let Ok(known) = self.read(path) {
            return Ok(known);
        }
        let missing = self.view(path)?.borrow().missing();
        let fetched = self.asker.contents(&self.image, missing);
        let fetched = fetched.map_err(|why| ResourceError::unreadable(path, &why.message))?;
        self.view(path)?.borrow_mut().learn(fetched.view);
        self.read(path)
    }

    fn read_link(&self, path: &str) -> Result<String, ResourceError> {
        self.view(path)?.borrow().read_link(path)
    }

    fn extended(&self, path: &str) -> Result<BTreeMap<String, Vec<u8>>, ResourceError> {
        self.view(path)?.borrow().extended(path)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
        self.view(path)?.borrow().list(path)
    }
}
