//! Tags to the tree that is evaluated: blocks matched, names resolved, helpers checked.

use std::ops::Range;

use jiff::{Timestamp, tz::TimeZone};

use super::helper::Helper;
use super::name::number_as_index;
use super::scan::{SYNTAX, Tag, TagKind, Word, WordKind};
use super::tree::{Argument, ArgumentKind, BlockKind, Node};
use crate::diagnostic::{Code, nearest};
use crate::expression::Problem;
use crate::record::Value;

const UNKNOWN_HELPER: Code = Code::new("template.unknown_helper");
pub(super) const ARGUMENTS: Code = Code::new("template.arguments");
pub(super) const BLOCK: Code = Code::new("template.block");
const TOO_DEEP: Code = Code::new("template.too_deep");

/// How deep blocks may be nested, and helpers in helpers.
pub(super) const MAX_NESTING: usize = 64;

/// Builds the tree, yet without its literal text.
pub(super) fn build(text: &str, tags: Vec<Tag>) -> Result<Vec<Node>, Vec<Problem>> {
    let mut builder = Builder {
        text,
        tags: tags.into_iter(),
        scopes: Vec::new(),
        problems: Vec::new(),
        depth: 0,
    };
    let nodes = match builder.nodes() {
        (nodes, End::Text) => nodes,
        (nodes, End::Close(tag) | End::Else(tag)) => {
            builder.problems.push(Problem::error(
                BLOCK,
                "this tag belongs to no block",
                tag.range,
                "no block is open here",
            ));
            nodes
        }
        (nodes, End::Broken) => nodes,
    };
    if builder.problems.is_empty() {
        Ok(nodes)
    } else {
        Err(builder.problems)
    }
}

pub(super) struct Builder<'t> {
    pub(super) text: &'t str,
    tags: std::vec::IntoIter<Tag>,
    /// The contexts that blocks have opened, outermost first; the record is none of them.
    pub(super) scopes: Vec<Scope>,
    pub(super) problems: Vec<Problem>,
    pub(super) depth: usize,
}

pub(super) struct Scope {
    pub(super) each: bool,
    /// Names of its value and key.
    pub(super) parameters: Vec<String>,
}

/// Why a run of nodes ends.
pub(super) enum End {
    Text,
    Close(Tag),
    Else(Tag),
    /// After a mistake in the nesting nothing more can be said.
    Broken,
}

