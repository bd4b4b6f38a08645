//! What of a legacy file is never shown again: credentials, and addresses of people.

use std::ops::Range;

/// What stands for what is not shown.
const HIDDEN: &str = "…";
/// Words of keys whose values are credentials.
const SECRET: [&str; 7] = [
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "credential",
    "privatekey",
];
/// How tokens of the services begin.
const BEGINNINGS: [&str; 6] = ["ATATT", "ATSTT", "ATCTT", "ATOA", "xkeysib-", "xsmtpsib-"];
/// From how many characters on a word of letters and digits may be a credential.
const LONG: usize = 24;

/// True for a key whose value is a credential.
pub(super) fn is_secret_key(key: &str) -> bool {
    let plain: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|one| one.to_ascii_lowercase())
        .collect();
    plain == "clientid" || SECRET.iter().any(|word| plain.contains(word))
}

/// The bytes of a text that are not to be shown.
pub(super) fn hidden(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    // Lines that belong to a credential which began above them.
    let mut below: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let inside = below.is_some_and(|above| line.trim().is_empty() || indent > above);
        if inside {
            found.push(start + indent..start + line.trim_end().len().max(indent));
        } else {
            below = of_line(line, start, &mut found).then_some(indent);
        }
        start += line.len();
    }
    found.retain(|range| !range.is_empty());
    found.sort_by_key(|range| range.start);
    let mut united: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match united.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => united.push(range),
        }
    }
    united
}

/// What of one line is not to be shown; true where what follows deeper belongs to it as well.
fn of_line(line: &str, start: usize, found: &mut Vec<Range<usize>>) -> bool {
    let mut open = false;
    for (colon, sign) in line.char_indices() {
        if !matches!(sign, ':' | '=') {
            continue;
        }
        let before = line.get(..colon).unwrap_or_default().trim_end();
        let key = before.trim_end_matches(['"', '\'']);
        let key_start = key
            .char_indices()
            .rev()
            .find(|(_, one)| !(one.is_alphanumeric() || "_-.".contains(*one)))
            .map_or(0, |(at, one)| at + one.len_utf8());
        if !is_secret_key(key.get(key_start..).unwrap_or_default()) {
            continue;
        }
        let from = colon + 1;
        let rest = line.get(from..).unwrap_or_default();
        let value = rest.trim_start();
        let at = from + rest.len() - value.len();
        let length = value_length(value);
        let text = value.get(..length).unwrap_or_default();
        let bare = text.trim_matches(['"', '\'']);
        if text.is_empty() || matches!(text.chars().next(), Some('|' | '>' | '&' | '!')) {
            open = true;
        }
        let named = bare.starts_with("${") && bare.ends_with('}');
        if !named && !text.is_empty() {
            found.push(start + at..start + at + length);
            // A text in quotes may go on in the next lines.
            let quote = text.chars().next().filter(|one| matches!(one, '"' | '\''));
            open |= quote.is_some_and(|quote| text.len() < 2 || !text.ends_with(quote));
        }
    }
    words(line, start, found);
    open
}

/// How long the value is that begins a text: up to its quote, a comma, a bracket or a comment.
fn value_length(text: &str) -> usize {
    let mut before = ' ';
    let quote = text.chars().next().filter(|one| matches!(one, '"' | '\''));
    for (at, one) in text.char_indices() {
        let ends = match quote {
            Some(quote) => at > 0 && one == quote && before != '\\',
            None => matches!(one, ',' | '}' | ']') || (one == '#' && before.is_whitespace()),
        };
        if ends {
            let end = if quote.is_some() { at + 1 } else { at };
            return text.get(..end).unwrap_or_default().trim_end().len();
        }
        before = one;
    }
    text.trim_end().len()
}

