//! The layout that plain text and Markdown share: blocks under prefixes, in one output buffer.
//!
//! Nothing is written for a container until something within it is, so empty ones leave no
//! trace. Indentation stops growing after [`DEEPEST_INDENT`] levels: deeper, it would make the
//! output quadratic in the depth.

use std::borrow::Cow;

const DEEPEST_INDENT: usize = 32;

/// What a container is to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Blocks,
    List {
        /// Whether its items are numbered.
        is_numbered: bool,
        /// Whether it uses the other marker, to be told from the list before it.
        is_alternate: bool,
        /// Whether it starts at a number other than 1.
        starts_elsewhere: bool,
    },
    Item,
    Table,
    Row,
    Cell {
        index: usize,
    },
}

/// What is written without containing blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Paragraph,
    /// Spans lines whose prefixes matter: code, tables.
    Lines,
    Other,
}

/// What was last written within a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    Paragraph,
    List {
        is_numbered: bool,
        is_alternate: bool,
    },
    Other,
}

/// What the first line of a container starts with.
pub(super) struct Marker {
    text: Cow<'static, str>,
    end: MarkerEnd,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkerEnd {
    /// Any block may follow on the line.
    Structure,
    /// Only words may follow on the line.
    Words,
    /// Nothing may follow on the line.
    Line,
}

impl Marker {
    pub(super) fn none() -> Self {
        Self::structure("")
    }

    /// A marker that any block may follow.
    pub(super) fn structure(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            end: MarkerEnd::Structure,
        }
    }

    /// A marker that holds text of the line itself, so that only a paragraph may follow.
    pub(super) fn words(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            end: MarkerEnd::Words,
        }
    }

    /// A marker that stands alone on its line.
    pub(super) fn line(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            end: MarkerEnd::Line,
        }
    }
}

/// What must come between a marker and what follows it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    Line,
    BlankLine,
    /// Nothing before words, a blank line before another marker.
    BlankLineBeforeMarker,
    /// A line before words, a blank line before another marker.
    LineBeforeWords,
}

struct Frame {
    role: Role,
    marker: Marker,
    /// The length of the prefix without and with what its further lines start with.
    prefix_before: usize,
    prefix: usize,
    is_capped: bool,
    /// Whether all within stands on one line, as in a cell.
    is_flat: bool,
    last: Last,
    /// How many cells of a row are written or passed.
    cells: usize,
}

/// How the two formats differ.
pub(super) struct Dialect {
    pub(super) is_markdown: bool,
    /// What stands for the end of a line within a cell.
    pub(super) flat_line: &'static str,
    /// What stands between the cells of a row that is written as text.
    pub(super) between_cells: &'static str,
}

pub(super) struct Lines {
    pub(super) out: String,
    dialect: Dialect,
    prefix: String,
    frames: Vec<Frame>,
    /// How many frames, from the outermost, have their marker written.
    written: usize,
    /// How many levels of indentation stand in the prefix.
    indents: usize,
    /// Where the text of the line begins, if nothing but its prefix is written.
    line_start: usize,
    is_next_tight: bool,
}

impl Lines {
    pub(super) fn new(dialect: Dialect) -> Self {
        let root = Frame {
            role: Role::Blocks,
            marker: Marker::none(),
            prefix_before: 0,
            prefix: 0,
            is_capped: false,
            is_flat: false,
            last: Last::Nothing,
            cells: 0,
        };
        Self {
            out: String::new(),
            dialect,
            prefix: String::new(),
            frames: vec![root],
            written: 1,
            indents: 0,
            line_start: 0,
            is_next_tight: false,
        }
    }

    fn top(&self) -> Option<&Frame> {
        self.frames.last()
    }

    pub(super) fn is_flat(&self) -> bool {
        self.top().is_some_and(|top| top.is_flat)
    }

    /// Whether the line holds nothing but its prefix.
    pub(super) fn is_line_empty(&self) -> bool {
        self.out.len() == self.line_start
    }

    /// Whether a list that would open now needs the other marker.
    pub(super) fn needs_alternate(&self, numbered: bool) -> bool {
        matches!(
            self.top().map(|top| top.last),
            Some(Last::List { is_numbered, is_alternate: false }) if is_numbered == numbered
        )
    }

