//! Names, resolved to the context that they start from.

use std::ops::Range;

use super::build::Builder;
use super::scan::Word;
use super::tree::{Argument, ArgumentKind, Name, Origin};
use crate::diagnostic::{Code, nearest};
use crate::expression::{Problem, Step, StepKind};
use crate::record::Number;

const NAME: Code = Code::new("template.name");

/// What `@` names.
const LOCALS: [&str; 5] = ["index", "key", "first", "last", "root"];

impl Builder<'_> {
    /// A name with where it starts.
    pub(super) fn name(&mut self, word: &Word) -> Option<Argument> {
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
