//! Reading the text of a query character by character: names, strings, numbers.

use std::ops::Range;
use std::sync::Arc;

use super::mistakes;
use crate::expression::Problem;
use crate::record::{Number, Value};

/// The greatest integer that an index or slice may name: 2^53 − 1.
const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// A place in the text.
pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    pub(super) position: usize,
}

pub(super) type Parsed<T> = Result<T, Box<Problem>>;

/// A string literal.
pub(super) struct Text {
    pub(super) value: String,
    /// Its bytes, quotes included.
    pub(super) range: Range<usize>,
    /// The first escape or character in it that is none.
    pub(super) mistake: Option<Box<Problem>>,
}

/// Where bytes of the value of a string literal, which starts at `literal`, are written.
pub(super) fn written_at(text: &str, literal: usize, value: Range<usize>) -> Range<usize> {
    let mut places = Vec::new();
    let mut scanner = Scanner {
        text,
        position: literal,
    };
    // It was read before: the places are all there.
    if scanner.string_with(&mut places).is_err() {
        return literal..text.len();
    }
    let place = |byte: usize| {
        let at = places.partition_point(|(of_value, _)| *of_value <= byte);
        places
            .get(at.saturating_sub(1))
            .map_or(literal, |(_, of_text)| *of_text)
    };
    place(value.start)..place(value.end)
}

impl<'t> Scanner<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn at_end(&self) -> bool {
        self.position >= self.text.len()
    }

    pub(super) fn starts_with(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    /// Takes a token where it stands here.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let here = self.starts_with(token);
        if here {
            self.position += token.len();
        }
        here
    }

    /// Passes over blanks; answers whether there were any.
    pub(super) fn blanks(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.position += rest.len() - trimmed.len();
        rest.len() != trimmed.len()
    }

    /// The bytes of the character here; empty at the end.
    pub(super) fn here(&self) -> Range<usize> {
        self.position..self.position + self.peek().map_or(0, char::len_utf8)
    }

    /// A name without quotes; none where none starts here.
    pub(super) fn name(&mut self) -> Option<(Arc<str>, Range<usize>)> {
        let rest = self.rest();
        if !rest.starts_with(is_name_first) {
            return None;
        }
        let length = rest
            .find(|one| !(is_name_first(one) || one.is_ascii_digit()))
            .unwrap_or(rest.len());
        let start = self.position;
        self.position += length;
        Some((rest.get(..length)?.into(), start..self.position))
    }

    /// A string in the quotes that stand here.
    pub(super) fn string(&mut self) -> Parsed<Text> {
        self.string_with(&mut Vec::new())
    }

    /// Also tells where the characters of the value are written: pairs of a byte of the value and
    /// a byte of the text, one a character and one for the end.
    fn string_with(&mut self, places: &mut Vec<(usize, usize)>) -> Parsed<Text> {
        let start = self.position;
        let quote = self.peek().unwrap_or('"');
        self.position += quote.len_utf8();
        let mut value = String::new();
        let mut mistake = None;
        loop {
            let Some(one) = self.peek() else {
                return Err(mistakes::unclosed_quote(self.text, start, quote));
            };
            let at = self.here();
            places.push((value.len(), at.start));
            self.position = at.end;
            let found = match one {
                _ if one == quote => {
                    return Ok(Text {
                        value,
                        range: start..self.position,
                        mistake,
                    });
                }
                '\\' => self.escape(at.start, quote),
                '\0'..='\u{1f}' => Err(mistakes::control_character(at.clone())),
                one => Ok(one),
            };
            match found {
                Ok(one) => value.push(one),
                Err(problem) => {
                    // What is no escape stands for itself, so that patterns can be judged.
                    value.push_str(self.text.get(at.start..self.position).unwrap_or_default());
                    mistake.get_or_insert(problem);
                }
            }
        }
    }

    fn escape(&mut self, start: usize, quote: char) -> Parsed<char> {
        let Some(one) = self.peek() else {
            return Err(mistakes::unclosed_quote(self.text, self.text.len(), quote));
        };
        self.position += one.len_utf8();
        Ok(match one {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '/' | '\\' => one,
            _ if one == quote => one,
            'u' => return self.unicode_escape(start),
            _ => return Err(mistakes::bad_escape(start..self.position, one)),
        })
    }

    fn unicode_escape(&mut self, start: usize) -> Parsed<char> {
        let high = self.hex(start)?;
        let code = match high {
            0xd800..=0xdbff => {
                let low = if self.take("\\u") {
                    self.hex(start)?
                } else {
                    0
                };
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(mistakes::lone_surrogate(start..self.position));
                }
                0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(|| mistakes::lone_surrogate(start..self.position))
    }

    fn hex(&mut self, start: usize) -> Parsed<u32> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|one| one.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| mistakes::bad_escape(start..self.position, 'u'))?;
        self.position += 4;
        Ok(code)
    }

    /// An integer of an index or slice; none where none starts here.
    pub(super) fn integer(&mut self) -> Parsed<Option<(i64, Range<usize>)>> {
        let rest = self.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Ok(None);
        }
        let length = rest.len() - digits.len() + count;
        let range = self.position..self.position + length;
        let text = rest.get(..length).unwrap_or_default();
        self.position += length;
        let leading = (count > 1 && digits.starts_with('0')) || text == "-0";
        match text.parse::<i64>() {
            Ok(value) if !leading && value.abs() <= MAX_INTEGER => Ok(Some((value, range))),
            _ => Err(mistakes::bad_integer(self.text, range, leading)),
        }
    }

    /// A number of a comparison; none where none starts here.
    pub(super) fn number(&mut self) -> Parsed<Option<(Value, Range<usize>)>> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits_from = |from: usize| {
            bytes
                .iter()
                .skip(from)
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let sign = usize::from(rest.starts_with('-'));
        let whole = digits_from(sign);
        if whole == 0 {
            return Ok(None);
        }
        let mut length = sign + whole;
        let leading = whole > 1 && bytes.get(sign) == Some(&b'0');
        let mut broken = false;
        if bytes.get(length) == Some(&b'.') {
            let fraction = digits_from(length + 1);
            broken |= fraction == 0;
            length += 1 + fraction;
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits_from(length + 1 + signed);
            broken |= exponent == 0;
            length += 1 + signed + exponent;
        }
        let range = self.position..self.position + length;
        let text = rest.get(..length).unwrap_or_default();
        self.position += length;
        if leading || broken {
            return Err(mistakes::bad_number(range));
        }
        let value = text
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| text.parse::<u64>().map(Number::from))
            .ok()
            .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
            .ok_or_else(|| mistakes::bad_number(range.clone()))?;
        Ok(Some((Value::Number(value), range)))
    }
}

/// True for what may start a name without quotes.
pub(super) fn is_name_first(one: char) -> bool {
    one.is_ascii_alphabetic() || one == '_' || !one.is_ascii()
}
