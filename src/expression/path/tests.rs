//! What paths select, what they read, and what is said of texts that are none.

use serde_json::json;

use super::{LocationStep, Path};
use crate::expression::{StepKind, Usage};
use crate::record::Value;

fn value(json: serde_json::Value) -> Value {
    Value::from(json)
}

#[track_caller]
fn selects(document: serde_json::Value, path: &str, expected: serde_json::Value) {
    let selected = Path::parse(path).unwrap().select(&value(document));
    assert_eq!(Value::from(selected), value(expected), "{path}");
}

/// Message, the characters under which it stands, and help.
#[track_caller]
fn mistake(path: &str) -> String {
    let problem = Path::parse(path).unwrap_err().remove(0);
    let (range, _) = problem.labels.first().cloned().unwrap();
    format!(
        "{} | {} | {}",
        problem.message,
        path.get(range).unwrap(),
        problem.help.unwrap()
    )
}

#[test]
fn selects_in_order() {
    let document = json!({"a": [{"b": 1}, {"b": 2, "c": {"b": 3}}], "é": "x"});
    selects(document.clone(), "$.a[*].b", json!([1, 2]));
    selects(document.clone(), "$..b", json!([1, 2, 3]));
    selects(document.clone(), "$.a[-1].b", json!([2]));
    selects(document.clone(), "$.é", json!(["x"]));
    selects(document.clone(), "$['a'][?@.b > 1].c.b", json!([3]));
    selects(document, "$.a[::-1].b", json!([2, 1]));
}

#[test]
fn raw_text_is_looked_into_like_any_other_value() {
    let mut members = crate::record::Object::new();
    members.insert(
        "text",
        Value::Raw(r#"{"content":[{"type":"paragraph"}]}"#.into()),
    );
    let record = Value::from(members);
    let path = Path::parse("$.text.content[0].type").unwrap();
    assert_eq!(path.first(&record), Some("paragraph".into()));
    assert_eq!(
        Path::parse("$..type").unwrap().select(&record),
        vec![Value::from("paragraph")]
    );
}

#[test]
fn any_depth_is_walked_without_recursion() {
    let deep = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    let record = Value::from_json(&deep).unwrap();
    assert_eq!(Path::parse("$..a").unwrap().select(&record).len(), 50_000);
}

#[test]
fn says_where_its_values_stand() {
    let record = value(json!({"a": [{"b": 1}, {"b": 2}]}));
    let locations = Path::parse("$.a[*].b").unwrap().locations(&record);
    let expected = |index| {
        vec![
            LocationStep::Name("a".into()),
            LocationStep::Index(index),
            LocationStep::Name("b".into()),
        ]
    };
    assert_eq!(locations, vec![expected(0), expected(1)]);
}

#[test]
fn says_what_it_reads() {
    let path = Path::parse("$.changes[?@.field == \"status\"].to").unwrap();
    let steps = |index: usize| -> Vec<StepKind> {
        path.references()[index]
            .steps
            .iter()
            .map(|step| step.kind.clone())
            .collect()
    };
    let name = |name: &str| StepKind::Name(name.into());
    assert_eq!(steps(0), vec![name("changes"), StepKind::Each, name("to")]);
    assert_eq!(
        steps(1),
        vec![name("changes"), StepKind::Each, name("field")]
    );
    assert_eq!(path.references()[0].usage, Usage::Taken);
    let range = path.references()[0].steps[0].range.clone();
    assert_eq!(path.text().get(range), Some("changes"));
}

#[test]
fn literals_are_replaced_after_parsing() {
    let mut path = Path::parse("$.l[?@ == \"${X}\"]").unwrap();
    path.replace_literals(|text| text.replace("${X}", "a\"b"));
    assert_eq!(
        path.select(&value(json!({"l": ["a\"b", "${X}"]}))),
        vec![Value::from("a\"b")]
    );
}

#[test]
fn mistakes_stand_under_their_characters_with_what_to_write() {
    assert!(mistake("$.first name").contains("|  name | write `$['first name']`"));
    assert!(mistake("$.fields.first name").ends_with("write `$.fields['first name']`"));
    assert!(mistake("fields.summary").ends_with("write `$.fields.summary`"));
    assert!(mistake("$.fields.").contains("| . | leave it out: `$.fields`"));
    assert!(mistake("$.a[b]").ends_with("write `['b']`"));
    assert!(mistake("$.a[0").contains("| [ | close it"));
    assert!(mistake("$.a['b]").contains("| ' | close it"));
    assert!(mistake("$.a-b").contains("| a-b | write `['a-b']`"));
    assert!(mistake("$.a == \"x\"").contains("a condition, and a path is expected | =="));
    assert!(mistake("$.a[(@.length-1)]").contains("`[-1]`"));
    assert!(mistake("$.a[01]").contains("leading zeros"));
    assert!(mistake("$.1a").contains("cannot start with a digit"));
    assert!(mistake("").contains("the path is empty"));
    let nested = format!("$.a{}", "[?@".repeat(200));
    assert!(mistake(&nested).contains("128 levels"));
}
