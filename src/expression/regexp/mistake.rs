//! What a pattern says that I-Regexp has not, and the pattern as it has it.

use std::ops::Range;

use super::translate::{literally, translate};
use super::{ANCHOR, TOO_LARGE};
use crate::diagnostic::Code;
use crate::expression::Problem;

/// How many mistakes of one pattern are corrected before giving up.
const MAX_CORRECTIONS: usize = 32;

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::expression) struct PatternMistake {
    pub(super) code: Code,
    pub(super) message: String,
    /// Its bytes in the pattern.
    pub(super) range: Range<usize>,
    pub(super) expected: String,
    /// What to do, where nothing can be put in its place.
    pub(super) advice: String,
    /// What stands in its place in an I-Regexp.
    pub(super) instead: Option<String>,
}

impl PatternMistake {
    pub(super) fn too_large(text: &str) -> Self {
        Self {
            code: TOO_LARGE,
            message: "the pattern is too large".to_owned(),
            range: 0..text.len(),
            expected: "expected a smaller pattern".to_owned(),
            advice: "use smaller repetitions than `{1,1000}`, and fewer in one another".to_owned(),
            instead: None,
        }
    }

    /// Its bytes in the pattern.
    pub(in crate::expression) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The problem at a range of the expression; `pattern` is the whole text, an argument of
    /// `function`.
    pub(in crate::expression) fn at(
        self,
        range: Range<usize>,
        pattern: &str,
        function: &str,
    ) -> Problem {
        let help = self.help(pattern, function);
        Problem::error(self.code, self.message, range, self.expected).help(help)
    }

    fn help(&self, pattern: &str, function: &str) -> String {
        if self.code == ANCHOR {
            return format!(
                "write `match(…, {})`; to mean the character there, write `[$]` or `\\\\^`",
                quoted(&unanchored(pattern, function == "search"))
            );
        }
        let Some(instead) = &self.instead else {
            return self.advice.clone();
        };
        match (corrected(pattern), instead.is_empty()) {
            (Some(corrected), true) => format!("leave it out: `{}`", quoted(&corrected)),
            (Some(corrected), false) if corrected != *instead => {
                format!("write `{instead}`: `{}`", quoted(&corrected))
            }
            (_, true) => "leave it out".to_owned(),
            (_, false) => format!("write `{instead}`"),
        }
    }
}

/// The pattern with everything in place that can be put there.
fn corrected(pattern: &str) -> Option<String> {
    let mut text = pattern.to_owned();
    for _ in 0..MAX_CORRECTIONS {
        match translate(&text, true) {
            Ok(_) => return Some(text),
            Err(mistake) => {
                text.get(mistake.range.clone())?;
                text.replace_range(mistake.range, &mistake.instead?);
            }
        }
    }
    None
}

/// What a pattern with anchors meant, for `match`; `part`: what is not anchored may stand anywhere.
fn unanchored(pattern: &str, part: bool) -> String {
    let branches: Vec<String> = branches(pattern)
        .into_iter()
        .map(|branch| {
            let (start, inner) = match branch.strip_prefix('^') {
                Some(inner) => (true, inner),
                None => (false, branch),
            };
            let (end, inner) = match inner
                .strip_suffix('$')
                .filter(|inner| !inner.ends_with('\\'))
            {
                Some(inner) => (true, inner),
                None => (false, inner),
            };
            // Where `^` stands last or `$` first only the character can be meant.
            let inner = match inner.strip_prefix('$') {
                Some(rest) => format!("{}{rest}", literally('$')),
                None => inner.to_owned(),
            };
            let inner = match inner.strip_suffix('^').filter(|rest| !rest.ends_with('\\')) {
                Some(rest) => format!("{rest}{}", literally('^')),
                None => inner,
            };
            let before = if part && !start && !inner.starts_with(".*") {
                ".*"
            } else {
                ""
            };
            // Who anchors the start alone of what is to match wholly means any end.
            let after = if (part || start) && !end && !inner.ends_with(".*") {
                ".*"
            } else {
                ""
            };
            format!("{before}{inner}{after}")
        })
        .collect();
    let joined = branches.join("|");
    corrected(&joined).unwrap_or(joined)
}

/// The branches of a pattern's own `|`, not those of its groups and classes.
fn branches(pattern: &str) -> Vec<&str> {
    let (mut start, mut groups, mut class, mut escaped) = (0, 0_usize, false, false);
    let mut found = Vec::new();
    for (at, one) in pattern.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match one {
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => groups += 1,
            ')' if !class => groups = groups.saturating_sub(1),
            '|' if !class && groups == 0 => {
                found.extend(pattern.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(pattern.get(start..));
    found
}

/// A text as a string literal of an expression.
fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for one in text.chars() {
        match one {
            '\'' | '\\' => out.extend(['\\', one]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            one => out.push(one),
        }
    }
    out.push('\'');
    out
}
