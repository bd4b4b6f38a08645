//! JSON text into the arena, with a stack of its own: 100,000 levels are as good as one.
//!
//! Nothing about a document's shape is an error. A value of the wrong type is passed over; text
//! that stops being JSON ends the reading, and what was read before is the document.

use std::borrow::Cow;

use super::document::{Attribute, Document, Key, Kind, Mark, MarkKind, Node, NodeId, Span};
use super::json::{Cursor, Fault, Scalar};

/// What the JSON text was.
pub(super) enum Input<'a> {
    /// An object or an array.
    Document(Document<'a>),
    /// A string: it is returned as it is.
    Plain(Cow<'a, str>),
}

pub(super) fn read(json: &str) -> Input<'_> {
    let mut reader = Reader {
        cursor: Cursor::new(json),
        document: Document::new(),
        open: Vec::new(),
    };
    match reader.cursor.peek() {
        Some(b'{' | b'[') => {
            // A fault ends the reading; the arena holds all that came before it.
            let _fault: Result<(), Fault> = reader.run();
            while let Some(frame) = reader.open.pop() {
                reader.finish(frame);
            }
            Input::Document(reader.document)
        }
        _ => match reader.cursor.scalar() {
            Ok(Scalar::String(text)) => Input::Plain(text),
            Ok(Scalar::Literal(literal)) => Input::Plain(Cow::Borrowed(literal)),
            Ok(Scalar::Null) | Err(Fault) => Input::Plain(Cow::Borrowed("")),
        },
    }
}

/// Whether the JSON text is an object with a string `type`.
pub(super) fn is_node(json: &str) -> bool {
    let mut cursor = Cursor::new(json);
    if !cursor.take(b'{') {
        return false;
    }
    while let Some(next) = cursor.peek() {
        if next == b'}' {
            return false;
        }
        let Ok(key) = cursor.key() else { return false };
        if key == "type" {
            return cursor.peek() == Some(b'"');
        }
        if cursor.skip().is_err() {
            return false;
        }
        cursor.take(b',');
    }
    false
}

/// A container that is being read.
enum Frame {
    /// The object of a node, and the node it is a child of.
    Object { node: NodeId, parent: NodeId },
    /// The array of a node's children.
    Children(NodeId),
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    document: Document<'a>,
    open: Vec<Frame>,
}

