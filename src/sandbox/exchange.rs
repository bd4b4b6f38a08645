//! A request as read and a reply as meant, free of the HTTP library's types.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::Value;

/// Which of the two services a request went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Jira Cloud.
    Jira,
    /// Brevo.
    Brevo,
}

/// A request, read whole.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The path as sent, still percent-encoded.
    pub(super) path: String,
    /// The path's segments, decoded.
    pub(super) segments: Vec<String>,
    /// The query's pairs, decoded, in order.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    /// The first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter, comma lists taken apart.
    pub(super) fn query_list(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, _)| key == name)
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The path's segments as text, for matching.
    pub(super) fn route(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Bytes,
    /// Whether something was changed.
    pub(super) changed: bool,
}

impl Reply {
    /// A JSON answer.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    /// A JSON answer that is already text.
    pub(super) fn json_text(status: u16, body: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: Some("application/json;charset=UTF-8"),
            body: Bytes::from(body),
            changed: false,
        }
    }

    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: None,
            body: Bytes::new(),
            changed: false,
        }
    }

    /// A page of plain text.
    pub(super) fn text(status: u16, body: &'static str) -> Self {
        Self {
            content_type: Some("text/markdown;charset=UTF-8"),
            body: Bytes::from_static(body.as_bytes()),
            ..Self::empty(status)
        }
    }

    /// The answer to a request that changed something.
    pub(super) fn wrote(mut self) -> Self {
        self.changed = true;
        self
    }

    /// An HTML page.
    pub(super) fn html(status: u16, title: &str) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        );
        Self {
            status,
            headers: Vec::new(),
            content_type: Some("text/html;charset=UTF-8"),
            body: Bytes::from(body),
            changed: false,
        }
    }

    /// The same answer with another header.
    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Appends `text` as a JSON string.
pub(super) fn push_json_string(out: &mut String, text: &str) {
    use std::fmt::Write as _;

    out.push('"');
    let mut rest = text;
    // Most text needs no escape, so the runs between the characters that do are copied whole.
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\') || c < ' ') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let mut tail = rest.get(at..).unwrap_or_default().chars();
        match tail.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => {
                // Writing to a string cannot fail.
                write!(out, "\\u{:04x}", u32::from(control)).unwrap_or_default();
            }
            None => {}
        }
        rest = tail.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends `text` as a JSON string, or null.
pub(super) fn push_json_option(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => push_json_string(out, text),
        None => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_text_comes_back_from_json() {
        for text in [
            "",
            "plain",
            "quo\"te \\ back",
            "\u{1}\n\r\t\u{1f}",
            "é日本🎫",
            "\u{7f}\u{2028}",
        ] {
            let mut out = String::new();
            push_json_string(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text, "{out}");
        }
    }
}
