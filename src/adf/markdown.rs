//! GitHub-flavoured Markdown.

use super::escape::{self, Place, Surroundings};
use super::inline::{Content, Link, Media, Run, Runs, Style};
use super::lines::{Dialect, Leaf, Lines, Marker, Role};
use super::markdown_table::Rows;
use super::spans::{self, Mark, Step};
use super::walk::{Block, Item, PanelKind, Writer};

/// The largest number that an item can have.
const LARGEST_NUMBER: u64 = 999_999_999;

/// How a line takes its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Paragraph,
    /// On one line, whatever it holds.
    Heading,
}

pub(super) struct Markdown {
    lines: Lines,
    place: Place,
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
            place: Place::LineStart,
            rows: None,
            flat_cells: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> String {
        self.lines.out
    }

    fn start(&mut self, leaf: Leaf) {
        self.lines.start(leaf);
        self.place = if self.lines.is_flat() {
            Place::Within
        } else {
            Place::LineStart
        };
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

    fn write(&mut self, runs: &[Run<'_>], kind: Kind) {
        let has_strike = runs.iter().any(|run| run.style.has(Style::STRIKE));
        let mut inline = Inline {
            has_tildes: self.lines.is_flat() || has_strike || tildes(runs) > 1,
            in_cell: self.lines.is_flat(),
            markdown: self,
            kind,
            fences: String::new(),
            tags: Vec::new(),
            after_opening: None,
            in_link: false,
        };
        for step in spans::plan(runs) {
            match step {
                Step::Open { mark, end } => inline.open(mark, runs, end),
                Step::Close(mark) => inline.close(mark),
                Step::Run(index) => {
                    if let Some(run) = runs.get(index) {
                        inline.run(run, index + 1 < runs.len());
                    }
                }
            }
        }
    }
}

fn tildes(runs: &[Run<'_>]) -> usize {
    let texts = runs.iter().map(|run| match &run.content {
        Content::Text(text) => text.matches('~').count(),
        Content::Card { name, .. } => name.map_or(0, |name| name.matches('~').count() * 2),
        Content::Media(media) => media.alt.map_or(0, |alt| alt.matches('~').count() * 2),
        Content::Space(_) | Content::Break => 0,
    });
    texts.sum()
}

/// The writing of one line's runs.
struct Inline<'m> {
    markdown: &'m mut Markdown,
    kind: Kind,
    has_tildes: bool,
    in_cell: bool,
    /// What closes the code span that is open.
    fences: String,
    /// For each open mark of emphasis, what closes it.
    tags: Vec<&'static str>,
    /// Where the output ended after the last opening delimiter.
    after_opening: Option<usize>,
    in_link: bool,
}

impl Inline<'_> {
    fn out(&mut self) -> &mut String {
        &mut self.markdown.lines.out
    }

    fn open(&mut self, mark: Mark<'_>, runs: &[Run<'_>], end: usize) {
        let (delimiter, opening, closing) = match mark {
            Mark::Link(_) => {
                self.open_bracket();
                self.in_link = true;
                return;
            }
            Mark::Code => return self.open_code(runs, end),
            Mark::Strong => ("**", "<strong>", "</strong>"),
            Mark::Emphasis => ("*", "<em>", "</em>"),
            Mark::Strike => ("~~", "<del>", "</del>"),
            Mark::Underline => ("", "<u>", "</u>"),
            Mark::Subscript => ("", "<sub>", "</sub>"),
            Mark::Superscript => ("", "<sup>", "</sup>"),
        };
        let is_delimited = !delimiter.is_empty() && self.takes_delimiter(delimiter, runs.get(end));
        let (opening, closing) = if is_delimited {
            (delimiter, delimiter)
        } else {
            (opening, closing)
        };
        self.tags.push(closing);
        self.out().push_str(opening);
        self.after_opening = is_delimited.then_some(self.out().len());
        self.markdown.place = Place::Within;
    }

