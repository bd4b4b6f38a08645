//! A query's text taken apart; what cannot be a part of JQL is told, and read as what was meant.

use std::ops::Range;

use super::mistakes::lexical;
use super::text::Text;
use super::tree::Operator;
use super::words::is_reserved_character;
use crate::expression::Problem;

/// A part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word outside quotes.
    Word {
        /// Escapes undone.
        text: String,
        /// It has escapes, or is told of: it is no keyword.
        plain: bool,
    },
    /// A text in quotes, escapes undone.
    Quoted(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `~`, `!~`.
    Operator(Operator),
    /// Signs in a row that are no operator, and the one that was meant.
    NoOperator(Operator),
    /// `!`
    Bang,
    /// `&`, `&&`
    And,
    /// `|`, `||`
    Or,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
}

impl Token {
    /// The word, where it can be a keyword.
    pub(super) fn keyword(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word { text, plain: true } => Some(text),
            _ => None,
        }
    }

    /// True for this keyword, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.keyword()
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    }

    /// The text of a word or of what stands in quotes.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word { text, .. } | Kind::Quoted(text) => Some(text),
            _ => None,
        }
    }
}

/// The parts of a text and what is wrong with them.
pub(super) fn lex(text: Text<'_>) -> (Vec<Token>, Vec<Problem>) {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        problems: Vec::new(),
    };
    while let Some(first) = lexer.peek() {
        lexer.token(first);
        if lexer.problems.len() >= super::parse::MAX_FOUND {
            break;
        }
    }
    (lexer.tokens, lexer.problems)
}

struct Lexer<'t> {
    text: Text<'t>,
    at: usize,
    tokens: Vec<Token>,
    problems: Vec<Problem>,
}

/// Blanks that look like one and are none to JQL: copied from pages and chats.
const fn is_other_blank(character: char) -> bool {
    matches!(
        character,
        '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

const fn is_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\t' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}'
    )
}

