//! HTML that is safe to embed: everything is escaped, links follow known schemes alone, and no
//! style is set.

use super::inline::{Content, Media, Run};
use super::link;
use super::spans::{self, Mark, Step};
use super::walk::{Block, Cell, Item, PanelKind, Writer};

#[derive(Default)]
pub(super) struct Html {
    out: String,
    /// For each open element, where it starts and where its content does.
    open: Vec<(usize, usize)>,
    /// Where the words of a task or decision follow its marker without a paragraph of their own.
    words_start: Option<usize>,
}

impl Html {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn start(&mut self, tag: &str) {
        let start = self.out.len();
        self.out.push_str(tag);
        self.open.push((start, self.out.len()));
    }

    /// Ends an element; one that stayed empty was never there.
    fn end_unless_empty(&mut self, tag: &str) {
        if let Some((start, content)) = self.open.pop() {
            if content == self.out.len() {
                self.out.truncate(start);
            } else {
                self.out.push_str(tag);
            }
        }
    }

    fn end(&mut self, tag: &str) {
        self.open.pop();
        self.out.push_str(tag);
    }

    fn item(&mut self, item: Item) {
        self.start("<li>");
        self.out.push_str(match item {
            Item::Bullet | Item::Number(_) => "",
            Item::Task { done: false } => r#"<input type="checkbox" disabled> "#,
            Item::Task { done: true } => r#"<input type="checkbox" disabled checked> "#,
            Item::Decision => "[decision] ",
        });
        let has_marker = matches!(item, Item::Task { .. } | Item::Decision);
        self.words_start = has_marker.then_some(self.out.len());
    }

    fn cell(&mut self, cell: Cell) {
        let mut tag = String::from(if cell.is_header { "<th" } else { "<td" });
        for (name, value) in [("colspan", cell.colspan), ("rowspan", cell.rowspan)] {
            if value > 1 {
                tag.extend([" ", name, "=\"", &value.to_string(), "\""]);
            }
        }
        tag.push('>');
        self.start(&tag);
    }

    fn runs(&mut self, runs: &[Run<'_>]) {
        // A link that may not be followed is no element; it ends without one too.
        let is_shown = |mark: &Mark<'_>| match mark {
            Mark::Link(link) => link::is_safe_in_html(link.href),
            _ => true,
        };
        for step in spans::plan(runs) {
            match step {
                Step::Open { mark, .. } if is_shown(&mark) => self.open_mark(mark),
                Step::Close(mark) if is_shown(&mark) => self.out.push_str(match mark {
                    Mark::Link(_) => "</a>",
                    Mark::Strong => "</strong>",
                    Mark::Emphasis => "</em>",
                    Mark::Strike => "</del>",
                    Mark::Underline => "</u>",
                    Mark::Subscript => "</sub>",
                    Mark::Superscript => "</sup>",
                    Mark::Code => "</code>",
                }),
                Step::Run(index) => {
                    if let Some(run) = runs.get(index) {
                        self.run(run);
                    }
                }
                Step::Open { .. } | Step::Close(_) => {}
            }
        }
    }

    fn open_mark(&mut self, mark: Mark<'_>) {
        self.out.push_str(match mark {
            Mark::Link(link) => {
                self.open_link(link.href, link.title);
                return;
            }
            Mark::Strong => "<strong>",
            Mark::Emphasis => "<em>",
            Mark::Strike => "<del>",
            Mark::Underline => "<u>",
            Mark::Subscript => "<sub>",
            Mark::Superscript => "<sup>",
            Mark::Code => "<code>",
        });
    }

    fn open_link(&mut self, href: &str, title: Option<&str>) {
        self.out.push_str("<a href=\"");
        push_escaped(&mut self.out, href);
        if let Some(title) = title {
            self.out.push_str("\" title=\"");
            push_escaped(&mut self.out, title);
        }
        self.out.push_str("\">");
    }

    fn run(&mut self, run: &Run<'_>) {
        match &run.content {
            Content::Text(text) => push_escaped(&mut self.out, text),
            Content::Space(space) => push_escaped(&mut self.out, space),
            Content::Break => self.out.push_str("<br>"),
            Content::Card { url, name } => {
                let is_link = link::is_safe_in_html(url);
                if is_link {
                    self.open_link(url, None);
                }
                push_escaped(&mut self.out, name.unwrap_or(url));
                if is_link {
                    self.out.push_str("</a>");
                }
            }
            Content::Media(media) => self.media(*media),
        }
    }

