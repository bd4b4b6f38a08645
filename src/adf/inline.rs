//! The inline nodes of one block as a flat list of runs, ready for any of the three formats.

use std::borrow::Cow;

use super::date;
use super::document::{Document, Key, Kind, MarkKind, NodeId};
use super::link;
use super::macro_html;

/// The marks of a run, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style(pub(super) u8);

impl Style {
    pub(super) const STRONG: Self = Self(1);
    pub(super) const EMPHASIS: Self = Self(2);
    pub(super) const STRIKE: Self = Self(4);
    pub(super) const UNDERLINE: Self = Self(8);
    pub(super) const SUBSCRIPT: Self = Self(16);
    pub(super) const SUPERSCRIPT: Self = Self(32);
    pub(super) const CODE: Self = Self(64);
    const ALL: Self = Self(127);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A link's target, whose scheme is not one that runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link<'d> {
    pub(super) href: &'d str,
    pub(super) title: Option<&'d str>,
}

/// A file or an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Media<'d> {
    pub(super) alt: Option<&'d str>,
    pub(super) url: Option<&'d str>,
    pub(super) id: Option<&'d str>,
    pub(super) is_image: bool,
}

impl Media<'_> {
    /// What stands for it where it cannot be shown.
    pub(super) fn label(&self) -> String {
        match (self.alt, self.is_image) {
            (Some(alt), true) => format!("[image: {alt}]"),
            (Some(alt), false) => format!("[file: {alt}]"),
            (None, _) => match self.url {
                Some(url) => url.to_owned(),
                None => "[file]".to_owned(),
            },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content<'d> {
    /// Text without a newline that is not white space alone.
    Text(Cow<'d, str>),
    /// White space within the line.
    Space(&'d str),
    /// The end of a line.
    Break,
    Card {
        url: &'d str,
        name: Option<&'d str>,
    },
    Media(Media<'d>),
}

/// Consecutive characters with the same marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run<'d> {
    pub(super) content: Content<'d>,
    pub(super) style: Style,
    pub(super) link: Option<Link<'d>>,
}

/// Gathers runs and keeps the rules that hold between neighbours.
#[derive(Default)]
pub(super) struct Runs<'d> {
    runs: Vec<Run<'d>>,
    after_mention: bool,
}

impl<'d> Runs<'d> {
    pub(super) fn new() -> Self {
        Self {
            runs: Vec::new(),
            after_mention: false,
        }
    }

    /// Adds an inline node and all that is within it; no rule needs more than its own stack.
    pub(super) fn node(&mut self, document: &'d Document<'_>, id: NodeId) {
        let mut pending = vec![(id, false)];
        while let Some((id, with_siblings)) = pending.pop() {
            if with_siblings && let Some(next) = document.next(id) {
                pending.push((next, true));
            }
            let shown = self.own(document, id);
            let is_unknown = document.kind(id) == Kind::Unknown;
            match document.first_child(id) {
                Some(child) => pending.push((child, true)),
                None if is_unknown && !shown => self.plain(fallback(document, id).unwrap_or("")),
                None => {}
            }
        }
    }

    /// Adds what a node itself shows; whether that was anything.
    pub(super) fn own(&mut self, document: &'d Document<'_>, id: NodeId) -> bool {
        let attribute = |name| document.string(id, name);
        match document.kind(id) {
            Kind::Text | Kind::Unknown => {
                let text = document.node(id).map_or("", |node| &*node.text);
                let (style, link) = marks(document, id);
                self.text(text, style, link);
                return !text.is_empty();
            }
            Kind::HardBreak => self.push(Content::Break, Style::ALL, None),
            Kind::Mention => {
                let name = mention(document, id);
                self.generated(document, id, name);
                self.after_mention = true;
            }
            Kind::Emoji => {
                if let Some(emoji) = attribute(Key::Text).or(attribute(Key::ShortName)) {
                    let (style, link) = marks(document, id);
                    self.text(emoji, style, link);
                }
            }
            Kind::Date => {
                if let Some(timestamp) = document.scalar(id, Key::Timestamp) {
                    self.generated(document, id, date::shown(timestamp));
                }
            }
            Kind::Status | Kind::Placeholder => {
                if let Some(text) = attribute(Key::Text) {
                    self.generated(document, id, format!("[{text}]"));
                }
            }
            Kind::InlineCard | Kind::BlockCard => self.card(document, id),
            Kind::InlineExtension | Kind::Extension => self.extension(document, id),
            Kind::MediaInline | Kind::Media => self.media(document, id, false),
            Kind::SyncBlock => self.plain("[synced block]"),
            Kind::ApplicationCard => {
                for name in [Key::TitleText, Key::DescriptionText] {
                    if let Some(text) = attribute(name) {
                        self.plain(text);
                        self.line_break();
                    }
                }
                if let Some(url) = attribute(Key::LinkUrl) {
                    self.card_of(url, None, Style::default());
                }
            }
            _ => return false,
        }
        true
    }

    fn card(&mut self, document: &'d Document<'_>, id: NodeId) {
        let url = document
            .string(id, Key::Url)
            .or(document.string(id, Key::DataUrl));
        let name = document.string(id, Key::DataName);
        match (url, name) {
            (Some(url), name) => self.card_of(url, name, marks(document, id).0),
            (None, Some(name)) => self.plain(name),
            (None, None) if document.string(id, Key::Datasource).is_some() => {
                self.plain("[datasource]");
            }
            (None, None) => {}
        }
    }

    fn card_of(&mut self, url: &'d str, name: Option<&'d str>, style: Style) {
        if link::runs_script(url) {
            self.text(name.unwrap_or(url), style, None);
        } else {
            self.push(
                Content::Card { url, name },
                style.without(Style::CODE),
                None,
            );
        }
    }

    fn extension(&mut self, document: &'d Document<'_>, id: NodeId) {
        let key = document.string(id, Key::Extension);
        if let Some(text) = document.string(id, Key::Text) {
            self.plain(text);
        } else if let Some(html) = document.string(id, Key::Cxhtml)
            && key == Some("nested-table")
        {
            for line in macro_html::visible_lines(html) {
                self.line_break();
                self.push(Content::Text(line.into()), Style::default(), None);
            }
        } else if let Some(key) = key {
            self.push(
                Content::Text(format!("[{}]", on_one_line(key)).into()),
                Style::default(),
                None,
            );
        }
    }

    /// Adds a media node; in a single it is an image, else a file, unless it is external.
    pub(super) fn media(&mut self, document: &'d Document<'_>, id: NodeId, in_single: bool) {
        let attribute = |name| document.string(id, name);
        let kind = attribute(Key::Type);
        let (style, link) = marks(document, id);
        let url = attribute(Key::Url).filter(|url| !link::runs_script(url));
        let media = Media {
            alt: attribute(Key::Alt),
            url,
            id: attribute(Key::Id),
            is_image: in_single || matches!(kind, Some("external" | "image")),
        };
        self.push(Content::Media(media), style.without(Style::CODE), link);
    }

    fn plain(&mut self, text: &'d str) {
        self.text(text, Style::default(), None);
    }

    /// Text made of attributes: never white space at its edges, never more than one line.
    fn generated(&mut self, document: &'d Document<'_>, id: NodeId, text: String) {
        let (style, link) = marks(document, id);
        let has_edges = text.trim().len() < text.len();
        let text = if has_edges || text.contains(['\n', '\r']) {
            on_one_line(&text)
        } else {
            text
        };
        if !text.is_empty() {
            self.push(Content::Text(text.into()), style.without(Style::CODE), link);
        }
    }

    /// Adds text in a style of its own, such as a title.
    pub(super) fn styled(&mut self, text: &'d str, style: Style) {
        self.text(text, style, None);
    }

    /// Ends the line unless nothing stands on it yet.
    pub(super) fn line_break(&mut self) {
        if !self.runs.is_empty() {
            self.push(Content::Break, Style::ALL, None);
        }
    }

    fn text(&mut self, text: &'d str, style: Style, link: Option<Link<'d>>) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.push(Content::Break, style, link);
            }
            let core = line.trim_start();
            let (before, core) = line.split_at(line.len() - core.len());
            let (core, after) = core.split_at(core.trim_end().len());
            self.space(before, style, link);
            if !core.is_empty() {
                self.push(Content::Text(core.into()), style, link);
            }
            self.space(after, style, link);
        }
    }

    fn space(&mut self, space: &'d str, style: Style, link: Option<Link<'d>>) {
        if !space.is_empty() {
            self.push(Content::Space(space), style, link);
        }
    }

    fn push(&mut self, content: Content<'d>, style: Style, link: Option<Link<'d>>) {
        let follows_mention = std::mem::take(&mut self.after_mention);
        if follows_mention
            && let Content::Text(text) = &content
            && text.starts_with(char::is_alphanumeric)
        {
            self.push(Content::Space(" "), style, link);
        }
        self.runs.push(Run {
            content,
            style,
            link,
        });
    }

    /// A link on white space alone would not be seen: its address stands for it.
    fn show_blank_links(&mut self) {
        for index in 0..self.runs.len() {
            let link = link_at(&self.runs, Some(index));
            let is_alone = link.is_some()
                && link_at(&self.runs, index.checked_sub(1)) != link
                && link_at(&self.runs, Some(index + 1)) != link;
            if let (true, Some(Link { href: url, .. }), Some(run)) =
                (is_alone, link, self.runs.get_mut(index))
                && matches!(run.content, Content::Space(_))
            {
                run.content = Content::Card { url, name: None };
                run.style = Style::default();
                run.link = None;
            }
        }
    }

    /// The runs, or none where nothing would be seen. Line ends at the edges are left out, and
    /// white space takes the marks that both its neighbours have, so that no mark begins or
    /// ends with it.
    pub(super) fn finish(mut self) -> Option<Vec<Run<'d>>> {
        self.show_blank_links();
        let visible = |run: &Run<'_>| !matches!(run.content, Content::Space(_) | Content::Break);
        let first = self.runs.iter().position(visible)?;
        let last = self.runs.iter().rposition(visible)?;
        let is_break = |run: &Run<'_>| run.content == Content::Break;
        let end = (last + 1..self.runs.len())
            .find(|index| self.runs.get(*index).is_some_and(is_break))
            .unwrap_or(self.runs.len());
        self.runs.truncate(end);
        let start = (0..first)
            .rfind(|index| self.runs.get(*index).is_some_and(is_break))
            .map_or(0, |index| index + 1);
        self.runs.drain(..start);
        neutralise(&mut self.runs);
        Some(self.runs)
    }
}

