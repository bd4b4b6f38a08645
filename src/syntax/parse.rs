//! Parsing YAML 1.2 into the spanned tree; all mistakes that YAML itself has are found here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span as YamlSpan, StructureStyle, Tag};

use super::core_schema::core_schema;
use super::quoting;
use super::runs::runs;
use super::{Entry, Kind, Node, Scalar, ScalarValue, Style};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span, Spanned};

const SYNTAX: Code = Code::new("yaml.syntax");
const DUPLICATE_KEY: Code = Code::new("yaml.duplicate_key");
const CUSTOM_TAG: Code = Code::new("yaml.custom_tag");
const BAD_TAG: Code = Code::new("yaml.tag_mismatch");
const UNKNOWN_ALIAS: Code = Code::new("yaml.unknown_alias");
const KEY_NOT_SCALAR: Code = Code::new("yaml.key_not_scalar");
const SEVERAL_DOCUMENTS: Code = Code::new("yaml.several_documents");
const EMPTY: Code = Code::new("yaml.empty");
const TOO_LARGE: Code = Code::new("yaml.too_large");
const TOO_DEEP: Code = Code::new("yaml.too_deep");
const TOO_MANY: Code = Code::new("yaml.too_many_nodes");
const BAD_MERGE: Code = Code::new("yaml.bad_merge");

/// How large a file may be, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// How deep it may nest.
const MAX_DEPTH: usize = 64;
/// How many nodes it may have, aliases unfolded.
const MAX_NODES: usize = 100_000;
/// How many of them may come out of aliases.
const MAX_ALIAS_NODES: usize = 10_000;

/// Parses a file; none where it has mistakes of YAML, which are then among the diagnostics.
#[must_use]
pub fn parse(source: &Arc<Source>) -> (Option<Arc<Node>>, Diagnostics) {
    let mut builder = Builder {
        source,
        stack: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        documents: 0,
        nodes: 0,
        alias_nodes: 0,
        diagnostics: Diagnostics::new(),
    };
    if source.text().len() > MAX_BYTES {
        let mistake = Diagnostic::error(TOO_LARGE, "the file is larger than 1 MiB")
            .label(Span::new(0, 0), "too large")
            .help("split it into several pipelines");
        builder.diagnostics.push(mistake);
    } else {
        builder.run();
    }
    let failed = builder.diagnostics.has_errors();
    let mut diagnostics = Diagnostics::new();
    let root = builder.root.take();
    if root.is_none() && !failed {
        builder.diagnostics.push(
            Diagnostic::error(EMPTY, "the file is empty")
                .label(Span::new(0, 0), "a map is expected")
                .help("see `flowline init` for a file to start from"),
        );
    }
    diagnostics.extend_in(builder.diagnostics, source);
    (root.filter(|_| !failed), diagnostics)
}

struct Builder<'s> {
    source: &'s Arc<Source>,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Arc<Node>, usize)>,
    root: Option<Arc<Node>>,
    documents: usize,
    nodes: usize,
    alias_nodes: usize,
    diagnostics: Diagnostics,
}

/// A list or map that is not closed yet.
struct Open {
    start: usize,
    end: usize,
    flow: bool,
    anchor: usize,
    /// How many nodes it holds, itself included.
    size: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Arc<Node>>),
    Map {
        entries: Vec<Entry>,
        names: HashSet<Arc<str>>,
        key: Option<Key>,
        merges: Vec<(Span, Arc<Node>)>,
    },
}

enum Key {
    Name(Spanned<Arc<str>>),
    Merge(Span),
    /// Refused: its value is passed over.
    Refused,
}

