//! The values that a person meant in a line of YAML, whatever YAML makes of them.

use std::ops::Range;

/// A stretch of a line that is meant as one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meant {
    /// Its bytes in the line.
    pub(super) range: Range<usize>,
    /// It stands between brackets or braces.
    pub(super) flow: bool,
}

/// The meant values of a line; `in_flow` where the line begins inside brackets or braces.
pub(super) fn meant(line: &str, in_flow: bool) -> Vec<Meant> {
    let mut scan = Scan {
        line,
        at: 0,
        found: Vec::new(),
    };
    scan.skip(|one| one == ' ' || one == '\t' || one == '\u{feff}');
    while scan.rest().starts_with("- ") {
        scan.at += 2;
        scan.skip(|one| one == ' ');
    }
    if in_flow {
        scan.flow();
        return scan.found;
    }
    if !scan.at_value() {
        let rest = scan.rest();
        if let Some(colon) = rest.find(": ") {
            scan.at += colon + 2;
            scan.skip(|one| one == ' ');
        }
    }
    let rest = scan.rest();
    if !rest.starts_with("{{") && rest.starts_with(['{', '[']) {
        scan.flow();
    } else {
        let end = scan.at + without_comment(rest).trim_end().len();
        scan.push(scan.at..end, false);
    }
    scan.found
}

/// The meant value at a byte of the line: the one that holds it, else the last one before it.
pub(super) fn meant_at(line: &str, in_flow: bool, byte: usize) -> Option<Meant> {
    let mut all = meant(line, in_flow);
    let index = all
        .iter()
        .position(|one| one.range.start <= byte && byte <= one.range.end)
        .or_else(|| all.iter().rposition(|one| one.range.start <= byte))?;
    Some(all.swap_remove(index))
}

/// The line as it should be: without indentation, the value in quotes.
pub(super) fn with_quotes(line: &str, value: &Range<usize>) -> String {
    let text = line.get(value.clone()).unwrap_or_default();
    let before = line.get(..value.start).unwrap_or_default();
    let after = line.get(value.end..).unwrap_or_default();
    format!("{before}{}{after}", quoted(text)).trim().to_owned()
}

/// The text in single quotes, as YAML writes them; a quote that only closes is the one it lacks.
fn quoted(text: &str) -> String {
    let text = match text.strip_suffix(['"', '\'']) {
        Some(rest) if closes_only(text) => rest,
        _ => text,
    };
    format!("'{}'", text.replace('\'', "''"))
}

/// The quote that a text opens and never closes, as text of a path, condition or template.
pub(super) fn unclosed_quote(text: &str) -> Option<char> {
    let mut open = None;
    let mut escaped = false;
    for one in text.chars() {
        match open {
            Some(_) if escaped => escaped = false,
            Some(_) if one == '\\' => escaped = true,
            Some(quote) if one == quote => open = None,
            None if matches!(one, '"' | '\'') => open = Some(one),
            _ => {}
        }
    }
    open
}

/// True where a text ends with a quote that was never opened: the first one was left out.
fn closes_only(text: &str) -> bool {
    let Some(quote) = text
        .chars()
        .next_back()
        .filter(|one| matches!(one, '"' | '\''))
    else {
        return false;
    };
    let before = text.strip_suffix(quote).unwrap_or_default();
    !before.contains(quote) && !before.ends_with([' ', '(', '=', '[', ','])
}

/// True for what looks like a path, condition or template.
pub(super) fn is_expression(text: &str) -> bool {
    ["$.", "$[", "{{", " == ", " != "]
        .iter()
        .any(|mark| text.contains(mark))
}

/// The text up to a comment that does not begin inside quotes.
fn without_comment(text: &str) -> &str {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(" #")) {
        let before = text.get(..from + found).unwrap_or_default();
        if unclosed_quote(before).is_none() {
            return before;
        }
        from += found + 2;
    }
    text
}

struct Scan<'l> {
    line: &'l str,
    at: usize,
    found: Vec<Meant>,
}

impl<'l> Scan<'l> {
    fn rest(&self) -> &'l str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(unwanted).len();
    }

    /// True where a value begins here, not a key.
    fn at_value(&self) -> bool {
        self.rest().starts_with(['$', '!', '{', '[', '@', '`', '%'])
    }

    fn push(&mut self, range: Range<usize>, flow: bool) {
        if !range.is_empty() {
            self.found.push(Meant { range, flow });
        }
    }

    fn flow(&mut self) {
        loop {
            loop {
                self.skip(|one| matches!(one, ' ' | '\t' | ','));
                let rest = self.rest();
                if rest.starts_with("{{") || !rest.starts_with(['{', '[', '}', ']']) {
                    break;
                }
                self.at += 1;
            }
            let rest = self.rest();
            if rest.is_empty() || rest.starts_with('#') {
                return;
            }
            if let Some(length) = key_length(rest) {
                self.at += length;
                continue;
            }
            let length = value_length(rest);
            let end = self.at + rest.get(..length).unwrap_or(rest).trim_end().len();
            self.push(self.at..end, true);
            self.at += length.max(1);
            while !self.line.is_char_boundary(self.at) {
                self.at += 1;
            }
        }
    }
}

/// How long a key is, with its colon, where the text begins with one.
fn key_length(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|one| matches!(one, '"' | '\''));
    let name = match quote {
        Some(quote) => text.get(1..)?.find(quote)? + 2,
        None => {
            text.find(|one: char| !(one.is_alphanumeric() || matches!(one, '_' | '-' | '.' | '<')))?
        }
    };
    let rest = text.get(name..)?;
    (name > 0 && rest.starts_with(':') && !rest.starts_with("::")).then_some(name + 1)
}

/// How long a value is: up to the `,`, `}` or `]` that its own brackets and quotes do not hold.
fn value_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    for (index, one) in text.char_indices() {
        match (quote, one) {
            (Some(open), one) if one == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(one),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') if depth > 0 => depth -= 1,
            (None, ']' | '}' | ',') if depth == 0 => return index,
            _ => {}
        }
    }
    // A quote that only closes ends the value.
    let stray = quote.and_then(|quote| text.find(quote)).map(|at| at + 1);
    stray
        .filter(|end| text.get(..*end).is_some_and(closes_only))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<&str> {
        meant(line, false)
            .into_iter()
            .map(|one| line.get(one.range).unwrap())
            .collect()
    }

    #[test]
    fn finds_the_values_that_are_meant() {
        assert_eq!(
            values("  - { path: $.labels[0], as: text }"),
            ["$.labels[0]", "text"]
        );
        assert_eq!(values("link: {{key}}/x  # why"), ["{{key}}/x"]);
        assert_eq!(values("- keep: \"x\" == $.a"), ["\"x\" == $.a"]);
        assert_eq!(
            values("a: { e: ${X}, b: $.x == 'q, r' }"),
            ["${X}", "$.x == 'q, r'"]
        );
        assert_eq!(
            values("a: [{{b}}, $.c[?@.d == 1]]"),
            ["{{b}}", "$.c[?@.d == 1]"]
        );
        assert_eq!(values("keep: $.s == \"a # b\" # c"), ["$.s == \"a # b\""]);
        assert_eq!(values("- $.s == \"é: b\""), ["$.s == \"é: b\""]);
        let line = "  k: { path: $.l['x'] }";
        let one = meant_at(line, false, 16).unwrap();
        assert_eq!(with_quotes(line, &one.range), "k: { path: '$.l[''x'']' }");
    }
}
