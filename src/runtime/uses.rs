//! What the pipelines of a project ask a service for: what a token must be allowed.

use crate::config::{Enrich, Loaded, LoadedPipeline, Notify, Pipeline, Sink, Source, Transform};
use crate::connectors::jira::{OFFLINE, Uses, scopes};
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
    let all = jira_uses_by_pipeline(loaded, connection).into_iter();
    all.fold(Uses::default(), |uses, (_, more)| uses.and(more))
}

/// What each pipeline uses a Jira connection for.
fn jira_uses_by_pipeline<'l>(loaded: &'l Loaded, connection: &str) -> Vec<(&'l str, Uses)> {
    let of = |pipeline: &'l LoadedPipeline| {
        let uses = jira_uses_of(&pipeline.pipeline, loaded, connection);
        (pipeline.name.as_str(), uses)
    };
    loaded.pipelines.iter().map(of).collect()
}

fn jira_uses_of(pipeline: &Pipeline, loaded: &Loaded, connection: &str) -> Uses {
    let mut uses = Uses::default();
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
            Source::JiraUsers(_) | Source::BrevoWebhook(_) | Source::Http(_) | Source::File(_) => {}
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
    for lookup in lookups(pipeline) {
        if !means(lookup.connection.as_ref(), connection, loaded, "jira") {
            continue;
        }
        // Users are read by whoever is let in at all.
        uses.work |= lookup.jira_issue.is_some() || lookup.jira_search.is_some();
        uses.requests |= lookup.jira_request.is_some();
    }
    uses
}

/// The look-ups of a pipeline, those below its sinks too.
fn lookups(pipeline: &Pipeline) -> impl Iterator<Item = &Enrich> {
    let of_sinks = pipeline.sinks.iter();
    let of_sinks = of_sinks.flat_map(|sink| sink.value.common().transforms);
    let all = pipeline.transforms.iter().chain(of_sinks);
    all.filter_map(|transform| match &transform.value {
        Transform::Enrich(lookups) => Some(lookups),
        _ => None,
    })
    .flat_map(|lookups| lookups.iter().map(|(_, lookup)| lookup))
}

/// A scope that a token lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingScope {
    /// The scope.
    pub scope: &'static str,
    /// The pipelines that need it; none: whoever connects does.
    pub pipelines: Vec<String>,
}

/// What a token lacks of what the pipelines need.
#[must_use]
pub fn missing_scopes(granted: &[String], loaded: &Loaded, connection: &str) -> Vec<MissingScope> {
    let by_pipeline = jira_uses_by_pipeline(loaded, connection);
    let needed = scopes(jira_uses(loaded, connection)).into_iter();
    needed
        .filter(|scope| *scope != OFFLINE && !granted.iter().any(|one| one == scope))
        .map(|scope| MissingScope {
            scope,
            pipelines: by_pipeline
                .iter()
                .filter(|(_, uses)| needs(*uses, scope))
                .map(|(name, _)| (*name).to_owned())
                .collect(),
        })
        .collect()
}

/// True where a pipeline needs a scope that not everybody needs.
fn needs(uses: Uses, scope: &str) -> bool {
    scopes(uses).contains(&scope) && !scopes(Uses::default()).contains(&scope)
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
        let mails = pipeline
            .pipeline
            .notify
            .as_ref()
            .is_some_and(|notify| matches!(notify.value, Notify::Email(_)));
        if mails && mails_by(loaded, &pipeline.pipeline).is_some_and(|name| name == connection) {
            add(&["transactional.email:write"]);
        }
    }
    scopes
}

/// The connection by which a pipeline's `notify: { email: … }` goes out: its own account, else
/// the project's first.
fn mails_by<'l>(loaded: &'l Loaded, pipeline: &Pipeline) -> Option<&'l str> {
    let all = loaded.project.connections.iter();
    let brevo = all.filter(|(_, one)| one.value.service() == "brevo");
    let names: Vec<&str> = brevo.map(|(name, _)| &*name.value).collect();
    let is_own = |name: &str| {
        let sinks = pipeline.sinks.iter();
        sinks
            .filter(|sink| sink.value.name().starts_with("brevo."))
            .any(|sink| means(sink.value.common().connection, name, loaded, "brevo"))
    };
    let own = names.iter().find(|name| is_own(name));
    own.or(names.first()).copied()
}
