//! `jira.webhook` and `brevo.webhook`.

use super::super::compile::{Surroundings, connection};
use super::super::compiler::Compiler;
use super::super::{SourceKind, SourcePlan, kinds, query};
use super::Compiled;
use crate::config;
use crate::connectors::brevo::spec as brevo;
use crate::connectors::jira::spec::{self as jira, Thing};
use crate::diagnostic::{Code, Span, Spanned, nearest};
use crate::shape::{Kinds, Shape};

const UNKNOWN_EVENT: Code = Code::new("webhook.unknown_event");
const NO_EVENTS: Code = Code::new("webhook.no_events");
const SEVERAL_KINDS: Code = Code::new("webhook.several_kinds");
const NO_ISSUE: Code = Code::new("webhook.jql_without_issue");

pub(super) fn jira(
    source: &config::JiraWebhook,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let connection = connection(
        "jira",
        source.connection.as_ref(),
        Spanned::new("jira.webhook", span),
        surroundings,
        compiler,
    );
    let catalog = surroundings.jira(connection.as_ref());
    let (thing, events) = jira_events(&source.events, span, compiler);
    if let (
        Some(thing @ (Thing::Version | Thing::Sprint | Thing::User | Thing::Project)),
        Some(jql),
    ) = (thing, &source.jql)
    {
        compiler.mistake(
            NO_ISSUE,
            format!("a {} is no issue that `jql` could choose", thing.member()),
            jql.span,
            "nothing here is an issue",
            "leave `jql` out; `keep:` chooses among the records",
        );
    }
    let jql = source
        .jql
        .as_ref()
        .and_then(|written| query::compile(written, true, catalog, compiler));
    let record = thing.map(|thing| thing.record().to_owned());
    let shape = record
        .as_deref()
        .and_then(kinds::record_shape)
        .map_or_else(Shape::any, |shape| {
            shape.with_member("event", Shape::of(Kinds::TEXT))
        });
    let plan = thing.zip(connection).map(|(thing, connection)| SourcePlan {
        kind: SourceKind::JiraWebhook(Box::new(jira::Webhook {
            thing,
            events,
            issues: jira::Issues {
                jql,
                since: None,
                live: false,
                custom_fields: Vec::new(),
                comments: false,
                worklogs: false,
            },
            also_polled: false,
        })),
        connection: Some(connection),
        span,
    });
    Compiled {
        source: plan,
        record,
        shape,
        has_identity: true,
        has_time: true,
        reads: Vec::new(),
    }
}

/// What the events are about, and the events themselves.
fn jira_events(
    written: &[Spanned<String>],
    span: Span,
    compiler: &mut Compiler<'_>,
) -> (Option<Thing>, Vec<String>) {
    let mut first: Option<(Thing, &str)> = None;
    let mut events = Vec::new();
    for event in written {
        let Some(thing) = jira::event(&event.value) else {
            let bare = event.value.rsplit(':').next().unwrap_or_default();
            let names = jira::EVENTS.iter().map(|(name, _, _)| *name);
            let help = match nearest(bare, names) {
                _ if jira::event(bare).is_some() => {
                    format!("events are written without a prefix: `{bare}`")
                }
                Some(near) => format!("did you mean `{near}`?"),
                None => "write e.g. `issue_created`, `issue_updated`, `comment_created`, `version_released`".to_owned(),
            };
            let message = format!("Jira has no event `{}`", event.value);
            compiler.mistake(UNKNOWN_EVENT, message, event.span, "no such event", help);
            continue;
        };
        match first {
            Some((other, name)) if other != thing => compiler.mistake(
                SEVERAL_KINDS,
                format!(
                    "`{}` is about a {}, `{name}` about a {}",
                    event.value,
                    thing.member(),
                    other.member()
                )
                .replace("a issue", "an issue"),
                event.span,
                "another kind of record",
                "all records of a pipeline are of one kind: write a pipeline for each",
            ),
            _ => {
                first.get_or_insert((thing, &event.value));
                if !events.contains(&event.value) {
                    events.push(event.value.clone());
                }
            }
        }
    }
    if written.is_empty() {
        no_events("issue_created", span, compiler);
    }
    (first.map(|(thing, _)| thing), events)
}

fn no_events(example: &str, span: Span, compiler: &mut Compiler<'_>) {
    compiler.mistake(
        NO_EVENTS,
        "no event is named",
        span,
        "`events` is empty",
        format!("name at least one: `events: [{example}]`"),
    );
}

pub(super) fn brevo(
    source: &config::BrevoWebhook,
    span: Span,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Compiled {
    let connection = connection(
        "brevo",
        source.connection.as_ref(),
        Spanned::new("brevo.webhook", span),
        surroundings,
        compiler,
    );
    let mut events = Vec::new();
    for event in &source.events {
        let known = brevo::WEBHOOK_EVENTS
            .iter()
            .find(|(ours, _)| *ours == event.value);
        let Some((ours, _)) = known else {
            let names = brevo::WEBHOOK_EVENTS.iter().map(|(name, _)| *name);
            let help =
                match brevo::webhook_event(&event.value).or_else(|| nearest(&event.value, names)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let names: Vec<&str> = brevo::WEBHOOK_EVENTS
                            .iter()
                            .map(|(name, _)| *name)
                            .collect();
                        format!("there is {}", names.join(", "))
                    }
                };
            let message = format!("Brevo's webhooks have no event `{}`", event.value);
            compiler.mistake(UNKNOWN_EVENT, message, event.span, "no such event", help);
            continue;
        };
        if !events.contains(ours) {
            events.push(*ours);
        }
    }
    if source.events.is_empty() {
        no_events("unsubscribed", span, compiler);
    }
    let plan = connection.map(|connection| SourcePlan {
        kind: SourceKind::BrevoWebhook(Box::new(brevo::Webhook { events })),
        connection: Some(connection),
        span,
    });
    Compiled {
        source: plan,
        record: Some("brevo.webhook".to_owned()),
        shape: kinds::record_shape("brevo.webhook").unwrap_or_else(Shape::any),
        has_identity: true,
        has_time: true,
        reads: Vec::new(),
    }
}
