//! Contents of files.
//!
//! Invariant: a large file is never held in memory where only its digest is asked for; `Debug` never shows what is in one.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

/// What is in a file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    Text(String),
    Bytes(#[serde(with = "base64_text")] Vec<u8>),
    /// A file of the machine that plans; an agent gets it as an asset and sees it below its own directory.
    File(PathBuf),
}

impl Content {
    /// # Errors
    ///
    /// If the file can't be opened, or is no regular one: others end never, or not before somebody writes to them.
    pub fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Text(text) => Box::new(Cursor::new(text.as_bytes())),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Self::File(path) => Box::new(windlass_files::open(path)?),
        })
    }

    /// In bytes.
    ///
    /// # Errors
    ///
    /// If the file is not there.
    pub fn size(&self) -> io::Result<u64> {
        Ok(match self {
            Self::Text(text) => text.len() as u64,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(path) => std::fs::metadata(path)?.len(),
        })
    }

    /// What errors call it: the file that it is, or else the path of which it is.
    pub(crate) fn name<'a>(&'a self, path: &'a str) -> Cow<'a, str> {
        match self {
            Self::Text(_) | Self::Bytes(_) => Cow::Borrowed(path),
            Self::File(file) => file.to_string_lossy(),
        }
    }

    /// # Errors
    ///
    /// If the file can't be read.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// SHA-256, as hexadecimal digits.
    ///
    /// # Errors
    ///
    /// If the file can't be read.
    pub fn digest(&self) -> io::Result<String> {
        digest(&mut *self.open()?)
    }

    /// Whether what is read is just this.
    pub(crate) fn is(&self, from: &mut dyn Read) -> io::Result<bool> {
        let (mut own, mut left) = (self.open()?, vec![0; PIECE]);
        let mut right = vec![0; PIECE];
        loop {
            let length = from.read(&mut left)?;
            if length == 0 {
                return Ok(own.read(&mut right[..1])? == 0);
            }
            match own.read_exact(&mut right[..length]) {
                Ok(()) if left[..length] == right[..length] => {}
                Ok(()) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}

impl fmt::Debug for Content {
    /// Without what is in it, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Bytes as a text, which is a third of a list of numbers.
mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        // What is wrong with it could show it.
        STANDARD.decode(String::deserialize(from)?).map_err(|_| D::Error::custom("no base64"))
    }
}

const PIECE: usize = 16 * 1024;

/// SHA-256 of all that is read, as hexadecimal digits.
pub(crate) fn digest(from: &mut dyn Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// Bytes as hexadecimal digits, as digests are written.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
