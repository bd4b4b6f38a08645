//! Jira Cloud.

mod answer;
mod catalog;
mod changes;
pub mod check;
mod comments;
mod dialect;
mod entrance;
mod issues;
pub mod jql;
mod listed;
mod lists;
mod lookup;
mod oauth;
mod pages;
pub mod query;
mod recorded;
mod records;
mod registration;
mod released;
mod scopes;
mod session;
pub mod spec;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod traps;
mod webhook;
mod worklogs;
mod write;

pub use catalog::catalog;
pub use changes::{changes, histories};
pub use comments::CommentSource;
pub use dialect::{CREDENTIAL as REFUSED_BASIC, JiraDialect};
pub use entrance::{Entrance, basic_header};
pub use issues::IssueSource;
pub use listed::{Listed, ListedSource};
pub use lookup::{customers, issues_of, search, users};
pub use oauth::{App, Held, OAuth, Resource, TokenStore, Tokens, accessible_resources};
pub use recorded::{recorded, recorded_other};
pub use registration::Registered;
pub use scopes::{OFFLINE, Uses, scopes};
pub use session::{Basic, FAMILIES, Myself, Session, Site};
pub use webhook::{InboxSource, Wanted, recorded_event};
pub use worklogs::WorklogSource;
pub use write::{CommentWriter, IssueWriter};