    /// Whether the list, which is the innermost container, uses the other marker.
    pub(super) fn is_alternate(&self) -> bool {
        matches!(
            self.top().map(|top| top.role),
            Some(Role::List {
                is_alternate: true,
                ..
            })
        )
    }

    /// Opens a container whose first line starts with `marker` and all others with `rest`.
    pub(super) fn open(&mut self, role: Role, marker: Marker, rest: &str) {
        let is_flat = self.is_flat() || matches!(role, Role::Cell { .. });
        let is_capped = self.indents >= DEEPEST_INDENT;
        let prefix_before = self.prefix.len();
        if !is_flat && !is_capped && !rest.is_empty() {
            self.prefix.push_str(rest);
            self.indents += 1;
        }
        // A quote's marker alone says nothing where its further lines cannot have it.
        let is_bare = rest.starts_with('>') && (is_flat || is_capped);
        self.frames.push(Frame {
            role,
            marker: if is_bare { Marker::none() } else { marker },
            prefix_before,
            prefix: self.prefix.len(),
            is_capped,
            is_flat,
            last: Last::Nothing,
            cells: 0,
        });
    }

    /// Closes the innermost container. An item is seen even if nothing is in it.
    pub(super) fn close(&mut self) {
        let Some(top) = self.top() else { return };
        if self.written < self.frames.len() && top.role == Role::Item {
            self.write_markers(None);
            self.trim_spaces();
            self.settle_box();
        }
        if let Some(frame) = self.frames.pop() {
            if frame.prefix > frame.prefix_before {
                self.prefix.truncate(frame.prefix_before);
                self.indents -= 1;
            }
            self.written = self.written.min(self.frames.len());
        }
    }

    /// Takes the innermost container for written: its caller writes what it starts with.
    pub(super) fn enter(&mut self) {
        self.written = self.frames.len();
    }

    /// Starts a block without children: separates it from what came before, and writes the
    /// markers of the containers that it is the first of.
    pub(super) fn start(&mut self, leaf: Leaf) {
        self.write_markers(Some(leaf));
        if let Some(top) = self.frames.last_mut() {
            top.last = if leaf == Leaf::Paragraph {
                Last::Paragraph
            } else {
                Last::Other
            };
        }
    }

    /// Asks for the next block to follow on the next line.
    pub(super) fn keep_next_close(&mut self) {
        self.is_next_tight = true;
    }

    fn write_markers(&mut self, leaf: Option<Leaf>) {
        let first = self.written;
        self.separate(first, leaf);
        for index in first.saturating_sub(1)..self.frames.len() {
            if let Some(role) = self.frames.get(index + 1).map(|child| child.role)
                && let Some(frame) = self.frames.get_mut(index)
            {
                frame.last = match role {
                    Role::List {
                        is_numbered,
                        is_alternate,
                        ..
                    } => Last::List {
                        is_numbered,
                        is_alternate,
                    },
                    _ => Last::Other,
                };
            }
        }
        // Markers of several levels share a line, except where the prefix could not follow, where
        // only words may, and where Markdown would take a line of markers alone for a rule.
        let ends_without_words = leaf.is_none() || self.top().is_some_and(|top| top.is_capped);
        let is_column = self.dialect.is_markdown && ends_without_words;
        let mut pending = Pending::Nothing;
        for index in first..self.frames.len() {
            if let Some(Role::Cell { index: cell }) = self.frames.get(index).map(|f| f.role) {
                self.pass_cells(index - 1, cell);
            }
            let Some(frame) = self.frames.get(index) else {
                break;
            };
            if frame.marker.text.is_empty() {
                continue;
            }
            let (before, end) = (frame.prefix_before, frame.marker.end);
            let (is_capped, is_flat) = (frame.is_capped, frame.is_flat);
            let text = frame.marker.text.clone();
            self.settle(pending, before);
            self.out.push_str(&text);
            pending = match end {
                _ if is_flat => Pending::Nothing,
                MarkerEnd::Line if leaf == Some(Leaf::Paragraph) => Pending::LineBeforeWords,
                MarkerEnd::Line | MarkerEnd::Words if leaf != Some(Leaf::Paragraph) => {
                    Pending::BlankLine
                }
                // A container within may yet put its own marker first.
                MarkerEnd::Line | MarkerEnd::Words => Pending::BlankLineBeforeMarker,
                MarkerEnd::Structure if is_capped => Pending::Line,
                MarkerEnd::Structure if is_column => Pending::Line,
                MarkerEnd::Structure => Pending::Nothing,
            };
        }
        match (pending, leaf) {
            (Pending::Line, Some(Leaf::Lines)) | (Pending::BlankLine, Some(_)) => {
                self.settle(pending, self.prefix.len());
            }
            (Pending::LineBeforeWords, Some(_)) => self.end_line(self.prefix.len()),
            _ => {}
        }
        self.written = self.frames.len();
    }

