//! JSON APIs that have no connector of their own.

mod dialect;
mod link;
mod read;
mod session;
pub mod spec;

pub use read::HttpReader;
pub use session::{HttpSession, Secrets};
