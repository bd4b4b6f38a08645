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
    shipped!("issue-events", "jira.issue"),
    shipped!("support-tickets", "jira.issue", "first-ticket"),
    shipped!("status-changes", "jira.issue"),
    shipped!("comments", "jira.comment"),
    shipped!("milestones", "jira.version"),
    shipped!("milestones-sprints", "jira.sprint"),
    shipped!("team-capacity-hours", "jira.worklog"),
    shipped!("team-capacity-open", "jira.issue"),
    shipped!("people", "jira.user"),
    shipped!("people-projects", "jira.issue"),
    shipped!("unsubscribes", "brevo.webhook"),
];

/// What `--pipeline` takes.
pub(super) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        std::iter::once(ALL).chain(PIPELINES.iter().map(|shipped| shipped.name)),
    )
}
