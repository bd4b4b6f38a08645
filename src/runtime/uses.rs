//! What the pipelines of a project ask a service for: what a token must be allowed.

use crate::config::{Loaded, Sink, Source, Transform};
use crate::connectors::jira::Uses;
use crate::diagnostic::Spanned;

/// True where a step of this name, or of none, means a connection.
fn means(
    named: Option<&Spanned<String>>,
    connection: &str,
    loaded: &Loaded,
    service: &str,
) -> bool {
    match named {
        Some(named) => named.value == connection,
        None => {
            let mut of_service = loaded
                .project
                .connections
                .iter()
                .filter(|(_, one)| one.value.service() == service);
            of_service.any(|(name, _)| *name.value == *connection)
        }
    }
}

/// What a Jira connection is used for.
#[must_use]
pub fn jira_uses(loaded: &Loaded, connection: &str) -> Uses {
    let mut uses = Uses::default();
    for pipeline in &loaded.pipelines {
        let pipeline = &pipeline.pipeline;
        for source in &pipeline.sources {
            if !means(source.value.connection(), connection, loaded, "jira") {
                continue;
            }
            match &source.value {
                Source::JiraIssues(issues) => {
                    uses.work = true;
                    uses.webhooks |= issues.live.as_ref().is_some_and(|live| live.value);
                }
                Source::JiraWebhook(_) => {
                    uses.work = true;
                    uses.webhooks = true;
                }
                Source::JiraSprints(_) => {
                    uses.work = true;
                    uses.sprints = true;
                }
                Source::JiraComments(_)
                | Source::JiraWorklogs(_)
                | Source::JiraProjects(_)
                | Source::JiraVersions(_) => uses.work = true,
                Source::JiraUsers(_)
                | Source::BrevoWebhook(_)
                | Source::Http(_)
                | Source::File(_) => {}
            }
        }
        for sink in &pipeline.sinks {
            let (Sink::JiraIssue(_) | Sink::JiraComment(_)) = &sink.value else {
                continue;
            };
            if means(sink.value.common().connection, connection, loaded, "jira") {
                uses.work = true;
                uses.writes = true;
            }
        }
        // What is looked up of an issue is read of Jira.
        let enriches = pipeline
            .transforms
            .iter()
            .any(|transform| matches!(transform.value, Transform::Enrich(_)));
        uses.work |= enriches;
    }
    uses
}

/// What an OAuth client of a Brevo connection must be allowed; what it writes it also reads.
#[must_use]
pub fn brevo_scopes(loaded: &Loaded, connection: &str) -> Vec<&'static str> {
    let mut scopes = vec!["account:read", "contacts:read"];
    let mut add = |more: &[&'static str]| {
        for scope in more {
            if !scopes.contains(scope) {
                scopes.push(scope);
            }
        }
    };
    for pipeline in &loaded.pipelines {
        for source in &pipeline.pipeline.sources {
            if matches!(source.value, Source::BrevoWebhook(_))
                && means(source.value.connection(), connection, loaded, "brevo")
            {
                add(&["webhooks:read", "webhooks:write"]);
            }
        }
        for sink in &pipeline.pipeline.sinks {
            if !means(sink.value.common().connection, connection, loaded, "brevo") {
                continue;
            }
            match &sink.value {
                Sink::BrevoContacts(_) | Sink::BrevoLists(_) => add(&["contacts:write"]),
                Sink::BrevoEvents(_) => add(&["events:read", "events:write"]),
                Sink::BrevoNotes(_) => add(&["crm:read", "crm:write"]),
                Sink::BrevoObjects(_) => add(&["objects:read", "objects:write"]),
                Sink::BrevoCampaigns(_) => add(&["campaigns.email:read", "campaigns.email:write"]),
                Sink::BrevoEmail(_) => {
                    add(&["transactional.email:read", "transactional.email:write"]);
                }
                Sink::JiraIssue(_)
                | Sink::JiraComment(_)
                | Sink::Http(_)
                | Sink::File(_)
                | Sink::Metrics(_) => {}
            }
        }
    }
    scopes
}
