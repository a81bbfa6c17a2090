//! Layers that are put on what an engine has.
//!
//! Invariant: the topmost one is open; those below it are written down by their digests and change no more.

use crate::upload::Pieces;
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::rc::Rc;
use windlass_bundle::{Op, Overlay, View};
use windlass_image::layer::{
    AssembledLayer, Assembly, BaseImage, LayerBlob, ProcessConfig, assemble, history, load_archive,
    whole_archive,
};

/// What was changed since the layer below.
pub(super) type Layer = Overlay<Rc<dyn View>>;

/// See the module.
pub(super) struct Stack {
    /// What is below all of them.
    pub(super) base: BaseImage,
    sealed: Vec<Sealed>,
    pub(super) open: Layer,
    /// What the open one was made by.
    made_by: Vec<String>,
}

struct Sealed {
    layer: Rc<Layer>,
    assembled: AssembledLayer,
    made_by: String,
}

/// Longest text of what made a layer.
const MADE_BY_MAX: usize = 200;

impl Stack {
    pub(super) fn new(base: BaseImage, below: Rc<dyn View>) -> Self {
        Self { base, sealed: Vec::new(), open: Overlay::new(below), made_by: Vec::new() }
    }

    pub(super) fn apply(&mut self, op: &Op) {
        self.open.apply(op);
    }

    /// Says what the open layer is made by.
    pub(super) fn note(&mut self, resource: &str) {
        if self.made_by.last().is_none_or(|last| last != resource) {
            self.made_by.push(resource.to_owned());
        }
    }

    /// Ends the open layer. One that changes nothing is none.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        let assembled = assemble(&self.open, &mut io::sink())?;
        if assembled.entries.is_empty() {
            return Ok(());
        }
        let made_by = self.made_by();
        // Stands in until the layer that is sealed is the one below.
        let nothing: Rc<dyn View> = Rc::new(windlass_image::layer::ImageView::empty());
        let layer = Rc::new(std::mem::replace(&mut self.open, Overlay::new(nothing)));
        let below: Rc<dyn View> = layer.clone();
        self.open = Overlay::new(below);
        self.sealed.push(Sealed { layer, assembled, made_by });
        Ok(())
    }

    /// Whether the engine has all of it.
    pub(super) fn is_empty(&self) -> bool {
        self.sealed.is_empty()
    }

    /// Goes on from what commands left: layers of which the last are new. What else an engine notes of how they were made
    /// is not the same twice.
    pub(super) fn go_on(
        &mut self,
        (diff_ids, blobs): (Vec<String>, Vec<LayerBlob>),
        below: Rc<dyn View>,
    ) {
        let made_by = self.made_by();
        // What is below is part of it, whether it was there already or was loaded for it.
        self.settle();
        let added = diff_ids.len().saturating_sub(self.base.diff_ids.len());
        self.base.history.extend(std::iter::repeat_n(history(&made_by), added));
        self.base.diff_ids = diff_ids;
        self.base.blobs = blobs;
        self.open = Overlay::new(below);
    }

    fn made_by(&mut self) -> String {
        let made_by = std::mem::take(&mut self.made_by).join(", ");
        match made_by.char_indices().nth(MADE_BY_MAX) {
            Some((at, _)) => format!("windlass: {}…", &made_by[..at]),
            None => format!("windlass: {made_by}"),
        }
    }

    /// The engine has what is sealed.
    pub(super) fn settle(&mut self) {
        let is_known = self.base.blobs.len() == self.base.diff_ids.len();
        for one in self.sealed.drain(..) {
            let AssembledLayer { diff_id, size, .. } = one.assembled;
            if is_known {
                self.base.blobs.push(LayerBlob::plain(&diff_id, size));
            }
            self.base.diff_ids.push(diff_id);
            self.base.history.push(history(&one.made_by));
        }
    }

    /// `sha256:…` of every layer, the lowest first.
    pub(super) fn diff_ids(&self) -> impl Iterator<Item = &String> {
        let own = self.sealed.iter().map(|one| &one.assembled.diff_id);
        self.base.diff_ids.iter().chain(own)
    }

    /// The image of all that is sealed.
    pub(super) fn assembly(
        &self,
        config: &ProcessConfig,
        references: BTreeSet<String>,
    ) -> Assembly {
        let layers: Vec<_> =
            self.sealed.iter().map(|one| (one.assembled.clone(), one.made_by.clone())).collect();
        Assembly::new(&self.base, &layers, config, references)
    }

    /// Writes the archive of that image; `below`: the saved archive of what is below all of them, if that has to be in it.
    pub(super) fn write(
        &self,
        assembly: &Assembly,
        below: Option<&mut dyn Read>,
        mut out: Pieces,
    ) -> io::Result<()> {
        let writers: Vec<_> = self
            .sealed
            .iter()
            .map(|one| move |out: &mut dyn Write| assemble(&*one.layer, out).map(drop))
            .collect();
        let layers: Vec<_> = self
            .sealed
            .iter()
            .zip(&writers)
            .map(|(one, write)| {
                (&one.assembled, write as &dyn Fn(&mut dyn Write) -> io::Result<()>)
            })
            .collect();
        let written = match below {
            Some(below) => whole_archive(assembly, &layers, below, &mut out),
            None => load_archive(assembly, &layers, &mut out),
        };
        out.end(written)
    }
}
