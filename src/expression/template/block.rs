//! Blocks: their heads, their bodies, and what closes them.

use super::build::{ARGUMENTS, BLOCK, Builder, End, MAX_NESTING, Scope};
use super::helper::Helper;
use super::scan::{SYNTAX, Tag, TagKind, Word, WordKind};
use super::tree::{Argument, ArgumentKind, Block, BlockKind, Node};
use crate::diagnostic::{Code, nearest};
use crate::expression::Problem;
use crate::record::Value;

const UNKNOWN_BLOCK: Code = Code::new("template.unknown_block");

impl Builder<'_> {
    /// A block from its opening tag to its closing one; none where the nesting is broken. With it
    /// comes the tag that closed it.
    pub(super) fn block(&mut self, open: &Tag, chained: bool) -> Option<(Block, Tag)> {
        if self.depth >= MAX_NESTING {
            self.too_deep(open.range.clone());
            return None;
        }
        // `{{else if x}}` and `{{^if x}}` open a block behind their first word.
        let words = match open.words.split_first() {
            Some((_, rest)) if chained && open.kind == TagKind::Print => rest,
            _ => open.words.as_slice(),
        };
        let Some((name, rest)) = words.split_first() else {
            self.problem(Problem::error(
                SYNTAX,
                "a block has no name",
                open.range.clone(),
                "expected if, unless, each or with",
            ));
            return None;
        };
        let written = self.of(&name.range);
        let (kind, known) = self.block_kind(&written, name);
        let (subject, parameters) = self.block_head(kind, known, name, rest);
        if kind.opens_context() {
            self.scopes.push(Scope {
                each: kind == BlockKind::Each,
                parameters,
            });
        }
        self.depth += 1;
        let (body, end) = self.nodes();
        self.depth -= 1;
        if kind.opens_context() {
            self.scopes.pop();
        }
        let block = |body, inverse| Block {
            kind,
            subject,
            body,
            inverse,
        };
        match end {
            End::Close(close) => {
                // A chained block is closed by the tag of the block that it belongs to.
                if chained || self.closes(&written, open, &close) {
                    Some((block(body, Vec::new()), close))
                } else {
                    None
                }
            }
            End::Else(tag) => {
                let bare = match tag.kind {
                    TagKind::Inverse => tag.words.is_empty(),
                    _ => tag.words.len() == 1,
                };
                let (inverse, close) = if bare {
                    self.depth += 1;
                    let (inverse, end) = self.nodes();
                    self.depth -= 1;
                    match end {
                        End::Close(close) => (inverse, close),
                        other => {
                            self.not_closed(&written, open, other);
                            return None;
                        }
                    }
                } else {
                    self.depth += 1;
                    let inner = self.block(&tag, true);
                    self.depth -= 1;
                    let (inner, close) = inner?;
                    (vec![Node::Block(Box::new(inner))], close)
                };
                if chained || self.closes(&written, open, &close) {
                    Some((block(body, inverse), close))
                } else {
                    None
                }
            }
            other => {
                self.not_closed(&written, open, other);
                None
            }
        }
    }

    fn not_closed(&mut self, written: &str, open: &Tag, end: End) {
        match end {
            End::Broken => {}
            End::Else(tag) => self.problem(Problem::error(
                BLOCK,
                "a block has one `{{else}}`",
                tag.range,
                "the second one",
            )),
            End::Text | End::Close(_) => self.problem(
                Problem::error(
                    BLOCK,
                    "a block of the template is never closed",
                    open.range.clone(),
                    "opened here",
                )
                .help(format!("expected `{{{{/{written}}}}}` after it")),
            ),
        }
    }

    fn closes(&mut self, written: &str, open: &Tag, close: &Tag) -> bool {
        let found = match close.words.as_slice() {
            [word] => self.of(&word.range),
            _ => String::new(),
        };
        if found == written {
            return true;
        }
        let range = match close.words.as_slice() {
            [word] => word.range.clone(),
            _ => close.range.clone(),
        };
        let mut problem = Problem::error(
            BLOCK,
            "this tag closes another block than the one that is open",
            range,
            format!("expected `{{{{/{written}}}}}`"),
        );
        problem
            .labels
            .push((open.range.clone(), "opened here".to_owned()));
        self.problem(problem);
        false
    }

    /// The kind of a block, and whether its name is one.
    fn block_kind(&mut self, written: &str, name: &Word) -> (BlockKind, bool) {
        if let Some(kind) = BlockKind::named(written) {
            return (kind, true);
        }
        let near = nearest(written, BlockKind::ALL.iter().map(|(name, _)| *name));
        let help = if let Some(near) = near {
            format!("did you mean `#{near}`?")
        } else if Helper::named(written).is_some() {
            format!("write `{{{{#if ({written} …)}}}}`")
        } else {
            format!("write `{{{{#if {written}}}}}` or `{{{{#each {written}}}}}`")
        };
        self.problem(
            Problem::error(
                UNKNOWN_BLOCK,
                format!("`{written}` is not a block"),
                name.range.clone(),
                "expected if, unless, each or with",
            )
            .help(help),
        );
        // As one that allows most inside it, so that this one mistake is not reported twice.
        let meant = near.and_then(BlockKind::named).unwrap_or(BlockKind::Each);
        (meant, false)
    }

    /// The subject and the names after `as`.
    fn block_head(
        &mut self,
        kind: BlockKind,
        known: bool,
        name: &Word,
        words: &[Word],
    ) -> (Argument, Vec<String>) {
        let before = self.problems.len();
        let bar = words.iter().position(|word| word.kind == WordKind::Bar);
        let (subjects, parameters) = match bar.and_then(|bar| bar.checked_sub(1)) {
            Some(at) if words.get(at).map(|word| self.of(&word.range)).as_deref() == Some("as") => {
                let (subjects, rest) = words.split_at(at);
                (subjects, self.block_parameters(kind, rest))
            }
            _ => (words, Vec::new()),
        };
        let arguments = self.arguments(subjects);
        let count = arguments.as_ref().map_or(0, Vec::len);
        let subject = arguments
            .filter(|all| all.len() == 1)
            .and_then(|mut all| all.pop());
        if known && subject.is_none() && self.problems.len() == before {
            let end = words.last().map_or(name.range.end, |word| word.range.end);
            self.problem(Problem::error(
                ARGUMENTS,
                format!("`#{}` has {count} arguments", kind.name()),
                name.range.start..end,
                format!("expected `#{} VALUE`", kind.name()),
            ));
        }
        let nothing = || Argument {
            kind: ArgumentKind::Literal(Value::Null),
            range: name.range.clone(),
        };
        (subject.unwrap_or_else(nothing), parameters)
    }

    /// `as |value key|`.
    fn block_parameters(&mut self, kind: BlockKind, words: &[Word]) -> Vec<String> {
        let most = match kind {
            BlockKind::Each => 2,
            BlockKind::With => 1,
            BlockKind::If | BlockKind::Unless => 0,
        };
        if let [_, open, names @ .., close] = words
            && open.kind == WordKind::Bar
            && close.kind == WordKind::Bar
            && (1..=most).contains(&names.len())
            && names.iter().all(|name| {
                name.kind == WordKind::Bare && !self.of(&name.range).contains(['.', '/', '@', '['])
            })
        {
            return names.iter().map(|name| self.of(&name.range)).collect();
        }
        let range = match (words.first(), words.last()) {
            (Some(first), Some(last)) => first.range.start..last.range.end,
            _ => 0..0,
        };
        let expected = match kind {
            BlockKind::Each => "expected `as |value key|`",
            BlockKind::With => "expected `as |value|`",
            BlockKind::If | BlockKind::Unless => "this block gives no names",
        };
        self.problem(Problem::error(
            ARGUMENTS,
            "these names of a block are not right",
            range,
            expected,
        ));
        Vec::new()
    }
}
