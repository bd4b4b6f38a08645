//! A document as a flat arena: nodes point at their first child and next sibling by index, so a
//! document of any depth is walked, and dropped, without recursion.

use std::borrow::Cow;

/// The type of a node; what the schema does not know is `Unknown` and still rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ApplicationCard,
    Blockquote,
    BodiedRule,
    BulletList,
    /// `blockCard` and `embedCard`.
    BlockCard,
    Caption,
    CodeBlock,
    Date,
    DecisionItem,
    DecisionList,
    Emoji,
    Expand,
    Extension,
    HardBreak,
    Heading,
    InlineCard,
    InlineExtension,
    ListItem,
    Media,
    MediaGroup,
    MediaInline,
    MediaSingle,
    Mention,
    OrderedList,
    Panel,
    Paragraph,
    Placeholder,
    Rule,
    /// Shown as its children alone: the document itself, layouts, bodied extensions.
    Section,
    Status,
    SyncBlock,
    Table,
    TableCell,
    TableHeader,
    TableRow,
    /// `taskItem` and `blockTaskItem`.
    TaskItem,
    TaskList,
    Text,
    Unknown,
}

impl Kind {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "applicationCard" => Self::ApplicationCard,
            "blockquote" => Self::Blockquote,
            "bodiedRule" => Self::BodiedRule,
            "bulletList" => Self::BulletList,
            "blockCard" | "embedCard" => Self::BlockCard,
            "caption" => Self::Caption,
            "codeBlock" => Self::CodeBlock,
            "date" => Self::Date,
            "decisionItem" => Self::DecisionItem,
            "decisionList" => Self::DecisionList,
            "emoji" => Self::Emoji,
            "expand" | "nestedExpand" => Self::Expand,
            "extension" => Self::Extension,
            "hardBreak" => Self::HardBreak,
            "heading" => Self::Heading,
            "inlineCard" => Self::InlineCard,
            "inlineExtension" => Self::InlineExtension,
            "listItem" => Self::ListItem,
            "media" => Self::Media,
            "mediaGroup" => Self::MediaGroup,
            "mediaInline" => Self::MediaInline,
            "mediaSingle" => Self::MediaSingle,
            "mention" => Self::Mention,
            "orderedList" => Self::OrderedList,
            "panel" | "panel_c1" => Self::Panel,
            "paragraph" => Self::Paragraph,
            "placeholder" => Self::Placeholder,
            "rule" => Self::Rule,
            "doc"
            | "layoutSection"
            | "layoutColumn"
            | "bodiedExtension"
            | "multiBodiedExtension"
            | "extensionFrame"
            | "bodiedSyncBlock" => Self::Section,
            "status" => Self::Status,
            "syncBlock" => Self::SyncBlock,
            "table" => Self::Table,
            "tableCell" => Self::TableCell,
            "tableHeader" => Self::TableHeader,
            "tableRow" => Self::TableRow,
            "taskItem" | "blockTaskItem" => Self::TaskItem,
            "taskList" => Self::TaskList,
            "text" => Self::Text,
            _ => Self::Unknown,
        }
    }

    /// Whether the type stands inside a line. `Unknown` depends on where it stands.
    pub(super) fn is_inline(self) -> bool {
        matches!(
            self,
            Self::Date
                | Self::Emoji
                | Self::HardBreak
                | Self::InlineCard
                | Self::InlineExtension
                | Self::MediaInline
                | Self::Mention
                | Self::Placeholder
                | Self::Status
                | Self::Text
        )
    }

    pub(super) fn is_list(self) -> bool {
        matches!(
            self,
            Self::BulletList | Self::OrderedList | Self::TaskList | Self::DecisionList
        )
    }

    pub(super) fn is_item(self) -> bool {
        matches!(self, Self::ListItem | Self::TaskItem | Self::DecisionItem)
    }

    pub(super) fn is_cell(self) -> bool {
        matches!(self, Self::TableCell | Self::TableHeader)
    }
}

/// The type of a mark that changes what is written; all others are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkKind {
    Code,
    Emphasis,
    Link,
    Strike,
    Strong,
    SubOrSuperscript,
    Underline,
    Ignored,
}

