//! Issues on stdout, a page at a time: nothing is kept of those that are printed.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::adf;
use crate::cli::args::Format;
use crate::cli::output::Output;
use crate::connectors::jira::query::{Asked, Found};
use crate::record::{Value, write_json_string};

/// The least that a column is cut to.
const LEAST: usize = 6;
/// What stands between columns.
const GAP: usize = 2;
/// The longest text that a cell is looked at for.
const LONGEST: usize = 500;

/// Prints issues.
pub(super) struct Shown<'o> {
    output: &'o Output,
    fields: Vec<Asked>,
    /// The widths of the table's columns, once its first page has been seen.
    widths: Option<Vec<usize>>,
    begun: bool,
}

impl<'o> Shown<'o> {
    /// Prints these fields.
    pub(super) const fn new(fields: Vec<Asked>, output: &'o Output) -> Self {
        Self {
            output,
            fields,
            widths: None,
            begun: false,
        }
    }

    /// Prints a page.
    pub(super) fn page(&mut self, page: &[Found]) {
        match self.output.format {
            Format::Human => self.rows(page),
            Format::Json => self.objects(page),
            Format::Csv => self.records(page),
        }
    }

    /// Ends what was begun.
    pub(super) fn end(&mut self) {
        match self.output.format {
            Format::Human => {}
            Format::Json => {
                self.output
                    .result_bytes(if self.begun { b"]\n" } else { b"[]\n" });
            }
            Format::Csv => self.records(&[]),
        }
    }

    fn objects(&mut self, page: &[Found]) {
        let mut out = String::new();
        for issue in page {
            out.push(if self.begun { ',' } else { '[' });
            self.begun = true;
            out.push_str("{\"key\":");
            write_json_string(&issue.key, &mut out);
            out.push_str(",\"fields\":{");
            for (place, (field, value)) in self.fields.iter().zip(&issue.fields).enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_json_string(&field.name, &mut out);
                out.push(':');
                value.write_json(&mut out);
            }
            out.push_str("}}");
        }
        self.output.result_bytes(out.as_bytes());
    }

    fn records(&mut self, page: &[Found]) {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        let mut write = |cells: Vec<String>| {
            // Writing to memory cannot fail, and all records are of one length.
            writer.write_record(&cells).unwrap_or_default();
        };
        if !self.begun {
            self.begun = true;
            let names = self.fields.iter().map(|field| field.name.clone());
            write(std::iter::once("key".to_owned()).chain(names).collect());
        }
        for issue in page {
            let cells = issue.fields.iter().map(plain);
            write(std::iter::once(issue.key.clone()).chain(cells).collect());
        }
        if let Ok(bytes) = writer.into_inner() {
            self.output.result_bytes(&bytes);
        }
    }

    fn rows(&mut self, page: &[Found]) {
        if page.is_empty() {
            return;
        }
        let rows: Vec<Vec<String>> = page
            .iter()
            .map(|issue| {
                let cells = issue.fields.iter().map(readable);
                std::iter::once(issue.key.clone()).chain(cells).collect()
            })
            .collect();
        let names = self.fields.iter().map(|field| field.name.clone());
        let header: Vec<String> = std::iter::once("key".to_owned()).chain(names).collect();
        let first = self.widths.is_none();
        let widths = self
            .widths
            .get_or_insert_with(|| widths(&header, &rows, self.output.results_width))
            .clone();
        if first {
            let line = line(&header, &widths);
            self.output.result(&if self.output.colour_results {
                format!("\u{1b}[1m{line}\u{1b}[0m")
            } else {
                line
            });
        }
        let mut out = String::new();
        for row in &rows {
            out.push_str(&line(row, &widths));
            out.push('\n');
        }
        self.output.result_bytes(out.as_bytes());
    }
}

/// A value as one cell of CSV: an object by its `name`, else its `displayName`, else JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.to_string(),
        other => named(other).map_or_else(|| other.to_json(), str::to_owned),
    }
}

fn named(value: &Value) -> Option<&str> {
    ["name", "displayName"]
        .into_iter()
        .find_map(|name| value.get(name).and_then(Value::as_str))
}

