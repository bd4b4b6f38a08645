//! `brevo.events`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::contacts::attribute_name;
use super::identify::{identify, says_nobody};
use super::message;
use super::values::{optional, takes, time_or_number, value, values};
use crate::config::{self, Catalog};
use crate::connectors::brevo::spec as brevo;
use crate::diagnostic::{Code, Span};
use crate::expression::{Expression, Place};
use crate::operation;
use crate::record::Value;
use crate::shape::Kinds;

const NO_TIME: Code = Code::new("event.no_time");
const BAD_NAME: Code = Code::new("event.bad_name");
const BAD_PROPERTY: Code = Code::new("event.bad_property_name");
const TAKEN_PROPERTY: Code = Code::new("event.reserved_property");

pub(super) fn events(
    written: &config::BrevoEvents,
    span: Span,
    place: &operation::Place,
    catalog: Option<&Catalog>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Events> {
    let nobody = says_nobody(&written.identify, written.identify.span, compiler);
    let name = value(&written.name, Place::LeftOut, flow, compiler);
    if let Some(literal) = name.as_ref().and_then(Expression::as_literal)
        && !literal.as_str().is_some_and(brevo::is_event_name)
    {
        let fixed: String = literal
            .as_str()
            .filter(|name| !name.is_empty())
            // What was put in for a `${…}` is not shown in another form either.
            .filter(|_| !compiler.source.slice(written.name.span).contains("${"))
            .unwrap_or("issue_updated")
            .chars()
            .map(|one| {
                if one.is_ascii_alphanumeric() || one == '-' {
                    one
                } else {
                    '_'
                }
            })
            .collect();
        compiler.mistake(
            BAD_NAME,
            "Brevo takes no event of this name",
            written.name.span,
            "expected 1 to 255 of A-Z a-z 0-9 _ -",
            format!("write `{fixed}`"),
        );
    }
    if let Some(name) = name.as_ref().filter(|name| name.as_literal().is_none()) {
        let fits = |value: &Value| value.as_str().is_some_and(brevo::is_event_name);
        let what = "text of A-Z a-z 0-9 _ -";
        takes("name", what, Kinds::TEXT, &fits, name, flow, compiler);
    }
    let identify = identify(&written.identify, flow, compiler);
    let at = optional(written.at.as_ref(), Place::LeftOut, flow, compiler);
    let id = message::id(written.id.as_ref(), span, "an event", flow, compiler);
    time_or_number(
        "at",
        "a time",
        at.as_ref().and_then(Option::as_ref),
        flow,
        compiler,
    );
    if written.at.is_none() && !flow.has_time {
        compiler.mistake(
            NO_TIME,
            "an event needs a time, and these records have none",
            span,
            "no time",
            "say `at:` here, or `time:` at the source",
        );
    }
    for (name, _) in written.properties.iter() {
        if &*name.value == "event_id" {
            compiler.mistake(
                TAKEN_PROPERTY,
                "`event_id` is the event's own id",
                name.span,
                "set by flowline",
                "say `id:` to choose it, or name the property differently",
            );
        } else if !brevo::is_event_name(&name.value) {
            compiler.mistake(
                BAD_PROPERTY,
                format!("Brevo takes no property `{}`", name.value),
                name.span,
                "expected 1 to 255 of A-Z a-z 0-9 _ -",
                "name it differently",
            );
        }
    }
    let properties = values(&written.properties, Place::LeftOut, flow, compiler);
    for (name, _) in written.contact_attributes.iter() {
        attribute_name(name, compiler);
    }
    let contact_attributes = values(&written.contact_attributes, Place::LeftOut, flow, compiler);
    let backfill = message::backfill(written.backfill.as_ref(), compiler);
    if nobody {
        return None;
    }
    let spec = brevo::Events {
        name: name?,
        at: at?,
        identify: identify?,
        properties: properties?,
        contact_attributes: contact_attributes?,
        id: id?,
        backfill_ms: backfill?,
        zone: compiler.zone.clone(),
        at_key: place.clone(),
    };
    if let Some(catalog) = catalog {
        super::super::catalog::events(&spec, written, catalog, flow, compiler);
    }
    Some(spec)
}