    fn media(&mut self, media: Media<'_>) {
        let Some(url) = media.url.filter(|url| link::is_safe_in_html(url)) else {
            return push_escaped(&mut self.out, &media.label());
        };
        self.out.push_str("<img src=\"");
        push_escaped(&mut self.out, url);
        self.out.push_str("\" alt=\"");
        push_escaped(&mut self.out, media.alt.unwrap_or_default());
        self.out.push_str("\">");
    }
}

/// Writes text for an element or a quoted attribute.
fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'', '\0']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str(match after.bytes().next() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            Some(b'\'') => "&#39;",
            // HTML has no way to write it.
            _ => "\u{fffd}",
        });
        rest = after.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

impl<'d> Writer<'d> for Html {
    fn open(&mut self, block: Block<'d>) {
        match block {
            Block::Bullets | Block::Tasks | Block::Decisions => self.start("<ul>"),
            Block::Numbers { start: 1 } => self.start("<ol>"),
            Block::Numbers { start } => self.start(&format!("<ol start=\"{start}\">")),
            Block::Item(item) => self.item(item),
            Block::Quote => self.start("<blockquote>"),
            Block::Panel(kind) => self.start(match kind {
                PanelKind::Note => r#"<div data-panel="note">"#,
                PanelKind::Tip => r#"<div data-panel="tip">"#,
                PanelKind::Warning => r#"<div data-panel="warning">"#,
                PanelKind::Error => r#"<div data-panel="error">"#,
            }),
            Block::Expand { title: None } => {}
            Block::Expand { title: Some(title) } => {
                self.start("<details>");
                self.out.push_str("<summary>");
                push_escaped(&mut self.out, title);
                self.out.push_str("</summary>");
            }
            Block::Table(_) => self.start("<table><tbody>"),
            Block::Row => self.start("<tr>"),
            Block::Cell(cell) => self.cell(cell),
        }
    }

    fn close(&mut self, block: Block<'d>) {
        match block {
            Block::Bullets | Block::Tasks | Block::Decisions => self.end_unless_empty("</ul>"),
            Block::Numbers { .. } => self.end_unless_empty("</ol>"),
            Block::Item(_) => self.end("</li>"),
            Block::Quote => self.end_unless_empty("</blockquote>"),
            Block::Panel(_) => self.end_unless_empty("</div>"),
            Block::Expand { title: None } => {}
            Block::Expand { .. } => self.end("</details>"),
            Block::Table(_) => self.end_unless_empty("</tbody></table>"),
            Block::Row => self.end_unless_empty("</tr>"),
            Block::Cell(cell) => self.end(if cell.is_header { "</th>" } else { "</td>" }),
        }
    }

    fn paragraph(&mut self, runs: &[Run<'d>]) {
        if self.words_start == Some(self.out.len()) {
            return self.runs(runs);
        }
        self.out.push_str("<p>");
        self.runs(runs);
        self.out.push_str("</p>");
    }

    fn heading(&mut self, level: u8, runs: &[Run<'d>]) {
        let level = level.to_string();
        self.out.extend(["<h", &level, ">"]);
        self.runs(runs);
        self.out.extend(["</h", &level, ">"]);
    }

    fn code(&mut self, language: Option<&'d str>, text: &str) {
        self.out.push_str("<pre><code");
        if let Some(language) = language {
            self.out.push_str(" class=\"language-");
            let name: String = language.chars().filter(|c| !c.is_whitespace()).collect();
            push_escaped(&mut self.out, &name);
            self.out.push('"');
        }
        self.out.push('>');
        push_escaped(&mut self.out, text);
        self.out.push_str("</code></pre>");
    }

    fn rule(&mut self) {
        self.out.push_str("<hr>");
    }
}

#[cfg(test)]
mod tests {
    use super::push_escaped;

    #[test]
    fn nothing_that_html_reads_is_left() {
        let mut out = String::new();
        push_escaped(&mut out, "a<b>&amp;\"'\0é");
        assert_eq!(out, "a&lt;b&gt;&amp;amp;&quot;&#39;\u{fffd}é");
    }
}
