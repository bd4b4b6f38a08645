//! A template as it is evaluated.

use std::ops::Range;
use std::sync::Arc;

use super::helper::Helper;
use crate::expression::{Escape, Step};
use crate::record::Value;

/// One piece of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Literal text, white space control done.
    Text(String),
    /// `{{…}}`.
    Print(Argument),
    /// `{{…}}` in a text of another language, and how that writes a text.
    Escaped(Argument, Escape),
    /// `{{#…}}…{{/…}}`.
    Block(Box<Block>),
    /// `{{!…}}`; gone once it is paired with the crate's tree.
    Comment,
}

/// A block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) subject: Argument,
    pub(super) body: Vec<Node>,
    pub(super) inverse: Vec<Node>,
}

/// What a block does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    If,
    Unless,
    Each,
    With,
}

impl BlockKind {
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("if", Self::If),
        ("unless", Self::Unless),
        ("each", Self::Each),
        ("with", Self::With),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| *name)
    }

    /// Its body has a context of its own.
    pub(super) const fn opens_context(self) -> bool {
        matches!(self, Self::Each | Self::With)
    }
}

/// What is printed, tested or given to a helper.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) kind: ArgumentKind,
    pub(super) range: Range<usize>,
}

/// The kinds of arguments.
#[derive(Clone, Debug)]
pub(super) enum ArgumentKind {
    /// A text, number, boolean or null.
    Literal(Value),
    /// A name.
    Name(Name),
    /// A helper and its arguments.
    Call(Helper, Vec<Argument>),
}

/// A name, resolved to the context that it starts from.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) origin: Origin,
    /// From there on; indexes stand as names of digits.
    pub(super) steps: Vec<Step>,
    /// As written, for messages.
    pub(super) written: Arc<str>,
}

/// Where a name starts; numbers count contexts outwards, 0 is the innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The record.
    Root,
    /// The value of a context.
    Context(usize),
    /// `@index` of an `#each`.
    Index(usize),
    /// `@key` of an `#each`.
    Key(usize),
    /// `@first` of an `#each`.
    First(usize),
    /// `@last` of an `#each`.
    Last(usize),
}

/// Marks what is printed as to be escaped.
pub(super) fn escape_printed(nodes: &mut [Node], how: Escape) {
    for node in nodes {
        match node {
            Node::Print(argument) => {
                let done = matches!(argument.kind, ArgumentKind::Call(Helper::EscapeHtml, _));
                if !done {
                    *node = Node::Escaped(argument.clone(), how);
                }
            }
            Node::Block(block) => {
                escape_printed(&mut block.body, how);
                escape_printed(&mut block.inverse, how);
            }
            Node::Text(_) | Node::Escaped(..) | Node::Comment => {}
        }
    }
}

pub(super) fn replace_text(nodes: &mut [Node], replace: &mut dyn FnMut(&str) -> String) {
    for node in nodes {
        match node {
            Node::Text(text) => {
                if text.contains('$') {
                    *text = replace(text);
                }
            }
            Node::Print(argument) | Node::Escaped(argument, _) => {
                replace_argument(argument, replace);
            }
            Node::Block(block) => {
                replace_argument(&mut block.subject, replace);
                replace_text(&mut block.body, replace);
                replace_text(&mut block.inverse, replace);
            }
            Node::Comment => {}
        }
    }
}

fn replace_argument(argument: &mut Argument, replace: &mut dyn FnMut(&str) -> String) {
    match &mut argument.kind {
        ArgumentKind::Literal(Value::String(text)) if text.contains('$') => {
            *text = replace(text).into();
        }
        ArgumentKind::Call(_, arguments) => {
            for argument in arguments {
                replace_argument(argument, replace);
            }
        }
        ArgumentKind::Literal(_) | ArgumentKind::Name(_) => {}
    }
}
