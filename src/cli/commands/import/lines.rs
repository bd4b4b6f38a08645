//! The old file line by line: where each one stands in the new project.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::mask;
use crate::diagnostic::{Source, Span};
use crate::syntax::Entry;

/// A line that became nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// Which line, from 1.
    pub(super) line: usize,
    /// The line as it may be shown.
    pub(super) text: String,
    /// Why.
    pub(super) why: String,
}

/// Where an entry stands: what an alias stands for is elsewhere.
fn span_of(entry: &Entry) -> Span {
    if entry.value.span.is_empty() || entry.value.span.start < entry.key.span.end {
        entry.key.span
    } else {
        entry.key.span.to(entry.value.span)
    }
}

/// The lines of the old file.
pub(super) struct Lines {
    source: Arc<Source>,
    hidden: Vec<Range<usize>>,
    ranges: Vec<Range<usize>>,
    told: BTreeSet<usize>,
    refused: Vec<Refused>,
}

impl Lines {
    /// The lines of a text.
    pub(super) fn new(source: &Arc<Source>, hidden: Vec<Range<usize>>) -> Self {
        let mut ranges = Vec::new();
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            ranges.push(start..start + line.trim_end().len());
            start += line.len();
        }
        Self {
            source: Arc::clone(source),
            hidden,
            ranges,
            told: BTreeSet::new(),
            refused: Vec::new(),
        }
    }

    /// A line as it may be shown, without the space around it.
    pub(super) fn text(&self, line: usize) -> String {
        let range = line
            .checked_sub(1)
            .and_then(|place| self.ranges.get(place))
            .cloned()
            .unwrap_or_default();
        let text = mask::shown(self.source.text(), range, &self.hidden);
        text.trim_matches(|one: char| one.is_whitespace() || one == '\u{feff}')
            .to_owned()
    }

    /// The line that an entry's key stands on, with the comments above it.
    pub(super) fn key(&mut self, entry: &Entry) -> Vec<usize> {
        self.of(entry.key.span)
    }

    /// The lines of an entry, with the comments above it.
    pub(super) fn entry(&mut self, entry: &Entry) -> Vec<usize> {
        let span = span_of(entry);
        self.of(span)
    }

    /// The lines of a stretch, with the comments above it.
    pub(super) fn of(&mut self, span: Span) -> Vec<usize> {
        let first = self.source.position(span.start).line;
        let last = self
            .source
            .position(span.end.saturating_sub(1).max(span.start))
            .line;
        let mut lines: BTreeSet<usize> = (first..=last)
            .filter(|line| !self.text(*line).is_empty())
            .collect();
        for line in (1..first).rev() {
            let text = self.text(line);
            if !text.is_empty() && (!text.starts_with('#') || self.told.contains(&line)) {
                break;
            }
            if !text.is_empty() {
                lines.insert(line);
            }
        }
        self.told.extend(&lines);
        lines.into_iter().collect()
    }

    /// Says that a stretch became nothing; its comments go with it.
    pub(super) fn refuse(&mut self, span: Span, why: &str) {
        for line in self.of(span) {
            let text = self.text(line);
            if !self.refused.iter().any(|known| known.line == line) {
                self.refused.push(Refused {
                    line,
                    why: why.to_owned(),
                    text,
                });
            }
        }
    }

    /// Says that an entry became nothing.
    pub(super) fn refuse_entry(&mut self, entry: &Entry, why: &str) {
        let span = span_of(entry);
        self.refuse(span, why);
    }

    /// Says that lines which were taken became nothing after all.
    pub(super) fn refuse_lines(&mut self, lines: &[usize], why: &str) {
        for line in lines {
            let text = self.text(*line);
            if self.refused.iter().any(|known| known.line == *line) {
                continue;
            }
            self.refused.push(Refused {
                line: *line,
                why: why.to_owned(),
                text,
            });
        }
    }

    /// What became nothing, in order.
    pub(super) fn refused(&self) -> Vec<Refused> {
        let mut refused = self.refused.clone();
        // A comment becomes nothing by nature: what it stood above says why.
        refused.retain(|one| !one.text.starts_with('#'));
        refused.sort_by_key(|one| one.line);
        refused
    }

    /// The lines that hold something.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> + '_ {
        (1..=self.ranges.len()).filter(|line| !self.text(*line).is_empty())
    }
}