/// Words that are credentials or addresses by their looks, wherever they stand.
fn words(line: &str, start: usize, found: &mut Vec<Range<usize>>) {
    let is_break = |one: char| one.is_whitespace() || "\"'`,;()[]{}<>".contains(one);
    let mut from = 0;
    for word in line.split(is_break) {
        let end = from + word.len();
        let here = start + from..start + end;
        if let Some((user, _)) = word
            .split_once("://")
            .and_then(|(_, rest)| rest.split('/').next())
            .and_then(|host| host.rsplit_once('@'))
        {
            let begin = word.find("://").map_or(0, |at| at + 3);
            found.push(here.start + begin..here.start + begin + user.len());
        } else if looks_secret(word) || looks_like_an_address(word) {
            found.push(here);
        }
        let after = line.get(end..).and_then(|rest| rest.chars().next());
        from = end + after.map_or(0, char::len_utf8);
    }
}

fn looks_secret(word: &str) -> bool {
    let known = BEGINNINGS.iter().any(|begin| word.starts_with(begin));
    let fits = |one: char| one.is_ascii_alphanumeric() || "+/=_-".contains(one);
    // Signs of Base64 are in few other words.
    let long = if word.contains(['+', '=']) {
        LONG / 2
    } else {
        LONG
    };
    let has = |what: fn(&char) -> bool| word.chars().any(|one| what(&one));
    known
        || (word.len() >= long
            && word.chars().all(fits)
            && has(char::is_ascii_digit)
            && has(char::is_ascii_alphabetic))
}

fn looks_like_an_address(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':']);
    word.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

/// The text with as many bytes, in which nothing is left of what is hidden: places stay right.
pub(super) fn blanked(text: &str, hidden: &[Range<usize>]) -> String {
    let is_hidden = |at: usize| hidden.iter().any(|range| range.contains(&at));
    let mut out = String::with_capacity(text.len());
    for (at, one) in text.char_indices() {
        if is_hidden(at) && one != '\n' && one != '\r' {
            out.extend(std::iter::repeat_n('*', one.len_utf8()));
        } else {
            out.push(one);
        }
    }
    out
}

/// A stretch of the text for a person: each part that is hidden is an `…`.
pub(super) fn shown(text: &str, range: Range<usize>, hidden: &[Range<usize>]) -> String {
    let mut out = String::new();
    let mut at = range.start;
    for part in hidden {
        if part.end <= range.start || part.start >= range.end {
            continue;
        }
        out.push_str(text.get(at..part.start.max(at)).unwrap_or_default());
        out.push_str(HIDDEN);
        at = part.end.min(range.end);
    }
    out.push_str(text.get(at..range.end).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> String {
        shown(text, 0..text.len(), &hidden(text))
    }

    #[test]
    fn credentials_are_hidden_however_they_are_written() {
        for (text, expected) in [
            ("api_token: abc", "api_token: …"),
            (
                "  \"apiToken\" : \"a b\"  # mine",
                "  \"apiToken\" : …  # mine",
            ),
            (
                "auth: { client_id: x, client_secret: 'y,z' }",
                "auth: { client_id: …, client_secret: … }",
            ),
            (
                "api_token: \"${JIRA_API_TOKEN}\"",
                "api_token: \"${JIRA_API_TOKEN}\"",
            ),
            (
                "token: |\n  one\n  two\nnext: 1",
                "token: …\n  …\n  …\nnext: 1",
            ),
            ("token: \"one\n  two\"\nnext: 1", "token: …\n  …\nnext: 1"),
            ("# old token=s3cret here", "# old …"),
            ("# me@acme.example, ATATT3xFfGF0", "# …, …"),
            (
                "url: https://me:pass@acme.example/x",
                "url: https://…@acme.example/x",
            ),
            ("emailAddress: email", "emailAddress: email"),
            ("accountId: JIRA_ACCOUNT_ID", "accountId: JIRA_ACCOUNT_ID"),
            ("é: 1 # ATATTé", "é: 1 # …"),
            ("# it was a+b/7f3ac9==", "# it was …"),
            ("customfield_10016: X", "customfield_10016: X"),
        ] {
            assert_eq!(lines(text), expected, "{text}");
            let blank = blanked(text, &hidden(text));
            assert_eq!(blank.len(), text.len());
        }
    }
}
