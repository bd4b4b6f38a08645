//! What a pipeline with `aggregate` may not do: it sees all records at every run.

use super::compiler::Compiler;
use crate::config::{Pipeline, Sink, Source, Transform};
use crate::diagnostic::{Code, Diagnostic, Span};

const LIVE: Code = Code::new("aggregate.live");
const WEBHOOK: Code = Code::new("aggregate.webhook");
const FILE: Code = Code::new("webhook.file");

/// Refuses `live` and webhooks beside `aggregate`: one record alone makes no group.
pub(super) fn check(pipeline: &Pipeline, compiler: &mut Compiler<'_>) {
    let own = pipeline.transforms.iter();
    let of_sinks = pipeline
        .sinks
        .iter()
        .flat_map(|sink| sink.value.common().transforms);
    let aggregate = own
        .chain(of_sinks)
        .find(|transform| matches!(transform.value, Transform::Aggregate(_)));
    let Some(aggregate) = aggregate else {
        return;
    };
    let mut refuse = |code, message: &str, span: Span, help: &str| {
        compiler.diagnostics.push(
            Diagnostic::error(code, message)
                .label(span, "one record at a time")
                .label(aggregate.key, "needs all records")
                .help(help),
        );
    };
    for source in &pipeline.sources {
        match &source.value {
            Source::JiraIssues(issues) => {
                if let Some(live) = issues.live.filter(|live| live.value) {
                    refuse(
                        LIVE,
                        "a pipeline with `aggregate` reads its sources whole at every run and cannot be `live`",
                        live.span,
                        "leave `live` out; `schedule:` says how often the groups are made anew",
                    );
                }
            }
            Source::JiraWebhook(_) | Source::BrevoWebhook(_) => refuse(
                WEBHOOK,
                "a pipeline with `aggregate` reads its sources whole at every run, and a webhook cannot be read again",
                source.key,
                "read the records themselves, e.g. with `jira.issues`",
            ),
            _ => {}
        }
    }
}

/// Refuses a `file` beside a webhook: it is replaced by each run, and a webhook comes once.
pub(super) fn check_files(pipeline: &Pipeline, compiler: &mut Compiler<'_>) {
    let webhook = pipeline.sources.iter().find(|source| {
        matches!(
            source.value,
            Source::JiraWebhook(_) | Source::BrevoWebhook(_)
        )
    });
    let Some(webhook) = webhook else { return };
    for sink in &pipeline.sinks {
        if matches!(sink.value, Sink::File(_)) {
            compiler.diagnostics.push(
                Diagnostic::error(
                    FILE,
                    "a file is replaced by each run, and what a webhook tells comes once",
                )
                .label(sink.key, "would lose what earlier runs wrote")
                .label(webhook.key, "comes once")
                .help("read the records themselves, e.g. with `jira.issues`, or send them to another sink"),
            );
        }
    }
}
