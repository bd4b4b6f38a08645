//! Plain text.

use super::inline::{Content, Link, Run};
use super::lines::{Dialect, Leaf, Lines, Marker, Role};
use super::link;
use super::walk::{Block, Item, Writer};

pub(super) struct Text {
    lines: Lines,
    /// How many cells each open row has so far.
    cells: Vec<usize>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self {
            lines: Lines::new(Dialect {
                is_markdown: false,
                flat_line: " ",
                between_cells: " | ",
            }),
            cells: Vec::new(),
        }
    }

    /// The text, without blank lines at its edges.
    pub(super) fn finish(self) -> String {
        let mut out = self.lines.out;
        out.truncate(out.trim_end_matches('\n').len());
        if out.starts_with('\n') {
            out = out.trim_start_matches('\n').to_owned();
        }
        out
    }

    fn list(&mut self, is_numbered: bool) {
        let role = Role::List {
            is_numbered,
            is_alternate: false,
            starts_elsewhere: false,
        };
        self.lines.open(role, Marker::none(), "");
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::Bullet => self.lines.open(Role::Item, Marker::structure("- "), "  "),
            Item::Task { done: false } => {
                self.lines
                    .open(Role::Item, Marker::structure("[ ] "), "    ");
            }
            Item::Task { done: true } => {
                self.lines
                    .open(Role::Item, Marker::structure("[x] "), "    ");
            }
            Item::Decision => self.lines.open(Role::Item, Marker::structure("<> "), "   "),
            Item::Number(number) => {
                let marker = format!("{number}. ");
                let rest = " ".repeat(marker.len());
                self.lines
                    .open(Role::Item, Marker::structure(marker), &rest);
            }
        }
    }

    fn write(&mut self, runs: &[Run<'_>]) {
        let mut open: Option<(Link<'_>, usize)> = None;
        for run in runs {
            if let Some((link, start)) = open
                && run.link.map(|link| link.href) != Some(link.href)
            {
                self.end_link(link, start);
                open = None;
            }
            if let (None, Some(link)) = (open, run.link) {
                open = Some((link, self.lines.out.len()));
            }
            match &run.content {
                Content::Text(text) => self.lines.push_lines(text),
                Content::Space(space) => self.lines.out.push_str(space),
                Content::Break => self.lines.line(),
                Content::Card { url, name } => {
                    let out = &mut self.lines.out;
                    match name.filter(|name| !link::says(name, url)) {
                        Some(name) => out.extend([name, " (", url, ")"]),
                        None => out.push_str(url),
                    }
                }
                Content::Media(media) => {
                    self.lines.push_lines(&media.label());
                    if let (Some(url), true) = (media.url, media.alt.is_some()) {
                        self.lines.out.extend([" (", url, ")"]);
                    }
                }
            }
        }
        if let Some((link, start)) = open {
            self.end_link(link, start);
        }
    }

    /// Writes a link's address behind its text, unless the text says it.
    fn end_link(&mut self, link: Link<'_>, start: usize) {
        let out = &mut self.lines.out;
        let text = out.get(start..).unwrap_or_default();
        if !link::says(text, link.href) {
            let spaces = text.len() - text.trim_end().len();
            let at = out.len() - spaces;
            out.insert_str(at, &format!(" ({})", link.href));
        }
    }
}

impl<'d> Writer<'d> for Text {
    fn open(&mut self, block: Block<'d>) {
        match block {
            Block::Bullets | Block::Tasks | Block::Decisions => self.list(false),
            Block::Numbers { .. } => self.list(true),
            Block::Item(item) => self.item(item),
            Block::Quote => self.lines.open(Role::Blocks, Marker::structure("> "), "> "),
            Block::Expand { title: Some(title) } => {
                self.lines.start(Leaf::Paragraph);
                self.lines.push_lines(title);
                self.lines.keep_next_close();
            }
            Block::Panel(_) | Block::Expand { title: None } => {}
            Block::Table(_) => self.lines.open(Role::Table, Marker::none(), ""),
            Block::Row => {
                self.cells.push(0);
                self.lines.open(Role::Row, Marker::none(), "");
            }
            Block::Cell(_) => {
                let index = self.cells.last().copied().unwrap_or(0);
                self.lines.open(Role::Cell { index }, Marker::none(), "");
            }
        }
    }

    fn close(&mut self, block: Block<'d>) {
        match block {
            Block::Panel(_) | Block::Expand { .. } => return,
            Block::Row => {
                let cells = self.cells.pop().unwrap_or(0);
                self.lines.end_row(cells);
            }
            Block::Cell(_) => {
                if let Some(cells) = self.cells.last_mut() {
                    *cells += 1;
                }
            }
            _ => {}
        }
        self.lines.close();
    }

    fn paragraph(&mut self, runs: &[Run<'d>]) {
        self.lines.start(Leaf::Paragraph);
        self.write(runs);
    }

    fn heading(&mut self, _level: u8, runs: &[Run<'d>]) {
        self.paragraph(runs);
    }

    fn code(&mut self, _language: Option<&'d str>, text: &str) {
        self.lines.start(Leaf::Lines);
        self.lines.push_lines(text);
    }

    fn rule(&mut self) {
        self.lines.start(Leaf::Other);
        self.lines.out.push_str("---");
    }
}
