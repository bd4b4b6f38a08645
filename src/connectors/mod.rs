//! The services: what a source or sink asks for (`spec`, pure) and how it is done on the wire.

pub mod brevo;
pub mod file;
pub mod jira;
