//! What keeps the keys of operations apart whose `id` says too little: a note of comment 10001 is
//! none of issue 10001, and the mail to the reporter is not the one to the assignee.

use std::sync::Arc;

use super::{Made, SourceKind};
use crate::config::{Sink, Written};
use crate::diagnostic::Source;
use crate::operation::Operation;

/// Where the ids of a sink's operations are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// What they are ids of: a kind of record, or the one file or API that they are of.
    pub of: Arc<str>,
    /// The how manieth of the pipeline's sinks with the same keys it is, from 1.
    pub nth: usize,
}

impl Keys {
    /// The scope among all that is in the account.
    #[must_use]
    pub fn scope(&self, scope: &str) -> Arc<str> {
        format!("{scope} of {}", self.of).into()
    }

    /// Makes the keys of what a sink made its own.
    pub(super) fn keep_apart(&self, made: &mut Made) {
        match made {
            Made::Operation(operation) => self.one(operation),
            Made::Several(operations) => operations.iter_mut().for_each(|one| self.one(one)),
            Made::Unmatched | Made::Nothing => {}
        }
    }

    fn one(&self, operation: &mut Operation) {
        operation.scope = self.scope(&operation.scope);
        if self.nth > 1 {
            operation.key = format!("{} ({})", operation.key, self.nth).into();
        }
    }
}

/// What the ids of a source's records are of. A poll and a webhook tell of the same things.
pub(super) fn ids_of(source: &SourceKind) -> Arc<str> {
    match source {
        SourceKind::JiraIssues(_) => "jira.issue".into(),
        SourceKind::JiraComments(_) => "jira.comment".into(),
        SourceKind::JiraWorklogs(_) => "jira.worklog".into(),
        SourceKind::JiraUsers(_) => "jira.user".into(),
        SourceKind::JiraProjects => "jira.project".into(),
        SourceKind::JiraVersions(_) => "jira.version".into(),
        SourceKind::JiraSprints(_) => "jira.sprint".into(),
        SourceKind::JiraWebhook(webhook) => webhook.thing.record().into(),
        SourceKind::BrevoWebhook(_) => "brevo.webhook".into(),
        SourceKind::Http(http) => http.url.as_str().into(),
        SourceKind::File(file) => file.record.as_ref().unwrap_or(&file.path).as_str().into(),
    }
}

/// What two sinks of a pipeline have in common whose operations would have the same keys; none
/// for sinks whose keys say enough.
pub(super) fn alike(sink: &Sink, source: &Source) -> Option<String> {
    let id = match sink {
        Sink::BrevoNotes(sink) => &sink.id,
        Sink::BrevoCampaigns(sink) => &sink.id,
        Sink::BrevoEmail(sink) => &sink.id,
        Sink::JiraIssue(sink) => &sink.id,
        Sink::JiraComment(sink) => &sink.id,
        Sink::Http(sink) => &sink.id,
        Sink::BrevoContacts(_)
        | Sink::BrevoEvents(_)
        | Sink::BrevoLists(_)
        | Sink::BrevoObjects(_)
        | Sink::File(_)
        | Sink::Metrics(_) => return None,
    };
    let text = |written: &Written| source.slice(written.span).to_owned();
    let further = match sink {
        Sink::BrevoEmail(sink) => text(&sink.template),
        Sink::Http(sink) => format!("{:?} {}", sink.method.value, text(&sink.url)),
        _ => String::new(),
    };
    let id = id.as_ref().map(text).unwrap_or_default();
    Some(format!("{}\n{further}\n{id}", sink.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{plan, record};

    /// Scope and key of what each sink makes of a record.
    fn made(sources: &str, sinks: &str) -> Vec<(String, String)> {
        let plan = plan(&format!("sources: [{sources}]\nsinks:\n{sinks}"));
        let mut record = record(r#"{"id":"7","email":"jane@acme.example","key":"SUPPORT-1"}"#);
        record.identity = Some(crate::record::Identity::of("7"));
        let made = plan.sinks.iter().enumerate().map(|(index, sink)| {
            let mut made = sink.kind.operation(&record, index, &sink.place).unwrap();
            if let Some(keys) = &sink.keys {
                keys.keep_apart(&mut made);
            }
            let Made::Operation(operation) = made else {
                panic!("{made:?}");
            };
            (operation.scope.to_string(), operation.key.to_string())
        });
        made.collect()
    }

    const FILE: &str = "file: { path: in.jsonl, id: $.id }";

    #[test]
    fn every_sink_delivers_what_another_of_its_kind_has_delivered() {
        let sinks = "  - jira.issue: { project: SUPPORT, type: Task, fields: { summary: a } }
  - jira.issue: { project: OPS, type: Task, fields: { summary: b } }
  - jira.issue: { id: '{{id}}-c', project: OPS, type: Task, fields: { summary: c } }
  - brevo.email: { template: 7, to: $.email }
  - brevo.email: { template: 8, to: $.email }
  - brevo.email: { template: 7, to: other@acme.example }
  - http: { method: POST, url: https://a.example/x }
  - http: { method: POST, url: https://a.example/y }
  - http: { method: POST, url: https://a.example/x, body: b }
";
        let of = |scope: &str, key: &str| (format!("{scope} of in.jsonl"), key.to_owned());
        assert_eq!(
            made(FILE, sinks),
            [
                of("jira.issue", "7"),
                of("jira.issue", "7 (2)"),
                of("jira.issue", "7-c"),
                of("brevo.email/7", "7"),
                of("brevo.email/8", "7"),
                of("brevo.email/7", "7 (2)"),
                of("http/POST https://a.example/x", "7"),
                of("http/POST https://a.example/y", "7"),
                of("http/POST https://a.example/x", "7 (2)"),
            ]
        );
    }

    #[test]
    fn ids_of_one_kind_are_none_of_another_however_they_came() {
        let scope = |source: &str| {
            let sinks = "  - jira.comment: { issue: SUPPORT-1, body: seen }\n";
            made(source, sinks).remove(0).0
        };
        assert_eq!(scope("jira.issues: {}"), "jira.comment of jira.issue");
        assert_eq!(
            scope("jira.webhook: { events: [issue_updated] }"),
            "jira.comment of jira.issue"
        );
        assert_eq!(
            scope("file: { path: in.jsonl, record: jira.issue, id: $.id }"),
            "jira.comment of jira.issue"
        );
        assert_eq!(scope("jira.comments: {}"), "jira.comment of jira.comment");
        assert_eq!(scope(FILE), "jira.comment of in.jsonl");
    }

    #[test]
    fn what_says_enough_by_itself_stays_as_it_is() {
        let sinks = "  - brevo.objects: { type: ticket, ext_id: $.id }
  - brevo.events: { name: seen, at: '2026-11-24', identify: { email: $.email } }
";
        assert_eq!(
            made(FILE, sinks),
            [
                ("brevo.objects/ticket".to_owned(), "7".to_owned()),
                ("brevo.events/seen".to_owned(), "7".to_owned())
            ]
        );
    }
}
