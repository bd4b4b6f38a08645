//! Atlassian Document Format to plain text, GitHub-flavoured Markdown and HTML.
//!
//! Rich text stays raw JSON until a transform renders it, so the input is JSON text. Rendering is
//! pure (the same input gives the same bytes; no clock, no locale, UTC), linear in the input, and
//! indifferent to depth: reading, walking and dropping use no recursion. It never fails: what a
//! document's shape gets wrong is put where it can be shown, and text that stops being JSON is
//! rendered as far as it goes.
//!
//! It knows nothing of Jira: where rich text comes from, and where it goes, is its callers' affair.

#[cfg(test)]
mod cases;
mod cut;
mod date;
mod document;
mod escape;
mod from_text;
mod html;
mod inline;
mod json;
mod lines;
mod link;
mod macro_html;
mod markdown;
mod markdown_inline;
mod markdown_table;
mod read;
mod spans;
mod table;
mod text;
mod walk;

pub use cut::cut_html;
pub use from_text::from_text;

use read::Input;

/// What rich text is rendered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Plain text: markers of lists and quotes, addresses behind links.
    Text,
    /// GitHub-flavoured Markdown.
    Markdown,
    /// HTML, everything escaped, safe to embed: no script runs from it and no style is set.
    Html,
}

/// Renders the JSON text of a document, of a node, or of an array of nodes.
///
/// A JSON string is no rich text: its characters are returned as they are in every format, HTML
/// included, where escaping them stays the caller's. `null` is empty; a number or a truth value is
/// what it says. Where the text stops being JSON, what was read before is rendered.
#[must_use]
pub fn render(json: &str, format: Format) -> String {
    match read::read(json) {
        Input::Plain(text) => text.into_owned(),
        Input::Document(document) => rendered(&document, format),
    }
}

/// Renders like [`render`] and cuts what exceeds `max_length` Unicode scalar values.
///
/// Text and Markdown are cut right there. HTML is cut between elements, so that it stays
/// well-formed, and then ends in `…`, which counts; where the first element alone is too long, its
/// text is cut.
#[must_use]
pub fn render_within(json: &str, format: Format, max_length: usize) -> String {
    match read::read(json) {
        Input::Plain(text) => cut::cut_text(text.into_owned(), max_length),
        Input::Document(document) => {
            let whole = rendered(&document, format);
            match format {
                Format::Html => cut::cut_html(whole, max_length),
                Format::Text | Format::Markdown => cut::cut_text(whole, max_length),
            }
        }
    }
}

/// Whether the JSON text is a node: an object with a `type` that is a string.
#[must_use]
pub fn is_node(json: &str) -> bool {
    read::is_node(json)
}

fn rendered(document: &document::Document<'_>, format: Format) -> String {
    match format {
        Format::Markdown => {
            let mut markdown = markdown::Markdown::new();
            walk::walk(document, &mut markdown);
            markdown.finish()
        }
        Format::Html => {
            let mut html = html::Html::new();
            walk::walk(document, &mut html);
            html.finish()
        }
        Format::Text => {
            let mut text = text::Text::new();
            walk::walk(document, &mut text);
            text.finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, is_node, read, render, render_within, walk};

    #[test]
    fn what_is_no_document_is_taken_for_what_it_is() {
        for (json, text) in [
            ("null", ""),
            ("", ""),
            ("  ", ""),
            ("oops", ""),
            ("7", "7"),
            ("true", "true"),
            (r#""h1. *wiki* <b>\u00e9\ud83c\udf89""#, "h1. *wiki* <b>é🎉"),
        ] {
            for format in [Format::Text, Format::Markdown, Format::Html] {
                assert_eq!(render(json, format), text, "{json}");
            }
        }
        assert_eq!(render_within(r#""<b>abc""#, Format::Html, 4), "<b>a");
    }

    #[test]
    fn a_shape_that_is_wrong_costs_no_text() {
        for (json, text) in [
            (r#"{"type":"text","text":"a"}"#, "a"),
            (r#"[{"type":"text","text":"a"},null,7,"b"]"#, "ab"),
            (r#"{"content":{"content":"a","type":"paragraph"}}"#, "a"),
            (
                r#"{"type":"doc","content":null,"attrs":null,"marks":null,"text":null}"#,
                "",
            ),
            (
                r#"{"type":"paragraph","attrs":[],"content":[{"type":"text","text":"a","marks":{"type":"em"}}]}"#,
                "a",
            ),
            (
                r#"{"type":"heading","attrs":{"level":"two"},"content":[{"type":"text","text":"a"},{"type":"paragraph","content":["b"]}]}"#,
                "a\n\nb",
            ),
            (
                r#"{"type":"doc","content":[{"type":"text","text":"cut sho"#,
                "cut sho",
            ),
            (r#"{"type":"doc","content":["a" "b"],}"#, "ab"),
            (
                r#"{"type":"text","text":"\ud800x\udc00"}"#,
                "\u{fffd}x\u{fffd}",
            ),
        ] {
            assert_eq!(render(json, Format::Text), text, "{json}");
        }
    }

    #[test]
    fn a_node_is_an_object_with_a_type() {
        for json in [
            r#"{"type":"doc"}"#,
            r#" { "content": [{"x": "}]"}], "version": 1, "type": "doc" }"#,
        ] {
            assert!(is_node(json), "{json}");
        }
        for json in [
            "",
            "null",
            "[]",
            "{}",
            r#""type""#,
            r#"{"type":1}"#,
            r#"{"a":{"type":"doc"}}"#,
            "{",
        ] {
            assert!(!is_node(json), "{json}");
        }
    }

    #[test]
    fn twice_the_document_takes_twice_the_steps() {
        let item = r#"{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}"#;
        let row = format!(
            r#"{{"type":"tableRow","content":[{{"type":"tableCell","content":[{item}]}}]}}"#
        );
        let wide = |size: usize| {
            format!(
                r#"{{"type":"bulletList","content":[{}]}}"#,
                vec![item; size].join(",")
            )
        };
        let long = |size: usize| {
            format!(
                r#"{{"type":"table","content":[{}]}}"#,
                vec![&*row; size].join(",")
            )
        };
        let deep = |size: usize| {
            let open = r#"{"type":"bulletList","content":[{"type":"listItem","content":["#;
            format!("{}{item}{}", open.repeat(size), "]}]}".repeat(size))
        };
        let makes: [&dyn Fn(usize) -> String; 3] = [&wide, &long, &deep];
        for make in makes {
            let once = work(&make(5_000));
            let twice = work(&make(10_000));
            assert!(once > 5_000 && twice <= once * 2, "{once}, {twice}");
        }
    }

    /// The nodes read and the steps of the walk; what is written is judged by its length.
    fn work(json: &str) -> u64 {
        let read::Input::Document(document) = read::read(json) else {
            return 0;
        };
        let mut text = super::text::Text::new();
        let steps = walk::walk(&document, &mut text);
        steps + document.nodes.len() as u64
    }
}
