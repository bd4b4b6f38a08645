//! The catalog: "a value that an attribute can never take, by the record's schema, its
//! conversion, a literal, a default or a right side of `lookup`, is an error; where the schema
//! leaves it open nothing is said".

use super::{Case, attributes};

const WRONG: &str = "contact.wrong_type";

#[test]
fn what_an_attribute_can_take_is_let_pass() {
    for line in [
        "TEXT: x",
        "TEXT: 5",
        "TEXT: true",
        "TEXT: { path: $.fields.created, as: date }",
        "TEXT: { path: $.fields.summary, default: 5 }",
        "TEXT: { path: $.fields.labels, as: json }",
        "TEXT: '{{key}}'",
        "NUMBER: 1.5",
        "NUMBER: { path: $.id, as: integer, default: 5 }",
        "NUMBER: { path: $.key, lookup: { A: 1 } }",
        "NUMBER: { path: $.fields.created, as: epoch_ms }",
        "ON: true",
        "ON: { path: $.key, as: boolean }",
        "ON: { path: $.key, lookup: { A: true } }",
        "DAY: 2026-11-24",
        "DAY: \"2026-11-24T10:15:30Z\"",
        "DAY: 1764000000000",
        "DAY: $.fields.created",
        "DAY: { path: $.fields.created, as: epoch_ms }",
        "TIER: High",
        "TIER: { path: $.fields.priority.name, lookup: { x: low } }",
        "TIER: { path: $.fields.priority.name, default: High }",
        "TAGS: [a, b]",
        "TAGS: $.fields.labels",
        "TAGS: { path: $.fields.labels, lookup: { x: a }, default: [b] }",
        // The schema leaves it open.
        "NUMBER: $.fields.customfield_10001",
        "DAY: { path: $.fields.summary, as: upper }",
    ] {
        Case::of(&attributes(line)).says(&[]);
    }
}

#[test]
fn what_an_attribute_can_never_take_is_refused_under_itself() {
    for (line, label) in [
        ("TEXT: [a]", "[a]"),
        ("TEXT: $.fields.labels", "$.fields.labels"),
        ("TEXT: { path: $.fields.reporter }", "$.fields.reporter"),
        ("TEXT: { path: $.key, as: list }", "list"),
        ("TEXT: { path: $.key, lookup: { A: [x] } }", "[x]"),
        ("TEXT: { path: $.key, default: [x] }", "[x]"),
        ("NUMBER: x", "x"),
        ("NUMBER: \"5\"", "\"5\""),
        ("NUMBER: true", "true"),
        ("NUMBER: $.key", "$.key"),
        ("NUMBER: '{{key}}'", "'{{key}}'"),
        ("NUMBER: { value: x }", "{ value: x }"),
        ("NUMBER: { path: $.key, as: text }", "text"),
        ("NUMBER: { path: $.fields.created, as: date }", "date"),
        (
            "NUMBER: { path: $.key, as: integer, default: many }",
            "many",
        ),
        (
            "NUMBER: { path: $.fields.summary, default: 5 }",
            "$.fields.summary",
        ),
        ("NUMBER: { path: $.key, lookup: { A: x, B: 1 } }", "x"),
        ("NUMBER: { first: [$.key, 5] }", "$.key"),
        ("NUMBER: { first: [$.fields.timespent, many] }", "many"),
        ("ON: no", "no"),
        ("ON: 1", "1"),
        ("ON: { path: $.key, as: boolean, default: maybe }", "maybe"),
        ("DAY: 24/11/2026", "24/11/2026"),
        ("DAY: true", "true"),
        ("DAY: { path: $.fields.duedate, default: never }", "never"),
        ("DAY: { path: $.key, lookup: { A: soon } }", "soon"),
        ("DAY: [2026-11-24]", "[2026-11-24]"),
        ("TIER: medium", "medium"),
        ("TIER: LOW", "LOW"),
        ("TIER: true", "true"),
        (
            "TIER: { path: $.key, lookup: { A: medium, B: low } }",
            "medium",
        ),
        ("TIER: { path: $.key, default: mediun }", "mediun"),
        ("TAGS: a", "a"),
        ("TAGS: $.key", "$.key"),
        ("TAGS: [a, c]", "c"),
        ("TAGS: { path: $.fields.labels, lookup: { x: c } }", "c"),
        ("TAGS: { path: $.fields.labels, default: [z] }", "[z]"),
    ] {
        Case::of(&attributes(line)).says(&[(WRONG, label)]);
    }
}

#[test]
fn a_value_from_outside_is_refused_and_not_shown() {
    for line in [
        "TIER: \"${SEGMENT}\"",
        "NUMBER: { path: $.key, as: integer, default: \"${SEGMENT}\" }",
        "DAY: { path: $.key, lookup: { A: \"${SEGMENT}\" } }",
    ] {
        let case = Case::of(&attributes(line)).setting("SEGMENT", "geheim");
        case.says(&[(WRONG, "\"${SEGMENT}\"")]);
        for text in case.shown() {
            assert!(!text.contains("geheim"), "{text}");
        }
    }
}
