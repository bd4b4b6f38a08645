//! The tags of a template and the words in them, each with its bytes.

use std::ops::Range;

use super::Template;
use crate::diagnostic::Code;
use crate::expression::Problem;

const UNCLOSED: Code = Code::new("template.unclosed");
const UNSUPPORTED: Code = Code::new("template.unsupported");
const TOO_LONG: Code = Code::new("template.too_long");
pub(super) const SYNTAX: Code = Code::new("template.syntax");

/// `{{…}}`.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    pub(super) kind: TagKind,
    /// All of it, braces included.
    pub(super) range: Range<usize>,
    pub(super) words: Vec<Word>,
}

/// What a tag is by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagKind {
    Print,
    Open,
    Close,
    /// `{{^…}}`, which is `{{else …}}`.
    Inverse,
    Comment,
}

/// A word of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: WordKind,
    pub(super) range: Range<usize>,
}

/// The kinds of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    /// A name, helper, number, `true`, `false` or `null`.
    Bare,
    /// `"…"` or `'…'`, quotes included.
    Quoted,
    /// `(`.
    Left,
    /// `)`.
    Right,
    /// `|`.
    Bar,
    /// `=`.
    Equals,
}

/// The tags of a text in order.
pub(super) fn scan(text: &str) -> Result<Vec<Tag>, Vec<Problem>> {
    if text.len() > Template::MAX_LENGTH {
        return Err(vec![Problem::error(
            TOO_LONG,
            format!("the template is longer than {} bytes", Template::MAX_LENGTH),
            0..text.chars().next().map_or(0, char::len_utf8),
            "a shorter template",
        )]);
    }
    let mut scanner = Scanner { text, at: 0 };
    let mut tags = Vec::new();
    let mut problems = Vec::new();
    while scanner.next_tag() {
        if tags.len() >= Template::MAX_TAGS {
            let at = scanner.at;
            problems.push(Problem::error(
                TOO_LONG,
                format!("the template has more than {} tags", Template::MAX_TAGS),
                at..at + 2,
                "a shorter template",
            ));
            break;
        }
        match scanner.tag() {
            Ok(tag) => tags.push(tag),
            Err((problem, resume)) => {
                problems.push(problem);
                match resume {
                    Some(at) => scanner.at = at,
                    // Nothing after what is never closed can be told from its inside.
                    None => break,
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(tags)
    } else {
        Err(problems)
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

type Scanned<T> = Result<T, (Problem, Option<usize>)>;

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        let space = |character| matches!(character, ' ' | '\t' | '\n' | '\r');
        self.at += rest.len() - rest.trim_start_matches(space).len();
    }

    /// Goes to the next `{{` that is not escaped.
    fn next_tag(&mut self) -> bool {
        loop {
            let Some(found) = self.rest().find("{{") else {
                return false;
            };
            let before = self.rest().get(..found).unwrap_or_default();
            let backslashes = before.len() - before.trim_end_matches('\\').len();
            self.at += found;
            if backslashes != 1 {
                return true;
            }
            // `\{{` is text, and so are two more braces that follow at once.
            self.at += 2;
            self.eat("{{");
        }
    }

    fn tag(&mut self) -> Scanned<Tag> {
        let start = self.at;
        if self.rest().starts_with("{{{{") {
            let problem =
                unsupported("raw blocks", start..start + 4).help("to print braces write `\\{{`");
            return Err((problem, None));
        }
        self.at += 2;
        if self.eat("!") {
            return self.comment(start);
        }
        self.eat("~");
        self.skip_space();
        let mark = self.at;
        let mut triple = false;
        let mut kind = TagKind::Print;
        if self.eat("#") {
            kind = TagKind::Open;
            self.skip_space();
            let what = if self.eat("*") {
                Some("inline partials and decorators")
            } else if self.eat(">") {
                Some("partials")
            } else {
                None
            };
            if let Some(what) = what {
                let problem = unsupported(what, mark..self.at);
                return Err((problem, self.after("}}")));
            }
        } else if self.eat("/") {
            kind = TagKind::Close;
        } else if self.eat("^") {
            kind = TagKind::Inverse;
        } else if self.eat("{") {
            triple = true;
        } else if self.eat(">") || self.eat("*") {
            let what = match self.text.get(mark..self.at) {
                Some(">") => "partials",
                _ => "decorators",
            };
            let problem = unsupported(what, mark..self.at);
            return Err((problem, self.after("}}")));
        } else {
            self.eat("&");
        }
        let words = self.words(start, triple)?;
        Ok(Tag {
            kind,
            range: start..self.at,
            words,
        })
    }

    /// Where to go on behind an end mark.
    fn after(&self, end: &str) -> Option<usize> {
        self.rest()
            .find(end)
            .map(|found| self.at + found + end.len())
    }

    fn comment(&mut self, start: usize) -> Scanned<Tag> {
        let (opening, closing) = if self.rest().starts_with("--") {
            self.at += 2;
            ("{{!--", "--}}")
        } else {
            ("{{", "}}")
        };
        let Some(end) = self.after(closing) else {
            return Err((unclosed(start..start + opening.len(), closing), None));
        };
        self.at = end;
        Ok(Tag {
            kind: TagKind::Comment,
            range: start..end,
            words: Vec::new(),
        })
    }

    /// Everything up to the closing braces, and those.
    fn words(&mut self, start: usize, triple: bool) -> Scanned<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.skip_space();
            let from = self.at;
            let ends = if triple {
                &["}}}", "~}}}", "}~}}"][..]
            } else {
                &["}}", "~}}"][..]
            };
            if ends.iter().any(|end| self.eat(end)) {
                return Ok(words);
            }
            let Some(first) = self.rest().chars().next() else {
                let braces = if triple { "}}}" } else { "}}" };
                return Err((unclosed(start..start + 2, braces), None));
            };
            let kind = match first {
                '(' => WordKind::Left,
                ')' => WordKind::Right,
                '|' => WordKind::Bar,
                '=' => WordKind::Equals,
                '"' | '\'' => WordKind::Quoted,
                _ => WordKind::Bare,
            };
            match kind {
                WordKind::Quoted => self.quoted(first)?,
                WordKind::Bare => self.bare(first)?,
                _ => self.at += 1,
            }
            words.push(Word {
                kind,
                range: from..self.at,
            });
        }
    }

    fn quoted(&mut self, quote: char) -> Scanned<()> {
        let from = self.at;
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = characters.next() {
            if character == '\\' {
                characters.next();
            } else if character == quote {
                self.at = from + offset + 1;
                return Ok(());
            }
        }
        Err((
            Problem::error(
                UNCLOSED,
                "a text in the template is never closed",
                from..from + 1,
                format!("expected a closing {quote}"),
            ),
            None,
        ))
    }

    /// A name with its `[…]` parts, or a number.
    fn bare(&mut self, first: char) -> Scanned<()> {
        let from = self.at;
        loop {
            let Some(character) = self.rest().chars().next() else {
                return Ok(());
            };
            if character == '[' {
                let open = self.at;
                match self.rest().find(']') {
                    Some(found) => self.at += found + 1,
                    None => {
                        return Err((
                            Problem::error(
                                UNCLOSED,
                                "a bracket in the template is never closed",
                                open..open + 1,
                                "expected a closing `]`",
                            ),
                            None,
                        ));
                    }
                }
            } else if is_name(character) {
                self.at += character.len_utf8();
            } else {
                break;
            }
        }
        if self.at > from {
            return Ok(());
        }
        let end = from + first.len_utf8();
        let label = match first {
            '}' => "expected `}}`",
            '{' => "braces do not stand inside a tag",
            ',' => "arguments stand side by side, with white space between them",
            _ => "this character does not stand here",
        };
        Err((
            Problem::error(
                SYNTAX,
                "the template is not valid Handlebars",
                from..end,
                label,
            ),
            self.after("}}"),
        ))
    }
}

/// A character of a name or path outside brackets.
fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '-' | '_' | '$' | ':' | '.' | '/' | '@')
        || character >= '\u{80}'
}

fn unclosed(range: Range<usize>, braces: &str) -> Problem {
    Problem::error(
        UNCLOSED,
        "a tag of the template is never closed",
        range,
        format!("expected `{braces}` after it"),
    )
}

fn unsupported(what: &str, range: Range<usize>) -> Problem {
    Problem::error(
        UNSUPPORTED,
        format!("templates have no {what}"),
        range,
        "not part of the language",
    )
}
