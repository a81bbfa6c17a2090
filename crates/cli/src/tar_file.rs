//! A tar in a file: compressed if the file's name says so.
//!
//! Invariant: a file under the name that was asked for is whole.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::trouble::Result;
use crate::whole_file::{WholeFile, unwritten};

pub(crate) struct TarFile<'a> {
    place: &'a Path,
    whole: WholeFile,
    gzip: Option<GzEncoder<Vec<u8>>>,
    bytes: u64,
}

/// Whether a file of this name is taken for a compressed one: `x.tar.gz`, `x.tgz`.
pub(crate) fn is_gzip(place: &Path) -> bool {
    place.extension().is_some_and(|end| end == OsStr::new("gz") || end == "tgz")
}

impl<'a> TarFile<'a> {
    pub(crate) fn create(place: &'a Path) -> Result<Self> {
        let gzip = is_gzip(place).then(|| GzEncoder::new(Vec::new(), Compression::default()));
        Ok(Self { place, whole: WholeFile::create(place)?, gzip, bytes: 0 })
    }

    /// Takes the next piece of the tar.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<()> {
        let Some(gzip) = &mut self.gzip else { return self.write(piece) };
        gzip.write_all(piece).map_err(|error| unwritten(self.place, &error))?;
        let compressed = std::mem::take(gzip.get_mut());
        self.write(&compressed)
    }

    /// Ends it; how many bytes the file has.
    pub(crate) fn keep(mut self) -> Result<u64> {
        if let Some(gzip) = self.gzip.take() {
            let rest = gzip.finish().map_err(|error| unwritten(self.place, &error))?;
            self.write(&rest)?;
        }
        self.whole.keep()?;
        Ok(self.bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.whole.write_all(bytes).map_err(|error| unwritten(self.place, &error))
    }
}
