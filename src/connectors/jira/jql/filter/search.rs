//! Searching texts by their words, as far as it can be told without Jira's index.

use super::Answer;

/// Words to be found in a text: all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A word; `*` and `?` stand for other characters in it.
    Word(String),
    /// Words in a row.
    Phrase(Vec<String>),
}

impl Search {
    /// Reads what stands behind `~`; nothing where it is a search of another kind: fuzzy, near,
    /// weighted, or with operators of its own.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut phrase = false;
        for piece in text.split('"') {
            if phrase {
                parts.push(Part::Phrase(words(piece)));
            } else {
                for word in piece.split_whitespace() {
                    let operator = matches!(word, "AND" | "OR" | "NOT" | "&&" | "||");
                    let strange = word.starts_with(['+', '-', '!', '*', '?'])
                        || word.contains(['~', '^', '[', ']', '{', '}', '(', ')', '\\', ':']);
                    if operator || strange {
                        return None;
                    }
                    let wild = word.contains(['*', '?']);
                    if wild {
                        parts.push(Part::Word(word.to_lowercase()));
                    } else {
                        parts.extend(words(word).into_iter().map(Part::Word));
                    }
                }
            }
            phrase = !phrase;
        }
        // A quote that is not closed: the last piece was outside of a phrase only by accident.
        phrase.then_some(Self { parts })
    }

    /// Whether a text has all of them.
    pub(super) fn find(&self, text: &str) -> Answer {
        let there = words(text);
        Answer::all(self.parts.iter().map(|part| {
            match part {
                Part::Phrase(phrase) => Answer::of(
                    phrase.is_empty()
                        || there
                            .windows(phrase.len())
                            .any(|window| window == phrase.as_slice()),
                ),
                Part::Word(word) if word.contains(['*', '?']) => {
                    Answer::of(there.iter().any(|one| is_like(one, word)))
                }
                Part::Word(word) => Answer::any(there.iter().map(|one| same_word(one, word))),
            }
        }))
    }
}

/// The words of a text, in lower case.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|one: char| !one.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether two words are one to Jira, which compares stems: certain where they are equal or only
/// an ending of English tells them apart, open where one continues the other like a longer ending.
fn same_word(one: &str, other: &str) -> Answer {
    if one == other || stem(one) == stem(other) {
        return Answer::Yes;
    }
    const ENDINGS: [&str; 14] = [
        "er", "ers", "ion", "ions", "ation", "ations", "ment", "ments", "able", "ly", "ness",
        "ful", "ive", "al",
    ];
    let (long, short) = if one.len() > other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let rest = long.strip_prefix(stem(short));
    if stem(short).chars().count() >= 4 && rest.is_some_and(|rest| ENDINGS.contains(&rest)) {
        Answer::CannotTell
    } else {
        Answer::No
    }
}

/// A word without the endings of English plurals and verbs.
fn stem(word: &str) -> &str {
    if !word.is_ascii() {
        return word;
    }
    for (ending, kept) in [
        ("sses", 2),
        ("ies", 1),
        ("ing", 0),
        ("ed", 0),
        ("es", 0),
        ("s", 0),
    ] {
        if let Some(bare) = word.strip_suffix(ending) {
            let long_enough = bare.len() >= 3 && !(ending == "s" && bare.ends_with('s'));
            if long_enough {
                let bare = word.get(..bare.len() + kept).unwrap_or(word);
                return bare.strip_suffix('e').unwrap_or(bare);
            }
        }
    }
    if word.len() > 4 {
        word.strip_suffix('e').unwrap_or(word)
    } else {
        word
    }
}

/// Whether a word is like a pattern of `*` and `?`, in time linear in both for each `*`.
fn is_like(word: &str, pattern: &str) -> bool {
    let word: Vec<char> = word.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut at, mut next) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < word.len() {
        match pattern.get(next) {
            Some('*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(one) if *one == '?' || word.get(at) == Some(one) => {
                at += 1;
                next += 1;
            }
            _ => match &mut star {
                Some((from, tried)) => {
                    *tried += 1;
                    at = *tried;
                    next = *from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(next).all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(wanted: &str, text: &str) -> Answer {
        Search::read(wanted).unwrap().find(text)
    }

    #[test]
    fn all_words_are_to_be_there_in_any_order() {
        assert_eq!(
            find("export login", "Login fails at the export"),
            Answer::Yes
        );
        assert_eq!(
            find("export login", "Logout fails at the export"),
            Answer::No
        );
        assert_eq!(find("\"login fails\"", "The login fails"), Answer::Yes);
        assert_eq!(find("\"fails login\"", "The login fails"), Answer::No);
        assert_eq!(find("é", "caf É"), Answer::Yes);
    }

    #[test]
    fn endings_of_words_are_passed_over_and_longer_ones_are_open() {
        assert_eq!(find("ticket", "two tickets"), Answer::Yes);
        assert_eq!(find("crashing", "it crashed"), Answer::Yes);
        assert_eq!(find("release", "released"), Answer::Yes);
        assert_eq!(find("connect", "the connection"), Answer::CannotTell);
        assert_eq!(find("class", "clas"), Answer::No);
        assert_eq!(find("car", "care"), Answer::No);
    }

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        assert_eq!(find("log*", "logout"), Answer::Yes);
        assert_eq!(find("l?gin", "login"), Answer::Yes);
        assert_eq!(find("log*x", "login"), Answer::No);
        assert!(is_like("aaaaaaaaaaaaaaaaaaaaaaaab", "a*a*a*a*a*a*a*b"));
    }

    #[test]
    fn searches_of_other_kinds_are_not_read() {
        for other in [
            "roam~",
            "\"a b\"~4",
            "jira^4",
            "a AND b",
            "+a",
            "-a",
            "*a",
            "\"a",
            "a:b",
        ] {
            assert_eq!(Search::read(other), None, "{other}");
        }
    }
}