const fn ends_word(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t'
            | '\r'
            | '\n'
            | '"'
            | '\''
            | '='
            | '!'
            | '<'
            | '>'
            | '('
            | ')'
            | '~'
            | ','
            | '['
            | ']'
            | '|'
            | '&'
    ) || is_other_blank(character)
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &str {
        self.text.as_str().get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let range = self.at..self.at + length;
        self.at = range.end;
        self.tokens.push(Token { kind, range });
    }

    fn token(&mut self, first: char) {
        match first {
            ' ' | '\t' | '\r' | '\n' => self.at += 1,
            '(' => self.push(Kind::Open, 1),
            ')' => self.push(Kind::Close, 1),
            '[' => self.push(Kind::OpenBracket, 1),
            ']' => self.push(Kind::CloseBracket, 1),
            ',' => self.push(Kind::Comma, 1),
            '&' => self.push(Kind::And, self.run_of('&').min(2)),
            '|' => self.push(Kind::Or, self.run_of('|').min(2)),
            '=' | '!' | '<' | '>' | '~' => self.signs(),
            '"' | '\'' => self.quoted(first),
            '“' | '”' | '„' | '‟' | '«' | '»' | '‘' | '’' | '‚' | '`' => {
                self.other_quotes(first);
            }
            one if is_other_blank(one) => {
                let range = self.at..self.at + one.len_utf8();
                self.problems.push(lexical::other_blank(one, range.clone()));
                self.at = range.end;
            }
            _ => self.word(),
        }
    }

    fn run_of(&self, sign: char) -> usize {
        let rest = self.rest();
        rest.len() - rest.trim_start_matches(sign).len()
    }

    /// Operators and `!`, as many signs as stand together.
    fn signs(&mut self) {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(['=', '!', '<', '>', '~']).len();
        let signs = rest.get(..length).unwrap_or_default();
        let kind = match signs {
            "=" => Kind::Operator(Operator::Equals),
            "!=" => Kind::Operator(Operator::NotEquals),
            "<" => Kind::Operator(Operator::Less),
            "<=" => Kind::Operator(Operator::LessOrEqual),
            ">" => Kind::Operator(Operator::Greater),
            ">=" => Kind::Operator(Operator::GreaterOrEqual),
            "~" => Kind::Operator(Operator::Like),
            "!~" => Kind::Operator(Operator::NotLike),
            _ if signs.starts_with('!') && signs.trim_start_matches('!').is_empty() => {
                self.push(Kind::Bang, 1);
                return;
            }
            "<>" | "=!" | "!==" | "><" => Kind::NoOperator(Operator::NotEquals),
            "=>" | ">==" => Kind::NoOperator(Operator::GreaterOrEqual),
            "=<" | "<==" => Kind::NoOperator(Operator::LessOrEqual),
            _ if signs.starts_with("!") && signs.contains('~') => {
                Kind::NoOperator(Operator::NotLike)
            }
            _ if signs.contains('~') => Kind::NoOperator(Operator::Like),
            _ if signs.starts_with('<') => Kind::NoOperator(Operator::Less),
            _ if signs.starts_with('>') => Kind::NoOperator(Operator::Greater),
            _ if signs.contains('!') => Kind::NoOperator(Operator::NotEquals),
            _ => Kind::NoOperator(Operator::Equals),
        };
        self.push(kind, length);
    }

    fn quoted(&mut self, quote: char) {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => {
                    self.problems
                        .push(lexical::unclosed_quote(self.text, start, quote));
                    break;
                }
                Some(one) if one == quote => {
                    self.at += 1;
                    break;
                }
                Some('\\') => self.escape(&mut text),
                Some(one) => {
                    if is_control(one) {
                        let range = self.at..self.at + one.len_utf8();
                        self.problems.push(lexical::control(one, range));
                    }
                    text.push(one);
                    self.at += one.len_utf8();
                }
            }
        }
        self.tokens.push(Token {
            kind: Kind::Quoted(text),
            range: start..self.at,
        });
    }

    /// Quotes of a word processor: read as the text that was meant.
    fn other_quotes(&mut self, open: char) {
        let rest = self.rest();
        let inside = rest.get(open.len_utf8()..).unwrap_or_default();
        let close = inside
            .char_indices()
            .find(|(_, one)| matches!(one, '”' | '“' | '»' | '«' | '’' | '‘' | '`' | '"' | '\''));
        let length = match close {
            Some((index, one)) => open.len_utf8() + index + one.len_utf8(),
            None => open.len_utf8() + inside.split_whitespace().next().map_or(0, str::len),
        };
        let text = close.map_or_else(
            || inside.split_whitespace().next().unwrap_or_default(),
            |(index, _)| inside.get(..index).unwrap_or_default(),
        );
        let kind = Kind::Quoted(text.to_owned());
        let from = self.at + open.len_utf8();
        let problem = lexical::other_quotes(self.text, self.at..from, from..from + text.len());
        self.problems.push(problem);
        self.push(kind, length);
    }

    fn word(&mut self) {
        let start = self.at;
        let mut text = String::new();
        let mut plain = true;
        let mut reserved: Option<usize> = None;
        while let Some(one) = self.peek() {
            if one == '\\' {
                plain = false;
                self.escape(&mut text);
                continue;
            }
            if ends_word(one) {
                break;
            }
            if is_reserved_character(one) {
                plain = false;
                reserved.get_or_insert(self.at);
            } else if is_control(one) {
                plain = false;
                let range = self.at..self.at + one.len_utf8();
                self.problems.push(lexical::control(one, range));
            }
            text.push(one);
            self.at += one.len_utf8();
        }
        let range = start..self.at;
        if let Some(at) = reserved {
            let problem = lexical::reserved_character(self.text, at, range.clone());
            self.problems.push(problem);
        }
        self.tokens.push(Token {
            kind: Kind::Word { text, plain },
            range,
        });
    }

    /// An escape, at its backslash.
    fn escape(&mut self, text: &mut String) {
        let start = self.at;
        self.at += 1;
        let Some(one) = self.peek() else {
            self.problems
                .push(lexical::bad_escape(self.text, start..self.at));
            return;
        };
        self.at += one.len_utf8();
        match one {
            't' => text.push('\t'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            '"' | '\'' | '\\' | ' ' => text.push(one),
            'u' => match self.unicode() {
                Some(character) => text.push(character),
                None => {
                    self.problems
                        .push(lexical::bad_escape(self.text, start..self.at));
                }
            },
            _ => {
                self.problems
                    .push(lexical::bad_escape(self.text, start..self.at));
                text.push(one);
            }
        }
    }

    /// The character of `\uXXXX`, behind its `u`; two escapes for one beyond the basic plane.
    fn unicode(&mut self) -> Option<char> {
        let unit = self.hexadecimal()?;
        if !(0xd800..0xdc00).contains(&unit) || !self.rest().starts_with("\\u") {
            return Some(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        self.at += 2;
        let second = self.hexadecimal();
        if let Some(second) = second.filter(|second| (0xdc00..0xe000).contains(second)) {
            return char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00));
        }
        self.at = before;
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let unit = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(unit)
    }
}
