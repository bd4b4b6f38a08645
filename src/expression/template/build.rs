//! Tags to the tree that is evaluated: blocks matched, names resolved, helpers checked.

use std::ops::Range;

use jiff::{Timestamp, tz::TimeZone};

use super::helper::Helper;
use super::scan::{SYNTAX, Tag, TagKind, Word, WordKind};
use super::tree::{Argument, ArgumentKind, Block, BlockKind, Name, Node, Origin};
use crate::diagnostic::{Code, nearest};
use crate::expression::{Problem, Step, StepKind};
use crate::record::{Number, Value};

const UNKNOWN_HELPER: Code = Code::new("template.unknown_helper");
const UNKNOWN_BLOCK: Code = Code::new("template.unknown_block");
const ARGUMENTS: Code = Code::new("template.arguments");
const BLOCK: Code = Code::new("template.block");
const NAME: Code = Code::new("template.name");
const TOO_DEEP: Code = Code::new("template.too_deep");

/// How deep blocks may be nested, and helpers in helpers.
const MAX_NESTING: usize = 64;

/// What `@` names.
const LOCALS: [&str; 5] = ["index", "key", "first", "last", "root"];

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

struct Builder<'t> {
    text: &'t str,
    tags: std::vec::IntoIter<Tag>,
    /// The contexts that blocks have opened, outermost first; the record is none of them.
    scopes: Vec<Scope>,
    problems: Vec<Problem>,
    depth: usize,
}

struct Scope {
    each: bool,
    /// Names of its value and key.
    parameters: Vec<String>,
}

/// Why a run of nodes ends.
enum End {
    Text,
    Close(Tag),
    Else(Tag),
    /// After a mistake in the nesting nothing more can be said.
    Broken,
}

