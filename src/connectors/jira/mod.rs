//! Jira Cloud.

mod catalog;
mod changes;
mod dialect;
mod issues;
mod recorded;
mod session;
pub mod spec;

pub use catalog::catalog;
pub use changes::changes;
pub use dialect::{JiraDialect, reset_wait};
pub use issues::IssueSource;
pub use recorded::recorded;
pub use session::{Basic, Myself, Session, Site};
