//! The inline Markdown of one block: emphasis that parsers take for emphasis, links, code spans.

use super::escape::{self, Place, Surroundings};
use super::inline::{Content, Link, Media, Run, Style};
use super::lines::Lines;
use super::spans::{self, Mark, Step};

/// How a line takes its text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Paragraph,
    /// On one line, whatever it holds.
    Heading,
}

/// Writes the runs of one block.
pub(super) fn write(lines: &mut Lines, runs: &[Run<'_>], kind: Kind) {
    let has_strike = runs.iter().any(|run| run.style.has(Style::STRIKE));
    let in_cell = lines.is_flat();
    let mut inline = Inline {
        has_tildes: in_cell || has_strike || tildes(runs) > 1,
        in_cell,
        place: if in_cell || kind == Kind::Heading {
            Place::Within
        } else {
            Place::LineStart
        },
        lines,
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
    lines: &'m mut Lines,
    /// What could begin at the end of the output.
    place: Place,
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
        &mut self.lines.out
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
        self.place = Place::Within;
    }

    /// Whether a parser would take a delimiter here, and its partner before the next run.
    fn takes_delimiter(&mut self, delimiter: &str, next: Option<&Run<'_>>) -> bool {
        let next = next.and_then(|run| match &run.content {
            Content::Text(text) => text.chars().next(),
            Content::Space(_) | Content::Break => Some(' '),
            Content::Card { .. } | Content::Media(_) => Some('['),
        });
        let after_opening = self.after_opening;
        let is_line_empty = self.lines.is_line_empty();
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
        self.place = Place::Within;
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
        self.place = Place::Within;
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
        escape::push(&mut self.lines.out, text, &mut self.place, around);
    }

    fn space(&mut self, space: &str) {
        let is_line_empty = self.lines.is_line_empty();
        let mut rest = space;
        if self.place == Place::LineStart {
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
                self.place = Place::Within;
            } else if space.contains(|c| !matches!(c, ' ' | '\t' | '\r')) {
                self.place = Place::Within;
            }
        } else {
            self.place = Place::Within;
        }
        self.out().extend(rest.chars().filter(|c| *c != '\r'));
    }

    fn line_break(&mut self) {
        if self.in_cell {
            self.lines.line();
        } else if self.kind == Kind::Heading {
            self.out().push(' ');
        } else {
            self.out().push('\\');
            self.lines.line();
            self.place = Place::LineStart;
        }
    }

    fn card(&mut self, url: &str, name: Option<&str>) {
        let in_cell = self.in_cell;
        self.place = Place::Within;
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
        self.place = Place::Within;
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
pub(super) fn push_code(out: &mut String, text: &str, in_cell: bool) {
    for character in text.chars() {
        match character {
            '|' if in_cell => out.push_str("\\|"),
            '\r' | '\n' => out.push(' '),
            '\0' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(character),
        }
    }
}
