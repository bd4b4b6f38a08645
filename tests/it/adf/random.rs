//! Random documents: the three formats show the same text, and nothing breaks them.

use flowline::adf::{Format, render, render_within};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::{count, parse, read_html, squeezed};

/// Text of the characters that the formats read as something else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("B"),
        Just("7"),
        Just("é"),
        Just("日"),
        Just("€"),
        Just("“"),
        Just("🎉"),
        Just(" "),
        Just("  "),
        Just("     "),
        Just("\t"),
        Just("\u{a0}"),
        Just("\n"),
        Just("\n\n"),
        Just("\r\n"),
        Just("*"),
        Just("**"),
        Just("_"),
        Just("__"),
        Just("~"),
        Just("~~"),
        Just("~~~"),
        Just("`"),
        Just("```"),
        Just("["),
        Just("]"),
        Just("[x](y)"),
        Just("[ ]"),
        Just("!"),
        Just("<"),
        Just(">"),
        Just("<b>"),
        Just("<!--"),
        Just("</p>"),
        Just("&"),
        Just("&amp;"),
        Just("amp;"),
        Just("&#65;"),
        Just("#"),
        Just("# "),
        Just("-"),
        Just("- "),
        Just("---"),
        Just("+ "),
        Just("="),
        Just("==="),
        Just("1."),
        Just("1. "),
        Just("2) "),
        Just("|"),
        Just("|-|"),
        Just(":-"),
        Just("\\"),
        Just("\\\\"),
        Just("\""),
        Just("'"),
        Just("."),
        Just("("),
        Just(")"),
        Just("https://e.example/a_b"),
        Just("@"),
        Just("[^1]"),
        Just("[a]: b"),
        Just("$"),
        Just("word "),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn marks() -> impl Strategy<Value = Value> {
    let href = prop_oneof![
        Just("https://e.example/a"),
        Just("https://e.example/a b(c"),
        Just("/x?a=1&copy;=2|3"),
        Just("javascript:alert(1)"),
        Just("a\"b<c>\\"),
        Just(""),
    ];
    let mark = prop_oneof![
        4 => prop_oneof![Just("strong"), Just("em"), Just("strike"), Just("underline"), Just("code"), Just("unheardOf")]
            .prop_map(|kind| json!({ "type": kind })),
        1 => prop_oneof![Just("sub"), Just("sup")].prop_map(|kind| json!({ "type": "subsup", "attrs": { "type": kind } })),
        1 => (href, text()).prop_map(|(href, title)| json!({ "type": "link", "attrs": { "href": href, "title": title } })),
    ];
    prop::collection::vec(mark, 0..3).prop_map(Value::Array)
}

fn inline() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (text(), marks()).prop_map(|(text, marks)| json!({ "type": "text", "text": text, "marks": marks })),
        1 => Just(json!({ "type": "hardBreak" })),
        1 => text().prop_map(|text| json!({ "type": "mention", "attrs": { "id": "1", "text": text } })),
        1 => (text(), marks()).prop_map(|(text, marks)| json!({ "type": "status", "attrs": { "text": text }, "marks": marks })),
        1 => text().prop_map(|text| json!({ "type": "emoji", "attrs": { "shortName": ":x:", "text": text } })),
        1 => text().prop_map(|text| json!({ "type": "date", "attrs": { "timestamp": text } })),
        1 => Just(json!({ "type": "inlineCard", "attrs": { "url": "https://e.example/card?a|b" } })),
        1 => text().prop_map(|text| json!({ "type": "inlineCard", "attrs": { "data": { "url": "https://e.example/", "name": text } } })),
        1 => text().prop_map(|text| json!({ "type": "unheardOf", "text": text })),
        1 => text().prop_map(|text| json!({ "type": "unheardOf", "attrs": { "title": text } })),
    ]
}

fn inlines() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(inline(), 0..5)
}

/// Blocks of text alone, which read the same in a cell as elsewhere.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        5 => inlines().prop_map(|content| json!({ "type": "paragraph", "content": content })),
        1 => (0..8, inlines()).prop_map(|(level, content)| json!({ "type": "heading", "attrs": { "level": level }, "content": content })),
        1 => (text(), text()).prop_map(|(language, text)| json!({
            "type": "codeBlock", "attrs": { "language": language }, "content": [{ "type": "text", "text": text }]
        })),
        1 => inline(),
        1 => text().prop_map(|text| json!({ "type": "extension", "attrs": { "text": text } })),
    ]
}

fn table() -> impl Strategy<Value = Value> {
    let cell = (
        any::<bool>(),
        0..4_i32,
        0..4_i32,
        prop::collection::vec(leaf(), 0..3),
    )
        .prop_map(|(is_header, colspan, rowspan, content)| {
            let kind = if is_header { "tableHeader" } else { "tableCell" };
            json!({ "type": kind, "attrs": { "colspan": colspan, "rowspan": rowspan }, "content": content })
        });
    let row = prop::collection::vec(cell, 0..4)
        .prop_map(|content| json!({ "type": "tableRow", "content": content }));
    prop::collection::vec(row, 0..4)
        .prop_map(|content| json!({ "type": "table", "content": content }))
}

