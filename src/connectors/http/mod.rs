//! JSON APIs that have no connector of their own.

mod dialect;
mod link;
mod read;
mod session;
pub mod spec;
mod write;

pub use read::HttpReader;
pub use session::{HttpSession, Secrets};
pub use write::HttpWriter;
