//! How a snapshot differs from what came out, as a unified diff.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

/// The unified diff of two texts; empty where they are equal.
#[must_use]
pub(in crate::cli) fn difference(before: &str, now: &str, colour: bool) -> String {
    let diff = TextDiff::from_lines(before, now);
    let mut out = String::new();
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        line(&mut out, colour.then_some("36"), &hunk.header().to_string());
        for change in hunk.iter_changes() {
            let (sign, paint) = match change.tag() {
                ChangeTag::Delete => ('-', Some("31")),
                ChangeTag::Insert => ('+', Some("32")),
                ChangeTag::Equal => (' ', None),
            };
            let text = change.value().trim_end_matches('\n');
            line(&mut out, paint.filter(|_| colour), &format!("{sign}{text}"));
        }
    }
    out
}

fn line(out: &mut String, paint: Option<&str>, text: &str) {
    let text = text.trim_end_matches('\n');
    let written = match paint {
        Some(paint) => writeln!(out, "\u{1b}[{paint}m{text}\u{1b}[0m"),
        None => writeln!(out, "{text}"),
    };
    // Writing to a string cannot fail.
    written.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_changed_lines_with_signs_and_colours() {
        assert_eq!(difference("a\nb\n", "a\nb\n", true), "");
        assert_eq!(
            difference("a\nb\n", "a\nc\n", false),
            "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        );
        assert!(difference("b\n", "c\n", true).contains("\u{1b}[31m-b\u{1b}[0m"));
    }
}
