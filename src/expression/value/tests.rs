//! Every clause of the contract on values and their options.

use proptest::prelude::*;

use super::*;
use crate::config::{IfMissing, Strings};

use crate::expression::{Trouble, TroubleKind};
use crate::record::Number;
use crate::syntax::{Entry, Kind as NodeKind, Run, Scalar, ScalarValue, Style};

/// Reads the flow style of the tests: JSON without escapes, texts quoted.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> char {
        while self.rest().starts_with([' ', ',', ':']) {
            self.at += 1;
        }
        self.rest().chars().next().unwrap()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap()
    }

    fn node(&mut self) -> Arc<Node> {
        let first = self.peek();
        let start = self.at;
        let kind = match first {
            '[' => {
                self.at += 1;
                let mut elements = Vec::new();
                while self.peek() != ']' {
                    elements.push(self.node());
                }
                self.at += 1;
                NodeKind::List(elements)
            }
            '{' => {
                self.at += 1;
                let mut entries = Vec::new();
                while self.peek() != '}' {
                    let key = self.node();
                    let name = key.as_scalar().unwrap().text.clone();
                    entries.push(Entry {
                        key: crate::diagnostic::Spanned::new(name, key.span),
                        value: self.node(),
                    });
                }
                self.at += 1;
                NodeKind::Map(entries)
            }
            '"' => {
                let text: String = self
                    .rest()
                    .chars()
                    .skip(1)
                    .take_while(|c| *c != '"')
                    .collect();
                self.at += text.len() + 2;
                return scalar(&text, start + 1, ScalarValue::Text, false);
            }
            _ => {
                let text: String = self
                    .rest()
                    .chars()
                    .take_while(|c| !" ,:]}".contains(*c))
                    .collect();
                self.at += text.len();
                let value = match Value::from_json(&text) {
                    Ok(Value::Null) => ScalarValue::Null,
                    Ok(Value::Bool(value)) => ScalarValue::Bool(value),
                    Ok(Value::Number(number)) => ScalarValue::Number(number),
                    _ => ScalarValue::Text,
                };
                return scalar(&text, start, value, false);
            }
        };
        Arc::new(Node {
            span: Span::new(start, self.at),
            kind,
        })
    }
}

fn scalar(text: &str, at: usize, value: ScalarValue, replaced: bool) -> Arc<Node> {
    Arc::new(Node {
        span: Span::new(at, at + text.len()),
        kind: NodeKind::Scalar(Scalar {
            text: text.into(),
            value,
            style: Style::Plain,
            runs: vec![Run {
                decoded: 0,
                source: at,
                length: text.len(),
            }],
            replaced,
        }),
    })
}

fn strings() -> Strings {
    Strings::new([("A".to_owned(), "{{x}}".to_owned())], [])
}

fn compile_node(node: &Arc<Node>, place: Place, text: &str) -> (Option<Expression>, Diagnostics) {
    let source = Source::new("pipelines/a.yaml", text);
    let mut diagnostics = Diagnostics::new();
    let expression = Expression::compile(
        node,
        &mut Compiling {
            source: &source,
            strings: &strings(),
            zone: TimeZone::UTC,
            place,
            diagnostics: &mut diagnostics,
        },
    );
    assert_eq!(
        expression.is_none(),
        diagnostics.has_errors(),
        "{diagnostics:?}"
    );
    (expression, diagnostics)
}

fn compile(text: &str, place: Place) -> Expression {
    let node = Reader { text, at: 0 }.node();
    let (expression, diagnostics) = compile_node(&node, place, text);
    expression.unwrap_or_else(|| panic!("{text}: {diagnostics:?}"))
}

const RECORD: &str = r#"{
    "key": "A-1", "n": 42, "half": 42.5, "nothing": null, "empty": "", "yes": true,
    "labels": ["a", "b", null], "at": "2026-11-24T10:15:30.123+0000",
    "numbers": [1, 2.0], "person": {"name": "Ada", "none": null}
}"#;