    /// Ends the line of a marker that what follows may not share.
    fn settle(&mut self, pending: Pending, prefix: usize) {
        if pending == Pending::Nothing {
            return;
        }
        self.trim_spaces();
        self.settle_box();
        self.end_line(prefix);
        if pending != Pending::Line {
            self.end_line(prefix);
        }
    }

    /// A task's box that no words follow on the line is text itself: parsers differ on it.
    fn settle_box(&mut self) {
        if !self.dialect.is_markdown {
            return;
        }
        for (written, text) in [("[ ]", r"\[ \]"), ("[x]", r"\[x\]")] {
            if self.out.ends_with(written) {
                self.out.truncate(self.out.len() - written.len());
                self.out.push_str(text);
            }
        }
    }

    fn trim_spaces(&mut self) {
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
    }

    /// The separator between what is in the last written container and its next child.
    fn separate(&mut self, first: usize, leaf: Option<Leaf>) {
        let is_tight = std::mem::take(&mut self.is_next_tight);
        let Some(parent) = self.frames.get(first.saturating_sub(1)) else {
            return;
        };
        let (is_flat, prefix) = (parent.is_flat, parent.prefix);
        if parent.last == Last::Nothing || parent.role == Role::Row {
            return;
        }
        let child = self.frames.get(first).map(|frame| frame.role);
        let is_line = match parent.role {
            Role::List { .. } | Role::Table => true,
            Role::Item if !self.dialect.is_markdown => true,
            Role::Item => {
                parent.last == Last::Paragraph
                    && leaf.is_some()
                    && matches!(
                        child,
                        Some(Role::List {
                            starts_elsewhere: false,
                            ..
                        })
                    )
            }
            _ => false,
        };
        if is_flat {
            self.flat_line();
        } else {
            self.end_line(prefix);
            if !is_line && !is_tight {
                self.end_line(prefix);
            }
        }
    }

    /// Writes what stands between the cells of a row, up to a cell.
    fn pass_cells(&mut self, row: usize, cell: usize) {
        let Some(frame) = self.frames.get_mut(row) else {
            return;
        };
        let missing = cell.saturating_sub(frame.cells);
        frame.cells = frame.cells.max(cell);
        frame.last = Last::Other;
        for _ in 0..missing {
            self.out.push_str(self.dialect.between_cells);
        }
    }

    /// Ends a row of `cells` cells that are written as text: the empty ones at its end show.
    pub(super) fn end_row(&mut self, cells: usize) {
        let row = self.frames.len().saturating_sub(1);
        if self.written == self.frames.len() {
            self.pass_cells(row, cells.saturating_sub(1));
        }
    }

    fn flat_line(&mut self) {
        let separator = self.dialect.flat_line;
        if separator != " " || !self.out.ends_with(' ') {
            self.out.push_str(separator);
        }
    }

    fn end_line(&mut self, prefix: usize) {
        if self.is_line_empty() {
            let end = self.out.trim_end_matches(' ').len();
            self.out.truncate(end);
        }
        self.out.push('\n');
        self.out
            .push_str(self.prefix.get(..prefix).unwrap_or_default());
        self.line_start = self.out.len();
    }

    /// Ends a line within a block.
    pub(super) fn line(&mut self) {
        if self.is_flat() {
            self.flat_line();
        } else {
            self.end_line(self.prefix.len());
        }
    }

    /// Writes text of several lines, each under the prefix.
    pub(super) fn push_lines(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.line();
            }
            self.out.push_str(line);
        }
    }
}
