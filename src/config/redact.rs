//! A file's text for diagnostics, with what should never have been written into it masked.

use std::sync::Arc;

use crate::diagnostic::{Source, Span};

/// Keys after which a secret stands.
pub(super) const SECRET_KEYS: [&str; 7] = [
    "api_token",
    "client_secret",
    "token",
    "api_key",
    "webhook_secret",
    "bearer",
    "password",
];

/// The source with the given characters, and what follows a secret's key literally, masked: every
/// byte of them becomes `*`, so that all places stay what they are.
pub(super) fn redacted(source: &Arc<Source>, spans: &[Span]) -> Arc<Source> {
    let mut masked: Vec<Span> = spans.to_vec();
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        for key in SECRET_KEYS {
            masked.extend(
                literal_after(line, key).map(|(from, to)| Span::new(start + from, start + to)),
            );
        }
        start += line.len();
    }
    if masked.is_empty() {
        return Arc::clone(source);
    }
    let mut text = String::with_capacity(source.text().len());
    masked.sort_unstable();
    let mut masked = masked.into_iter().peekable();
    for (index, one) in source.text().char_indices() {
        while masked.peek().is_some_and(|span| span.end <= index) {
            masked.next();
        }
        let hidden = masked.peek().is_some_and(|span| span.start <= index);
        if hidden && !matches!(one, '\n' | '\r') {
            text.extend(std::iter::repeat_n('*', one.len_utf8()));
        } else {
            text.push(one);
        }
    }
    Source::new(source.name(), text)
}

/// The bytes of a literal value after `KEY:` in a line.
fn literal_after(line: &str, key: &str) -> Option<(usize, usize)> {
    let at = line.match_indices(key).find_map(|(at, _)| {
        let before = line.get(..at)?.chars().next_back();
        let stands_alone = before
            .is_none_or(|one| matches!(one, ' ' | '\t' | '{' | ',' | '"' | '\'' | '\u{feff}'));
        let rest = line.get(at + key.len()..)?;
        let colon = rest
            .trim_start_matches(['"', '\'', ' '])
            .strip_prefix(':')?;
        stands_alone.then(|| line.len() - colon.len())
    })?;
    let rest = line.get(at..)?;
    let value = rest.trim_start();
    let bare = value.trim_start_matches(['"', '\'']);
    if bare.starts_with("${") || value.starts_with(['{', '#']) || value.trim_end().is_empty() {
        return None;
    }
    let from = line.len() - value.len();
    Some((from, from + value.trim_end().len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_after_secret_keys_are_masked_and_references_are_not() {
        let text = "a: { api_key: geheim, b: 1 }\n  api_token: \"${X}\"\n  token: \"é\"\nbroken_token: x\n";
        let source = Source::new("flowline.yaml", text);
        let shown = redacted(&source, &[]);
        assert_eq!(
            shown.text(),
            "a: { api_key: **************\n  api_token: \"${X}\"\n  token: ****\nbroken_token: x\n"
        );
        assert_eq!(shown.text().len(), text.len());
    }
}
