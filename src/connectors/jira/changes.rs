//! `changes`: the changelog, flat, oldest first; the same however it was seen.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::expression::conversion::{read_time, write_datetime};
use crate::record::{Object, Value};

/// The histories of a changelog, whichever form it has: `{ histories }` as an issue holds it,
/// `{ values }` of its own endpoint, one `{ id, items }` as a webhook tells it, or a bare list.
#[must_use]
pub fn histories(changelog: &Value) -> Vec<Value> {
    let list = ["histories", "values"]
        .into_iter()
        .find_map(|name| changelog.get(name))
        .unwrap_or(changelog);
    match list {
        Value::Array(histories) => histories.to_vec(),
        one if one.get("items").is_some() => vec![one.clone()],
        _ => Vec::new(),
    }
}

/// The changes of an issue: one for each item of each history, and one for the creation. Those
/// before `floor` (epoch milliseconds) are left out, but count for how long a value lasted. What
/// has no time that can be read comes last, with `at` null.
#[must_use]
pub fn changes(
    histories: &[Value],
    created: Option<&Value>,
    creator: Option<&Value>,
    floor: Option<i64>,
) -> Vec<Value> {
    let created = created.and_then(time);
    let mut sorted: Vec<(Option<Timestamp>, &Value)> = histories
        .iter()
        .map(|history| (history.get("created").and_then(time), history))
        .collect();
    sorted.sort_by_key(|(at, history)| (at.is_none(), *at, number(history)));
    let wanted = |at: Option<Timestamp>| match (at, floor) {
        (Some(at), Some(floor)) => at.as_millisecond() >= floor,
        _ => true,
    };
    let names = &*NAMES;
    let mut out = Vec::new();
    if created.is_some() && wanted(created) {
        let actor = creator.map_or(Value::Null, person);
        let mut members = start("created".into(), created, actor, "issue".into());
        members.push(Arc::clone(&names.from), Value::Null);
        members.push(Arc::clone(&names.to), "created".into());
        for name in [&names.from_id, &names.to_id, &names.seconds_in_from] {
            members.push(Arc::clone(name), Value::Null);
        }
        out.push(members.into());
    }
    let mut since: HashMap<Arc<str>, Timestamp> = HashMap::new();
    for (at, history) in sorted {
        let id = text(history.get("id")).unwrap_or_else(|| "".into());
        let actor = history.get("author").map_or(Value::Null, person);
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
            let before = match at {
                Some(at) => since.insert(Arc::clone(&field), at).or(created),
                None => None,
            };
            if !wanted(at) {
                continue;
            }
            let mut members = start(change.into(), at, actor.clone(), field);
            for (name, source) in [
                (&names.from, "fromString"),
                (&names.to, "toString"),
                (&names.from_id, "from"),
                (&names.to_id, "to"),
            ] {
                members.push(Arc::clone(name), Value::from(text(item.get(source))));
            }
            let seconds = at
                .zip(before)
                .map(|(at, before)| at.as_second() - before.as_second())
                .filter(|seconds| *seconds >= 0);
            members.push(Arc::clone(&names.seconds_in_from), Value::from(seconds));
            out.push(members.into());
        }
    }
    out
}

/// The names of the members, made once: there are nine of them in every change.
struct Names {
    id: Arc<str>,
    at: Arc<str>,
    actor: Arc<str>,
    field: Arc<str>,
    from: Arc<str>,
    to: Arc<str>,
    from_id: Arc<str>,
    to_id: Arc<str>,
    seconds_in_from: Arc<str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
    id: "id".into(),
    at: "at".into(),
    actor: "actor".into(),
    field: "field".into(),
    from: "from".into(),
    to: "to".into(),
    from_id: "from_id".into(),
    to_id: "to_id".into(),
    seconds_in_from: "seconds_in_from".into(),
});

fn start(id: Arc<str>, at: Option<Timestamp>, actor: Value, field: Arc<str>) -> Object {
    let names = &*NAMES;
    let mut members = Object::with_capacity(9);
    members.push(Arc::clone(&names.id), id.into());
    members.push(Arc::clone(&names.at), at.map(write_datetime).into());
    members.push(Arc::clone(&names.actor), actor);
    members.push(Arc::clone(&names.field), field.into());
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

    #[test]
    fn a_changelog_is_read_in_each_of_its_forms() {
        let history =
            r#"{"id":"11","created":"2026-11-02T10:00:00.000+0100","items":[{"field":"status"}]}"#;
        for form in [
            format!(r#"{{"startAt":0,"total":1,"histories":[{history}]}}"#),
            format!(r#"{{"isLast":true,"values":[{history}]}}"#),
            history.to_owned(),
            format!("[{history}]"),
        ] {
            let histories = histories(&Value::from_json(&form).unwrap());
            let ids: Vec<String> = changes(&histories, None, None, None)
                .iter()
                .map(|change| change.get("id").unwrap().to_json())
                .collect();
            assert_eq!(ids, [r#""11-status""#], "{form}");
        }
        for none in ["null", "{}", "[]", r#"{"histories":null}"#, "4"] {
            let none = Value::from_json(none).unwrap();
            assert!(histories(&none).is_empty());
        }
    }

    #[test]
    fn a_history_without_a_time_is_not_lost() {
        let changes = of(
            r#"[{"id":"13","items":[{"field":"status","to":3}]},
                {"id":"12","created":"hidden","items":[{"field":"status"}]},
                {"id":"14","created":"2026-11-02T10:00:00Z","items":[{"field":"status"}]}]"#,
            Some(0),
        );
        let told: Vec<String> = changes
            .iter()
            .map(|change| {
                format!(
                    "{} {}",
                    change.get("id").unwrap().to_json(),
                    change.get("at").unwrap().to_json()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                r#""created" "2026-11-01T09:00:00.000Z""#,
                r#""14-status" "2026-11-02T10:00:00.000Z""#,
                r#""12-status" null"#,
                r#""13-status" null"#
            ]
        );
        let last = changes.last().unwrap();
        assert_eq!(last.as_object().unwrap().len(), 9);
        assert_eq!(last.get("to_id"), Some(&Value::from("3")));
        assert_eq!(last.get("seconds_in_from"), Some(&Value::Null));
    }
}