fn record() -> Value {
    Value::from_json(RECORD).unwrap()
}

fn evaluate(text: &str, place: Place) -> Result<Option<String>, Trouble> {
    compile(text, place)
        .evaluate(&record())
        .map(|value| value.map(|value| value.to_json()))
}

#[test]
fn what_a_scalar_is_is_decided_on_its_text() {
    for (text, expected) in [
        (r#""$.key""#, r#""A-1""#),
        ("$.person", r#"{"name":"Ada","none":null}"#),
        (r#""a {{key}}""#, r#""a A-1""#),
        ("plain", r#""plain""#),
        ("5", "5"),
        ("true", "true"),
        ("$5", r#""$5""#),
        (r#""a ${A} b""#, r#""a {{x}} b""#),
        (r#""$${A}""#, r#""${A}""#),
        (r#""{{key}} ${A}""#, r#""A-1 {{x}}""#),
        (r#"{"template": "no braces"}"#, r#""no braces""#),
        (r#"{"value": "$.key"}"#, r#""$.key""#),
        (
            r#"{"value": {"a": ["{{key}}", "${A}"]}}"#,
            r#"{"a":["{{key}}","{{x}}"]}"#,
        ),
        (r#"{"path": "$.key"}"#, r#""A-1""#),
        (
            r#"{"first": ["$.nope", "$.nothing", {"path": "$.n"}]}"#,
            "42",
        ),
        (r#"{"first": ["$.nope", "$.empty"]}"#, r#""""#),
    ] {
        let found = evaluate(text, Place::Destination);
        assert_eq!(found, Ok(Some(expected.to_owned())), "{text}");
    }
    let whole = compile("$", Place::Transform).evaluate(&record()).unwrap();
    assert_eq!(whole, Some(record()));
    for (text, replaced) in [("$.key", "$.key"), ("{{key}}", "{{key}}")] {
        let node = scalar(text, 0, ScalarValue::Text, true);
        let (expression, _) = compile_node(&node, Place::Destination, text);
        let expression = expression.unwrap();
        assert_eq!(expression.as_literal(), Some(&Value::from(replaced)));
    }
}

#[test]
fn missing_is_left_out_towards_a_destination_and_null_stays_null_in_a_record() {
    let built = r#"{"a": "$.nope", "b": "$.nothing", "c": ["$.nope", "$.nothing", "$.n"], "d": null, "e": {"f": "$.key"}}"#;
    assert_eq!(
        evaluate(built, Place::Transform).unwrap().unwrap(),
        r#"{"b":null,"c":[null,42],"d":null,"e":{"f":"A-1"}}"#
    );
    for place in [Place::Destination, Place::LeftOut] {
        assert_eq!(
            evaluate(built, place).unwrap().unwrap(),
            r#"{"c":[42],"e":{"f":"A-1"}}"#
        );
        assert_eq!(evaluate("$.nothing", place), Ok(None));
        assert_eq!(evaluate("null", place), Ok(None));
    }
    assert_eq!(
        evaluate("$.nothing", Place::Transform),
        Ok(Some("null".into()))
    );
    assert_eq!(evaluate("$.nope", Place::Transform), Ok(None));
    assert_eq!(
        evaluate(r#"{"first": ["$.nothing"]}"#, Place::Transform),
        Ok(None)
    );
}

#[test]
fn options_apply_in_their_order_whatever_order_they_are_written_in() {
    for (text, expected) in [
        // lookup, then as, then default, then max_length.
        (
            r#"{"max_length": 2, "as": "upper", "lookup": {"A-1": "abc"}, "path": "$.key"}"#,
            Some(r#""AB""#),
        ),
        (r#"{"path": "$.n", "lookup": {"42": "x"}}"#, Some(r#""x""#)),
        (r#"{"path": "$.yes", "lookup": {"true": 1}}"#, Some("1")),
        (
            r#"{"path": "$.half", "lookup": {"42.5": {"deep": [1]}}}"#,
            Some(r#"{"deep":[1]}"#),
        ),
        (r#"{"path": "$.key", "lookup": {"B": 1}}"#, None),
        (r#"{"path": "$.person", "lookup": {"Ada": 1}}"#, None),
        (r#"{"path": "$.key", "lookup": {"A-1": null}}"#, None),
        (r#"{"path": "$.nope", "lookup": {"null": 1}}"#, None),
        (
            r#"{"path": "$.labels", "lookup": {"b": "B"}}"#,
            Some(r#"["B"]"#),
        ),
        (r#"{"path": "$.labels", "lookup": {"z": "B"}}"#, Some("[]")),
        (
            r#"{"path": "$.labels", "as": "upper"}"#,
            Some(r#"["A","B",null]"#),
        ),
        (
            r#"{"path": "$.key", "lookup": {"B": 1}, "default": "none"}"#,
            Some(r#""none""#),
        ),
        (
            r#"{"path": "$.nothing", "as": "integer", "default": "text"}"#,
            Some(r#""text""#),
        ),
        (
            r#"{"path": "$.nope", "default": "long text", "max_length": 4}"#,
            Some(r#""long""#),
        ),
        (r#"{"path": "$.empty", "default": "x"}"#, Some(r#""""#)),
        (r#"{"value": "éàü日本", "max_length": 3}"#, Some(r#""éàü""#)),
        (
            r#"{"value": ["abc", 12345], "max_length": 2}"#,
            Some(r#"["ab",12345]"#),
        ),
        (r#"{"path": "$.at", "as": "date"}"#, Some(r#""2026-11-24""#)),
        (r#"{"path": "$.numbers", "as": "integer"}"#, Some("[1,2]")),
        (r#"{"path": "$.key", "as": "list"}"#, Some(r#"["A-1"]"#)),
        (r#"{"path": "$.nope", "as": "list"}"#, None),
        (r#"{"template": "{{nope}}", "required": false}"#, None),
        (
            r#"{"template": "{{nope}}", "required": false, "default": "d"}"#,
            Some(r#""d""#),
        ),
        (r#"{"template": "{{n}}", "as": "integer"}"#, Some("42")),
        (
            r#"{"first": ["$.nope", "$.n"], "as": "string"}"#,
            Some(r#""42""#),
        ),
        (
            r#"{"path": "$.nope", "default": "x", "required": true}"#,
            Some(r#""x""#),
        ),
    ] {
        let found = evaluate(text, Place::Destination);
        assert_eq!(found, Ok(expected.map(str::to_owned)), "{text}");
    }
}

#[test]
fn errors_of_a_record_name_the_path_and_its_place_but_no_value() {
    for (text, kind, message, at) in [
        (
            r#"{"path": "$.half", "as": "integer"}"#,
            TroubleKind::Conversion,
            "`$.half` does not convert to integer: a number with a fraction, or beyond 64 bits, is no integer",
            "$.half",
        ),
        (
            r#"{"path": "$.key", "as": "date", "default": "x"}"#,
            TroubleKind::Conversion,
            "`$.key` does not convert to date: this text is not a time",
            "$.key",
        ),
        (
            r#"{"path": "$.nothing", "required": true}"#,
            TroubleKind::Missing,
            "`$.nothing` is missing and required",
            "$.nothing",
        ),
        (
            r#""é {{person.nope}}""#,
            TroubleKind::Missing,
            "`person.nope` is missing where the template prints it",
            "person.nope",
        ),
        (
            r#"{"template": "{{nope}}", "default": "d"}"#,
            TroubleKind::Missing,
            "`nope` is missing where the template prints it",
            "nope",
        ),
        (
            r#"{"template": "{{person}}", "required": false}"#,
            TroubleKind::WrongKind,
            "`person` is an object where the template prints it",
            "person",
        ),
        (
            r#"{"a": [{"path": "$.labels", "as": "number"}]}"#,
            TroubleKind::Conversion,
            "`$.labels` does not convert to number: this text is not a number, or not exactly",
            "$.labels",
        ),
    ] {
        let trouble = evaluate(text, Place::Destination).unwrap_err();
        assert_eq!(trouble.kind, kind, "{text}");
        assert_eq!(trouble.message, message, "{text}");
        let (source, span) = trouble.place.clone().unwrap();
        assert_eq!(source.slice(span), at, "{text}");
        assert!(
            trouble.to_string().starts_with("pipelines/a.yaml:1:"),
            "{trouble}"
        );
    }
}

#[test]
fn a_missing_value_keeps_or_clears_a_field() {
    let wish = |text: &str, unless_said| {
        compile(text, Place::Destination)
            .wish(&record(), unless_said)
            .unwrap()
    };
    assert_eq!(wish("$.n", IfMissing::Keep), Wish::Set(42_i64.into()));
    assert_eq!(wish("$.nope", IfMissing::Keep), Wish::Keep);
    assert_eq!(wish("$.nothing", IfMissing::Clear), Wish::Clear);
    let clears = r#"{"path": "$.nope", "if_missing": "clear"}"#;
    assert_eq!(wish(clears, IfMissing::Keep), Wish::Clear);
    let keeps = r#"{"path": "$.nope", "if_missing": "keep"}"#;
    assert_eq!(wish(keeps, IfMissing::Clear), Wish::Keep);
}

fn mistakes(text: &str, place: Place) -> Vec<(String, String, String)> {
    let node = Reader { text, at: 0 }.node();
    let (_, diagnostics) = compile_node(&node, place, text);
    diagnostics
        .iter()
        .map(|one| {
            let label = one.labels.first().unwrap();
            let at = text.get(label.span.start..label.span.end).unwrap();
            (
                one.code.as_str().to_owned(),
                at.to_owned(),
                one.help.clone().unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn every_misuse_is_found_under_its_characters() {
    for (text, code, at, help) in [
        (
            r#"{"path": "$.a", "defualt": 1}"#,
            "value.unknown_option",
            "defualt",
            "did you mean `default`?",
        ),
        (
            r#"{"value": 1, "name": 2}"#,
            "value.unknown_option",
            "name",
            "a literal map with such a key stands under `value:`",
        ),
        (
            r#"{"path": "$.a", "template": "x"}"#,
            "value.two_forms",
            "template",
            "`{ first: [ …, … ] }`",
        ),
        (
            r#"{"path": "$.a", "as": "dat"}"#,
            "value.unknown_conversion",
            "dat",
            "did you mean `date`?",
        ),
        (
            r#"{"path": "$.a", "as": 5}"#,
            "value.unknown_conversion",
            "5",
            "the conversions are string",
        ),
        (
            r#"{"path": "$.a", "max_length": 0}"#,
            "value.wrong_option",
            "0",
            "",
        ),
        (
            r#"{"path": "$.a", "max_length": 1.5}"#,
            "value.wrong_option",
            "1.5",
            "",
        ),
        (
            r#"{"path": "$.a", "required": "yes"}"#,
            "value.wrong_option",
            "yes",
            "",
        ),
        (
            r#"{"path": "$.a", "if_missing": "drop"}"#,
            "value.wrong_option",
            "drop",
            "",
        ),
        (
            r#"{"path": "$.a", "lookup": [1]}"#,
            "value.wrong_option",
            "[1]",
            "",
        ),
        (
            r#"{"path": "$.a", "default": "$.b"}"#,
            "value.not_literal",
            "$.b",
            "write `{ first: [ …, $.b ] }`",
        ),
        (
            r#"{"path": "$.a", "default": {"x": ["{{b}}"]}}"#,
            "value.not_literal",
            "{{b}}",
            "first: [ …, '{{b}}' ]",
        ),
        (
            r#"{"path": "$.a", "lookup": {"x": "$.b"}}"#,
            "value.not_literal",
            "$.b",
            "first:",
        ),
        (
            r#"{"path": "a.b"}"#,
            "value.not_a_path",
            "a.b",
            "did you mean `$.a.b`?",
        ),
        (
            r#"{"path": "{{a}}"}"#,
            "value.not_a_path",
            "{{a}}",
            "write `template:` for a template",
        ),
        (r#"{"path": 5}"#, "value.not_a_path", "5", ""),
        (
            r#"{"template": 5}"#,
            "value.wrong_option",
            "5",
            "put quotes around it",
        ),
        (r#"{"first": []}"#, "value.wrong_option", "[]", ""),
        (r#"{"first": "$.a"}"#, "value.wrong_option", "$.a", ""),
        (
            r#"{"value": "x", "as": "integer"}"#,
            "value.conversion",
            "x",
            "",
        ),
        (
            r#"["{{lowr a}}"]"#,
            "template.unknown_helper",
            "lowr",
            "did you mean `lower`?",
        ),
        (
            r#"{"a": {"path": "$.a", "if_missing": "clear"}}"#,
            "value.if_missing",
            "if_missing",
            "outermost",
        ),
    ] {
        let found = mistakes(text, Place::Destination);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        let (found_code, found_at, found_help) = found.first().unwrap();
        assert_eq!(
            (found_code.as_str(), found_at.as_str()),
            (code, at),
            "{text}"
        );
        assert!(found_help.contains(help), "{text}: {found_help}");
    }
    let clear = r#"{"path": "$.a", "if_missing": "clear"}"#;
    assert_eq!(mistakes(clear, Place::Destination), []);
    for place in [Place::Transform, Place::LeftOut] {
        let found = mistakes(clear, place);
        assert_eq!(found.first().unwrap().0, "value.if_missing");
    }
    let many = r#"["{{lowr a}}", {"path": "$.a", "as": "dat", "x": 1}]"#;
    assert_eq!(mistakes(many, Place::Destination).len(), 3);
}

#[test]
fn literals_that_were_probably_meant_otherwise_are_warned_of() {
    let found = mistakes(r#"{"a": "$key.b now"}"#, Place::Transform);
    let (code, at, help) = found.first().unwrap();
    assert_eq!(
        (code.as_str(), at.as_str()),
        ("value.looks_like_path", "$key.b")
    );
    assert!(help.contains("did you mean `$.key.b`?"), "{help}");
    assert_eq!(
        mistakes(r#"["$5", "${A}", {"value": "$key"}]"#, Place::Transform),
        []
    );

    let names = |text: &str| {
        let mut diagnostics = Diagnostics::new();
        compile(text, Place::Destination).warn_of_names(
            &|name| ["key", "fields.summary"].contains(&name),
            &mut diagnostics,
        );
        diagnostics
            .iter()
            .map(|one| {
                let span = one.labels.first().unwrap().span;
                text.get(span.start..span.end).unwrap().to_owned()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(r#"["é {key} {other} {fields.summary}", "${key}", {"value": "{key}"}]"#),
        ["{key}", "{fields.summary}"]
    );
}

#[test]
fn what_was_put_in_for_a_whole_scalar_is_read_as_what_is_expected() {
    let option = |name: &str, text: &str| {
        let path = scalar("$.key", 0, ScalarValue::Text, false);
        let entry = |key: &str, value| Entry {
            key: crate::diagnostic::Spanned::new(key.into(), Span::new(0, 0)),
            value,
        };
        let value = scalar(text, 0, ScalarValue::Text, true);
        let node = Arc::new(Node {
            span: Span::new(0, 5),
            kind: NodeKind::Map(vec![entry("path", path), entry(name, value)]),
        });
        let (expression, diagnostics) = compile_node(&node, Place::Destination, "$.key");
        for one in &diagnostics {
            assert!(!one.message.contains(text), "{}", one.message);
        }
        expression
    };
    assert_eq!(
        option("max_length", "3").unwrap().options().max_length,
        Some(3)
    );
    assert!(option("max_length", "secret").is_none());
    assert_eq!(
        option("required", "true").unwrap().options().required,
        Some(true)
    );
    assert!(option("required", "secret").is_none());
    for (name, place) in [("max_length", "${UNSET}"), ("as", "${UNSET}")] {
        let text = format!("{{\"path\": \"$.key\", \"{name}\": \"{place}\"}}");
        assert_eq!(mistakes(&text, Place::Destination), []);
    }
    let open = r#"{"value": "${UNSET}", "as": "integer"}"#;
    assert_eq!(mistakes(open, Place::Destination), []);
    let default = option("default", "{{secret}}").unwrap();
    assert_eq!(
        default.options().default.as_ref().unwrap().value,
        "{{secret}}".into()
    );
}

#[test]
fn the_map_of_a_variable_is_a_literal_whatever_its_keys() {
    let place = Span::new(0, 10);
    let member = Arc::new(Node {
        span: place,
        ..(*scalar("$.key", 0, ScalarValue::Text, true)).clone()
    });
    let map = Arc::new(Node {
        span: place,
        kind: NodeKind::Map(vec![Entry {
            key: crate::diagnostic::Spanned::new("path".into(), place),
            value: member,
        }]),
    });
    let (expression, _) = compile_node(&map, Place::Destination, "${var:map}");
    let value = expression.unwrap().evaluate(&record()).unwrap().unwrap();
    assert_eq!(value.to_json(), r#"{"path":"$.key"}"#);
}

#[test]
fn says_what_it_reads_and_where_it_is_written() {
    let text =
        r#"{"a": {"path": "$.key.x", "as": "date"}, "b": ["é {{n}}", {"first": ["$.half"]}]}"#;
    let shown: Vec<_> = compile(text, Place::Transform)
        .references()
        .iter()
        .map(|one| {
            let at = |span: Span| text.get(span.start..span.end).unwrap();
            (at(one.span()), at(one.step_span(0)), one.reference.usage)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("$.key.x", "key", Usage::Taken),
            ("n", "n", Usage::Scalar),
            ("$.half", "half", Usage::Taken),
        ]
    );
}

#[test]
fn rich_text_is_rendered_and_stays_raw_until_then() {
    let usage = |text: &str| {
        let references = compile(text, Place::Destination).references();
        references.first().unwrap().reference.usage
    };
    assert_eq!(
        usage(r#"{"path": "$.d", "as": "markdown"}"#),
        Usage::Rendered
    );
    assert_eq!(usage(r#"{"path": "$.d", "as": "json"}"#), Usage::Taken);
    let looked_up = r#"{"path": "$.d", "lookup": {"a": 1}, "as": "text"}"#;
    assert_eq!(usage(looked_up), Usage::Taken);

    let document = r#"{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a < b","marks":[{"type":"strong"}]}]}]}"#;
    let mut record = crate::record::Object::new();
    record.insert("raw", Value::Raw(document.into()));
    record.insert("tree", Value::from_json(document).unwrap());
    record.insert("wiki", "*as it is*");
    record.insert("none", Value::Null);
    let record = Value::from(record);
    for (text, expected) in [
        (r#"{"path": "$.raw", "as": "text"}"#, Some("a < b")),
        (
            r#"{"path": "$.tree", "as": "text", "max_length": 3}"#,
            Some("a <"),
        ),
        (r#"{"path": "$.wiki", "as": "html"}"#, Some("*as it is*")),
        (r#"{"path": "$.none", "as": "text"}"#, None),
    ] {
        let found = compile(text, Place::Destination).evaluate(&record).unwrap();
        assert_eq!(found, expected.map(Value::from), "{text}");
    }
    // What was made HTML here is not escaped again.
    let mut html = compile(r#"{"path": "$.tree", "as": "html"}"#, Place::Destination);
    let before = html.evaluate(&record).unwrap();
    html.escape_texts(Escape::but_html(handlebars::html_escape));
    assert_eq!(html.evaluate(&record).unwrap(), before);
    // Wiki text passes through unchanged: it was not made HTML.
    let mut wiki = compile(r#"{"path": "$.wiki", "as": "html"}"#, Place::Destination);
    let record = Value::from_json(r#"{"wiki": "<b>*a*</b>"}"#).unwrap();
    wiki.escape_texts(Escape::but_html(handlebars::html_escape));
    let escaped = Value::from("&lt;b&gt;*a*&lt;/b&gt;");
    assert_eq!(wiki.evaluate(&record).unwrap(), Some(escaped));
}

#[test]
fn texts_of_the_record_are_escaped_for_another_language() {
    let escape = |text: &str| {
        let mut expression = compile(text, Place::Destination);
        expression.escape_texts(Escape::but_html(handlebars::html_escape));
        let html = Value::from(crate::record::Text::html("<i>"));
        let mut record = crate::record::Object::default();
        record.push("t".into(), "<b>".into());
        record.push("html".into(), html);
        let record = Value::from(record);
        expression.evaluate(&record).unwrap().unwrap().to_json()
    };
    assert_eq!(escape("$.t"), r#""&lt;b&gt;""#);
    assert_eq!(escape("$.html"), r#""<i>""#);
    assert_eq!(
        escape(r#""<p>{{t}}{{html}}</p>""#),
        r#""<p>&lt;b&gt;<i></p>""#
    );
    assert_eq!(
        escape(r#""{{first nope html}}{{first nope t}}{{escape_html t}}{{upper html}}""#),
        r#""<i>&lt;b&gt;&lt;b&gt;&lt;I&gt;""#
    );
    assert_eq!(escape(r#"{"first": ["$.nope", "$.t"]}"#), r#""&lt;b&gt;""#);
    assert_eq!(
        escape(r#"{"path": "$.t", "as": "upper"}"#),
        r#""&lt;B&gt;""#
    );
    assert_eq!(escape(r#"{"value": "<p>"}"#), r#""<p>""#);
}

fn any_scalar() -> impl Strategy<Value = Arc<Node>> {
    let text = prop_oneof![
        any::<String>(),
        "\\$[.\\[a-z0-9\"'?@*=& ]{0,12}",
        "[{}a-z #/.$]{0,20}",
    ];
    (text, any::<bool>(), 0..4_u8).prop_map(|(text, replaced, kind)| {
        let value = match kind {
            0 => ScalarValue::Number(Number::Signed(7)),
            1 => ScalarValue::Null,
            _ => ScalarValue::Text,
        };
        scalar(&text, 0, value, replaced)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_scalar_makes_it_panic(node in any_scalar(), option in "[a-z_]{1,8}", other in any_scalar()) {
        let text = node.as_scalar().unwrap().text.to_string();
        for place in [Place::Transform, Place::Destination, Place::LeftOut] {
            let (expression, diagnostics) = compile_node(&node, place, &text);
            for label in diagnostics.iter().flat_map(|one| &one.labels) {
                prop_assert!(text.get(label.span.start..label.span.end).is_some());
            }
            if let Some(expression) = expression {
                // Missing and wrong kinds are troubles, never panics.
                let _outcome = expression.evaluate(&record());
            }
        }
        for form in ["path", "template", "value", "first"] {
            for key in ["as", "default", "lookup", "max_length", "required", "if_missing", &option] {
                let entry = |key: &str, value: &Arc<Node>| Entry {
                    key: crate::diagnostic::Spanned::new(key.into(), Span::new(0, 0)),
                    value: Arc::clone(value),
                };
                let map = Arc::new(Node {
                    span: Span::new(0, 0),
                    kind: NodeKind::Map(vec![entry(form, &node), entry(key, &other)]),
                });
                compile_node(&map, Place::Destination, &text);
            }
        }
    }
}
