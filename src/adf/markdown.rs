//! GitHub-flavoured Markdown.

use super::escape;
use super::inline::{Run, Runs, Style};
use super::lines::{Dialect, Leaf, Lines, Marker, Role};
use super::markdown_inline::{self, Kind, push_code};
use super::markdown_table::Rows;
use super::walk::{Block, Item, PanelKind, Writer};

/// The largest number that an item can have.
const LARGEST_NUMBER: u64 = 999_999_999;

pub(super) struct Markdown {
    lines: Lines,
    /// The table whose rows are written as such; those within its cells are text.
    rows: Option<Rows>,
    /// How many cells each row that is written as text has so far.
    flat_cells: Vec<usize>,
}

impl Markdown {
    pub(super) fn new() -> Self {
        Self {
            lines: Lines::new(Dialect {
                is_markdown: true,
                flat_line: "<br>",
                between_cells: r" \| ",
            }),
            rows: None,
            flat_cells: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> String {
        self.lines.out
    }

    fn list(&mut self, is_numbered: bool, starts_elsewhere: bool) {
        let role = Role::List {
            is_numbered,
            is_alternate: self.lines.needs_alternate(is_numbered),
            starts_elsewhere,
        };
        self.lines.open(role, Marker::none(), "");
    }

    fn item(&mut self, item: Item) {
        let is_alternate = self.lines.is_alternate() && !self.lines.is_flat();
        let bullet = if is_alternate { '*' } else { '-' };
        let (marker, width) = match item {
            Item::Bullet => (Marker::structure(format!("{bullet} ")), 2),
            Item::Task { done: false } => (Marker::words(format!("{bullet} [ ] ")), 2),
            Item::Task { done: true } => (Marker::words(format!("{bullet} [x] ")), 2),
            Item::Decision => (Marker::words(format!(r"{bullet} \[decision\] ")), 2),
            Item::Number(number) => {
                let number = number.min(LARGEST_NUMBER);
                let end = if is_alternate { ')' } else { '.' };
                let marker = format!("{number}{end} ");
                let width = marker.len();
                (Marker::structure(marker), width)
            }
        };
        self.lines.open(Role::Item, marker, &" ".repeat(width));
    }

    fn panel(&mut self, kind: PanelKind) {
        let marker = match kind {
            PanelKind::Note => "> [!NOTE]",
            PanelKind::Tip => "> [!TIP]",
            PanelKind::Warning => "> [!WARNING]",
            PanelKind::Error => "> [!CAUTION]",
        };
        self.lines.open(Role::Blocks, Marker::line(marker), "> ");
    }
}

impl<'d> Writer<'d> for Markdown {
    fn open(&mut self, block: Block<'d>) {
        match block {
            Block::Bullets | Block::Tasks | Block::Decisions => self.list(false, false),
            Block::Numbers { start } => self.list(true, start != 1),
            Block::Item(item) => self.item(item),
            Block::Quote => self.lines.open(Role::Blocks, Marker::structure("> "), "> "),
            Block::Panel(kind) => self.panel(kind),
            Block::Expand { title } => {
                let mut runs = Runs::new();
                runs.styled(title.unwrap_or_default(), Style::STRONG);
                if let Some(runs) = runs.finish() {
                    self.paragraph(&runs);
                }
            }
            Block::Table(shape) => {
                if !self.lines.is_flat() {
                    self.rows = Rows::start(&mut self.lines, shape);
                }
                let is_flat = self.lines.is_flat();
                self.lines.open(Role::Table, Marker::none(), "");
                if !is_flat && self.rows.is_some() {
                    self.lines.enter();
                }
            }
            Block::Row => match &mut self.rows {
                Some(rows) if !self.lines.is_flat() => rows.open_row(&mut self.lines),
                _ => {
                    self.flat_cells.push(0);
                    self.lines.open(Role::Row, Marker::none(), "");
                }
            },
            Block::Cell(cell) => {
                let index = self.flat_cells.last().copied().unwrap_or(0);
                let role = Role::Cell { index };
                match &mut self.rows {
                    Some(rows) if !self.lines.is_flat() => {
                        rows.open_cell(&mut self.lines, cell);
                        self.lines.open(role, Marker::none(), "");
                        self.lines.enter();
                    }
                    _ => self.lines.open(role, Marker::none(), ""),
                }
            }
        }
    }

    fn close(&mut self, block: Block<'d>) {
        match block {
            Block::Expand { .. } => {}
            Block::Table(_) => {
                self.lines.close();
                if !self.lines.is_flat() {
                    self.rows = None;
                }
            }
            Block::Row => match &mut self.rows {
                Some(rows) if !self.lines.is_flat() => rows.close_row(&mut self.lines),
                _ => {
                    let cells = self.flat_cells.pop().unwrap_or(0);
                    self.lines.end_row(cells);
                    self.lines.close();
                }
            },
            Block::Cell(cell) => {
                self.lines.close();
                match &mut self.rows {
                    Some(rows) if !self.lines.is_flat() => rows.close_cell(&mut self.lines, cell),
                    _ => {
                        if let Some(cells) = self.flat_cells.last_mut() {
                            *cells += 1;
                        }
                    }
                }
            }
            _ => self.lines.close(),
        }
    }

    fn paragraph(&mut self, runs: &[Run<'d>]) {
        self.lines.start(Leaf::Paragraph);
        markdown_inline::write(&mut self.lines, runs, Kind::Paragraph);
    }

    fn heading(&mut self, level: u8, runs: &[Run<'d>]) {
        if self.lines.is_flat() {
            return self.paragraph(runs);
        }
        self.lines.start(Leaf::Other);
        self.lines.out.push_str(&"#".repeat(level.into()));
        self.lines.out.push(' ');
        markdown_inline::write(&mut self.lines, runs, Kind::Heading);
        // Number signs at the end would be taken for the heading's own.
        let out = &mut self.lines.out;
        out.truncate(out.trim_end_matches([' ', '\t']).len());
        if out.ends_with('#') {
            out.pop();
            out.push_str("\\#");
        }
    }

    fn code(&mut self, language: Option<&'d str>, text: &str) {
        self.lines.start(Leaf::Lines);
        if self.lines.is_flat() {
            for (index, line) in text.lines().enumerate() {
                if index > 0 {
                    self.lines.line();
                }
                if line.trim().is_empty() {
                    continue;
                }
                let fence = "`".repeat(escape::longest_backticks(std::iter::once(line)) + 1);
                let is_edge = line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']);
                let pad = if is_edge { " " } else { "" };
                self.lines.out.extend([&fence, pad]);
                push_code(&mut self.lines.out, line, true);
                self.lines.out.extend([pad, &fence]);
            }
            return;
        }
        let longest = escape::longest_backticks(std::iter::once(text));
        let fence = "`".repeat((longest + 1).max(3));
        self.lines.out.push_str(&fence);
        let is_plain =
            |c: &char| !c.is_whitespace() && !c.is_control() && !matches!(c, '`' | '\\' | '&');
        self.lines
            .out
            .extend(language.unwrap_or_default().chars().filter(is_plain));
        self.lines.line();
        let text = text.replace("\r\n", "\n").replace(['\r'], "\n");
        self.lines.push_lines(&text);
        self.lines.line();
        self.lines.out.push_str(&fence);
    }

    fn rule(&mut self) {
        self.lines.start(Leaf::Other);
        let is_line_empty = self.lines.is_line_empty() || self.lines.is_flat();
        // Behind a list's marker, hyphens would join it to a rule of the outer level.
        self.lines
            .out
            .push_str(if is_line_empty { "---" } else { "___" });
    }
}