/// A value for a person, on one line and without what steers a terminal.
fn readable(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => time(text).unwrap_or_else(|| text.to_string()),
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().map(readable).collect();
            parts.join(", ")
        }
        other => match named(other).or_else(|| other.get("value").and_then(Value::as_str)) {
            Some(name) => name.to_owned(),
            None => {
                let json = other.to_json();
                if adf::is_node(&json) {
                    adf::render_within(&json, adf::Format::Text, LONGEST)
                } else {
                    json
                }
            }
        },
    };
    let visible = |one: char| if one.is_control() { ' ' } else { one };
    let text: String = text.chars().map(visible).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Jira's times without what a person passes over: `2026-11-24 10:15`.
fn time(text: &str) -> Option<String> {
    let (date, rest) = text.split_once('T')?;
    let digits = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(is, like)| {
                if like == b'0' {
                    is.is_ascii_digit()
                } else {
                    is == like
                }
            })
    };
    let minutes = rest.get(..5)?;
    let is_time = digits(date, "0000-00-00")
        && digits(minutes, "00:00")
        && rest.get(5..6) == Some(":")
        && text.len() <= 32;
    is_time.then(|| format!("{date} {minutes}"))
}

/// How wide each column may be, so that a line fits where its width is known: the widest give.
fn widths(header: &[String], rows: &[Vec<String>], width: Option<usize>) -> Vec<usize> {
    let mut widths: Vec<usize> = header.iter().map(|name| name.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let Some(most) = width else { return widths };
    let gaps = widths.len().saturating_sub(1) * GAP;
    while widths.iter().sum::<usize>() + gaps > most {
        // The key is what an issue is known by: it is never cut.
        let widest = widths.iter_mut().skip(1).max_by_key(|width| **width);
        match widest {
            Some(width) if *width > LEAST => *width -= 1,
            _ => break,
        }
    }
    widths
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let cell = cut(cell, *width);
        let pad = (width + GAP).saturating_sub(cell.width());
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', pad));
    }
    line.trim_end().to_owned()
}

/// A text that takes no more columns than that; what was cut ends in `…`.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for one in text.chars() {
        used += one.width().unwrap_or_default();
        if used > width {
            break;
        }
        kept.push(one);
    }
    let mut kept = kept.trim_end().to_owned();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(json).unwrap()
    }

    #[test]
    fn an_object_is_its_name_in_csv() {
        for (json, cell) in [
            (r#"{"name":"Done","id":"1"}"#, "Done"),
            (r#"{"displayName":"Jane","accountId":"a"}"#, "Jane"),
            (r#"{"name":7,"displayName":"J"}"#, "J"),
            (r#"{"id":"1"}"#, r#"{"id":"1"}"#),
            (r#"["a","b"]"#, r#"["a","b"]"#),
            ("null", ""),
            ("3.5", "3.5"),
            ("true", "true"),
            (r#""a\nb""#, "a\nb"),
        ] {
            assert_eq!(plain(&value(json)), cell, "{json}");
        }
    }

    #[test]
    fn cells_of_a_table_are_one_line_of_text() {
        for (json, cell) in [
            (r#"[{"name":"a"},{"value":"b"}]"#, "a, b"),
            (r#""a\n b\u001b[31mc""#, "a b [31mc"),
            (r#""2026-11-24T10:15:30.123+0000""#, "2026-11-24 10:15"),
            (r#""2026-11-24TABC""#, "2026-11-24TABC"),
            (
                r#"{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"Hello"}]}]}"#,
                "Hello",
            ),
        ] {
            assert_eq!(readable(&value(json)), cell, "{json}");
        }
    }

    #[test]
    fn a_table_fits_and_its_key_is_whole() {
        let cells = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let header = cells(&["key", "summary", "status"]);
        let rows = [cells(&[
            "SUPPORT-1234",
            "日本語のとても長い要約です",
            "In Progress",
        ])];
        let widths = widths(&header, &rows, Some(36));
        let shown = line(&rows[0], &widths);
        assert!(shown.width() <= 36, "{shown}");
        assert!(shown.starts_with("SUPPORT-1234  日本"), "{shown}");
        assert!(shown.contains('…'), "{shown}");
        assert_eq!(super::widths(&header, &rows, None)[2], 11);
    }
}
