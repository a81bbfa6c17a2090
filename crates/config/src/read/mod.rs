//! From the tree to values: what is expected where, and what to say when something else is found.
//!
//! Invariant: a reader never stops at the first mistake; it reports, gives `None` for what it could not read, and
//! goes on with the rest.

mod fields;
mod item;
mod path;
mod reader;
mod suggest;
mod values;
mod variables;

pub use fields::{Field, names};
pub use item::{Item, Spanned};
pub use path::Path;
pub use reader::Reader;
pub use suggest::{did_you_mean, suggest};
pub use values::Text;
pub(crate) use values::clean;
pub use variables::shell_variables;
