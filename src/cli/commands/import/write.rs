//! YAML being written, with the old lines beside what they became.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::lines::Lines;

/// A file being written.
pub(super) struct Page<'l> {
    lines: &'l Lines,
    text: String,
    /// The old lines that stand just above.
    above: Vec<usize>,
    /// All old lines that stand in it.
    told: BTreeSet<usize>,
}

impl<'l> Page<'l> {
    /// An empty file.
    pub(super) const fn new(lines: &'l Lines) -> Self {
        Self {
            lines,
            text: String::new(),
            above: Vec::new(),
            told: BTreeSet::new(),
        }
    }

    /// A line of the new file.
    pub(super) fn put(&mut self, indent: usize, line: &str) -> &mut Self {
        self.above.clear();
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n(' ', indent));
            self.text.push_str(line);
        }
        self.text.push('\n');
        self
    }

    /// Lines of the old file, beside what follows.
    pub(super) fn old(&mut self, indent: usize, lines: &[usize]) -> &mut Self {
        self.told.extend(lines);
        for line in lines {
            let mut above = std::mem::take(&mut self.above);
            if !above.contains(line) {
                let text = self.lines.text(*line);
                self.put(indent, &format!("# line {line}: {text}"));
                above.push(*line);
            }
            self.above = above;
        }
        self
    }

    /// The file, and the old lines that stand in it.
    pub(super) fn finish(self) -> (String, BTreeSet<usize>) {
        (self.text, self.told)
    }
}

/// A text as a YAML scalar that is read as just this text, replaced by nothing.
pub(super) fn scalar(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "_-.".contains(one))
        && text.starts_with(|one: char| one.is_ascii_alphabetic())
        // Other readers of YAML take some of these for booleans: a project may be called `NO`.
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for one in text.replace("${", "$${").chars() {
        match one {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Writing to a string cannot fail.
            one if one.is_control() => write!(out, "\\u{:04x}", u32::from(one)).unwrap_or_default(),
            one => out.push(one),
        }
    }
    out.push('"');
    out
}