fn block() -> impl Strategy<Value = Value> {
    let simple = prop_oneof![6 => leaf(), 1 => table(), 1 => Just(json!({ "type": "rule" }))];
    simple.prop_recursive(6, 40, 4, |inner| {
        let children = prop::collection::vec(inner, 0..4);
        let kind = prop_oneof![
            Just("bulletList"),
            Just("orderedList"),
            Just("taskList"),
            Just("decisionList"),
            Just("listItem"),
            Just("taskItem"),
            Just("decisionItem"),
            Just("blockquote"),
            Just("panel"),
            Just("expand"),
            Just("unheardOf"),
            Just("layoutSection"),
            Just("bodiedRule"),
            Just("bulletList"),
            Just("listItem"),
            Just("orderedList"),
        ];
        (kind, children, text(), 0..3_i32).prop_map(|(kind, content, title, order)| {
            let content: Vec<Value> = if kind.ends_with("List") {
                let item = kind
                    .replace("List", "Item")
                    .replace("bulletItem", "listItem")
                    .replace("orderedItem", "listItem");
                content
                    .into_iter()
                    .map(|child| {
                        if child["type"] == kind || child["type"] == item {
                            child
                        } else {
                            json!({ "type": item, "content": [child] })
                        }
                    })
                    .collect()
            } else {
                content
            };
            let attributes =
                json!({ "title": title, "panelIconText": title, "order": order, "state": "DONE" });
            json!({ "type": kind, "attrs": attributes, "content": content })
        })
    })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec(block(), 0..5)
        .prop_map(|content| json!({ "type": "doc", "content": content }))
}

/// What both formats show, without the boxes of tasks, which only one of them writes as text.
fn comparable(text: &str) -> String {
    squeezed(text).replace("[]", "").replace("[x]", "")
}

/// Any JSON that has a document's keys in the wrong places.
fn nonsense() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
        prop_oneof![
            Just("doc"),
            Just("paragraph"),
            Just("text"),
            Just("table"),
            Just("tableRow"),
            Just("tableCell"),
            Just("bulletList"),
            Just("orderedList"),
            Just("listItem"),
            Just("taskList"),
            Just("taskItem"),
            Just("mediaSingle"),
            Just("media"),
            Just("caption"),
            Just("mediaInline"),
            Just("heading"),
            Just("codeBlock"),
            Just("panel"),
            Just("expand"),
            Just("extension"),
            Just("external"),
            Just("applicationCard"),
            Just("inlineExtension"),
            Just("nested-table"),
            Just("blockCard"),
            Just("date"),
            Just("mention"),
        ]
        .prop_map(Value::from),
    ];
    scalar.prop_recursive(8, 80, 6, |inner| {
        let key = prop_oneof![
            4 => Just("type"), 4 => Just("content"), 2 => Just("attrs"), 1 => Just("marks"), 2 => Just("text"), 1 => Just("url"), 1 => Just("alt"),
            1 => Just("title"), 1 => Just("order"), 1 => Just("level"), 1 => Just("colspan"), 1 => Just("rowspan"), 1 => Just("id"), 1 => Just("href"),
            1 => Just("timestamp"), 1 => Just("data"), 1 => Just("parameters"), 1 => Just("cxhtml"), 1 => Just("extensionKey"), 1 => Just("state"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn markdown_and_html_show_the_same_text(document in document()) {
        let json = document.to_string();
        let html = render(&json, Format::Html);
        let text = read_html(&html).map_err(TestCaseError::fail)?;
        let markdown = render(&json, Format::Markdown);
        let parsed = parse(&markdown);
        prop_assert!(parsed.headings <= count(&document, "heading"), "\n{}", markdown);
        prop_assert!(parsed.code_blocks <= count(&document, "codeBlock"), "\n{}", markdown);
        prop_assert!(parsed.rules <= count(&document, "rule") + 2 * count(&document, "bodiedRule"), "\n{}", markdown);
        prop_assert_eq!(
            comparable(&parsed.text),
            comparable(&text), "\n{}\n----\n{}", markdown, html);
    }

    #[test]
    fn no_shape_is_an_error(value in nonsense(), length in 0..60_usize) {
        let json = value.to_string();
        drop(render(&json, Format::Text));
        drop(render(&json, Format::Markdown));
        if value.is_object() || value.is_array() {
            let whole = render(&json, Format::Html);
            read_html(&whole).map_err(TestCaseError::fail)?;
            let cut = render_within(&json, Format::Html, length);
            read_html(&cut).map_err(TestCaseError::fail)?;
            prop_assert!(cut.chars().count() <= length);
        }
    }

    #[test]
    fn no_text_is_an_error(text in ".*") {
        for format in [Format::Text, Format::Markdown, Format::Html] {
            drop(render(&text, format));
            drop(render(&format!("{{{text}"), format));
            let cut = render_within(&format!("[{text}"), format, 5);
            prop_assert!(cut.chars().count() <= 5);
        }
        let array = format!("[{text}");
        prop_assert!(!flowline::adf::is_node(&array));
    }

    #[test]
    fn text_survives_a_document(text in "[a-z\"\\\\ \n\u{e9}]{0,40}") {
        let json = flowline::adf::from_text(&text);
        let value: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&value["type"], "doc");
        prop_assert_eq!(squeezed(&render(&json, Format::Text)), squeezed(&text));
    }
}