impl Builder<'_> {
    fn of(&self, range: &Range<usize>) -> String {
        self.text.get(range.clone()).unwrap_or_default().to_owned()
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn nodes(&mut self) -> (Vec<Node>, End) {
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
                jiff::fmt::strtime::format(&**format, &sample)
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

    fn arguments(&mut self, words: &[Word]) -> Option<Vec<Argument>> {
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

    fn too_deep(&mut self, range: Range<usize>) {
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

    /// A block from its opening tag to its closing one; none where the nesting is broken. With it
    /// comes the tag that closed it.
    fn block(&mut self, open: &Tag, chained: bool) -> Option<(Block, Tag)> {
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

    /// A name with where it starts.
    fn name(&mut self, word: &Word) -> Option<Argument> {
        let written = self.of(&word.range);
        let resolved = self.resolve(&written, word.range.start);
        match resolved {
            Ok((origin, steps)) => Some(Argument {
                kind: ArgumentKind::Name(Name {
                    origin,
                    steps,
                    written: written.into(),
                }),
                range: word.range.clone(),
            }),
            Err(problem) => {
                self.problem(problem);
                None
            }
        }
    }

    fn resolve(&self, written: &str, start: usize) -> Result<(Origin, Vec<Step>), Problem> {
        let wrong = |range: Range<usize>, label: &str| {
            Problem::error(
                NAME,
                "this is not a name that Handlebars reads",
                range,
                label,
            )
        };
        let whole = start..start + written.len();
        let innermost = if self.scopes.is_empty() {
            Origin::Root
        } else {
            Origin::Context(0)
        };
        if let Some(local) = written.strip_prefix('@') {
            if let Some(rest) = local.strip_prefix("root") {
                if rest.is_empty() {
                    return Ok((Origin::Root, Vec::new()));
                }
                if let Some(rest) = rest.strip_prefix(['.', '/']) {
                    return Ok((Origin::Root, steps(rest, start + 6)?));
                }
            }
            return self.local(local, whole).map(|origin| (origin, Vec::new()));
        }
        let mut rest = written;
        let mut at = start;
        let mut explicit = false;
        let mut up = 0;
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
            at += 2;
            explicit = true;
        }
        while let Some(after) = rest.strip_prefix("../") {
            up += 1;
            rest = after;
            at += 3;
            explicit = true;
        }
        if rest == ".." || rest == "." {
            let outward = if rest == ".." { "../" } else { "" };
            let before = written.strip_suffix(rest).unwrap_or_default();
            return Err(wrong(whole, "expected a name after it")
                .help(format!("write `{before}{outward}this`")));
        }
        if up > self.scopes.len() {
            return Err(Problem::error(
                NAME,
                "there is no context that far outside",
                whole,
                match self.scopes.len() {
                    0 => "this stands in no `#each` or `#with`".to_owned(),
                    many => format!("this stands in {many} of `#each` and `#with`"),
                },
            ));
        }
        let origin = if up == self.scopes.len() {
            Origin::Root
        } else {
            Origin::Context(up)
        };
        if rest == "this" {
            return Ok((origin, Vec::new()));
        }
        if let Some(after) = rest
            .strip_prefix("this")
            .and_then(|after| after.strip_prefix(['.', '/']))
        {
            return Ok((origin, steps(after, at + 5)?));
        }
        let mut steps = steps(rest, at)?;
        if explicit {
            return Ok((origin, steps));
        }
        if let Some(found) = self.parameter(rest) {
            steps.remove(0);
            if !matches!(found, Origin::Context(_)) && !steps.is_empty() {
                return Err(wrong(whole, "an index or key has no members"));
            }
            return Ok((found, steps));
        }
        Ok((innermost, steps))
    }

    /// The block that gives the first step of a name.
    fn parameter(&self, name: &str) -> Option<Origin> {
        let first = name.split(['.', '/']).next().unwrap_or_default();
        self.scopes
            .iter()
            .rev()
            .enumerate()
            .find_map(|(up, scope)| {
                let index = scope.parameters.iter().position(|known| known == first)?;
                Some(match index {
                    0 => Origin::Context(up),
                    _ => Origin::Key(up),
                })
            })
    }

    /// `@index` and its kin.
    fn local(&self, written: &str, whole: Range<usize>) -> Result<Origin, Problem> {
        let mut name = written;
        let mut up = 0;
        while let Some(after) = name.strip_prefix("../") {
            name = after;
            up += 1;
        }
        let make: fn(usize) -> Origin = match name {
            "index" => Origin::Index,
            "key" => Origin::Key,
            "first" => Origin::First,
            "last" => Origin::Last,
            other => {
                let problem = Problem::error(
                    NAME,
                    format!("there is no `@{other}`"),
                    whole,
                    "expected @index, @key, @first, @last or @root",
                );
                return Err(match nearest(other, LOCALS) {
                    Some(near) => problem.help(format!("did you mean `@{near}`?")),
                    None => problem,
                });
            }
        };
        self.scopes
            .iter()
            .rev()
            .enumerate()
            .filter(|(_, scope)| scope.each)
            .nth(up)
            .map(|(context, _)| make(context))
            .ok_or_else(|| {
                Problem::error(
                    NAME,
                    format!("`@{name}` stands in no `#each` that it could be of"),
                    whole,
                    "only inside `#each`",
                )
            })
    }
}

/// The steps of a name without its start.
fn steps(written: &str, start: usize) -> Result<Vec<Step>, Problem> {
    let wrong = |range: Range<usize>, label: &str| {
        Problem::error(
            NAME,
            "this is not a name that Handlebars reads",
            range,
            label,
        )
    };
    let mut steps = Vec::new();
    let mut rest = written;
    let mut at = start;
    loop {
        let (name, length) = if let Some(bracketed) = rest.strip_prefix('[') {
            let inside = bracketed.split(']').next().unwrap_or_default();
            (inside, inside.len() + 2)
        } else {
            let end = rest.find(['.', '/', '[', '@']).unwrap_or(rest.len());
            let name = rest.get(..end).unwrap_or_default();
            if name.is_empty() {
                let end = at + rest.chars().next().map_or(0, char::len_utf8);
                let from = if end == at { at.saturating_sub(1) } else { at };
                return Err(wrong(from..end.max(at), "expected a name here"));
            }
            if name == "this" {
                return Err(wrong(at..at + 4, "`this` stands only at the start"));
            }
            (name, end)
        };
        let inner = if rest.starts_with('[') { 1 } else { 0 };
        steps.push(Step {
            kind: StepKind::Name(name.into()),
            range: at + inner..at + inner + name.len(),
        });
        rest = rest.get(length..).unwrap_or_default();
        at += length;
        match rest.chars().next() {
            None => return Ok(steps),
            Some('.' | '/') => {
                rest = rest.get(1..).unwrap_or_default();
                at += 1;
            }
            Some('[') => {
                let dotted = written.replacen('[', ".[", 1);
                return Err(
                    wrong(at..at + 1, "expected `.` before it").help(format!("write `{dotted}`"))
                );
            }
            Some(other) => {
                return Err(wrong(at..at + other.len_utf8(), "expected `.` here"));
            }
        }
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

/// The index that a step's name is on a list.
pub(super) fn as_index(name: &str) -> Option<usize> {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| name.parse().ok()).flatten()
}

/// The index that a key is on a list.
pub(super) fn number_as_index(number: Number) -> Option<usize> {
    number
        .as_i64()
        .and_then(|index| usize::try_from(index).ok())
}
