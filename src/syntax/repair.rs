//! What a person most likely meant where the lines of a file do not fit together.
//!
//! The YAML crate ends at such a mistake, often a line after it. Small changes of the lines around
//! are tried; the one after which most of the file can be read tells what is wrong, and the rest
//! of the file is read with it, so that one mistake is told once and the next is told too.

use granit_parser::{Options, Parser};

use super::parse::SYNTAX;
use crate::diagnostic::{Diagnostic, Source, Span};

/// Files up to so many bytes are repaired: each try reads the file again.
const MAX_BYTES: usize = 1 << 16;
/// How many lines above are asked how they are indented.
const LINES_ABOVE: usize = 40;

/// A change of one place of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    /// What is replaced.
    at: Span,
    /// By what.
    by: String,
}

/// Changes of a text, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    fn insert(at: usize, by: impl Into<String>) -> Self {
        Self::replace(Span::new(at, at), by)
    }

    fn replace(at: Span, by: impl Into<String>) -> Self {
        Self(vec![Edit { at, by: by.into() }])
    }

    /// True where what does not fit is only left out.
    pub(super) fn is_guess(&self) -> bool {
        self.0.iter().any(|edit| edit.by.is_empty())
    }

    /// The text with the changes.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        let mut changed = String::with_capacity(text.len());
        let mut from = 0;
        for edit in &self.0 {
            changed.push_str(text.get(from..edit.at.start)?);
            changed.push_str(&edit.by);
            from = edit.at.end;
        }
        changed.push_str(text.get(from..)?);
        Some(changed)
    }

    /// Where a byte of the changed text was before.
    pub(super) fn before(&self, byte: usize) -> usize {
        let mut before = byte;
        for edit in &self.0 {
            if before >= edit.at.start + edit.by.len() {
                before = before + (edit.at.end - edit.at.start) - edit.by.len();
            } else {
                return before.min(edit.at.start);
            }
        }
        before
    }
}

/// Changes and the mistake that they mend, where it is known better than the YAML crate knows it.
pub(super) struct Repair {
    pub(super) edits: Edits,
    pub(super) mistake: Option<Diagnostic>,
}

/// The change after which most can be read, where one gets beyond the line of `at`.
pub(super) fn lines(source: &Source, at: usize) -> Option<Repair> {
    let lines = Lines::of(source.text(), at)?;
    let mut tries = Vec::new();
    lines.tabs(&mut tries);
    lines.colons(&mut tries);
    lines.dashes(&mut tries);
    lines.indents(&mut tries);
    lines.blanks(&mut tries);
    best(source.text(), tries, lines.end(lines.at))
}

/// The change that lets a value be any.
pub(super) fn value(value: Span) -> Edits {
    Edits::replace(value, "x".repeat(value.end - value.start))
}

/// The change after which most can be read, where a quote that opens at `quote` is never closed.
pub(super) fn quote(source: &Source, quote: usize) -> Option<Edits> {
    let lines = Lines::of(source.text(), quote)?;
    let sign = source.slice(Span::new(quote, quote + 1));
    let end = lines.trimmed_end(lines.at);
    let value = Span::new(quote, end);
    // It may have been meant to close before any of the brackets that end the line.
    let brackets = source.slice(value).char_indices().rev();
    let mut tries: Vec<Edits> = brackets
        .take_while(|(_, one)| matches!(one, ' ' | ']' | '}'))
        .filter(|(_, one)| *one != ' ')
        .map(|(at, _)| Edits::insert(quote + at, sign))
        .collect();
    tries.push(Edits::insert(end, sign));
    tries.push(self::value(value));
    let tries = tries.into_iter().map(unknown).collect();
    best(source.text(), tries, end).map(|repair| repair.edits)
}

