//! `each`: one record a match, the match under a name, the rest kept.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::map::set_member;
use crate::expression::Path;
use crate::record::{Identity, Record, Value, canonical_json};

/// One record per match; the identity grows by the match's `id` or, where it has none, its JSON.
#[derive(Debug)]
pub struct Each {
    /// The new member's name.
    pub name: Arc<str>,
    /// What is matched.
    pub path: Path,
}

impl Each {
    /// A record for each match.
    pub fn apply(&self, record: &Record, out: &mut Vec<Record>) {
        let mut taken: HashSet<Arc<str>> = HashSet::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for found in self.path.select(&record.value) {
            let (mut part, equal) = identity_of(&found);
            let count = seen.entry(equal).or_default();
            loop {
                *count += 1;
                let numbered = match *count {
                    1 => Arc::clone(&part),
                    more => format!("{part}#{more}").into(),
                };
                // An id may itself end in a number.
                if taken.insert(Arc::clone(&numbered)) {
                    part = numbered;
                    break;
                }
            }
            let mut one = record.clone();
            one.identity = one
                .identity
                .map(|identity| base(identity, &found, &record.value).with(part));
            set_member(&mut one.value, &self.name, found);
            out.push(one);
        }
    }
}

/// The identity that a match adds to. A change of an issue is the same however it was seen: that a
/// webhook told of it is no part of what it is.
fn base(identity: Identity, found: &Value, record: &Value) -> Identity {
    let is_change = ["id", "at", "field", "seconds_in_from"]
        .iter()
        .all(|name| found.get(name).is_some());
    let told = record.get("event").is_some() && record.get("changes").is_some();
    match identity.parts() {
        [issue, _] if is_change && told => Identity::of(Arc::clone(issue)),
        _ => identity,
    }
}

/// What a match adds to the identity, and a text that equal ones share.
fn identity_of(found: &Value) -> (Arc<str>, String) {
    let part: Arc<str> = match found.get("id") {
        Some(Value::String(id)) => Arc::clone(id),
        Some(Value::Number(id)) => id.to_string().into(),
        _ => return (found.to_json().into(), canonical_json(found)),
    };
    let equal = part.to_string();
    (part, equal)
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::{applied, key, record, said_of, step};

    const EACH: &str = "  - each: { one: '$.l[*]' }";

    fn identities(json: &str) -> Vec<String> {
        let mut out = Vec::new();
        let done = step(EACH).apply(record(json), &key(), &mut out);
        done.unwrap();
        out.iter()
            .map(|one| one.identity.as_ref().unwrap().to_string())
            .collect()
    }

    #[test]
    fn one_record_a_match_the_match_under_the_name_the_rest_kept() {
        assert_eq!(
            applied(EACH, r#"{"l":[1,null],"k":true}"#).unwrap(),
            [
                r#"{"l":[1,null],"k":true,"one":1}"#,
                r#"{"l":[1,null],"k":true,"one":null}"#
            ]
        );
        for none in [r#"{"l":[]}"#, r#"{"l":null}"#, "{}"] {
            assert!(applied(EACH, none).unwrap().is_empty(), "{none}");
        }
        assert_eq!(
            applied("  - each: { one: $.l }", r#"{"l":[1]}"#).unwrap(),
            [r#"{"l":[1],"one":[1]}"#]
        );
    }

    #[test]
    fn the_identity_grows_by_the_id_or_the_json_numbered_where_equal() {
        assert_eq!(
            identities(
                r#"{"l":[{"id":"a"},{"id":7},{"id":null,"x":1},"s",{"id":"a"},{"id":"a#2"},{"x":1,"id":null},2,2.0,"s"]}"#
            ),
            [
                "1-a",
                "1-7",
                r#"1-{"id":null,"x":1}"#,
                r#"1-"s""#,
                "1-a#2",
                "1-a#2#2",
                r#"1-{"x":1,"id":null}#2"#,
                "1-2",
                "1-2.0#2",
                r##"1-"s"#2"##,
            ]
        );
    }

    #[test]
    fn name_and_time_are_those_of_the_record() {
        let mut out = Vec::new();
        let whole = record(r#"{"l":[1]}"#);
        let time = whole.time;
        step(EACH).apply(whole, &key(), &mut out).unwrap();
        assert_eq!((&*out[0].name, out[0].time), ("R-1", time));
        let mut without = record(r#"{"l":[1]}"#);
        without.identity = None;
        out.clear();
        step(EACH).apply(without, &key(), &mut out).unwrap();
        assert!(out[0].identity.is_none());
    }

    #[test]
    fn the_name_must_be_new_and_a_singular_path_to_a_list_is_warned_of() {
        let after_map =
            |each: &str| said_of(&format!("  - map: {{ a: [1, 2] }}\n  - each: {each}"));
        assert_eq!(after_map("{ a: '$.a[*]' }"), ["each.name_taken"]);
        assert_eq!(after_map("{ b: $.a }"), ["each.singular_path"]);
        assert!(after_map("{ b: '$.a[*]' }").is_empty());
        assert_eq!(after_map("{ b: '$.a[*]', c: $.a }"), ["each.one_name"]);
    }
}