/// The link of the run at an index.
fn link_at<'d>(runs: &[Run<'d>], index: Option<usize>) -> Option<Link<'d>> {
    runs.get(index?)?.link
}

fn neutralise(runs: &mut [Run<'_>]) {
    let mut before: Option<(Style, Option<Link<'_>>)> = None;
    for run in runs.iter_mut() {
        if matches!(run.content, Content::Space(_) | Content::Break) {
            (run.style, run.link) = shared(run, before);
        } else {
            before = Some((run.style, run.link));
        }
    }
    let mut after = None;
    for run in runs.iter_mut().rev() {
        if matches!(run.content, Content::Space(_) | Content::Break) {
            (run.style, run.link) = shared(run, after);
            if run.content == Content::Break {
                run.style = run.style.without(Style::CODE);
            }
        } else {
            after = Some((run.style, run.link));
        }
    }
}

/// What white space keeps of its marks beside a neighbour. A break node has no marks of its own:
/// its link is the neighbours'.
fn shared<'d>(
    run: &Run<'d>,
    neighbour: Option<(Style, Option<Link<'d>>)>,
) -> (Style, Option<Link<'d>>) {
    let Some((style, link)) = neighbour else {
        return (Style::default(), None);
    };
    let is_unmarked_break = run.style == Style::ALL && run.link.is_none();
    let link = if is_unmarked_break || run.link == link {
        link
    } else {
        None
    };
    (run.style.and(style), link)
}

/// The marks of a node; a code mark leaves no other but the link.
fn marks<'d>(document: &'d Document<'_>, id: NodeId) -> (Style, Option<Link<'d>>) {
    let mut style = Style::default();
    let mut link = None;
    for mark in document.marks(id) {
        let bit = match mark.kind {
            MarkKind::Code => Style::CODE,
            MarkKind::Emphasis => Style::EMPHASIS,
            MarkKind::Strike => Style::STRIKE,
            MarkKind::Strong => Style::STRONG,
            MarkKind::Underline => Style::UNDERLINE,
            MarkKind::SubOrSuperscript => match document.mark_string(mark, Key::Type) {
                Some("sub") => Style::SUBSCRIPT,
                Some("sup") => Style::SUPERSCRIPT,
                _ => continue,
            },
            MarkKind::Link => {
                let href = document.mark_string(mark, Key::Href).map(str::trim);
                link = href
                    .filter(|href| !href.is_empty() && !link::runs_script(href))
                    .map(|href| Link {
                        href,
                        title: document.mark_string(mark, Key::Title),
                    });
                continue;
            }
            MarkKind::Ignored => continue,
        };
        style = style.with(bit);
    }
    if style.has(Style::CODE) {
        style = Style::CODE;
    }
    (style, link)
}

fn mention(document: &Document<'_>, id: NodeId) -> String {
    // `all` and `here` are ids that read as names.
    let who = document.scalar(id, Key::Id);
    let text = document.string(id, Key::Text).map(str::trim);
    let name = text.filter(|text| !text.is_empty()).or(who);
    match name {
        Some(name) if name.starts_with('@') => name.to_owned(),
        Some(name) => format!("@{name}"),
        None => "@unknown".to_owned(),
    }
}

/// What an unknown node without text and children shows.
pub(super) fn fallback<'d>(document: &'d Document<'_>, id: NodeId) -> Option<&'d str> {
    [
        Key::Text,
        Key::Title,
        Key::Name,
        Key::ShortName,
        Key::Alt,
        Key::Url,
    ]
    .into_iter()
    .find_map(|name| document.string(id, name))
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