impl Builder<'_> {
    pub(super) fn of(&self, range: &Range<usize>) -> String {
        self.text.get(range.clone()).unwrap_or_default().to_owned()
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn nodes(&mut self) -> (Vec<Node>, End) {
        let mut nodes = Vec::new();
        while let Some(tag) = self.tags.next() {
            match tag.kind {
                TagKind::Comment => nodes.push(Node::Comment),
                TagKind::Close => return (nodes, End::Close(tag)),
                TagKind::Inverse => return (nodes, End::Else(tag)),
                TagKind::Print if self.is_else(&tag) => return (nodes, End::Else(tag)),
                TagKind::Print => {
                    let printed = self.printed(&tag);
                    nodes.extend(printed.map(Node::Print));
                }
                TagKind::Open => match self.block(&tag, false) {
                    Some(block) => nodes.push(Node::Block(Box::new(block.0))),
                    None => return (nodes, End::Broken),
                },
            }
        }
        (nodes, End::Text)
    }

    fn is_else(&self, tag: &Tag) -> bool {
        tag.words
            .first()
            .is_some_and(|word| self.text.get(word.range.clone()) == Some("else"))
    }

    /// `{{name}}`, `{{helper …}}`, `{{"text"}}`.
    fn printed(&mut self, tag: &Tag) -> Option<Argument> {
        match tag.words.as_slice() {
            [] => {
                self.problem(Problem::error(
                    SYNTAX,
                    "nothing is printed here",
                    tag.range.clone(),
                    "expected a name or helper",
                ));
                None
            }
            [word] if word.kind == WordKind::Bare => {
                let written = self.of(&word.range);
                if let Some(helper) = Helper::named(&written) {
                    self.wrong_count(helper, 0, word.range.clone());
                    return None;
                }
                if BlockKind::named(&written).is_some() {
                    self.block_inline(&written, word.range.clone());
                    return None;
                }
                self.name(word)
            }
            [word] if word.kind == WordKind::Quoted => self.literal_text(word),
            words
                if words
                    .first()
                    .is_some_and(|word| word.kind == WordKind::Left) =>
            {
                let mut arguments = self.arguments(words)?;
                if arguments.len() == 1 {
                    return arguments.pop();
                }
                self.problem(Problem::error(
                    SYNTAX,
                    "a helper's name stands first in a tag",
                    tag.range.clone(),
                    "expected one pair of parentheses, or a helper",
                ));
                None
            }
            words => self.call(words, words.first()?.range.start..words.last()?.range.end),
        }
    }

    fn wrong_count(&mut self, helper: Helper, found: usize, range: Range<usize>) {
        let arguments = match found {
            0 => "no argument".to_owned(),
            1 => "1 argument".to_owned(),
            many => format!("{many} arguments"),
        };
        let mut problem = Problem::error(
            ARGUMENTS,
            format!("`{}` has {arguments}", helper.name()),
            range,
            format!("expected `{}`", helper.usage()),
        );
        if found == 0 {
            problem = problem.help(format!(
                "a field of that name is printed by `{{{{this.{}}}}}`",
                helper.name()
            ));
        }
        self.problem(problem);
    }

    fn block_inline(&mut self, name: &str, range: Range<usize>) {
        self.problem(
            Problem::error(
                UNKNOWN_HELPER,
                format!("`{name}` is a block, not a helper"),
                range,
                format!("expected `#{name}`"),
            )
            .help(format!("write `{{{{#{name} …}}}}…{{{{/{name}}}}}`")),
        );
    }

    /// A helper's name and its arguments.
    fn call(&mut self, words: &[Word], range: Range<usize>) -> Option<Argument> {
        let (first, rest) = words.split_first()?;
        let written = self.of(&first.range);
        let helper = match first.kind {
            WordKind::Bare => Helper::named(&written),
            _ => None,
        };
        let Some(helper) = helper else {
            if BlockKind::named(&written).is_some() {
                self.block_inline(&written, first.range.clone());
                return None;
            }
            let mut problem = Problem::error(
                UNKNOWN_HELPER,
                format!("`{written}` is not a helper"),
                first.range.clone(),
                "expected a helper",
            );
            let swapped = rest
                .iter()
                .map(|word| self.of(&word.range))
                .find(|word| Helper::named(word).is_some());
            problem = if let Some(helper) = swapped {
                problem.help(format!("the helper comes first: `{helper} {written}`"))
            } else if let Some(near) = nearest(&written, Helper::names()) {
                problem.help(format!("did you mean `{near}`?"))
            } else {
                let all: Vec<_> = Helper::names().collect();
                problem.help(format!("the helpers are {}", all.join(", ")))
            };
            self.problem(problem);
            return None;
        };
        let arguments = self.arguments(rest)?;
        if !helper.takes(arguments.len()) {
            self.wrong_count(helper, arguments.len(), range);
            return None;
        }
        self.check_literals(helper, &arguments);
        Some(Argument {
            kind: ArgumentKind::Call(helper, arguments),
            range,
        })
    }

    /// What can be said of literal arguments before any record is there.
    fn check_literals(&mut self, helper: Helper, arguments: &[Argument]) {
        let literal = |index: usize| match arguments.get(index) {
            Some(Argument {
                kind: ArgumentKind::Literal(value),
                range,
            }) => Some((value, range.clone())),
            _ => None,
        };
        let wrong = match (helper, literal(1)) {
            (Helper::Truncate, Some((value, range))) => {
                let length = match value {
                    Value::Number(number) => number_as_index(*number),
                    _ => None,
                };
                length
                    .is_none()
                    .then_some((range, "expected a number of characters"))
            }
            (Helper::Replace, Some((Value::String(from), range))) if from.is_empty() => {
                Some((range, "expected a text that is not empty"))
            }
            // What stands for `${…}` is not known yet.
            (Helper::Date, Some((Value::String(format), range))) if !format.contains("${") => {
                let sample = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
                jiff::fmt::strtime::format(&***format, &sample)
                    .is_err()
                    .then_some((range, "expected a strftime format, as \"%Y-%m-%d\""))
            }
            (Helper::Date, Some((value, range))) if !matches!(value, Value::String(_)) => {
                Some((range, "expected a strftime format, as \"%Y-%m-%d\""))
            }
            _ => None,
        };
        if let Some((range, expected)) = wrong {
            self.problem(Problem::error(
                ARGUMENTS,
                format!("`{}` does not take this", helper.name()),
                range,
                expected,
            ));
        }
    }

    pub(super) fn arguments(&mut self, words: &[Word]) -> Option<Vec<Argument>> {
        let mut arguments = Vec::new();
        let mut rest = words;
        let before = self.problems.len();
        while let Some((word, after)) = rest.split_first() {
            rest = after;
            let argument = match word.kind {
                WordKind::Quoted => self.literal_text(word),
                WordKind::Bare if after.first().map(|next| next.kind) == Some(WordKind::Equals) => {
                    self.problem(Problem::error(
                        ARGUMENTS,
                        "helpers and blocks have no named arguments",
                        word.range.clone(),
                        "not part of the language",
                    ));
                    return None;
                }
                WordKind::Bare => match self.literal(word) {
                    Some(value) => Some(Argument {
                        kind: ArgumentKind::Literal(value),
                        range: word.range.clone(),
                    }),
                    None => self.name(word),
                },
                WordKind::Left => {
                    let Some(end) = matching(rest) else {
                        self.problem(Problem::error(
                            SYNTAX,
                            "a parenthesis is never closed",
                            word.range.clone(),
                            "expected a closing `)`",
                        ));
                        return None;
                    };
                    let (inside, after) = rest.split_at(end);
                    let close = after.first().map_or(word.range.end, |word| word.range.end);
                    rest = after.get(1..).unwrap_or_default();
                    self.nested(inside, word.range.start..close)
                }
                WordKind::Right | WordKind::Bar | WordKind::Equals => {
                    self.problem(Problem::error(
                        SYNTAX,
                        "the template is not valid Handlebars",
                        word.range.clone(),
                        "does not stand here",
                    ));
                    return None;
                }
            };
            arguments.extend(argument);
        }
        (self.problems.len() == before).then_some(arguments)
    }

    fn nested(&mut self, inside: &[Word], range: Range<usize>) -> Option<Argument> {
        if self.depth >= MAX_NESTING {
            self.too_deep(range.start..range.start + 1);
            return None;
        }
        if inside.is_empty() {
            self.problem(Problem::error(
                SYNTAX,
                "nothing stands in these parentheses",
                range,
                "expected a helper",
            ));
            return None;
        }
        if let [only] = inside
            && let Some(helper) = Helper::named(&self.of(&only.range))
        {
            self.wrong_count(helper, 0, only.range.clone());
            return None;
        }
        self.depth += 1;
        let call = self.call(inside, range);
        self.depth -= 1;
        call
    }

    pub(super) fn too_deep(&mut self, range: Range<usize>) {
        self.problem(Problem::error(
            TOO_DEEP,
            format!("the template is nested deeper than {MAX_NESTING} levels"),
            range,
            "too deep",
        ));
    }

    fn literal(&self, word: &Word) -> Option<Value> {
        let text = self.text.get(word.range.clone())?;
        match text {
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            "null" => Some(Value::Null),
            _ => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                if !digits.starts_with(|first: char| first.is_ascii_digit()) {
                    return None;
                }
                Value::from_json(text)
                    .ok()
                    .filter(|value| matches!(value, Value::Number(_)))
            }
        }
    }

    fn literal_text(&mut self, word: &Word) -> Option<Argument> {
        let written = self.text.get(word.range.clone()).unwrap_or_default();
        let json = if written.starts_with('\'') {
            let inside = written
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''))
                .unwrap_or_default();
            format!("\"{}\"", inside.replace("\\'", "'").replace('"', "\\\""))
        } else {
            written.to_owned()
        };
        // Line breaks may stand in a text of a template; JSON wants them escaped.
        if let Ok(value) = serde_json::from_str::<String>(&json) {
            return Some(Argument {
                kind: ArgumentKind::Literal(value.into()),
                range: word.range.clone(),
            });
        }
        self.problem(Problem::error(
            SYNTAX,
            "this text in the template is not one that Handlebars reads",
            word.range.clone(),
            "expected JSON's escapes and no line breaks",
        ));
        None
    }
}

/// Where the parenthesis that is open before these words closes.
fn matching(words: &[Word]) -> Option<usize> {
    let mut depth = 0_usize;
    words.iter().position(|word| {
        match word.kind {
            WordKind::Left => depth += 1,
            WordKind::Right if depth == 0 => return true,
            WordKind::Right => depth -= 1,
            _ => {}
        }
        false
    })
}
