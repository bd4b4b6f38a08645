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

/// Each mistake: code, message, the characters under which it stands, and help.
fn mistakes(path: &str) -> Vec<String> {
    let problems = Path::parse(path).unwrap_err();
    problems
        .into_iter()
        .map(|problem| {
            let (range, _) = problem.labels.first().cloned().unwrap();
            format!(
                "{}: {} | {} | {}",
                problem.code.as_str(),
                problem.message,
                path.get(range).unwrap(),
                problem.help.unwrap()
            )
        })
        .collect()
}

#[track_caller]
fn mistake(path: &str, expected: &str) {
    assert_eq!(mistakes(path), [expected], "{path}");
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
fn each_of_several_names_is_read_by_itself() {
    let texts = |path: &str| -> (usize, Vec<String>) {
        let path = Path::parse(path).unwrap();
        let references = path.references().iter().map(|reference| {
            let steps = reference.steps.iter().map(|step| match &step.kind {
                StepKind::Name(name) => format!(".{name}"),
                StepKind::Index(index) => format!("[{index}]"),
                StepKind::Each => "[*]".to_owned(),
                StepKind::Descendants => "..".to_owned(),
            });
            steps.collect::<String>()
                + if reference.usage == Usage::Tested {
                    "?"
                } else {
                    ""
                }
        });
        (path.selections().len(), references.collect())
    };
    let of = |own: usize, all: &[&str]| (own, all.iter().map(|&one| one.to_owned()).collect());
    assert_eq!(texts("$.f['a','b']"), of(2, &[".f.a", ".f.b"]));
    assert_eq!(
        texts("$['a','b'][?@.c]['d']"),
        of(1, &["[*][*].d", ".a?", ".b?", "[*][*].c?"])
    );
    assert_eq!(texts("$.f['a', 0]"), of(1, &[".f[*]", ".f.a?"]));
    assert_eq!(texts("$..['a','b']"), of(1, &[".."]));
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
fn names_without_their_brackets_are_shown_with_them() {
    mistake(
        "$.first name",
        "path.space_in_name: a name with a blank needs brackets | name | write `$['first name']`",
    );
    mistake(
        "$.fields.first name.x",
        "path.space_in_name: a name with a blank needs brackets | name | write `$.fields['first name'].x`",
    );
    mistake(
        "$.a-b",
        "path.character_in_name: a name with `-` needs brackets | a-b | write `['a-b']` instead of `.a-b`",
    );
    mistake(
        "$.é.ü-x-1.y",
        "path.character_in_name: a name with `-` needs brackets | ü-x-1 | write `['ü-x-1']` instead of `.ü-x-1`",
    );
    mistake(
        "$.a.b:c",
        "path.character_in_name: a name with `:` needs brackets | b:c | write `['b:c']` instead of `.b:c`",
    );
    mistake(
        "$.1a",
        "path.name_expected: a name cannot start with a digit | 1a | write `['1a']` instead of `.1a`",
    );
    mistake(
        "$.a.0",
        "path.name_expected: a name cannot start with a digit | 0 | an element is `[0]`, a field of that name `['0']`",
    );
    mistake(
        "$.a[b]",
        "path.unquoted_name: a name in brackets needs quotes | b | write `['b']`",
    );
    mistake(
        "$.a.'b'",
        "path.name_expected: a name in quotes stands in brackets | 'b' | write `$.a['b']`",
    );
}

#[test]
fn what_is_left_out_or_too_much_is_shown() {
    mistake(
        "",
        "path.empty: the path is empty |  | write one, e.g. `$.fields.summary`",
    );
    mistake(
        "fields.summary",
        "path.no_root: a path starts with `$` | fields | write `$.fields.summary`",
    );
    mistake(
        ".fields",
        "path.no_root: a path starts with `$` | . | write `$.fields`",
    );
    mistake(
        "@.a",
        "path.current_outside_filter: `@` is the element that a filter judges, and here is none | @ | write `$.a`: `$` is the record",
    );
    mistake(
        "$fields.a",
        "path.trailing: a dot is missing | fields | write `$.fields.a`",
    );
    mistake(
        "$.fields.",
        "path.name_expected: the path ends in a dot | . | leave it out: `$.fields`",
    );
    mistake(
        "$. a",
        "path.name_expected: a blank after the dot |   | leave it out: `$.a`",
    );
    mistake(
        "$.a.[0]",
        "path.name_expected: no dot stands before a bracket | . | leave it out: `$.a[0]`",
    );
    mistake(
        " $.a",
        "path.trailing: blanks before the path |   | leave them out: `$.a`",
    );
    mistake(
        "$.a ",
        "path.trailing: blanks after the path |   | leave them out: `$.a`",
    );
    mistake(
        "$.a]",
        "path.trailing: `]` closes nothing | ] | leave it out: `$.a`",
    );
    mistake(
        "$.a?.b",
        "path.trailing: `?` is not needed: what is not there is nothing | ? | leave it out: `$.a.b`",
    );
    mistake(
        "$.a == \"x\"",
        "path.is_condition: this is a condition, and a path is expected | == | conditions stand in `keep`, `drop`, `when` and `[?…]`; the path is `$.a`",
    );
    mistake(
        "!$.a",
        "path.is_condition: this is a condition, and a path is expected | ! | conditions stand in `keep`, `drop`, `when` and `[?…]`",
    );
}

#[test]
fn brackets_and_what_stands_in_them() {
    mistake(
        "$.a[0",
        "path.unclosed_bracket: the bracket is not closed | [ | close it: `[0]`",
    );
    mistake(
        "$.a['b]",
        "path.unclosed_quote: the text is not closed | ' | close it: `'b'`",
    );
    mistake(
        "$.l[?@.é == 1",
        "path.unclosed_bracket: the bracket is not closed | [ | close it: `[?@.é == 1]`",
    );
    mistake(
        "$.l[?(@.a]",
        "condition.unclosed_parenthesis: the parenthesis is not closed | ( | close it: `(@.a)`",
    );
    mistake(
        "$.a[]",
        "path.selector_expected: nothing is selected | [] | all elements are `[*]`, the first is `[0]`",
    );
    mistake(
        "$.a[0 1]",
        "path.selector_expected: a comma is missing | 1 | write `[0, 1]`",
    );
    mistake(
        "$.a[0,]",
        "path.selector_expected: nothing after the comma | , | leave it out: `[0]`",
    );
    mistake(
        "$.a[@.b]",
        "path.selector_expected: `@` stands in a filter, which starts with `?` | @ | write `[?@.b]` for the elements for which it is there",
    );
    mistake(
        "$.a[(@.length-1)]",
        "path.selector_expected: scripts are not part of RFC 9535 | ( | the last element is `[-1]`; a condition is `[?@.field == \"status\"]`",
    );
    mistake(
        "$.a[01]",
        "path.bad_integer: an index has no leading zeros | 01 | write `1`",
    );
    mistake(
        "$.a[1.5]",
        "path.bad_integer: not an index | 1.5 | indexes are integers from -(2^53 - 1) to 2^53 - 1",
    );
    mistake(
        "$.a[?]",
        "condition.term_expected: the filter asks nothing | ? | e.g. `[?@.field == \"status\"]`; all elements are `[*]`",
    );
    mistake(
        "$.a['\\x']",
        "path.bad_escape: `\\x` is no escape | \\x | a backslash itself is written `\\\\`: `\\\\x`",
    );
}

#[test]
fn all_mistakes_of_filters_are_told() {
    let told = mistakes("$.l[?@.x = 1 and @.y == 2].a-b[?@ === 'x'");
    let codes: Vec<_> = told
        .iter()
        .map(|one| one.split(':').next().unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            "condition.single_equals",
            "condition.word_operator",
            "path.character_in_name",
            "path.unclosed_bracket",
            "condition.triple_equals",
        ]
    );
}

#[test]
fn nesting_is_bounded_whatever_nests() {
    for text in [
        format!("$.a{}", "[?@".repeat(100_000)),
        format!("$[?{}", "(".repeat(100_000)),
        format!("$[?{}", "length(".repeat(100_000)),
        format!("$[?{}@.a", "!(".repeat(100_000)),
    ] {
        let told = mistakes(&text);
        assert!(
            told.iter().any(|one| one.contains("128 levels")),
            "{told:?}"
        );
    }
    let within = format!("$[?{}@.a{}]", "(".repeat(127), ")".repeat(127));
    assert!(Path::parse(&within).is_ok());
}
