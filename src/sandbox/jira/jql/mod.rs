//! The emulator's own JQL: read, checked against the site, evaluated. It shares nothing with the
//! product's.

mod compile;
mod dates;
mod lex;
mod parse;
mod terms;

pub(super) use compile::{Compiled, Key, Look, SortField, compile};
pub(super) use parse::parse;