/// The last bracket that opens in a line above `at` and is not closed in it.
pub(super) fn open_bracket(source: &Source, at: usize) -> Option<usize> {
    let lines = Lines::of(source.text(), at)?;
    let above = lines.lines.get(..lines.at)?;
    above.iter().rev().find_map(|line| {
        let mut open = Vec::new();
        let mut quote = None;
        for (index, one) in line.text.char_indices() {
            match (quote, one) {
                (Some(opened), one) if one == opened => quote = None,
                (None, '"' | '\'') => quote = Some(one),
                (None, '[' | '{') => open.push(index),
                (None, ']' | '}') => drop(open.pop()),
                _ => {}
            }
        }
        open.pop().map(|index| line.start + index)
    })
}

/// The same where a bracket that opens at `open` is never closed.
pub(super) fn bracket(source: &Source, open: usize, close: &str) -> Option<Edits> {
    let lines = Lines::of(source.text(), open)?;
    let end = lines.trimmed_end(lines.at);
    let tries = vec![unknown(Edits::insert(end, close))];
    best(source.text(), tries, end).map(|repair| repair.edits)
}

fn unknown(edits: Edits) -> Repair {
    Repair {
        edits,
        mistake: None,
    }
}

/// The first of those that get furthest, beyond `beyond`.
fn best(text: &str, tries: Vec<Repair>, beyond: usize) -> Option<Repair> {
    let mut best: Option<(usize, Repair)> = None;
    for one in tries {
        let Some(reached) = one.edits.apply(text).map(|text| reach(&text)) else {
            continue;
        };
        let reached = reached.map_or(usize::MAX, |byte| one.edits.before(byte));
        if reached > beyond && best.as_ref().is_none_or(|(most, _)| reached > *most) {
            best = Some((reached, one));
        }
    }
    best.map(|(_, repair)| repair)
}

/// Where reading ends; none where that is at the end.
fn reach(text: &str) -> Option<usize> {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next_event() {
        if let Err(error) = next {
            return Some(error.marker().byte_offset().unwrap_or(text.len()));
        }
    }
    None
}

/// A line that says something.
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches([' ', '\t', '\u{feff}']).len()
    }

    fn said(&self) -> &'t str {
        self.text.trim_start_matches([' ', '\t', '\u{feff}'])
    }

    /// What is said, without dashes, and where it starts.
    fn after_dashes(&self) -> (usize, &'t str) {
        let said = self.said().trim_start_matches("- ");
        (self.start + self.text.len() - said.len(), said)
    }

    fn has_tab(&self) -> bool {
        self.text
            .get(..self.indent())
            .is_some_and(|blank| blank.contains('\t'))
    }
}

