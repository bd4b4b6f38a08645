//! Compiling sinks, one file a sink.

mod alike;
mod campaigns;
mod contacts;
mod email;
mod events;
mod file;
mod http;
mod identify;
mod jira;
mod lists;
mod message;
mod metrics;
mod notes;
mod objects;
mod sender;
mod values;

use super::check;
use super::compile::{Surroundings, connection, on_error};
use super::compiler::Compiler;
use super::steps::{self, Flow};
use super::{OnUnmatched, SinkKind, SinkPlan, When};
use crate::config::{self, Keyed, Sink};
use crate::diagnostic::Spanned;
use crate::operation;

pub(super) use alike::told_apart;
pub(super) use contacts::is_attribute_name;
pub(super) use file::files_of_their_own;

/// Compiles a sink; none where it has a mistake.
pub(super) fn compile(
    sink: &Keyed<Sink>,
    flow: &mut Flow,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Option<SinkPlan> {
    let span = sink.key;
    let common = sink.value.common();
    // What is deleted takes its note along.
    let mut takes_deleted = matches!(&sink.value, Sink::BrevoNotes(_));
    let when = common.when.and_then(|written| {
        let condition = compiler.condition(written)?;
        check::condition(&condition, flow, compiler);
        takes_deleted |= condition.value.references().iter().any(|reference| {
            matches!(reference.steps.first().map(|step| &step.kind), Some(crate::expression::StepKind::Name(name)) if &**name == "deleted")
        });
        Some(When {
            condition: condition.value,
            span: written.span,
        })
    });
    let stages = steps::compile(common.transforms, flow, surroundings, compiler);
    let at = compiler.source.position(span.start);
    let place = operation::Place {
        file: compiler.source.name().into(),
        line: at.line,
        column: at.column,
    };
    let name = sink.value.name();
    let service = ["brevo", "jira"].into_iter().find(|service| {
        name.split_once('.')
            .is_some_and(|(before, _)| before == *service)
    });
    let connection = if let Some(service) = service {
        connection(
            service,
            common.connection,
            Spanned::new(name, span),
            surroundings,
            compiler,
        )
    } else {
        None
    };
    let catalog = connection
        .as_ref()
        .and_then(|connection| surroundings.catalogs.get(connection));
    let kind =
        match &sink.value {
            Sink::BrevoContacts(written) => contacts::contacts(written, catalog, flow, compiler)
                .map(|sink| SinkKind::Contacts(Box::new(sink))),
            Sink::BrevoEvents(written) => {
                events::events(written, span, &place, catalog, flow, compiler)
                    .map(|sink| SinkKind::Events(Box::new(sink)))
            }
            Sink::JiraIssue(written) => jira::issue(written, span, catalog, flow, compiler)
                .map(|sink| SinkKind::JiraIssue(Box::new(sink))),
            Sink::JiraComment(written) => jira::comment(written, span, flow, compiler)
                .map(|sink| SinkKind::JiraComment(Box::new(sink))),
            Sink::Http(written) => {
                http::http(written, span, flow, compiler).map(|sink| SinkKind::Http(Box::new(sink)))
            }
            Sink::Metrics(written) => metrics::metrics(written, flow, compiler)
                .map(|sink| SinkKind::Metrics(Box::new(sink))),
            Sink::BrevoNotes(written) => notes::notes(written, span, flow, compiler)
                .map(|sink| SinkKind::Notes(Box::new(sink))),
            Sink::BrevoLists(written) => lists::lists(written, span, catalog, flow, compiler)
                .map(|sink| SinkKind::Lists(Box::new(sink))),
            Sink::BrevoCampaigns(written) => {
                campaigns::campaigns(written, span, catalog, flow, compiler)
                    .map(|sink| SinkKind::Campaigns(Box::new(sink)))
            }
            Sink::BrevoEmail(written) => email::email(written, span, flow, compiler)
                .map(|sink| SinkKind::Email(Box::new(sink))),
            Sink::BrevoObjects(written) => objects::objects(written, flow, compiler)
                .map(|sink| SinkKind::Objects(Box::new(sink))),
            Sink::File(written) => file::file(written, flow, compiler).map(SinkKind::File),
        }?;
    if service.is_some() && connection.is_none() {
        return None;
    }
    Some(SinkPlan {
        kind,
        name: name.into(),
        connection,
        when,
        takes_deleted,
        stages,
        on_error: on_error(common.on_error),
        on_unmatched: match common.on_unmatched.map(|written| written.value) {
            None | Some(config::OnUnmatched::Skip) => OnUnmatched::Skip,
            Some(config::OnUnmatched::DeadLetter) => OnUnmatched::DeadLetter,
        },
        keys: None,
        place,
        span,
    })
}
