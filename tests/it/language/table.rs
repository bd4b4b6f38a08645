//! Tables of cases.
//!
//! A line that starts with `# ` is a sentence of the contract; `//` starts a comment. Under a
//! sentence stand its cases: a word, and what it says from the ninth column on, on as many lines as
//! it needs. A word that the case has already starts the next one, which keeps `given` and `top`.
//!
//! `CASE` stands for the case's own name.
//!
//! | word | says |
//! |---|---|
//! | `given` | the records, one a line; kept until there are others |
//! | `top` | lines of the pipeline before its sources; kept for the sentence |
//! | `source` | a source in place of the file of `given` |
//! | `values`, `steps`, `keep` | the fields of a `map`, transforms, or a condition to keep by |
//! | `sinks` | sinks in place of a file |
//! | `gives`, `none` | the records that come out, or that none does |
//! | `dies` | for each record that dies a part of the reason |
//! | `refused` | a part of each mistake that `validate` tells, and it tells no other |
//! | `warned` | parts of what it warns of; where neither stands it says nothing |
//! | `silent` | only that `validate` says nothing |
//! | `sends` | the snapshot of a test with the records |

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

const GIVEN: [&str; 7] = ["given", "top", "source", "values", "steps", "keep", "sinks"];
const JUDGED: [&str; 7] = [
    "gives", "none", "dies", "refused", "warned", "silent", "sends",
];
const STEPS: [&str; 3] = ["values", "steps", "keep"];

/// A case of a sentence.
#[derive(Clone, Debug, Default)]
pub(super) struct Case {
    pub(super) name: String,
    sentence: String,
    place: String,
    words: BTreeMap<String, Vec<String>>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.sentence)
    }
}

/// The cases of a table.
pub(super) fn read(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut word = String::new();
    let mut sentence = None;
    for (at, line) in (1..).zip(text.lines()) {
        let place = format!("{file}:{at}:");
        if let Some(title) = line.strip_prefix("# ") {
            sentence = Some(title);
            continue;
        }
        if line.trim().is_empty() || line.starts_with("//") {
            continue;
        }
        let (named, said) = line.split_at(line.len().min(8));
        if !named.trim().is_empty() {
            word = named.trim().to_owned();
            assert!(
                GIVEN.contains(&&*word) || JUDGED.contains(&&*word),
                "{place} `{word}` is no word of a table"
            );
            if sentence.is_some() || cases.last().is_none_or(|last| last.is_done(&word)) {
                let next = next(cases.last(), sentence.take(), cases.len(), place);
                cases.push(next);
            }
        }
        let lines = cases.last_mut().unwrap().words.entry(word.clone());
        let lines = if named.trim().is_empty() {
            lines.or_default()
        } else {
            lines.insert_entry(Vec::new()).into_mut()
        };
        if !said.is_empty() {
            lines.push(said.to_owned());
        }
    }
    cases
}

fn next(before: Option<&Case>, sentence: Option<&str>, number: usize, place: String) -> Case {
    let kept: &[&str] = match sentence {
        Some(_) => &["given"],
        None => &["given", "top"],
    };
    let mut next = before.cloned().unwrap_or_default();
    next.words.retain(|word, _| kept.contains(&&**word));
    Case {
        name: format!("c{number:03}"),
        sentence: sentence.map_or(next.sentence, str::to_owned),
        place,
        words: next.words,
    }
}

impl Case {
    pub(super) fn lines(&self, word: &str) -> Option<&[String]> {
        self.words.get(word).map(|lines| &**lines)
    }

    pub(super) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains_key(*word))
    }

    /// True where the word starts the next case.
    fn is_done(&self, word: &str) -> bool {
        let judged = self.says(&JUDGED);
        (judged && GIVEN.contains(&word)) || (STEPS.contains(&word) && self.says(&STEPS))
    }

    /// The file of its pipeline.
    pub(super) fn pipeline(&self) -> String {
        let mut text = String::new();
        let mut put = |head: &str, indent: &str, lines: &[String]| {
            text.push_str(head);
            for line in lines {
                writeln!(text, "{indent}{line}").unwrap();
            }
        };
        put("", "", self.lines("top").unwrap_or_default());
        let name = &self.name;
        match self.lines("source") {
            Some(lines) => put("sources:\n", "  ", lines),
            None => put(
                "",
                "",
                &[format!("sources: [file: {{ path: {name}.jsonl }}]")],
            ),
        }
        for (word, head, indent) in [
            ("values", "transforms:\n  - map:\n", "      "),
            ("steps", "transforms:\n", "  "),
            ("keep", "transforms:\n  - keep:\n", "      "),
        ] {
            if let Some(lines) = self.lines(word) {
                put(head, indent, lines);
            }
        }
        match self.lines("sinks") {
            Some(lines) => put("sinks:\n", "  ", lines),
            None => put(
                "",
                "",
                &[format!("sinks: [file: {{ path: out/{name}.jsonl }}]")],
            ),
        }
        text.replace("CASE", name)
    }
}