impl MarkKind {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "code" => Self::Code,
            "em" => Self::Emphasis,
            "link" => Self::Link,
            "strike" => Self::Strike,
            "strong" => Self::Strong,
            "subsup" => Self::SubOrSuperscript,
            "underline" => Self::Underline,
            _ => Self::Ignored,
        }
    }
}

/// The attributes that some rule reads; others are skipped while reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Alt,
    Colspan,
    Cxhtml,
    DataName,
    DataUrl,
    Datasource,
    DescriptionText,
    Extension,
    Href,
    Id,
    Language,
    Level,
    LinkUrl,
    Name,
    Order,
    PanelIconText,
    PanelType,
    Rowspan,
    ShortName,
    State,
    Text,
    Timestamp,
    Title,
    TitleText,
    Type,
    Url,
}

/// An attribute's scalar value: the string's characters, or the literal as it was written.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub(super) key: Key,
    pub(super) value: Cow<'a, str>,
    pub(super) is_string: bool,
}

/// A run of entries in one of the arena's vectors.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    fn of<T>(self, all: &[T]) -> &[T] {
        all.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

#[derive(Debug)]
pub(super) struct Mark {
    pub(super) kind: MarkKind,
    pub(super) attributes: Span,
}

/// A node's place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(pub(super) u32);

#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) kind: Kind,
    pub(super) text: Cow<'a, str>,
    pub(super) attributes: Span,
    pub(super) marks: Span,
    pub(super) first_child: Option<NodeId>,
    pub(super) last_child: Option<NodeId>,
    pub(super) next: Option<NodeId>,
    /// Whether some child is a block: what an unknown node is judged by.
    pub(super) holds_block: bool,
}

impl Node<'_> {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            text: Cow::Borrowed(""),
            attributes: Span::default(),
            marks: Span::default(),
            first_child: None,
            last_child: None,
            next: None,
            holds_block: false,
        }
    }

    /// Whether the node can stand inside a line.
    pub(super) fn is_inline(&self) -> bool {
        self.kind.is_inline() || (self.kind == Kind::Unknown && !self.holds_block)
    }
}

/// A document in one arena; the first node is its root.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) marks: Vec<Mark>,
}

impl<'a> Document<'a> {
    pub(super) const ROOT: NodeId = NodeId(0);

    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::new(Kind::Section)],
            attributes: Vec::new(),
            marks: Vec::new(),
        }
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node<'a>> {
        self.nodes.get(id.0 as usize)
    }

    pub(super) fn kind(&self, id: NodeId) -> Kind {
        self.node(id).map_or(Kind::Unknown, |node| node.kind)
    }

    pub(super) fn first_child(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.first_child
    }

    pub(super) fn next(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.next
    }

    /// The children of a node, in order.
    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.first_child(id), |child| self.next(*child))
    }

    pub(super) fn marks(&self, id: NodeId) -> &[Mark] {
        self.node(id)
            .map(|node| node.marks.of(&self.marks))
            .unwrap_or_default()
    }

    fn find(&self, attributes: Span, key: Key) -> Option<&Attribute<'a>> {
        let all = attributes.of(&self.attributes);
        all.iter().rev().find(|attribute| attribute.key == key)
    }

    /// A non-empty string attribute of a node.
    pub(super) fn string(&self, id: NodeId, key: Key) -> Option<&str> {
        let found = self.find(self.node(id)?.attributes, key)?;
        (found.is_string && !found.value.is_empty()).then_some(&*found.value)
    }

    /// An attribute of a node, be it a string, a number or a truth value.
    pub(super) fn scalar(&self, id: NodeId, key: Key) -> Option<&str> {
        let found = self.find(self.node(id)?.attributes, key)?;
        (!found.value.is_empty()).then_some(&*found.value)
    }

    /// A non-empty string attribute of a mark.
    pub(super) fn mark_string(&self, mark: &Mark, key: Key) -> Option<&str> {
        let found = self.find(mark.attributes, key)?;
        (found.is_string && !found.value.is_empty()).then_some(&*found.value)
    }

    /// A whole number attribute, read as JavaScript's `Number` reads it and rounded down.
    pub(super) fn whole(&self, id: NodeId, key: Key) -> Option<f64> {
        number(self.scalar(id, key)?).map(f64::floor)
    }
}

/// A finite decimal number; words that Rust also reads as numbers (`inf`, `nan`) are none.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'))
    {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}
