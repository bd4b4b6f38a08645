//! `adf_to_text`: rich text rendered in place.

use super::edit::{Edit, edit};
use crate::adf::Format;
use crate::expression::{Path, rendered};
use crate::record::{Record, Value};

/// Renders rich text in place; strings, null and what is not there stay as they are.
#[derive(Debug)]
pub struct RichText {
    /// Where the rich text stands.
    pub paths: Vec<Path>,
    /// What it becomes.
    pub format: Format,
    /// At most so many Unicode scalar values.
    pub max_length: Option<usize>,
}

impl RichText {
    /// The record with its rich text rendered.
    #[must_use]
    pub fn apply(&self, mut record: Record) -> Record {
        let render = &mut |value: &Value| {
            let json = match value {
                Value::Raw(json) => json.to_string(),
                Value::Object(_) | Value::Array(_) => value.to_json(),
                _ => return Ok(Edit::Keep),
            };
            let text = rendered(&json, self.format, self.max_length);
            Ok(Edit::Replace(text.into()))
        };
        let done: Result<(), std::convert::Infallible> =
            edit(&mut record.value, &self.paths, render);
        match done {
            Ok(()) => record,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::one;

    const DOCUMENT: &str = r#"{"type":"doc","version":1,"content":[{"type":"paragraph","content":[
        {"type":"text","text":"One "},{"type":"text","text":"two","marks":[{"type":"strong"}]}]}]}"#;

    fn record(value: &str) -> String {
        format!(r#"{{"d":{value},"k":1}}"#)
    }

    #[test]
    fn renders_in_place_as_the_format_says() {
        for (options, text) in [
            ("[$.d]", "One two"),
            ("{ paths: [$.d] }", "One two"),
            ("{ paths: [$.d], format: text }", "One two"),
            ("{ paths: [$.d], format: markdown }", "One **two**"),
            (
                "{ paths: [$.d], format: html }",
                "<p>One <strong>two</strong></p>",
            ),
            ("{ paths: [$.d], max_length: 5 }", "One t"),
        ] {
            assert_eq!(
                one(&format!("  - adf_to_text: {options}"), &record(DOCUMENT)),
                record(&format!("{text:?}")),
                "{options}"
            );
        }
    }

    #[test]
    fn leaves_strings_null_and_what_is_not_there() {
        for value in [r#""*wiki* text""#, "null", "7", "true"] {
            let json = record(value);
            assert_eq!(one("  - adf_to_text: [$.d, $.gone]", &json), json);
        }
    }

    #[test]
    fn renders_each_match() {
        let comments = format!(r#"{{"c":[{{"body":{DOCUMENT}}},{{"body":"text"}},{{}}]}}"#);
        assert_eq!(
            one("  - adf_to_text: ['$.c[*].body']", &comments),
            r#"{"c":[{"body":"One two"},{"body":"text"},{}]}"#
        );
    }
}
