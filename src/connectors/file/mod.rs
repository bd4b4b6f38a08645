//! Files of records: JSON, JSON Lines and CSV.

mod lookup;
mod read;
pub mod spec;
mod write;

pub use lookup::rows;
pub use read::{FileReader, recorded};
pub use write::FileWriter;
