//! Parsing YAML 1.2 into the spanned tree; all mistakes that YAML itself has are found here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{
    ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span as YamlSpan, StructureStyle,
    Tag,
};

use super::core_schema::core_schema;
use super::quoting;
use super::repair::{self, Edits};
use super::runs::runs;
use super::{Entry, Kind, Node, Scalar, ScalarValue, Style};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span, Spanned};

pub(super) const SYNTAX: Code = Code::new("yaml.syntax");
const UNCLOSED: Code = Code::new("yaml.unclosed");
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

/// After how many mistakes a file is given up.
const MAX_MISTAKES: usize = 100;
/// How many mistakes of syntax are told of one file.
const MAX_SYNTAX_MISTAKES: usize = 20;

/// Parses a file; none where it has mistakes of YAML, which are then among the diagnostics.
///
/// A mistake of syntax ends what the YAML crate reads: its value or line is blanked and the rest
/// read again, so that independent mistakes are all told.
#[must_use]
pub fn parse(source: &Arc<Source>) -> (Option<Arc<Node>>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    if source.text().len() > MAX_BYTES {
        let mistake = Diagnostic::error(TOO_LARGE, "the file is larger than 1 MiB")
            .label(Span::new(0, 0), "too large")
            .help("split it into several pipelines");
        return (None, mistake.in_source(source).into());
    }
    let mut root = None;
    let mut current = Arc::clone(source);
    let mut repairs: Vec<Edits> = Vec::new();
    let mut guessed = false;
    for _ in 0..MAX_SYNTAX_MISTAKES {
        let mut builder = Builder::new(&current);
        let end = builder.run();
        let failed = builder.diagnostics.has_errors();
        root = builder.root.take();
        let known = diagnostics.len();
        let edits = end.edits(&current, &mut builder.diagnostics);
        for one in builder.diagnostics {
            // Lines that were left out may have parted two maps.
            if guessed && one.code == DUPLICATE_KEY {
                continue;
            }
            let one = as_written(one, &repairs).in_source(source);
            if !diagnostics.iter().any(|known| *known == one) {
                diagnostics.push(one);
            }
        }
        if root.is_none() && !failed && repairs.is_empty() {
            let mistake = Diagnostic::error(EMPTY, "the file is empty")
                .label(Span::new(0, 0), "a map is expected")
                .help("see `flowline init` for a file to start from");
            diagnostics.push(mistake.in_source(source));
        }
        let repaired = edits.and_then(|edits| Some((edits.apply(current.text())?, edits)));
        let Some((text, edits)) = repaired.filter(|_| diagnostics.len() > known) else {
            break;
        };
        current = Source::new(source.name(), text);
        guessed |= edits.is_guess();
        repairs.push(edits);
    }
    let failed = diagnostics.has_errors();
    (root.filter(|_| !failed), diagnostics)
}

/// A mistake of a repaired text at its places in the file.
fn as_written(mut mistake: Diagnostic, repairs: &[Edits]) -> Diagnostic {
    for label in &mut mistake.labels {
        for edits in repairs.iter().rev() {
            let start = edits.before(label.span.start);
            label.span = Span::new(start, edits.before(label.span.end).max(start));
        }
    }
    mistake
}

/// How reading ended.
enum End {
    /// At the end of the file, or where nothing more can be made of it.
    Done,
    /// At a line that does not fit those around it; the last mistake told is about it.
    Lines(usize),
    /// At a mistake that is this value's.
    Value(Span),
    /// At a quote that is never closed.
    Quote(usize),
    /// At a bracket that is never closed, and what would close it.
    Bracket(usize, &'static str),
}

impl End {
    /// With which changes the rest can be read; a mistake of lines is told as what mends it.
    fn edits(&self, source: &Source, diagnostics: &mut Diagnostics) -> Option<Edits> {
        match self {
            Self::Done => None,
            Self::Lines(at) => {
                let repair = repair::lines(source, *at)?;
                if let Some(mistake) = repair.mistake {
                    diagnostics.replace_last(mistake);
                }
                Some(repair.edits)
            }
            Self::Value(value) => Some(repair::value(*value)),
            Self::Quote(at) => repair::quote(source, *at),
            Self::Bracket(at, close) => repair::bracket(source, *at, close),
        }
    }
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

impl<'s> Builder<'s> {
    fn new(source: &'s Arc<Source>) -> Self {
        Self {
            source,
            stack: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            documents: 0,
            nodes: 0,
            alias_nodes: 0,
            diagnostics: Diagnostics::new(),
        }
    }