/// The lines that say something, and which one the mistake is found in.
struct Lines<'t> {
    lines: Vec<Line<'t>>,
    at: usize,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str, at: usize) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut start = 0;
        let mut lines = Vec::new();
        for whole in text.split_inclusive('\n') {
            let line = whole.trim_end();
            let said = line.trim_start();
            if !said.is_empty() && !said.starts_with('#') {
                lines.push(Line { start, text: line });
            }
            start += whole.len();
        }
        let at = lines
            .partition_point(|line| line.start <= at)
            .checked_sub(1)?;
        Some(Self { lines, at })
    }

    fn end(&self, index: usize) -> usize {
        self.lines
            .get(index)
            .map_or(0, |line| line.start + line.text.len())
    }

    /// The end of what a line says before a comment.
    fn trimmed_end(&self, index: usize) -> usize {
        self.lines.get(index).map_or(0, |line| {
            let said = line.text.split(" #").next().unwrap_or(line.text);
            line.start + said.trim_end().len()
        })
    }

    fn above(&self) -> Option<usize> {
        self.at.checked_sub(1)
    }

    /// How the lines around one are indented, the nearest first.
    fn indents_around(&self, index: usize) -> Vec<usize> {
        let above = self.lines.get(..index).unwrap_or_default();
        let mut found = Vec::new();
        let nearest = above.iter().rev().take(LINES_ABOVE);
        for line in nearest.chain(self.lines.get(index + 1)) {
            let dash = line.said().starts_with("- ").then(|| line.indent() + 2);
            for indent in [Some(line.indent()), dash].into_iter().flatten() {
                if !line.has_tab() && !found.contains(&indent) {
                    found.push(indent);
                }
            }
        }
        // People indent by two.
        found.sort_by_key(|indent| indent % 2);
        found
    }

    /// A tab in the indentation.
    fn tabs(&self, tries: &mut Vec<Repair>) {
        for index in [Some(self.at), Some(self.at + 1), self.above()]
            .into_iter()
            .flatten()
        {
            let Some(line) = self.lines.get(index).filter(|line| line.has_tab()) else {
                continue;
            };
            let blank = Span::new(line.start, line.start + line.indent());
            let first = line.text.find('\t').unwrap_or_default();
            for indent in self.indents_around(index) {
                tries.push(Repair {
                    edits: Edits::replace(blank, " ".repeat(indent)),
                    mistake: Some(
                        Diagnostic::error(SYNTAX, "a tab where YAML wants spaces")
                            .label(Span::new(line.start + first, blank.end), "a tab")
                            .help("indent by spaces"),
                    ),
                });
            }
        }
    }

    /// A line without a colon, or whose colon has no space after it.
    fn colons(&self, tries: &mut Vec<Repair>) {
        for index in [self.above(), Some(self.at)].into_iter().flatten() {
            let Some(line) = self.lines.get(index) else {
                continue;
            };
            let (start, said) = line.after_dashes();
            let length = said.len()
                - said
                    .trim_start_matches(|one: char| {
                        one.is_alphanumeric() || matches!(one, '_' | '-' | '.')
                    })
                    .len();
            let rest = said.get(length..).unwrap_or_default();
            if length == 0 {
                continue;
            }
            if rest.starts_with(':') && !rest.starts_with(": ") && rest.len() > 1 {
                tries.push(Repair {
                    edits: Edits::insert(start + length + 1, " "),
                    mistake: Some(
                        Diagnostic::error(SYNTAX, "a key's colon needs a space after it")
                            .label(Span::new(start, start + length + 1), "no key without it")
                            .help(format!(
                                "write `{}: …`",
                                said.get(..length).unwrap_or_default()
                            )),
                    ),
                });
            } else if rest.is_empty() || rest.starts_with(' ') {
                tries.push(Repair {
                    edits: Edits::insert(start + length, ":"),
                    mistake: Some(
                        Diagnostic::error(SYNTAX, "a line without a colon")
                            .label(
                                Span::new(start, start + said.len()),
                                "neither a key nor an element",
                            )
                            .help("write `KEY: VALUE`, or `- VALUE` for an element of a list"),
                    ),
                });
            }
        }
    }

    /// A line without its dash, or whose dash has no space after it.
    fn dashes(&self, tries: &mut Vec<Repair>) {
        // It is found where the next element begins.
        let found = self.lines.get(self.at);
        let keys = found
            .filter(|line| line.said().starts_with("- "))
            .map(|line| line.indent() + 2);
        let first = (self.at + 1).saturating_sub(LINES_ABOVE);
        for line in self.lines.iter().take(self.at + 1).skip(first) {
            let near = keys == Some(line.indent());
            let (start, said) = (line.start + line.indent(), line.said());
            if !near && !said.starts_with('-') {
                continue;
            }
            let word = said.trim_start_matches('-');
            let mut push = |edits, message: &str, label: &str, length| {
                let first = word.split(' ').next().unwrap_or_default();
                tries.push(Repair {
                    edits,
                    mistake: Some(
                        Diagnostic::error(SYNTAX, message)
                            .label(Span::new(start, start + length), label)
                            .help(format!("write `- {first}`")),
                    ),
                });
            };
            if said.len() == word.len() + 1 && !word.starts_with(' ') {
                push(
                    Edits::insert(start + 1, " "),
                    "an element's dash needs a space after it",
                    "no element without it",
                    1,
                );
            } else if said.len() == word.len() && line.indent() >= 2 && !line.has_tab() {
                push(
                    Edits::replace(Span::new(start - 2, start), "- "),
                    "a line without its dash",
                    "expected an element of a list",
                    word.find([':', ' ']).unwrap_or(word.len()),
                );
            }
        }
    }

    /// A line, or a stretch of lines, that is indented too much or too little.
    fn indents(&self, tries: &mut Vec<Repair>) {
        let mut all = Vec::new();
        for index in [Some(self.at), self.above()].into_iter().flatten() {
            let Some(line) = self.lines.get(index).filter(|line| !line.has_tab()) else {
                continue;
            };
            let own = line.indent();
            let whole = self.stretch(index);
            for wanted in self.indents_around(index) {
                if wanted == own {
                    continue;
                }
                for stretch in [index..index + 1, whole.clone()] {
                    let first = self.lines.get(stretch.start).unwrap_or(line);
                    // What makes it one of its neighbours is the likeliest.
                    let beside = [stretch.start.checked_sub(1), Some(stretch.end)];
                    let apart = beside.into_iter().filter(|at| {
                        let line = at.and_then(|at| self.lines.get(at));
                        line.is_none_or(|line| line.indent() != wanted)
                    });
                    all.push((
                        (stretch.len() > 1, apart.count(), wanted % 2),
                        Repair {
                            edits: self.moved(stretch, own, wanted),
                            mistake: Some(misplaced(first, own, wanted)),
                        },
                    ));
                }
            }
        }
        all.sort_by_key(|(rank, _)| *rank);
        tries.extend(all.into_iter().map(|(_, repair)| repair));
    }

    /// The lines around one that are indented as it is, or deeper.
    fn stretch(&self, index: usize) -> std::ops::Range<usize> {
        let own = self.lines.get(index).map_or(0, Line::indent);
        let inside = |line: &&Line<'_>| line.indent() >= own && !line.has_tab();
        let above = self.lines.get(..index).unwrap_or_default();
        let below = self.lines.get(index + 1..).unwrap_or_default();
        let up = above.iter().rev().take_while(inside).count();
        let down = below.iter().take_while(inside).count();
        index - up..index + 1 + down
    }

    /// Lines with another indentation.
    fn moved(&self, stretch: std::ops::Range<usize>, own: usize, wanted: usize) -> Edits {
        let lines = self.lines.get(stretch).unwrap_or_default().iter();
        Edits(
            lines
                .map(|line| Edit {
                    at: Span::new(line.start, line.start + line.indent()),
                    by: " ".repeat((line.indent() + wanted).saturating_sub(own)),
                })
                .collect(),
        )
    }

    /// Without what does not fit.
    fn blanks(&self, tries: &mut Vec<Repair>) {
        let below = self.lines.get(self.at + 1..).unwrap_or_default();
        let own = self.lines.get(self.at).map_or(0, Line::indent);
        let children = below.iter().take_while(|line| line.indent() > own).count();
        let block = below.iter().take_while(|line| line.indent() >= own).count();
        let starts = [
            (Some(self.at), self.at),
            (self.above(), self.at.saturating_sub(1)),
            (Some(self.at), self.at + children),
            (Some(self.at), self.at + block),
        ];
        for (first, last) in starts {
            let Some(line) = first.and_then(|first| self.lines.get(first)) else {
                continue;
            };
            let at = Span::new(line.start, self.end(last));
            tries.push(unknown(Edits::replace(at, "")));
        }
    }
}

fn misplaced(line: &Line<'_>, own: usize, wanted: usize) -> Diagnostic {
    let said = line.said();
    let word = said
        .split([':', ' '])
        .find(|word| !word.is_empty() && *word != "-");
    let from = word.and_then(|word| said.find(word)).unwrap_or_default();
    let start = line.start + line.indent() + from;
    let end = start + word.map_or(0, str::len);
    let spaces = |count: usize| match count {
        1 => "1 space".to_owned(),
        many => format!("{many} spaces"),
    };
    let off = if own > wanted {
        format!("{} too many", spaces(own - wanted))
    } else {
        format!("{} too few", spaces(wanted - own))
    };
    Diagnostic::error(
        SYNTAX,
        format!(
            "this line is indented by {} and does not fit those around it",
            spaces(own)
        ),
    )
    .label(Span::new(start, end), off)
    .help(match wanted {
        0 => "do not indent it".to_owned(),
        wanted => format!("indent it by {}", spaces(wanted)),
    })
}
