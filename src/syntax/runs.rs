//! Where the decoded text of a scalar stands in the source: escapes and folds undone by hand, in
//! step with what the YAML parser made of them.

use super::{Run, Style};

/// The runs of a scalar: `raw` is its source text, which starts at the byte `base`,
/// `indent` characters into its line where it is a block scalar.
pub(super) fn runs(raw: &str, base: usize, decoded: &str, style: Style, indent: usize) -> Vec<Run> {
    let mut aligner = Aligner {
        runs: Vec::new(),
        base,
        decoded: decoded.as_bytes(),
        at: 0,
    };
    match style {
        Style::Plain if raw == decoded => aligner.push(0, decoded.len()),
        Style::Plain => aligner.flow(raw, 0, raw.len(), None),
        Style::SingleQuoted => aligner.flow(raw, 1, raw.len().saturating_sub(1), Some('\'')),
        Style::DoubleQuoted => aligner.flow(raw, 1, raw.len().saturating_sub(1), Some('"')),
        Style::Literal | Style::Folded => aligner.block(raw, indent),
    }
    if aligner.runs.is_empty() {
        let inside = usize::from(matches!(style, Style::SingleQuoted | Style::DoubleQuoted));
        aligner.runs.push(Run {
            decoded: 0,
            source: base + inside,
            length: 0,
        });
    }
    aligner.runs
}

struct Aligner<'d> {
    runs: Vec<Run>,
    base: usize,
    decoded: &'d [u8],
    /// The next byte of the decoded text.
    at: usize,
}

impl Aligner<'_> {
    /// So many bytes of the source, from an offset of the raw text, stand for the decoded ones here.
    fn push(&mut self, offset: usize, length: usize) {
        self.stretch(offset, length, length);
    }

    fn stretch(&mut self, offset: usize, length: usize, yields: usize) {
        if yields == 0 {
            return;
        }
        let source = self.base + offset;
        if length == yields
            && let Some(last) = self.runs.last_mut()
            && last.source + last.length == source
            && last.decoded + last.length == self.at
        {
            last.length += length;
        } else {
            self.runs.push(Run {
                decoded: self.at,
                source,
                length,
            });
        }
        self.at += yields;
    }

    /// Scalars in which line breaks fold: plain and quoted ones.
    fn flow(&mut self, raw: &str, from: usize, to: usize, quote: Option<char>) {
        let mut offset = from;
        while offset < to && self.at < self.decoded.len() {
            let rest = raw.get(offset..to).unwrap_or_default();
            let Some(one) = rest.chars().next() else {
                return;
            };
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            let blank = rest.get(..blanks).unwrap_or_default();
            if blank.contains(['\n', '\r']) {
                let made = self.blanks_made();
                self.stretch(offset, blanks, made);
                offset += blanks;
            } else if quote == Some('"') && one == '\\' {
                let (length, continued) = escape_length(rest);
                let yields = if continued {
                    0
                } else {
                    self.character_length()
                };
                self.stretch(offset, length, yields);
                offset += length;
            } else if quote == Some('\'') && rest.starts_with("''") {
                self.stretch(offset, 2, 1);
                offset += 2;
            } else {
                self.push(offset, one.len_utf8());
                offset += one.len_utf8();
            }
        }
    }

    /// Block scalars: the raw text starts at the first character of the first line that is not
    /// blank, `indent` characters from the line's start; the other lines have their indentation.
    fn block(&mut self, raw: &str, indent: usize) {
        // Blank lines before the first one stand before the raw text.
        if !raw.starts_with(['\n', '\r']) {
            while self.decoded.get(self.at) == Some(&b'\n') {
                self.stretch(0, 0, 1);
            }
        }
        let mut offset = 0;
        for line in raw.split_inclusive('\n') {
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let cut = if offset == 0 { 0 } else { spaces.min(indent) };
            for (index, one) in line.char_indices().skip_while(|(index, _)| *index < cut) {
                let Some(next) = self.decoded.get(self.at) else {
                    return;
                };
                let mut buffer = [0; 4];
                let bytes = one.encode_utf8(&mut buffer).as_bytes();
                if self
                    .decoded
                    .get(self.at..)
                    .is_some_and(|rest| rest.starts_with(bytes))
                {
                    self.push(offset + index, bytes.len());
                } else if one == '\n' && *next == b' ' {
                    self.stretch(offset + index, 1, 1);
                }
            }
            offset += line.len();
        }
    }

    /// How many blanks of the decoded text a fold made.
    fn blanks_made(&self) -> usize {
        let rest = self.decoded.get(self.at..).unwrap_or_default();
        let newlines = rest.iter().take_while(|byte| **byte == b'\n').count();
        if newlines > 0 {
            newlines
        } else {
            usize::from(rest.first() == Some(&b' '))
        }
    }

    fn character_length(&self) -> usize {
        match self.decoded.get(self.at) {
            None => 0,
            Some(0..0x80) => 1,
            Some(0..0xe0) => 2,
            Some(0..0xf0) => 3,
            Some(_) => 4,
        }
    }
}

/// How long an escape of a double-quoted scalar is, and whether it only continues the line.
fn escape_length(rest: &str) -> (usize, bool) {
    let Some(escaped) = rest.chars().nth(1) else {
        return (rest.len(), true);
    };
    let length = match escaped {
        'x' => 4,
        'u' => 6,
        'U' => 10,
        '\n' | '\r' => {
            let after = rest.get(1..).unwrap_or_default();
            let blanks = after.len() - after.trim_start_matches([' ', '\t', '\r', '\n']).len();
            return (1 + blanks, true);
        }
        other => 1 + other.len_utf8(),
    };
    (length.min(rest.len()), false)
}