impl<'a> Reader<'a> {
    fn run(&mut self) -> Result<(), Fault> {
        self.child_or_children(Document::ROOT)?;
        while let Some(frame) = self.open.last() {
            match *frame {
                Frame::Children(parent) => {
                    if self.cursor.take(b']') {
                        self.open.pop();
                    } else if !self.cursor.take(b',') {
                        self.child_or_children(parent)?;
                    }
                }
                Frame::Object { node, .. } => {
                    if self.cursor.take(b'}') {
                        if let Some(frame) = self.open.pop() {
                            self.finish(frame);
                        }
                    } else if !self.cursor.take(b',') {
                        self.member(node)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A value that stands for a child, or an array of such values.
    fn child_or_children(&mut self, parent: NodeId) -> Result<(), Fault> {
        match self.cursor.peek() {
            Some(b'[') => {
                self.cursor.take(b'[');
                self.open.push(Frame::Children(parent));
            }
            Some(b'{') => {
                self.cursor.take(b'{');
                let node = self.add(parent, Node::new(Kind::Unknown))?;
                self.open.push(Frame::Object { node, parent });
            }
            _ => {
                // A bare string among nodes is text; other scalars show nothing.
                if let Scalar::String(text) = self.cursor.scalar()? {
                    let mut node = Node::new(Kind::Text);
                    node.text = text;
                    self.add(parent, node)?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, parent: NodeId, node: Node<'a>) -> Result<NodeId, Fault> {
        let id = NodeId(u32::try_from(self.document.nodes.len()).map_err(|_| Fault)?);
        self.document.nodes.push(node);
        let before = self
            .node_mut(parent)
            .and_then(|parent| parent.last_child.replace(id));
        match before {
            Some(before) => {
                if let Some(before) = self.node_mut(before) {
                    before.next = Some(id);
                }
            }
            None => {
                if let Some(parent) = self.node_mut(parent) {
                    parent.first_child = Some(id);
                }
            }
        }
        Ok(id)
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node<'a>> {
        self.document.nodes.get_mut(id.0 as usize)
    }

    /// An object's type is known only at its end: `type` may be its last member.
    fn finish(&mut self, frame: Frame) {
        let Frame::Object { node, parent } = frame else {
            return;
        };
        let is_block = self
            .document
            .node(node)
            .is_some_and(|node| !node.is_inline());
        if is_block && let Some(parent) = self.node_mut(parent) {
            parent.holds_block = true;
        }
    }

    fn member(&mut self, id: NodeId) -> Result<(), Fault> {
        let key = self.cursor.key()?;
        match &*key {
            "content" => return self.child_or_children(id),
            "type" | "text" if self.cursor.peek() == Some(b'"') => {
                let Scalar::String(value) = self.cursor.scalar()? else {
                    return Ok(());
                };
                if let Some(node) = self.node_mut(id) {
                    if key == "type" {
                        node.kind = Kind::named(&value);
                    } else {
                        node.text = value;
                    }
                }
            }
            "attrs" if self.cursor.take(b'{') => {
                let (span, outcome) = self.attributes();
                if let Some(node) = self.node_mut(id) {
                    node.attributes = span;
                }
                outcome?;
            }
            "marks" if self.cursor.take(b'[') => {
                let start = self.document.marks.len();
                let outcome = self.marks();
                let span = span(start, self.document.marks.len());
                if let Some(node) = self.node_mut(id) {
                    node.marks = span;
                }
                outcome?;
            }
            _ => self.cursor.skip()?,
        }
        Ok(())
    }

    fn marks(&mut self) -> Result<(), Fault> {
        while !self.cursor.take(b']') {
            if self.cursor.take(b',') {
                continue;
            }
            if !self.cursor.take(b'{') {
                self.cursor.skip()?;
                continue;
            }
            let mut mark = Mark {
                kind: MarkKind::Ignored,
                attributes: Span::default(),
            };
            let outcome = self.mark(&mut mark);
            self.document.marks.push(mark);
            outcome?;
        }
        Ok(())
    }

    fn mark(&mut self, mark: &mut Mark) -> Result<(), Fault> {
        while !self.cursor.take(b'}') {
            if self.cursor.take(b',') {
                continue;
            }
            let key = self.cursor.key()?;
            if key == "type" && self.cursor.peek() == Some(b'"') {
                if let Scalar::String(name) = self.cursor.scalar()? {
                    mark.kind = MarkKind::named(&name);
                }
            } else if key == "attrs" && self.cursor.take(b'{') {
                let (span, outcome) = self.attributes();
                mark.attributes = span;
                outcome?;
            } else {
                self.cursor.skip()?;
            }
        }
        Ok(())
    }

    /// The members of `attrs`, whose brace is consumed, as far as they could be read.
    fn attributes(&mut self) -> (Span, Result<(), Fault>) {
        let start = self.document.attributes.len();
        let outcome = self.attribute_members();
        (span(start, self.document.attributes.len()), outcome)
    }

    fn attribute_members(&mut self) -> Result<(), Fault> {
        while !self.cursor.take(b'}') {
            if self.cursor.take(b',') {
                continue;
            }
            let key = self.cursor.key()?;
            if self.cursor.peek() != Some(b'{') {
                self.attribute(attribute_name(&key))?;
            } else if key == "datasource" {
                self.document.attributes.push(Attribute {
                    key: Key::Datasource,
                    value: Cow::Borrowed("datasource"),
                    is_string: true,
                });
                self.cursor.skip()?;
            } else if matches!(
                &*key,
                "data" | "parameters" | "title" | "description" | "link"
            ) {
                self.group(&key)?;
            } else {
                self.cursor.skip()?;
            }
        }
        Ok(())
    }

    /// An attribute that is itself an object: one level of it is read.
    fn group(&mut self, group: &str) -> Result<(), Fault> {
        self.cursor.take(b'{');
        while !self.cursor.take(b'}') {
            if self.cursor.take(b',') {
                continue;
            }
            let key = self.cursor.key()?;
            let name = match (group, &*key) {
                ("data", "url") => Some(Key::DataUrl),
                ("data", "name") => Some(Key::DataName),
                ("parameters", "cxhtml") => Some(Key::Cxhtml),
                ("title", "text") => Some(Key::TitleText),
                ("description", "text") => Some(Key::DescriptionText),
                ("link", "url") => Some(Key::LinkUrl),
                _ => None,
            };
            self.attribute(name)?;
        }
        Ok(())
    }

    fn attribute(&mut self, name: Option<Key>) -> Result<(), Fault> {
        let Some(name) = name else {
            return self.cursor.skip();
        };
        if matches!(self.cursor.peek(), Some(b'{' | b'[')) {
            return self.cursor.skip();
        }
        let (value, is_string) = match self.cursor.scalar()? {
            Scalar::String(value) => (value, true),
            Scalar::Literal(literal) => (Cow::Borrowed(literal), false),
            Scalar::Null => return Ok(()),
        };
        self.document.attributes.push(Attribute {
            key: name,
            value,
            is_string,
        });
        Ok(())
    }
}

fn span(start: usize, end: usize) -> Span {
    // Beyond 32 bits the entries are left out rather than mixed up.
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Span { start, end },
        _ => Span::default(),
    }
}

fn attribute_name(key: &str) -> Option<Key> {
    Some(match key {
        "alt" => Key::Alt,
        "colspan" => Key::Colspan,
        "extensionKey" => Key::Extension,
        "href" => Key::Href,
        "id" => Key::Id,
        "language" => Key::Language,
        "level" => Key::Level,
        "name" => Key::Name,
        "order" => Key::Order,
        "panelIconText" => Key::PanelIconText,
        "panelType" => Key::PanelType,
        "rowspan" => Key::Rowspan,
        "shortName" => Key::ShortName,
        "state" => Key::State,
        "text" => Key::Text,
        "timestamp" => Key::Timestamp,
        "title" => Key::Title,
        "type" => Key::Type,
        "url" => Key::Url,
        _ => return None,
    })
}
