//! Renders a template over a record.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::Template;
use super::helper::Helper;
use super::name::as_index;
use super::tree::{Argument, ArgumentKind, Block, BlockKind, Name, Node, Origin};
use crate::expression::conversion::scalar_text;
use crate::expression::{StepKind, Trouble, TroubleKind};
use crate::record::{Object, Value};

/// How many pieces of a template are rendered for one record; loops in loops end here.
const MOST_PIECES: usize = 1_000_000;

pub(super) fn render(nodes: &[Node], record: &Value, zone: &TimeZone) -> Result<String, Trouble> {
    let mut renderer = Renderer {
        zone,
        out: String::new(),
        pieces: 0,
    };
    renderer.nodes(
        nodes,
        &Frame {
            value: record,
            position: Position::default(),
            parent: None,
        },
    )?;
    Ok(renderer.out)
}

/// A context.
#[derive(Clone, Copy)]
pub(super) struct Frame<'v> {
    value: &'v Value,
    position: Position<'v>,
    parent: Option<&'v Self>,
}

/// Where an `#each` is.
#[derive(Clone, Copy, Default)]
struct Position<'v> {
    index: usize,
    key: Option<&'v str>,
    last: bool,
}

impl<'v> Frame<'v> {
    fn outward(&'v self, contexts: usize) -> &'v Self {
        let mut frame = self;
        for _ in 0..contexts {
            frame = frame.parent.unwrap_or(frame);
        }
        frame
    }

    fn root(&'v self) -> &'v Self {
        let mut frame = self;
        while let Some(parent) = frame.parent {
            frame = parent;
        }
        frame
    }
}

/// What an argument is for a record.
pub(super) enum Item<'v> {
    /// Nothing is there; null is a value that counts as missing.
    Missing,
    Found(&'v Value),
    Text(Cow<'v, str>),
    /// A number or boolean.
    Made(Value),
}

impl Item<'_> {
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::Found(Value::Null))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Found(Value::String(text)) => Some(text),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Self::Found(value) => Some(value),
            Self::Made(value) => Some(value),
            Self::Missing | Self::Text(_) => None,
        }
    }

    /// What `#if` counts as true.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Missing => false,
            Self::Text(text) => !text.is_empty(),
            Self::Found(value) => is_true(value),
            Self::Made(value) => is_true(value),
        }
    }

    /// As `==` in conditions: nothing is only nothing's equal.
    pub(super) fn equals(&self, other: &Item<'_>) -> bool {
        match (self, other) {
            (Self::Missing, Item::Missing) => true,
            (Self::Missing, _) | (_, Item::Missing) => false,
            _ => match (self.text(), other.text()) {
                (Some(left), Some(right)) => left == right,
                (None, None) => self.value() == other.value(),
                _ => false,
            },
        }
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Raw(json) => json
            .get(1..)
            .is_some_and(|inside| !inside.trim_start().starts_with([']', '}'])),
    }
}

/// Who asks for an argument, for messages.
#[derive(Clone, Copy)]
pub(super) enum Asker {
    Print,
    Helper(Helper),
}

impl Asker {
    fn does(self) -> Cow<'static, str> {
        match self {
            Self::Print => "prints it".into(),
            Self::Helper(helper) => format!("gives it to `{}`", helper.name()).into(),
        }
    }
}

pub(super) struct Renderer<'z> {
    pub(super) zone: &'z TimeZone,
    out: String,
    pieces: usize,
}

