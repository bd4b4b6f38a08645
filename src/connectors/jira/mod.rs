//! Jira Cloud.

pub mod spec;
