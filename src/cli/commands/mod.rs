//! One file a command: its arguments, whose doc comments are its help, and what it does.

pub mod check;
pub mod completions;
pub mod connect;
pub mod dead_letters;
pub mod fields;
pub mod import;
pub mod init;
pub mod narrow;
pub mod plan;
pub mod query;
pub mod run;
pub mod sandbox;
pub mod schema;
mod scopes;
pub mod secrets;
pub mod serve;
mod shipped;
pub mod state;
pub mod status;
mod telling;
pub mod test;
pub mod validate;
pub mod webhooks;