    fn run(&mut self) -> End {
        let text = self.source.text();
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.max_buffered_comment_events = 1 << 20;
        let mut parser = Parser::new_from_str_with_options(text, options);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => {
                    if !self.event(event, &span) || self.diagnostics.len() > MAX_MISTAKES {
                        return End::Done;
                    }
                }
                Err(error) => return self.refused(&error, text),
            }
        }
        End::Done
    }

    /// What the YAML crate refuses, told from what people mean.
    fn refused(&mut self, error: &ScanError, text: &str) -> End {
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or(text.len())
            .min(text.len());
        let flow = self
            .stack
            .iter()
            .rev()
            .find(|open| open.flow)
            .map(|open| open.start);
        let (line_start, line) = quoting::line_at(self.source, at);
        let in_flow = flow.is_some_and(|start| start < line_start);
        if matches!(error.kind(), ErrorKind::UnclosedQuotedScalar) {
            self.mistake(
                UNCLOSED,
                "the quote is never closed",
                Span::new(at, at + 1),
                "opened here",
                "close it with the same quote",
            );
            return End::Quote(at);
        }
        // A quote that opens in an earlier line was not closed there: this one closes it.
        if error.info().contains("invalid trailing content after")
            && let Some(open) = quoting::opened_above(self.source.text(), at)
        {
            // It may be the first quote of its value that is not there.
            if let Some((mistake, value)) = quoting::unquoted(self.source, open, false)
                && value.end == open + 1
                && value.start < open
            {
                self.diagnostics.push(mistake);
                return End::Value(value);
            }
            self.mistake(
                UNCLOSED,
                "the quote is never closed",
                Span::new(open, open + 1),
                "opened here",
                "close it with the same quote",
            );
            return End::Quote(open);
        }
        // A plain scalar of several lines is refused at the colon in its last one.
        if matches!(error.kind(), ErrorKind::MappingValueNotAllowed)
            && let Some(mistake) = self.continued(at)
        {
            self.diagnostics.push(mistake);
            return End::Lines(at);
        }
        if let Some((mistake, value)) = quoting::unquoted(self.source, at, in_flow) {
            self.diagnostics.push(mistake);
            return End::Value(value);
        }
        let flow = flow.or_else(|| {
            let in_flow = error.info().contains("only valid inside a block");
            repair::open_bracket(self.source, at).filter(|_| in_flow)
        });
        if let Some(start) = flow {
            let bracket = self.source.slice(Span::new(start, start + 1));
            let close = if bracket == "[" { "]" } else { "}" };
            self.mistake(
                UNCLOSED,
                format!("the `{bracket}` is never closed"),
                Span::new(start, start + 1),
                "opened here",
                format!("close it with `{close}`, and part its elements by `,`"),
            );
            return End::Bracket(start, close);
        }
        if error.info().contains("simple key expect") && !line.contains('\t') {
            let begin = line_start + line.len() - line.trim_start_matches(' ').len();
            self.mistake(
                SYNTAX,
                "a line without a colon",
                Span::new(begin, line_start + line.trim_end().len()),
                "neither a key nor an element",
                "write `KEY: VALUE`, or `- VALUE` for an element of a list",
            );
            return End::Lines(at);
        }
        let width = text
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .filter(|one| !matches!(one, '\n' | '\r'))
            .map_or(0, char::len_utf8);
        let before = line
            .get(..at.saturating_sub(line_start))
            .unwrap_or_default();
        let tab = before.contains('\t') || line.trim_start_matches(' ').starts_with('\t');
        let (message, help) = if tab {
            (
                "a tab where YAML wants spaces".to_owned(),
                "indent by spaces",
            )
        } else {
            (
                format!("not YAML: {}", error.info()),
                "look at the indentation here and in the line above",
            )
        };
        self.mistake(SYNTAX, message, Span::new(at, at + width), "here", help);
        End::Lines(at)
    }

