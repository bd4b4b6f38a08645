//! A source as it is drawn: long lines cut around the labels, and places as a person counts them.

use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{Source, Span};

/// How many bytes a line may have to be drawn whole.
const LONG: usize = 600;
/// How many bytes of a long line are drawn before and after each end of a label.
const AROUND: usize = 100;
/// What stands for what is cut.
const CUT: &str = "…";

/// A source as it is drawn for one diagnostic.
#[derive(Debug)]
pub(super) struct Drawn {
    source: Arc<Source>,
    text: String,
    /// What is cut, in the source's bytes and in order.
    cut: Vec<Span>,
    /// Where labels start: in the drawn text, and in the source.
    starts: Vec<(usize, usize)>,
}

impl Drawn {
    /// The source for labels at these places.
    pub(super) fn new(source: &Arc<Source>, labels: &[Span]) -> Self {
        let mut drawn = Self {
            source: Arc::clone(source),
            text: String::with_capacity(source.text().len()),
            cut: cuts(source.text(), labels),
            starts: Vec::new(),
        };
        let mut from = 0;
        for cut in &drawn.cut {
            push_visible(&mut drawn.text, source.slice(Span::new(from, cut.start)));
            drawn.text.push_str(CUT);
            from = cut.end;
        }
        let rest = Span::new(from, source.text().len());
        push_visible(&mut drawn.text, source.slice(rest));
        drawn.starts = labels
            .iter()
            .map(|label| (drawn.place(label.start), label.start))
            .collect();
        drawn
    }

    /// Where a byte of the source is drawn.
    fn place(&self, byte: usize) -> usize {
        let mut moved = byte;
        for cut in &self.cut {
            if byte >= cut.end {
                moved = moved + CUT.len() - (cut.end - cut.start);
            } else if byte > cut.start {
                return moved - (byte - cut.start);
            }
        }
        moved
    }

    /// Where a span of the source is drawn: its first byte and its length.
    pub(super) fn span(&self, span: Span) -> (usize, usize) {
        let start = self.place(span.start);
        (start, self.place(span.end).saturating_sub(start))
    }
}

impl SourceCode for Drawn {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents =
            self.text
                .as_str()
                .read_span(span, context_lines_before, context_lines_after)?;
        // The renderer counts bytes. What it asks for without context is a label's line and column.
        let start = self.starts.iter().find(|(at, _)| *at == span.offset());
        let (line, column) = match start {
            Some((_, byte)) if context_lines_before == 0 => {
                let at = self.source.position(*byte);
                (at.line.saturating_sub(1), at.column.saturating_sub(1))
            }
            _ => (contents.line(), contents.column()),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.source.name().to_owned(),
            contents.data(),
            *contents.span(),
            line,
            column,
            contents.line_count(),
        )))
    }
}

/// Appends a text as it is drawn, as many bytes as it has: a lone CR breaks the line, and no other
/// control character reaches a terminal.
fn push_visible(drawn: &mut String, text: &str) {
    let mut all = text.chars().peekable();
    while let Some(one) = all.next() {
        drawn.push(match one {
            '\r' if all.peek() != Some(&'\n') => '\n',
            '\t' | '\n' | '\r' => one,
            _ if one.is_ascii_control() => '?',
            _ => one,
        });
    }
}

/// What of the long lines is far from every label.
fn cuts(text: &str, labels: &[Span]) -> Vec<Span> {
    let mut cuts = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        if line.len() > LONG {
            let mut ends: Vec<usize> = labels
                .iter()
                .flat_map(|label| [label.start, label.end])
                .filter(|byte| (start..=end).contains(byte))
                .collect();
            ends.push(start);
            ends.sort_unstable();
            let mut drawn_to = start;
            for byte in ends {
                let from = boundary(text, byte.saturating_sub(AROUND).max(start));
                if from > drawn_to + CUT.len() {
                    cuts.push(Span::new(drawn_to, from));
                }
                drawn_to = drawn_to.max(boundary(text, (byte + AROUND).min(end)));
            }
            if end > drawn_to + CUT.len() {
                cuts.push(Span::new(drawn_to, end));
            }
        }
        start += line.len();
    }
    cuts
}

/// The boundary of characters at or before a byte.
fn boundary(text: &str, byte: usize) -> usize {
    (0..=byte)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_each_label() {
        let text = format!(
            "é: [{}, x, {}]\nb: 1\n",
            "ä".repeat(40_000),
            "ü".repeat(400)
        );
        let source = Source::new("a.yaml", text.clone());
        let at = text.find('x').unwrap();
        let drawn = Drawn::new(&source, &[Span::new(at, at + 1)]);
        assert!(drawn.text.len() < LONG, "{}", drawn.text);
        let (start, length) = drawn.span(Span::new(at, at + 1));
        assert_eq!(drawn.text.get(start..start + length), Some("x"));
        assert!(drawn.text.starts_with("é: [ä") && drawn.text.ends_with("…\nb: 1\n"));
        let whole = drawn.span(Span::new(0, text.len()));
        assert_eq!(whole, (0, drawn.text.len()));
    }

    #[test]
    fn no_control_character_of_a_file_reaches_a_terminal() {
        let source = Source::new("a.yaml", "a: \u{1b}[31m\u{0}\tx\rb: 1\r\n");
        let drawn = Drawn::new(&source, &[]);
        assert_eq!(drawn.text, "a: ?[31m?\tx\nb: 1\r\n");
    }
}
