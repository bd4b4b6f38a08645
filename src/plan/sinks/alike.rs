//! Events of one pipeline that could not be told apart: an event is known by its name and id, so the
//! second's would be taken for the first's, and not be sent. What other sinks make is told apart by
//! the sink (`plan::keys`).

use super::super::SinkPlan;
use super::super::compiler::Compiler;
use crate::config::{BrevoEvents, Keyed, Sink, Transform, Written};
use crate::diagnostic::Code;
use crate::record::Value;

const SAME_ID: Code = Code::new("sink.same_id");

/// Says where two sinks give their events the same name and id.
pub(in crate::plan) fn told_apart(
    sinks: &[Keyed<Sink>],
    plans: &[SinkPlan],
    compiler: &mut Compiler<'_>,
) {
    // What may only follow from another mistake is not told.
    if compiler.diagnostics.has_errors() || sinks.len() != plans.len() {
        return;
    }
    let events = |sink: &'_ Sink| match sink {
        Sink::BrevoEvents(events) => Some(named(events)),
        _ => None,
    };
    for (index, (sink, plan)) in sinks.iter().zip(plans).enumerate() {
        let Some(name) = events(&sink.value) else {
            continue;
        };
        let before = sinks.iter().zip(plans).take(index);
        let twin = before.into_iter().any(|(earlier, before)| {
            events(&earlier.value).is_some_and(|earlier| earlier == name)
                && plan.connection == before.connection
                && meet(&sink.value, &earlier.value)
        });
        if !twin {
            continue;
        }
        compiler.warning(
            SAME_ID,
            "two `brevo.events` of this pipeline give what they make the same id: what the first \
             made is not made again",
            sink.key,
            "the same name and id",
            "say `id:` here that the other one has not, as `id: '{{id}}-2'`; or `when:` in both, \
             where a record is for one of them alone",
        );
    }
}

/// What tells events from one another, as the file says it.
fn named(sink: &BrevoEvents) -> (Value, Option<Value>) {
    let id = sink.id.as_ref();
    (sink.name.to_value(), id.map(|id| id.to_value()))
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
