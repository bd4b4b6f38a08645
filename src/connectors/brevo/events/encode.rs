//! An event as Brevo takes it.

use jiff::tz::TimeZone;

use crate::connectors::brevo::account::AccountFacts;
use crate::operation::Operation;
use crate::record::{Object, Value, write_json_string};

/// The JSON of an event; the reason where it changes an attribute to what that never takes.
pub(super) fn event(
    operation: &Operation,
    account: &AccountFacts,
    zone: &TimeZone,
) -> Result<String, String> {
    let payload = &operation.payload;
    let mut out = String::with_capacity(512);
    out.push('{');
    member("event_name", payload.get("event_name"), &mut out);
    member("event_date", payload.get("event_date"), &mut out);
    let mut identifiers = Object::with_capacity(1);
    for (kind, value) in objects(payload.get("identify")) {
        let name = match &**kind {
            "email" => "email_id",
            "phone" => "phone_id",
            other => other,
        };
        identifiers.insert(name, value.clone());
    }
    member("identifiers", Some(&identifiers.into()), &mut out);
    member("event_properties", payload.get("properties"), &mut out);
    let mut changed = Object::new();
    for (name, value) in objects(payload.get("contact_attributes")) {
        let fitted = account.fitted_property(name, value, zone)?;
        changed.insert(name.to_uppercase(), fitted);
    }
    if !changed.is_empty() {
        member("contact_properties", Some(&changed.into()), &mut out);
    }
    out.push('}');
    Ok(out)
}

fn objects(value: Option<&Value>) -> impl Iterator<Item = (&std::sync::Arc<str>, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Object::iter)
}

fn member(name: &str, value: Option<&Value>, out: &mut String) {
    let Some(value) = value else { return };
    if !out.ends_with('{') {
        out.push(',');
    }
    write_json_string(name, out);
    out.push(':');
    value.write_json(out);
}
