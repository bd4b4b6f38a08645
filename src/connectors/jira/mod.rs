//! Jira Cloud.

mod answer;
mod catalog;
mod changes;
mod dialect;
mod issues;
pub mod jql;
mod lists;
pub mod query;
mod recorded;
mod session;
pub mod spec;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod traps;

pub use catalog::catalog;
pub use changes::{changes, histories};
pub use dialect::JiraDialect;
pub use issues::IssueSource;
pub use recorded::recorded;
pub use session::{Basic, Myself, Session, Site};
