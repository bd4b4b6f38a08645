//! The pipelines that come with the program, each with its test cases and its record's schema.

use clap::builder::PossibleValuesParser;

/// A pipeline that `init` writes.
pub(super) struct Shipped {
    /// Its name: the file's.
    pub(super) name: &'static str,
    /// Paths in a project, and texts.
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// The one that a new project begins with.
pub(super) const FIRST: &str = "support-tickets";

/// All of them.
pub(super) const ALL: &str = "all";

/// A pipeline of this repository with its record's schema and its cases.
macro_rules! shipped {
    ($name:literal, $record:literal $(, $case:literal)*) => {
        Shipped {
            name: $name,
            files: &[
                (
                    concat!("pipelines/", $name, ".yaml"),
                    include_str!(concat!("../../../pipelines/", $name, ".yaml")),
                ),
                (
                    concat!("schemas/records/", $record, ".schema.json"),
                    include_str!(concat!("../../../schemas/records/", $record, ".schema.json")),
                ),
                $(
                    (
                        concat!("tests/pipelines/", $name, "/", $case, ".json"),
                        include_str!(concat!("../../../tests/pipelines/", $name, "/", $case, ".json")),
                    ),
                    (
                        concat!("tests/pipelines/", $name, "/", $case, ".snap"),
                        include_str!(concat!("../../../tests/pipelines/", $name, "/", $case, ".snap")),
                    ),
                )*
            ],
        }
    };
}

/// The pipelines, in the order of the documentation.
pub(super) const PIPELINES: [Shipped; 11] = [
    shipped!("issue-events", "jira.issue", "resolved", "no-email"),
    shipped!("support-tickets", "jira.issue", "first-ticket"),
    shipped!("status-changes", "jira.issue", "reopened"),
    shipped!("comments", "jira.comment", "customer-and-agent", "deleted"),
    shipped!("milestones", "jira.version", "released"),
    shipped!("milestones-sprints", "jira.sprint", "closed"),
    shipped!("team-capacity-hours", "jira.worklog", "a-week"),
    shipped!("team-capacity-open", "jira.issue", "five-issues"),
    shipped!("people", "jira.user", "with-and-without-email"),
    shipped!("people-projects", "jira.issue", "reporter-and-assignee"),
    shipped!("unsubscribes", "brevo.webhook", "two-open-tickets"),
];

/// What `--pipeline` takes.
pub(super) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        std::iter::once(ALL).chain(PIPELINES.iter().map(|shipped| shipped.name)),
    )
}
