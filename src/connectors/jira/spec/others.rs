//! What the sources beside issues ask for.

use crate::expression::Since;

use super::Issues;

/// Comments of the issues that a query finds.
#[derive(Debug)]
pub struct Comments {
    /// Which issues, and from when on.
    pub issues: Issues,
    /// Internal ones too.
    pub internal: bool,
}

/// Worklogs of the issues that a query finds.
#[derive(Debug)]
pub struct Worklogs {
    /// Which issues, and from when on.
    pub issues: Issues,
}

/// Users.
#[derive(Debug)]
pub struct Users {
    /// Apps, customers and inactive accounts too.
    pub all: bool,
}

/// Released versions.
#[derive(Debug)]
pub struct Versions {
    /// The keys of the projects; none: all that the account may see.
    pub projects: Vec<String>,
    /// Where the first run starts.
    pub since: Option<Since>,
}

/// Closed sprints.
#[derive(Debug)]
pub struct Sprints {
    /// The ids of the boards; none: all that the account may see.
    pub boards: Vec<u64>,
    /// Where the first run starts.
    pub since: Option<Since>,
}
