//! Sinks of one pipeline whose operations could not be told apart: the second's would be taken for
//! the first's, and not be done.

use super::super::SinkPlan;
use super::super::compiler::Compiler;
use crate::config::{Keyed, Sink, Transform, Written};
use crate::diagnostic::Code;
use crate::record::Value;

const SAME_ID: Code = Code::new("sink.same_id");

/// Says where two sinks that do a thing once give it the same id.
pub(in crate::plan) fn told_apart(
    sinks: &[Keyed<Sink>],
    plans: &[SinkPlan],
    compiler: &mut Compiler<'_>,
) {
    // What may only follow from another mistake is not told.
    if compiler.diagnostics.has_errors() || sinks.len() != plans.len() {
        return;
    }
    let known: Vec<(Identified, &SinkPlan, &Keyed<Sink>)> = sinks
        .iter()
        .zip(plans)
        .filter_map(|(sink, plan)| Some((Identified::of(&sink.value)?, plan, sink)))
        .collect();
    for (index, (one, plan, sink)) in known.iter().enumerate() {
        let before = known.get(..index).unwrap_or_default();
        let twin = before.iter().any(|(other, before, earlier)| {
            one == other
                && plan.connection == before.connection
                && meet(&sink.value, &earlier.value)
        });
        if !twin {
            continue;
        }
        let name = sink.value.name();
        let message = format!(
            "two `{name}` of this pipeline give what they make the same id: what the first made is \
             not made again"
        );
        let help = "say `id:` here that the other one has not, as `id: '{{id}}-2'`; or `when:` in \
                    both, where a record is for one of them alone";
        if matches!(sink.value, Sink::BrevoEvents(_)) {
            compiler.warning(SAME_ID, message, sink.key, "the same name and id", help);
        } else {
            compiler.mistake(SAME_ID, message, sink.key, "the same id", help);
        }
    }
}

/// What tells the things of a sink from one another, as the file says it.
#[derive(PartialEq)]
struct Identified {
    sink: &'static str,
    /// What it is the same thing within: an event's name, a request's address.
    within: Vec<Value>,
    id: Option<Value>,
}

impl Identified {
    /// None of a sink that does nothing once.
    fn of(sink: &Sink) -> Option<Self> {
        let value = |written: &Written| written.to_value();
        let (within, id) = match sink {
            Sink::BrevoEvents(sink) => (vec![value(&sink.name)], &sink.id),
            Sink::Http(sink) => {
                let method = Value::from(format!("{:?}", sink.method.value));
                (vec![value(&sink.url), method], &sink.id)
            }
            Sink::BrevoNotes(sink) => (Vec::new(), &sink.id),
            Sink::BrevoCampaigns(sink) => (Vec::new(), &sink.id),
            Sink::BrevoEmail(sink) => (Vec::new(), &sink.id),
            Sink::JiraIssue(sink) => (Vec::new(), &sink.id),
            Sink::JiraComment(sink) => (Vec::new(), &sink.id),
            Sink::BrevoContacts(_)
            | Sink::BrevoLists(_)
            | Sink::BrevoObjects(_)
            | Sink::File(_)
            | Sink::Metrics(_) => return None,
        };
        Some(Self {
            sink: sink.name(),
            within,
            id: id.as_ref().map(value),
        })
    }
}

/// True where a record may come to both as the same one: neither makes several records of one, and
/// not each has a condition of its own.
fn meet(one: &Sink, other: &Sink) -> bool {
    let (one, other) = (one.common(), other.common());
    let condition = |when: Option<&Written>| when.map(|when| when.to_value());
    let apart = |transforms: &[Keyed<Transform>]| {
        transforms.iter().any(|step| {
            matches!(
                step.value,
                Transform::Each(_) | Transform::Keep(_) | Transform::Drop(_)
            )
        })
    };
    match (condition(one.when), condition(other.when)) {
        (Some(one), Some(other)) if one != other => false,
        _ => !apart(one.transforms) && !apart(other.transforms),
    }
}