    /// Whether a parser would take a delimiter here, and its partner before the next run.
    fn takes_delimiter(&mut self, delimiter: &str, next: Option<&Run<'_>>) -> bool {
        let next = next.and_then(|run| match &run.content {
            Content::Text(text) => text.chars().next(),
            Content::Space(_) | Content::Break => Some(' '),
            Content::Card { .. } | Content::Media(_) => Some('['),
        });
        let after_opening = self.after_opening;
        let is_line_empty = self.markdown.lines.is_line_empty();
        let out = self.out();
        let before = if is_line_empty {
            None
        } else {
            out.chars().next_back()
        };
        let joins = delimiter.chars().next() == before && after_opening != Some(out.len());
        !joins && escape::allows_delimiter(before) && escape::allows_delimiter(next)
    }

    fn open_bracket(&mut self) {
        let out = self.out();
        // Behind an exclamation mark a link would be an image.
        if out.ends_with('!') {
            out.pop();
            out.push_str("\\!");
        }
        out.push('[');
        self.markdown.place = Place::Within;
    }

    fn open_code(&mut self, runs: &[Run<'_>], end: usize) {
        // The span holds the runs up to `end`, which started where the line now ends; those
        // before it are none of its texts.
        let start = self.code_start(runs, end);
        let texts = || {
            runs.get(start..end)
                .unwrap_or_default()
                .iter()
                .map(|run| match &run.content {
                    Content::Text(text) => &**text,
                    Content::Space(space) => space,
                    _ => "",
                })
        };
        let fence = "`".repeat(escape::longest_backticks(texts()) + 1);
        let is_edge = texts().next().is_some_and(|text| text.starts_with('`'))
            || texts().next_back().is_some_and(|text| text.ends_with('`'));
        let pad = if is_edge { " " } else { "" };
        self.out().extend([&fence, pad]);
        self.fences = format!("{pad}{fence}");
        self.markdown.place = Place::Within;
    }

    /// The first of the code runs with the same link that end at `end`.
    fn code_start(&self, runs: &[Run<'_>], end: usize) -> usize {
        let link = end
            .checked_sub(1)
            .and_then(|last| runs.get(last))
            .and_then(|run| run.link);
        let before = runs.get(..end).unwrap_or_default();
        before
            .iter()
            .rposition(|run| !run.style.has(Style::CODE) || run.link != link)
            .map_or(0, |index| index + 1)
    }

    fn close(&mut self, mark: Mark<'_>) {
        match mark {
            Mark::Link(link) => {
                self.end_link(link);
                self.in_link = false;
            }
            Mark::Code => {
                let fences = std::mem::take(&mut self.fences);
                self.out().push_str(&fences);
            }
            _ => {
                let closing = self.tags.pop().unwrap_or_default();
                self.out().push_str(closing);
            }
        }
        self.after_opening = None;
    }

    fn end_link(&mut self, link: Link<'_>) {
        let in_cell = self.in_cell;
        let out = self.out();
        out.push_str("](");
        escape::push_destination(out, link.href, in_cell);
        if let Some(title) = link.title {
            out.push(' ');
            escape::push_title(out, title, in_cell);
        }
        out.push(')');
    }

    fn run(&mut self, run: &Run<'_>, has_more: bool) {
        match &run.content {
            Content::Text(text) if run.style.has(Style::CODE) => self.code(text),
            Content::Space(space) if run.style.has(Style::CODE) => self.code(space),
            Content::Text(text) => self.text(text, has_more),
            Content::Space(space) => self.space(space),
            Content::Break => self.line_break(),
            Content::Card { url, name } => self.card(url, *name),
            Content::Media(media) => self.media(*media),
        }
    }

    fn code(&mut self, text: &str) {
        let in_cell = self.in_cell;
        push_code(self.out(), text, in_cell);
    }

    fn text(&mut self, text: &str, has_more: bool) {
        let around = Surroundings {
            in_cell: self.in_cell,
            has_tildes: self.has_tildes,
            has_more,
        };
        let Markdown { lines, place, .. } = &mut *self.markdown;
        escape::push(&mut lines.out, text, place, around);
    }

    fn space(&mut self, space: &str) {
        let is_line_empty = self.markdown.lines.is_line_empty();
        let mut rest = space;
        if self.markdown.place == Place::LineStart {
            let columns: usize = space
                .chars()
                .map_while(|c| match c {
                    ' ' => Some(1),
                    '\t' => Some(4),
                    _ => None,
                })
                .sum();
            // Four columns would make code, and any would move a list item's text.
            let entity = match space.chars().next() {
                Some(' ') => "&#32;",
                Some('\t') => "&#9;",
                _ => "",
            };
            if (columns >= 4 || !is_line_empty) && !entity.is_empty() {
                self.out().push_str(entity);
                rest = space.get(1..).unwrap_or_default();
                self.markdown.place = Place::Within;
            } else if space.contains(|c| !matches!(c, ' ' | '\t' | '\r')) {
                self.markdown.place = Place::Within;
            }
        } else {
            self.markdown.place = Place::Within;
        }
        self.out().extend(rest.chars().filter(|c| *c != '\r'));
    }

    fn line_break(&mut self) {
        if self.in_cell {
            self.markdown.lines.line();
        } else if self.kind == Kind::Heading {
            self.out().push(' ');
        } else {
            self.out().push('\\');
            self.markdown.lines.line();
            self.markdown.place = Place::LineStart;
        }
    }

    fn card(&mut self, url: &str, name: Option<&str>) {
        let in_cell = self.in_cell;
        self.markdown.place = Place::Within;
        // Parsers do not agree on an escaped pipe within angle brackets.
        let has_pipe = in_cell && url.contains('|');
        if name.is_none() && !has_pipe && escape::is_autolink(url) {
            let out = self.out();
            out.push('<');
            out.push_str(url);
            out.push('>');
            return;
        }
        self.open_bracket();
        self.one_line(name.unwrap_or(url));
        self.end_link(Link {
            href: url,
            title: None,
        });
    }

    fn media(&mut self, media: Media<'_>) {
        self.markdown.place = Place::Within;
        let in_cell = self.in_cell;
        if let Some(url) = media.url {
            self.out().push_str("![");
            self.one_line(media.alt.unwrap_or_default());
            self.end_link(Link {
                href: url,
                title: None,
            });
            return;
        }
        match media.id {
            Some(_) if self.in_link => self.one_line(media.alt.unwrap_or("file")),
            Some(id) => {
                self.open_bracket();
                self.one_line(media.alt.unwrap_or("file"));
                let out = self.out();
                out.push_str("](");
                escape::push_destination(out, &format!("media:{id}"), in_cell);
                out.push(')');
            }
            None => self.one_line(&media.label()),
        }
    }

    /// Text from an attribute, in which a newline is a space.
    fn one_line(&mut self, text: &str) {
        let mut words = text.lines();
        if let Some(first) = words.next() {
            self.text(first, true);
        }
        for line in words {
            self.out().push(' ');
            self.text(line, true);
        }
    }
}

/// Writes what no escape works in; a pipe must be escaped in cells even there.
fn push_code(out: &mut String, text: &str, in_cell: bool) {
    for character in text.chars() {
        match character {
            '|' if in_cell => out.push_str("\\|"),
            '\r' | '\n' => out.push(' '),
            '\0' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(character),
        }
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
        self.start(Leaf::Paragraph);
        self.write(runs, Kind::Paragraph);
    }

    fn heading(&mut self, level: u8, runs: &[Run<'d>]) {
        if self.lines.is_flat() {
            return self.paragraph(runs);
        }
        self.start(Leaf::Other);
        self.lines.out.push_str(&"#".repeat(level.into()));
        self.lines.out.push(' ');
        self.place = Place::Within;
        self.write(runs, Kind::Heading);
        // Number signs at the end would be taken for the heading's own.
        let out = &mut self.lines.out;
        out.truncate(out.trim_end_matches([' ', '\t']).len());
        if out.ends_with('#') {
            out.pop();
            out.push_str("\\#");
        }
    }

    fn code(&mut self, language: Option<&'d str>, text: &str) {
        self.start(Leaf::Lines);
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
        self.start(Leaf::Other);
        let is_line_empty = self.lines.is_line_empty() || self.lines.is_flat();
        // Behind a list's marker, hyphens would join it to a rule of the outer level.
        self.lines
            .out
            .push_str(if is_line_empty { "---" } else { "___" });
    }
}
