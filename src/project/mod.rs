//! A project's folder: its files read, checked and compiled. Never prints and reads no environment:
//! that is passed in.

mod connections;
mod find;
mod open;
mod webhooks;

pub use find::{PROJECT_FILE, find};
pub use open::{Opened, Request, open};
