//! Files of records: JSON, JSON Lines and CSV.

mod read;
pub mod spec;
mod write;

pub use read::{FileReader, recorded};
pub use write::FileWriter;
