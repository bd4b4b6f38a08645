//! Source texts, and where a byte of them stands for a person.

use std::sync::Arc;

/// A file's name and text, shared by everything that points into it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<usize>,
}

/// A place for a person; everything counts from 1 but `byte`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in Unicode scalar values, from 1; a byte-order mark is no column.
    pub column: usize,
    /// The byte, from 0.
    pub byte: usize,
}

impl Source {
    /// A text under the name that diagnostics show (relative to the project, `/` between folders).
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Arc<Self> {
        let text = text.into();
        let mut line_starts = vec![0];
        let bytes = text.as_bytes();
        for (index, byte) in bytes.iter().enumerate() {
            let lone_return = *byte == b'\r' && bytes.get(index + 1) != Some(&b'\n');
            if *byte == b'\n' || lone_return {
                line_starts.push(index + 1);
            }
        }
        Arc::new(Self {
            name: name.into(),
            text,
            line_starts,
        })
    }

    /// The name that diagnostics show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span is not of this text.
    #[must_use]
    pub fn slice(&self, span: super::Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The byte of a line and a byte of it, both from 1, as other readers count them.
    #[must_use]
    pub fn byte(&self, line: usize, byte: usize) -> usize {
        let start = self.line_starts.get(line.saturating_sub(1)).copied();
        let at = start.unwrap_or_default() + byte.saturating_sub(1);
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Where a byte stands.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let byte = byte.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= byte);
        let start = self
            .line_starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        let mark = usize::from(start == 0 && before.starts_with('\u{feff}'));
        Position {
            line,
            column: before.chars().count() - mark + 1,
            byte,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_scalar_values_and_pass_over_a_byte_order_mark() {
        let source = Source::new("a.yaml", "\u{feff}é: 1\r\nb: 日x\n");
        let at = |needle: &str| {
            let position = source.position(source.text().find(needle).unwrap());
            (position.line, position.column)
        };
        assert_eq!(at("é"), (1, 1));
        assert_eq!(at("1"), (1, 4));
        assert_eq!(at("b"), (2, 1));
        assert_eq!(at("x"), (2, 5));
    }
}
