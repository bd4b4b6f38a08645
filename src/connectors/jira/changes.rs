//! `changes`: the changelog, flat, oldest first; the same however it was seen.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::expression::conversion::{read_time, write_datetime};
use crate::record::{Object, Value};

/// The changes of an issue: one for each item of each history, and one for the creation. Those
/// before `floor` (epoch milliseconds) are left out, but count for how long a value lasted.
#[must_use]
pub fn changes(
    histories: &[Value],
    created: Option<&Value>,
    creator: Option<&Value>,
    floor: Option<i64>,
) -> Vec<Value> {
    let created = created.and_then(time);
    let mut sorted: Vec<(Timestamp, &Value)> = histories
        .iter()
        .filter_map(|history| Some((time(history.get("created")?)?, history)))
        .collect();
    sorted.sort_by(|(left_at, left), (right_at, right)| {
        left_at
            .cmp(right_at)
            .then_with(|| number(left).cmp(&number(right)))
    });
    let wanted = |at: Timestamp| floor.is_none_or(|floor| at.as_millisecond() >= floor);
    let mut out = Vec::new();
    if let Some(at) = created
        && wanted(at)
    {
        let mut members = start("created", at, creator, "issue");
        members.push("from".into(), Value::Null);
        members.push("to".into(), "created".into());
        for name in ["from_id", "to_id", "seconds_in_from"] {
            members.push(name.into(), Value::Null);
        }
        out.push(members.into());
    }
    let mut since: HashMap<Arc<str>, Timestamp> = HashMap::new();
    for (at, history) in sorted {
        let id = text(history.get("id")).unwrap_or_else(|| "".into());
        let mut seen: HashMap<Arc<str>, usize> = HashMap::new();
        for item in history
            .get("items")
            .and_then(Value::as_array)
            .unwrap_or_default()
        {
            let Some(field) = text(item.get("fieldId")).or_else(|| text(item.get("field"))) else {
                continue;
            };
            let count = seen
                .entry(Arc::clone(&field))
                .and_modify(|count| *count += 1)
                .or_insert(1);
            let change = if *count == 1 {
                format!("{id}-{field}")
            } else {
                format!("{id}-{field}-{count}")
            };
            let before = since.insert(Arc::clone(&field), at).or(created);
            if !wanted(at) {
                continue;
            }
            let mut members = start(&change, at, history.get("author"), &field);
            for (name, source) in [
                ("from", "fromString"),
                ("to", "toString"),
                ("from_id", "from"),
                ("to_id", "to"),
            ] {
                members.push(name.into(), Value::from(text(item.get(source))));
            }
            let seconds = before
                .map(|before| at.as_second() - before.as_second())
                .filter(|seconds| *seconds >= 0);
            members.push("seconds_in_from".into(), Value::from(seconds));
            out.push(members.into());
        }
    }
    out
}

fn start(id: &str, at: Timestamp, actor: Option<&Value>, field: &str) -> Object {
    let mut members = Object::with_capacity(9);
    members.push("id".into(), id.into());
    members.push("at".into(), write_datetime(at).into());
    members.push("actor".into(), actor.map_or(Value::Null, person));
    members.push("field".into(), field.into());
    members
}

fn person(user: &Value) -> Value {
    if user.as_object().is_none() {
        return Value::Null;
    }
    let mut members = Object::with_capacity(3);
    for name in ["accountId", "displayName", "emailAddress"] {
        members.push(name.into(), Value::from(text(user.get(name))));
    }
    members.into()
}

/// Text that is not empty; numbers as text: ids come as either.
fn text(value: Option<&Value>) -> Option<Arc<str>> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(Arc::clone(text)),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

fn number(history: &Value) -> u64 {
    text(history.get("id"))
        .and_then(|id| id.parse().ok())
        .unwrap_or_default()
}

fn time(value: &Value) -> Option<Timestamp> {
    read_time(value, &TimeZone::UTC).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(histories: &str, floor: Option<i64>) -> Vec<Value> {
        let histories = Value::from_json(histories).unwrap();
        let created = Value::from("2026-11-01T10:00:00.000+0100");
        changes(histories.as_array().unwrap(), Some(&created), None, floor)
    }

    const TWO: &str = r#"[
      {"id":"12","created":"2026-11-02T10:00:00.000+0100","author":{"accountId":"a"},
       "items":[{"field":"Статус","fieldId":"status","from":"2","fromString":"In Progress","to":"3","toString":"Done"}]},
      {"id":"11","created":"2026-11-01T11:00:00.000+0100",
       "items":[{"field":"status","fieldId":"status","from":"1","fromString":"Open","to":"2","toString":"In Progress"},
                {"field":"Link","from":null,"fromString":"","to":"X-1","toString":"relates"},
                {"field":"Link","from":null,"to":"X-2","toString":"relates"}]}]"#;

    #[test]
    fn is_flat_and_oldest_first_with_all_nine_members() {
        let changes = of(TWO, None);
        let ids: Vec<&str> = changes
            .iter()
            .map(|change| change.get("id").unwrap().as_str().unwrap())
            .collect();
        assert_eq!(
            ids,
            ["created", "11-status", "11-Link", "11-Link-2", "12-status"]
        );
        assert_eq!(
            changes[4].to_json(),
            r#"{"id":"12-status","at":"2026-11-02T09:00:00.000Z","actor":{"accountId":"a","displayName":null,"emailAddress":null},"field":"status","from":"In Progress","to":"Done","from_id":"2","to_id":"3","seconds_in_from":82800}"#
        );
        assert_eq!(
            changes[2].get("from"),
            Some(&Value::Null),
            "an empty text is null"
        );
        assert!(
            changes
                .iter()
                .all(|change| change.as_object().unwrap().len() == 9)
        );
        assert_eq!(changes[1].get("seconds_in_from").unwrap().to_json(), "3600");
    }

    #[test]
    fn what_lies_before_the_floor_still_counts_for_how_long_a_value_lasted() {
        let floor: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
        let changes = of(TWO, Some(floor.as_millisecond()));
        assert_eq!(changes.len(), 1);
        assert_eq!(
            changes[0].get("seconds_in_from").unwrap().to_json(),
            "82800"
        );
    }
}
