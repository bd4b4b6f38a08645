//! Atlassian Document Format to plain text, GitHub-flavoured Markdown and HTML.
//!
//! Rich text stays raw JSON until a transform renders it, so the input is JSON text. Rendering is
//! pure (the same input gives the same bytes; no clock, no locale, UTC), linear in the input, and
//! indifferent to depth: reading, walking and dropping use no recursion. It never fails: what a
//! document's shape gets wrong is put where it can be shown, and text that stops being JSON is
//! rendered as far as it goes.
//!
//! It knows nothing of Jira: where rich text comes from, and where it goes, is its callers' affair.

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
mod markdown_table;
mod read;
mod spans;
mod table;
mod text;
mod walk;

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