    /// `a: 1` and below it, deeper, `b: 2`; or a line without a colon above one with.
    fn continued(&self, at: usize) -> Option<Diagnostic> {
        let text = self.source.text();
        let (start, line) = quoting::line_at(self.source, at);
        let first_colon = line.find(':')?;
        if first_colon + start != at {
            return None;
        }
        let above = text.get(..start)?.trim_end();
        let (above_start, above) = quoting::line_at(self.source, above.len());
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let key = Span::new(start + indent(line), at);
        Some(if above.contains(": ") && indent(line) > indent(above) {
            Diagnostic::error(
                SYNTAX,
                "this line is indented deeper than the value above allows",
            )
            .label(key, "a key inside a value")
            .help("indent it like the line above")
        } else {
            let from = above_start + indent(above);
            Diagnostic::error(SYNTAX, "a line without a colon")
                .label(
                    Span::new(from, above_start + above.trim_end().len()),
                    "neither a key nor an element",
                )
                .help("write `KEY: VALUE`, or `- VALUE` for an element of a list")
        })
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

    /// True between brackets or braces.
    fn in_flow(&self) -> bool {
        self.stack.last().is_some_and(|open| open.flow)
    }

    /// True where the line of a byte begins between brackets or braces.
    fn begins_in_flow(&self, byte: usize) -> bool {
        let (line_start, _) = quoting::line_at(self.source, byte);
        self.stack
            .iter()
            .rev()
            .find(|open| open.flow)
            .is_some_and(|open| open.start < line_start)
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
        let runs = runs("", at.start, "", Style::Plain, 0);
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
            Some(tag) => self.tagged(tag, text, span, bytes),
        };
        if style == Style::Plain && tag.is_none() {
            let in_flow = self.in_flow();
            self.diagnostics
                .extend(quoting::cut_off(self.source, text, bytes, in_flow));
        }
        let indent = if matches!(style, Style::Literal | Style::Folded) {
            bytes.start - quoting::line_at(self.source, bytes.start).0
        } else {
            0
        };
        let runs = runs(raw, bytes.start, text, style, indent);
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

    fn tagged(&mut self, tag: &Tag, text: &str, span: &YamlSpan, bytes: Span) -> ScalarValue {
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
                let begins_in_flow = self.begins_in_flow(at.start);
                let mistake =
                    quoting::custom_tag(self.source, at, bytes, CUSTOM_TAG, begins_in_flow);
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
            let begins_in_flow = self.begins_in_flow(at.start);
            let mistake = quoting::custom_tag(self.source, at, bytes, CUSTOM_TAG, begins_in_flow);
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
                Kind::List(maps) => maps.clone(),
                Kind::Map(_) | Kind::Scalar(_) => vec![merge],
            };
            if let Some(wrong) = maps.iter().find(|map| map.as_map().is_none()) {
                let at = if wrong.span.is_empty() {
                    key
                } else {
                    wrong.span
                };
                self.mistake(
                    BAD_MERGE,
                    "`<<` takes a map, or a list of maps",
                    at,
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
        let refused_key = node.as_scalar().is_none()
            && self
                .stack
                .last()
                .is_some_and(|open| matches!(&open.kind, OpenKind::Map { key: None, .. }));
        let begins_in_flow = refused_key && self.begins_in_flow(node.span.start);
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
                    let merged = merges.first().map(|(key, _)| *key);
                    let (new, mistake) =
                        key_of(self.source, &node, entries, names, merged, begins_in_flow);
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
    merged: Option<Span>,
    begins_in_flow: bool,
) -> (Key, Option<Diagnostic>) {
    let Kind::Scalar(scalar) = &node.kind else {
        return (
            Key::Refused,
            Some(quoting::collection_key(
                source,
                node.span,
                KEY_NOT_SCALAR,
                begins_in_flow,
            )),
        );
    };
    if &*scalar.text == "<<" && scalar.style == Style::Plain {
        let Some(first) = merged else {
            return (Key::Merge(node.span), None);
        };
        let mistake = Diagnostic::error(DUPLICATE_KEY, "the key `<<` stands here twice")
            .label(node.span, "the second one")
            .label(first, "the first one")
            .help("merge several maps by a list: `<<: [*one, *other]`");
        return (Key::Refused, Some(mistake));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mistakes(text: &str) -> Vec<(&'static str, String, String)> {
        let source = Source::new("a.yaml", text);
        let (_, diagnostics) = parse(&source);
        diagnostics
            .iter()
            .map(|one| {
                let label = one
                    .labels
                    .first()
                    .map_or("", |label| source.slice(label.span));
                (
                    one.code.as_str(),
                    label.to_owned(),
                    one.help.clone().unwrap_or_default(),
                )
            })
            .collect()
    }

    #[test]
    fn each_quoting_mistake_shows_the_line_with_quotes() {
        for (text, code, label, line) in [
            (
                "keep: !$.x",
                "yaml.unquoted_negation",
                "!$.x",
                "keep: '!$.x'",
            ),
            (
                "- keep: !match($.a, 'b')\n",
                "yaml.unquoted_negation",
                "!match($.a, 'b')",
                "- keep: '!match($.a, ''b'')'",
            ),
            (
                "é: { path: $.labels[0] }",
                "yaml.unquoted_in_flow",
                "$.labels[0]",
                "é: { path: '$.labels[0]' }",
            ),
            (
                "link: {{key}}",
                "yaml.unquoted_template",
                "{{key}}",
                "link: '{{key}}'",
            ),
            (
                "link: {{key}}/x",
                "yaml.unquoted_template",
                "{{key}}/x",
                "link: '{{key}}/x'",
            ),
            (
                "a: { link: {{key}} }",
                "yaml.unquoted_template",
                "{{key}}",
                "a: { link: '{{key}}' }",
            ),
            (
                "- {{key}}",
                "yaml.unquoted_template",
                "{{key}}",
                "- '{{key}}'",
            ),
            (
                "a: { link: x/{{key}} }",
                "yaml.unquoted_in_flow",
                "x/{{key}}",
                "a: { link: 'x/{{key}}' }",
            ),
            (
                "keep: \"x\" == $.a",
                "yaml.text_after_quote",
                "== $.a",
                "keep: '\"x\" == $.a'",
            ),
            (
                "keep: 'x' == $.a",
                "yaml.text_after_quote",
                "== $.a",
                "keep: '''x'' == $.a'",
            ),
            (
                "keep: $.s == \"a # b\"",
                "yaml.cut_by_comment",
                "# b\"",
                "keep: '$.s == \"a # b\"'",
            ),
            (
                "keep: $.s == \"a: b\"",
                "yaml.unquoted_colon",
                ":",
                "keep: '$.s == \"a: b\"'",
            ),
            (
                "a: { email: ${X} }",
                "yaml.unquoted_in_flow",
                "${X}",
                "a: { email: '${X}' }",
            ),
            (
                "a: { keep: $.x == \"q, r\" }",
                "yaml.unquoted_in_flow",
                "$.x == \"q, r\"",
                "a: { keep: '$.x == \"q, r\"' }",
            ),
            (
                "a: [$.x[0], 1]",
                "yaml.unquoted_in_flow",
                "$.x[0]",
                "a: ['$.x[0]', 1]",
            ),
            (
                "a: { b: 1,\n  c: $.d[0] }",
                "yaml.unquoted_in_flow",
                "$.d[0]",
                "c: '$.d[0]' }",
            ),
        ] {
            let found = mistakes(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            let (found_code, found_label, help) = &found[0];
            assert_eq!((*found_code, found_label.as_str()), (code, label), "{text}");
            assert_eq!(help, &format!("write `{line}`"), "{text}");
        }
    }

    #[test]
    fn text_that_only_looks_like_a_mistake_is_none() {
        for text in [
            "a: it's # a comment that's fine",
            "a: $.x == 1 # \"why\"",
            "a: { b: it's, c: d }",
            "a: '{{x}} # y'",
            "a: $.x[?@.y == 'z']",
            "a: >\n  $.x == 'a\n  b'\n",
        ] {
            assert_eq!(mistakes(text), [], "{text}");
        }
    }

    #[test]
    fn independent_mistakes_of_syntax_are_all_told() {
        let text = "keep: \"x\" == $.a\nok: 1\nflow: { path: $.l[0] }\nlink: {{k}}/x\n";
        let codes: Vec<&str> = mistakes(text).into_iter().map(|one| one.0).collect();
        assert_eq!(
            codes,
            [
                "yaml.text_after_quote",
                "yaml.unquoted_in_flow",
                "yaml.unquoted_template"
            ]
        );
    }

    /// A file, of which one line at a time is spoilt.
    const GOOD: &str = "sources:\n  - jira.issues:\n      jql: project = SUP\n      since: 30 days ago\n      live: true\nsinks:\n  - brevo.contacts:\n      identify: { email: $.a }\n      attributes:\n        KEY: '{{key}}'\n        NAME: $.b\n        LAST: '{{c}}'\n  - file:\n      path: \"x.jsonl\"\n      format: jsonl\n";

    #[test]
    fn one_mistake_of_lines_is_told_once_and_where_it_is() {
        for (line, spoilt, code, label) in [
            ("      jql: ", "       jql: ", "yaml.syntax", "jql"),
            ("      jql: ", "     jql: ", "yaml.syntax", "jql"),
            ("      jql: ", "\tjql: ", "yaml.syntax", "\t"),
            ("      since: ", "\tsince: ", "yaml.syntax", "\t"),
            ("      live: ", "      \tlive: ", "yaml.syntax", "\t"),
            ("      since: ", "        since: ", "yaml.syntax", "since"),
            ("      since: ", "    since: ", "yaml.syntax", "since"),
            (
                "jql: project",
                "jql project",
                "yaml.syntax",
                "jql project = SUP",
            ),
            ("jql: project", "jql:project", "yaml.syntax", "jql:"),
            (
                "jira.issues:\n",
                "jira.issues\n",
                "yaml.syntax",
                "jira.issues",
            ),
            ("sinks:\n", "sinks\n", "yaml.syntax", "sinks"),
            ("  - brevo", "  -brevo", "yaml.syntax", "-"),
            ("  - brevo", "    brevo", "yaml.syntax", "brevo.contacts"),
            (
                "      attributes:",
                "        attributes:",
                "yaml.syntax",
                "attributes",
            ),
            ("        NAME: ", "      NAME: ", "yaml.syntax", "NAME"),
            ("        KEY: ", "         KEY: ", "yaml.syntax", "KEY"),
            ("'{{key}}'", "'{{key}}", "yaml.unclosed", "'"),
            (
                "'{{key}}'",
                "{{key}}'",
                "yaml.unquoted_template",
                "{{key}}'",
            ),
            ("$.b", "{{b}}'", "yaml.unquoted_template", "{{b}}'"),
            ("$.a }", "$.a", "yaml.unclosed", "{"),
            ("\"x.jsonl\"", "\"x.jsonl", "yaml.unclosed", "\""),
        ] {
            let text = GOOD.replacen(line, spoilt, 1);
            assert_ne!(text, GOOD, "{line:?}");
            let found = mistakes(&text);
            assert_eq!(found.len(), 1, "{spoilt:?}: {found:?}");
            assert_eq!(
                (found[0].0, found[0].1.as_str()),
                (code, label),
                "{spoilt:?}"
            );
        }
    }

    #[test]
    fn the_next_mistake_is_told_beside_one_of_lines() {
        let text = GOOD
            .replacen("      since: ", "        since: ", 1)
            .replacen("'{{key}}'", "{{key}}", 1)
            .replacen("  - file:", "  - file", 1);
        let labels: Vec<String> = mistakes(&text).into_iter().map(|one| one.1).collect();
        assert_eq!(labels, ["since", "{{key}}", "file"]);
    }

    #[test]
    fn a_merge_takes_maps_once() {
        for (text, code, label) in [
            ("a: { <<: 5 }", "yaml.bad_merge", "5"),
            ("a: { <<: [{ b: 1 }, x] }", "yaml.bad_merge", "x"),
            (
                "a: { <<: { b: 1 }, <<: { c: 1 } }",
                "yaml.duplicate_key",
                "<<",
            ),
        ] {
            let found = mistakes(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!((found[0].0, found[0].1.as_str()), (code, label), "{text}");
        }
    }

    #[test]
    fn what_is_never_closed_is_told_where_it_opens() {
        for (text, label) in [
            ("a: \"x\nb: 1\n", "\""),
            ("a: [1, 2\nb: 1\n", "["),
            ("a: { x: 1\nb: 2\n", "{"),
            ("a: { x: 1", "{"),
        ] {
            let found = mistakes(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!((found[0].0, found[0].1.as_str()), ("yaml.unclosed", label));
        }
    }

    /// Every span of the tree lies on boundaries of characters, and every decoded character can
    /// be found again in the source.
    fn hold(node: &Node, source: &Source) {
        let text = source.text();
        assert!(
            text.get(node.span.start..node.span.end).is_some(),
            "{text:?} {:?}",
            node.span
        );
        match &node.kind {
            Kind::Scalar(scalar) => {
                for (index, one) in scalar.text.char_indices() {
                    let at = scalar.locate(index..index + one.len_utf8());
                    assert!(text.get(at.start..at.end).is_some(), "{text:?} {at:?}");
                    assert!(at.start >= node.span.start, "{text:?} {at:?}");
                }
            }
            Kind::List(elements) => elements.iter().for_each(|one| hold(one, source)),
            Kind::Map(entries) => {
                for entry in entries {
                    hold(&entry.value, source);
                    assert!(text.get(entry.key.span.start..entry.key.span.end).is_some());
                }
            }
        }
    }

    #[test]
    fn decoded_text_is_found_again_in_all_five_styles() {
        let text = "\u{feff}plain: aé b\r\n  日c\r\nsingle: 'it''s é x'\r\ndouble: \"a\\u00e9\\n\\\"z é\\tq\"\r\nliteral: |\r\n  first é\r\n    deep x\r\n\r\n  last y\r\nfolded: >-\r\n  one é\r\n  two\r\n\r\n  three z\r\n";
        let source = Source::new("a.yaml", text);
        let (root, diagnostics) = parse(&source);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let root = root.unwrap();
        hold(&root, &source);
        for (key, needle) in [
            ("plain", "c"),
            ("plain", "日"),
            ("single", "s"),
            ("single", "x"),
            ("double", "z"),
            ("double", "q"),
            ("literal", "first"),
            ("literal", "deep"),
            ("literal", "last"),
            ("folded", "two"),
            ("folded", "three"),
        ] {
            let scalar = root.get(key).unwrap().as_scalar().unwrap();
            let at = scalar.text.find(needle).unwrap();
            let found = scalar.locate(at..at + needle.len());
            assert_eq!(source.slice(found), needle, "{key}");
        }
        let double = root.get("double").unwrap().as_scalar().unwrap();
        assert_eq!(source.slice(double.locate(1..3)), "\\u00e9");
    }

    fn same(node: &Node, theirs: &serde_yaml::Value) -> bool {
        use serde_yaml::Value as Yaml;
        match (&node.kind, theirs) {
            (Kind::Scalar(scalar), Yaml::Null) => scalar.value == ScalarValue::Null,
            (Kind::Scalar(scalar), Yaml::Bool(value)) => scalar.value == ScalarValue::Bool(*value),
            (Kind::Scalar(scalar), Yaml::Number(number)) => match scalar.value {
                ScalarValue::Number(ours) => number.as_f64() == Some(ours.as_f64()),
                // It reads `0b11` and infinities as numbers.
                _ => scalar.text.contains("0b") || !number.as_f64().is_some_and(f64::is_finite),
            },
            (Kind::Scalar(scalar), Yaml::String(text)) => match scalar.value {
                ScalarValue::Text => *scalar.text == **text,
                // It reads `010` as text.
                ScalarValue::Number(_) => {
                    scalar.text.trim_start_matches(['-', '+']).starts_with('0')
                }
                _ => false,
            },
            (Kind::List(elements), Yaml::Sequence(theirs)) => {
                elements.len() == theirs.len()
                    && elements.iter().zip(theirs).all(|(a, b)| same(a, b))
            }
            (Kind::Map(entries), Yaml::Mapping(theirs)) => {
                entries.len() == theirs.len()
                    && entries
                        .iter()
                        .zip(theirs)
                        .all(|(a, (_, b))| same(&a.value, b))
            }
            _ => false,
        }
    }

    fn line() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec![
            "a", "é", "日本", "$.x", "{{k}}", "'q'", "\"d\\n\"", "[", "]", "{", "}", ",", ": ",
            " #c", "- ", "&a ", "*a", "!!str ", "!t ", "|", ">", "\n", "\r\n", "  ", "\t", "<<: ",
            "?", "~", "1", "010", "true", "${X}", "\\", "'", "\"", "---\n", "\u{feff}",
        ]);
        prop::collection::vec(atom, 0..24).prop_map(|atoms| atoms.concat())
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_to_boundaries(text in line()) {
            let source = Source::new("a.yaml", text);
            let (root, diagnostics) = parse(&source);
            if let Some(root) = &root {
                hold(root, &source);
            } else {
                prop_assert!(diagnostics.has_errors());
            }
            for one in &diagnostics {
                for label in &one.labels {
                    prop_assert!(source.text().get(label.span.start..label.span.end).is_some(), "{:?} {:?}", source.text(), one);
                }
            }
        }

        #[test]
        fn block_maps_read_as_the_other_parser_reads_them(
            entries in prop::collection::btree_map("[a-z]{1,6}", prop::sample::select(vec![
                "no", "1", "1.5", "~", "", "true", "x y", "'it''s'", "\"a\\tb\"", "[1, two, null]",
                "{ k: v, l: [] }", "|\n  é\n  b\n", ">-\n  a\n  b\n\n  c\n", "\n  - 1\n  - b: 2\n",
            ]), 1..8)
        ) {
            let text: String = entries.iter().map(|(key, value)| format!("{key}x: {value}\n")).collect();
            let source = Source::new("a.yaml", text.clone());
            let (root, _) = parse(&source);
            let theirs: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
            prop_assert!(root.is_some_and(|root| same(&root, &theirs)), "{text}");
        }
    }
}