impl Renderer<'_> {
    fn nodes(&mut self, nodes: &[Node], frame: &Frame<'_>) -> Result<(), Trouble> {
        for node in nodes {
            self.pieces += 1;
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Print(argument) => {
                    let text = self.text(argument, frame, Asker::Print)?;
                    self.out.push_str(&text);
                }
                Node::Escaped(argument, escape) => {
                    match self.present(argument, frame, Asker::Print)? {
                        Item::Found(Value::String(text)) => self.out.push_str(&escape.of(text)),
                        _ => {
                            let text = self.text(argument, frame, Asker::Print)?;
                            self.out.push_str(&escape.of_made(&text));
                        }
                    }
                }
                Node::Block(block) => self.block(block, frame)?,
                Node::Comment => {}
            }
            if self.out.len() > Template::MAX_OUTPUT || self.pieces > MOST_PIECES {
                let range = match node {
                    Node::Print(argument) | Node::Escaped(argument, _) => argument.range.clone(),
                    Node::Block(block) => block.subject.range.clone(),
                    Node::Text(_) | Node::Comment => 0..0,
                };
                return Err(too_large(range));
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &Block, frame: &Frame<'_>) -> Result<(), Trouble> {
        let item = self.argument(&block.subject, frame)?;
        // What was only asked for its elements may have been kept as text.
        let parsed = match &item {
            Item::Found(Value::Raw(json)) if block.kind.opens_context() => {
                Value::from_json(json).ok()
            }
            _ => None,
        };
        let item = parsed.as_ref().map_or(item, Item::Found);
        match block.kind {
            BlockKind::If if item.is_true() => self.nodes(&block.body, frame),
            BlockKind::Unless if !item.is_true() => self.nodes(&block.body, frame),
            BlockKind::With => {
                let owned = match &item {
                    Item::Text(text) => Value::from(&**text),
                    Item::Made(value) => value.clone(),
                    Item::Found(_) | Item::Missing => Value::Null,
                };
                let value = match item {
                    Item::Found(value) => value,
                    _ => &owned,
                };
                // An object is a context even where nothing of it is there.
                if !matches!(value, Value::Object(_) | Value::Raw(_)) && !is_true(value) {
                    return self.nodes(&block.inverse, frame);
                }
                self.nodes(
                    &block.body,
                    &Frame {
                        value,
                        position: Position::default(),
                        parent: Some(frame),
                    },
                )
            }
            BlockKind::Each => match item {
                Item::Found(Value::Array(elements)) if !elements.is_empty() => {
                    self.each_element(block, elements, frame)
                }
                Item::Found(Value::Object(members)) if !members.is_empty() => {
                    self.each_member(block, members, frame)
                }
                _ => self.nodes(&block.inverse, frame),
            },
            BlockKind::If | BlockKind::Unless => self.nodes(&block.inverse, frame),
        }
    }

    fn each_element(
        &mut self,
        block: &Block,
        elements: &[Value],
        frame: &Frame<'_>,
    ) -> Result<(), Trouble> {
        for (index, value) in elements.iter().enumerate() {
            let position = Position {
                index,
                key: None,
                last: index + 1 == elements.len(),
            };
            self.turn(block, value, position, frame)?;
        }
        Ok(())
    }

    fn each_member(
        &mut self,
        block: &Block,
        members: &Object,
        frame: &Frame<'_>,
    ) -> Result<(), Trouble> {
        for (index, (key, value)) in members.iter().enumerate() {
            let position = Position {
                index,
                key: Some(key),
                last: index + 1 == members.len(),
            };
            self.turn(block, value, position, frame)?;
        }
        Ok(())
    }

    fn turn(
        &mut self,
        block: &Block,
        value: &Value,
        position: Position<'_>,
        frame: &Frame<'_>,
    ) -> Result<(), Trouble> {
        self.pieces += 1;
        if self.pieces > MOST_PIECES {
            return Err(too_large(block.subject.range.clone()));
        }
        self.nodes(
            &block.body,
            &Frame {
                value,
                position,
                parent: Some(frame),
            },
        )
    }

    pub(super) fn argument<'v>(
        &self,
        argument: &'v Argument,
        frame: &'v Frame<'v>,
    ) -> Result<Item<'v>, Trouble> {
        match &argument.kind {
            ArgumentKind::Literal(value) => Ok(Item::Found(value)),
            ArgumentKind::Name(name) => Ok(find(name, frame)),
            ArgumentKind::Call(helper, arguments) => self.call(*helper, arguments, argument, frame),
        }
    }

    /// An argument that must be there.
    pub(super) fn present<'v>(
        &self,
        argument: &'v Argument,
        frame: &'v Frame<'v>,
        asker: Asker,
    ) -> Result<Item<'v>, Trouble> {
        let item = self.argument(argument, frame)?;
        if item.is_missing() {
            return Err(missing(argument, asker));
        }
        Ok(item)
    }

    /// An argument that must be there and be a scalar, as text.
    pub(super) fn text<'v>(
        &self,
        argument: &'v Argument,
        frame: &'v Frame<'v>,
        asker: Asker,
    ) -> Result<Cow<'v, str>, Trouble> {
        let text = match self.present(argument, frame, asker)? {
            Item::Text(text) => text,
            Item::Found(value) => scalar_text(value)
                .ok_or_else(|| wrong_kind(argument, value, asker, "text, a number or a boolean"))?,
            Item::Made(value) => scalar_text(&value).unwrap_or_default().into_owned().into(),
            Item::Missing => Cow::Borrowed(""),
        };
        // Helpers in helpers could otherwise grow a text without an end.
        if text.len() > Template::MAX_OUTPUT {
            return Err(too_large(argument.range.clone()));
        }
        Ok(text)
    }
}

fn find<'v>(name: &Name, frame: &'v Frame<'v>) -> Item<'v> {
    let position = |up: usize| frame.outward(up).position;
    let start = match name.origin {
        Origin::Root => frame.root().value,
        Origin::Context(up) => frame.outward(up).value,
        Origin::Index(up) => return counted(position(up).index),
        Origin::Key(up) => {
            return match position(up).key {
                Some(key) => Item::Text(key.into()),
                None => counted(position(up).index),
            };
        }
        Origin::First(up) => return Item::Made((position(up).index == 0).into()),
        Origin::Last(up) => return Item::Made(position(up).last.into()),
    };
    let found = name
        .steps
        .iter()
        .try_fold(start, |value, step| match &step.kind {
            StepKind::Name(name) => member(value, name),
            _ => None,
        });
    found.map_or(Item::Missing, Item::Found)
}

fn counted(index: usize) -> Item<'static> {
    Item::Made(Value::from(index as u64))
}

pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(elements) => elements.get(as_index(name)?),
        _ => None,
    }
}

/// How an argument is called in a message.
pub(super) fn named(argument: &Argument) -> String {
    match &argument.kind {
        ArgumentKind::Name(name) => format!("`{}`", name.written),
        ArgumentKind::Call(helper, _) => format!("what `{}` gives", helper.name()),
        ArgumentKind::Literal(_) => "this".to_owned(),
    }
}

fn missing(argument: &Argument, asker: Asker) -> Trouble {
    Trouble::new(
        TroubleKind::Missing,
        format!(
            "{} is missing where the template {}",
            named(argument),
            asker.does()
        ),
        "a value",
        argument.range.clone(),
    )
}

pub(super) fn wrong_kind(
    argument: &Argument,
    value: &Value,
    asker: Asker,
    expected: &str,
) -> Trouble {
    Trouble::new(
        TroubleKind::WrongKind,
        format!(
            "{} is {} where the template {}",
            named(argument),
            value.kind(),
            asker.does()
        ),
        expected,
        argument.range.clone(),
    )
}

pub(super) fn too_large(range: std::ops::Range<usize>) -> Trouble {
    Trouble::new(
        TroubleKind::TooLarge,
        "the template renders too much for this record",
        format!("at most {} bytes", Template::MAX_OUTPUT),
        range,
    )
}
