//! JQL text to tokens, each with its place as Jira states it.

/// A place in the query, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) character: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An unquoted word.
    Word(String),
    /// A quoted text, escapes resolved.
    Quoted(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `~`, `!~`.
    Operator(&'static str),
    Open,
    Close,
    Comma,
    /// `!`, `&`, `&&`, `|`, `||` as connectives.
    Connective(&'static str),
}

/// A token and where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

impl Token {
    /// The token as an error message quotes it.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(text) | Kind::Quoted(text) => text.clone(),
            Kind::Operator(text) | Kind::Connective(text) => (*text).to_owned(),
            Kind::Open => "(".to_owned(),
            Kind::Close => ")".to_owned(),
            Kind::Comma => ",".to_owned(),
        }
    }
}

/// Takes the text apart; an error is a message as Jira words it.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, String> {
    let mut characters = Characters {
        rest: text.chars().peekable(),
        line: 1,
        character: 0,
    };
    let mut tokens = Vec::new();
    while let Some(first) = characters.next() {
        if first.is_whitespace() {
            continue;
        }
        let place = Place {
            line: characters.line,
            character: characters.character,
        };
        let kind = match first {
            '(' => Kind::Open,
            ')' => Kind::Close,
            ',' => Kind::Comma,
            '=' => Kind::Operator("="),
            '~' => Kind::Operator("~"),
            '<' if characters.take('=') => Kind::Operator("<="),
            '<' => Kind::Operator("<"),
            '>' if characters.take('=') => Kind::Operator(">="),
            '>' => Kind::Operator(">"),
            '!' if characters.take('=') => Kind::Operator("!="),
            '!' if characters.take('~') => Kind::Operator("!~"),
            '!' => Kind::Connective("!"),
            '&' => {
                characters.take('&');
                Kind::Connective("&")
            }
            '|' => {
                characters.take('|');
                Kind::Connective("|")
            }
            '"' | '\'' => Kind::Quoted(quoted(&mut characters, first, place)?),
            c if is_reserved(c) => {
                return Err(format!(
                    "Error in the JQL Query: The character '{c}' is a reserved JQL character. You must enclose it in a string or use the escape '\\u{:04x}' instead. (line {}, character {})",
                    u32::from(c),
                    place.line,
                    place.character
                ));
            }
            c => Kind::Word(word(&mut characters, c, place)?),
        };
        tokens.push(Token { kind, place });
    }
    Ok(tokens)
}

struct Characters<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
    character: usize,
}

impl Characters<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            self.line += 1;
            self.character = 0;
        } else {
            self.character += 1;
        }
        Some(next)
    }

    fn take(&mut self, wanted: char) -> bool {
        if self.rest.peek() == Some(&wanted) {
            self.next();
            return true;
        }
        false
    }
}

/// Characters that a word may not hold.
fn is_reserved(c: char) -> bool {
    matches!(
        c,
        '*' | '%' | '^' | '$' | '#' | '@' | '{' | '}' | ';' | '?' | '/' | '\\' | ':' | '`'
    ) && !matches!(c, '\\')
}

fn word(characters: &mut Characters<'_>, first: char, place: Place) -> Result<String, String> {
    let mut out = String::new();
    let mut next = Some(first);
    let mut brackets = 0usize;
    while let Some(c) = next {
        match c {
            '\\' => out.push(escape(characters, place)?),
            '[' => {
                brackets += 1;
                out.push(c);
            }
            ']' => {
                brackets = brackets.saturating_sub(1);
                out.push(c);
            }
            c => out.push(c),
        }
        let Some(peeked) = characters.rest.peek().copied() else {
            break;
        };
        let ends = peeked.is_whitespace()
            || matches!(
                peeked,
                '(' | ')' | ',' | '=' | '~' | '<' | '>' | '!' | '&' | '|' | '"' | '\''
            )
            || (brackets == 0
                && is_reserved(peeked)
                && peeked != '/'
                && peeked != ':'
                && peeked != '@');
        if ends {
            break;
        }
        next = characters.next();
    }
    Ok(out)
}

fn quoted(characters: &mut Characters<'_>, quote: char, place: Place) -> Result<String, String> {
    let mut out = String::new();
    loop {
        match characters.next() {
            Some(c) if c == quote => return Ok(out),
            Some('\\') => out.push(escape(characters, place)?),
            Some(c) => out.push(c),
            None => {
                return Err(format!(
                    "Error in the JQL Query: The quoted string '{out}' has not been completed. (line {}, character {})",
                    place.line, place.character
                ));
            }
        }
    }
}

fn escape(characters: &mut Characters<'_>, place: Place) -> Result<char, String> {
    let bad = |shown: String| {
        format!(
            "Error in the JQL Query: '\\{shown}' is an illegal JQL escape sequence. The valid escape sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX. (line {}, character {})",
            place.line, place.character
        )
    };
    match characters.next() {
        Some('t') => Ok('\t'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some(c @ ('"' | '\'' | '\\' | ' ')) => Ok(c),
        Some('u') => {
            let mut digits = String::new();
            while digits.len() < 4 {
                match characters.next() {
                    Some(c) if c.is_ascii_hexdigit() => digits.push(c),
                    _ => return Err(bad(format!("u{digits}"))),
                }
            }
            u32::from_str_radix(&digits, 16)
                .ok()
                .and_then(char::from_u32)
                .ok_or_else(|| bad(format!("u{digits}")))
        }
        Some(c) => Err(bad(c.to_string())),
        None => Err(bad(String::new())),
    }
}