impl Builder<'_> {
    fn run(&mut self) {
        let source = Arc::clone(self.source);
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.max_buffered_comment_events = 1 << 20;
        let mut parser = Parser::new_from_str_with_options(source.text(), options);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => {
                    if !self.event(event, &span) {
                        return;
                    }
                }
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(source.text().len());
                    self.diagnostics.push(quoting::syntax_error(
                        &source,
                        at,
                        &error.info(),
                        SYNTAX,
                    ));
                    return;
                }
            }
        }
    }

    /// Takes an event; false where nothing more can be made of the file.
    fn event(&mut self, event: Event<'_>, span: &YamlSpan) -> bool {
        let bytes = self.span(span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.mistake(
                        SEVERAL_DOCUMENTS,
                        "a second document in the file",
                        bytes,
                        "one document a file",
                        "leave out the `---`, or make a file of each",
                    );
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), span, bytes);
                return self.add(node, anchor, 1);
            }
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    self.mistake(
                        UNKNOWN_ALIAS,
                        "an alias inside what it names",
                        bytes,
                        "not complete here",
                        "move it out",
                    );
                    return true;
                };
                self.alias_nodes += size;
                if self.alias_nodes > MAX_ALIAS_NODES {
                    self.mistake(
                        TOO_MANY,
                        "the aliases unfold to more than 10,000 nodes",
                        bytes,
                        "too many",
                        "write fewer aliases of aliases",
                    );
                    return false;
                }
                return self.add(node, 0, size);
            }
            Event::UnresolvedAlias(name) => {
                self.mistake(UNKNOWN_ALIAS, format!("there is no anchor `&{name}` before this"), bytes, "names nothing", format!("write `&{name}` before the value that is meant; a text that starts with `*` needs quotes"));
                let node = self.null(bytes);
                return self.add(node, 0, 1);
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.collection_tag(tag.as_deref(), span, bytes, "seq");
                return self.open(bytes, style, anchor, OpenKind::List(Vec::new()));
            }
            Event::MappingStart(style, anchor, tag) => {
                self.collection_tag(tag.as_deref(), span, bytes, "map");
                let kind = OpenKind::Map {
                    entries: Vec::new(),
                    names: HashSet::new(),
                    key: None,
                    merges: Vec::new(),
                };
                return self.open(bytes, style, anchor, kind);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(bytes),
            _ => {}
        }
        true
    }

    fn span(&self, span: &YamlSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        let length = self.source.text().len();
        Span::new(range.start.min(length), range.end.min(length))
    }

    fn mistake(
        &mut self,
        code: Code,
        message: impl Into<String>,
        at: Span,
        label: &str,
        help: impl Into<String>,
    ) {
        self.diagnostics
            .push(Diagnostic::error(code, message).label(at, label).help(help));
    }

    fn null(&self, at: Span) -> Arc<Node> {
        let runs = runs("", at.start, "", Style::Plain);
        let scalar = Scalar {
            text: "".into(),
            value: ScalarValue::Null,
            style: Style::Plain,
            runs,
            replaced: false,
        };
        Arc::new(Node {
            span: at,
            kind: Kind::Scalar(scalar),
        })
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &YamlSpan,
        bytes: Span,
    ) -> Arc<Node> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        // What is not there is reported with the text of `~` before the colon: it is empty.
        let raw = self.source.slice(bytes);
        let absent = style == Style::Plain && raw.is_empty();
        let text = if absent { "" } else { text };
        let value = match tag {
            None if style == Style::Plain => core_schema(text),
            None => ScalarValue::Text,
            Some(tag) => self.tagged(tag, text, style, span, bytes),
        };
        let runs = runs(raw, bytes.start, text, style);
        // The line break that ends a block scalar is no character of it.
        let end = if matches!(style, Style::Literal | Style::Folded) {
            bytes.start + raw.trim_end().len()
        } else {
            bytes.end
        };
        let scalar = Scalar {
            text: text.into(),
            value,
            style,
            runs,
            replaced: false,
        };
        Arc::new(Node {
            span: Span::new(bytes.start, end.max(bytes.start)),
            kind: Kind::Scalar(scalar),
        })
    }

    fn tagged(
        &mut self,
        tag: &Tag,
        text: &str,
        style: Style,
        span: &YamlSpan,
        bytes: Span,
    ) -> ScalarValue {
        let at = span.tag_span().map_or(bytes, |tag| self.span(&tag));
        let plain = core_schema(text);
        let (value, wanted) = match tag.core_suffix() {
            Some("str") => return ScalarValue::Text,
            Some("null") => (ScalarValue::Null, plain == ScalarValue::Null),
            Some("bool") => (plain.clone(), matches!(plain, ScalarValue::Bool(_))),
            Some("int") => (
                plain.clone(),
                matches!(&plain, ScalarValue::Number(number) if number.as_i64().is_some()),
            ),
            Some("float") => (plain.clone(), matches!(plain, ScalarValue::Number(_))),
            _ => {
                let mistake = quoting::custom_tag(self.source, at, bytes, style, CUSTOM_TAG);
                self.diagnostics.push(mistake);
                return ScalarValue::Text;
            }
        };
        if !wanted {
            self.mistake(
                BAD_TAG,
                "the value is not what its tag says",
                at,
                "does not fit the value",
                "leave the tag out",
            );
        }
        value
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, span: &YamlSpan, bytes: Span, own: &str) {
        let Some(tag) = tag else { return };
        if tag.core_suffix() != Some(own) {
            let at = span.tag_span().map_or(bytes, |tag| self.span(&tag));
            let mistake = quoting::custom_tag(self.source, at, bytes, Style::Plain, CUSTOM_TAG);
            self.diagnostics.push(mistake);
        }
    }

    fn open(&mut self, bytes: Span, style: StructureStyle, anchor: usize, kind: OpenKind) -> bool {
        if self.stack.len() >= MAX_DEPTH {
            self.mistake(
                TOO_DEEP,
                "nested more than 64 levels deep",
                bytes,
                "one level too many",
                "write a flatter file",
            );
            return false;
        }
        let flow = style == StructureStyle::Flow;
        self.stack.push(Open {
            start: bytes.start,
            end: bytes.end,
            flow,
            anchor,
            size: 1,
            kind,
        });
        true
    }

    fn close(&mut self, bytes: Span) -> bool {
        let Some(open) = self.stack.pop() else {
            return true;
        };
        // A block collection ends where its last child does; a flow one at its bracket.
        let end = if open.flow { bytes.end } else { open.end };
        let (start, kind) = match open.kind {
            OpenKind::List(elements) => {
                let first = elements.first().map(|first| first.span.start);
                (
                    if open.flow {
                        open.start
                    } else {
                        open.start.min(first.unwrap_or(open.start))
                    },
                    Kind::List(elements),
                )
            }
            OpenKind::Map {
                entries, merges, ..
            } => {
                let first = entries
                    .first()
                    .map_or(open.start, |entry| entry.key.span.start);
                let entries = self.merged(entries, merges);
                (
                    if open.flow {
                        open.start
                    } else {
                        first.min(open.start.max(first))
                    },
                    Kind::Map(entries),
                )
            }
        };
        let node = Arc::new(Node {
            span: Span::new(start, end.max(start)),
            kind,
        });
        self.add(node, open.anchor, open.size)
    }

    /// What is written wins, then the first of the merged maps.
    fn merged(&mut self, mut entries: Vec<Entry>, merges: Vec<(Span, Arc<Node>)>) -> Vec<Entry> {
        if merges.is_empty() {
            return entries;
        }
        let mut names: HashSet<Arc<str>> = entries
            .iter()
            .map(|entry| Arc::clone(&entry.key.value))
            .collect();
        for (key, merge) in merges {
            let maps: Vec<Arc<Node>> = match &merge.kind {
                Kind::Map(_) => vec![merge],
                Kind::List(maps) => maps.clone(),
                Kind::Scalar(_) => Vec::new(),
            };
            if maps.is_empty() || maps.iter().any(|map| map.as_map().is_none()) {
                self.mistake(
                    BAD_MERGE,
                    "`<<` takes a map, or a list of maps",
                    key,
                    "nothing to merge",
                    "write `<<: *name`",
                );
                continue;
            }
            for map in maps {
                for entry in map.as_map().unwrap_or_default() {
                    if names.insert(Arc::clone(&entry.key.value)) {
                        entries.push(entry.clone());
                    }
                }
            }
        }
        entries
    }

    /// Adds a complete node where it belongs.
    fn add(&mut self, node: Arc<Node>, anchor: usize, size: usize) -> bool {
        self.nodes += usize::from(size > 0);
        if self.nodes + self.alias_nodes > MAX_NODES {
            self.mistake(
                TOO_MANY,
                "the file has more than 100,000 nodes",
                node.span,
                "too many",
                "split it",
            );
            return false;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (Arc::clone(&node), size));
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return true;
        };
        open.size += size;
        if !matches!(&node.kind, Kind::Scalar(scalar) if scalar.text.is_empty() && scalar.style == Style::Plain)
        {
            open.end = open.end.max(node.span.end);
        }
        match &mut open.kind {
            OpenKind::List(elements) => elements.push(node),
            OpenKind::Map {
                entries,
                names,
                key,
                merges,
            } => match key.take() {
                Some(Key::Name(key)) => {
                    open.end = open.end.max(key.span.end);
                    entries.push(Entry { key, value: node });
                }
                Some(Key::Merge(span)) => merges.push((span, node)),
                Some(Key::Refused) => {}
                None => {
                    let (new, mistake) = key_of(self.source, &node, entries, names);
                    *key = Some(new);
                    self.diagnostics.extend(mistake);
                }
            },
        }
        true
    }
}

fn key_of(
    source: &Arc<Source>,
    node: &Node,
    entries: &[Entry],
    names: &mut HashSet<Arc<str>>,
) -> (Key, Option<Diagnostic>) {
    let Kind::Scalar(scalar) = &node.kind else {
        return (
            Key::Refused,
            Some(quoting::collection_key(source, node.span, KEY_NOT_SCALAR)),
        );
    };
    if &*scalar.text == "<<" && scalar.style == Style::Plain {
        return (Key::Merge(node.span), None);
    }
    if names.insert(Arc::clone(&scalar.text)) {
        return (
            Key::Name(Spanned::new(Arc::clone(&scalar.text), node.span)),
            None,
        );
    }
    let mut mistake = Diagnostic::error(
        DUPLICATE_KEY,
        format!("the key `{}` stands here twice", scalar.text),
    )
    .label(node.span, "the second one");
    if let Some(first) = entries.iter().find(|entry| entry.key.value == scalar.text) {
        mistake = mistake.label(first.key.span, "the first one");
    }
    (Key::Refused, Some(mistake.help("leave one of them out")))
}
