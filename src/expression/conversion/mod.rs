//! Conversions (`as:`): exact, or an error of the record; they know nothing of paths and files.

mod convert;
mod number;
mod text;
mod time;

pub use convert::{Conversion, Unconvertible, rendered};
pub use text::{compact_json, scalar_text};
pub use time::{read_time, read_time_text, write_date, write_datetime};
