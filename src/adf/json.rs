//! A cursor over JSON text that never recurses and never fails without saying where it stands:
//! what was read before a fault stays read.

use std::borrow::Cow;

/// The text is not JSON from here on. What came before is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault;

/// A scalar as it was read.
pub(super) enum Scalar<'a> {
    String(Cow<'a, str>),
    /// A number, `true` or `false`, as written.
    Literal(&'a str),
    Null,
}

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space, not consumed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Consumes `wanted` if it comes next.
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += 1;
        }
        found
    }

    /// The key of an object's member and its colon.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Fault> {
        let (key, whole) = self.string()?;
        if whole && self.take(b':') {
            Ok(key)
        } else {
            Err(Fault)
        }
    }

    /// A string, decoded; false where the text ends before its closing quote.
    fn string(&mut self) -> Result<(Cow<'a, str>, bool), Fault> {
        if !self.take(b'"') {
            return Err(Fault);
        }
        let start = self.at;
        let mut decoded: Option<String> = None;
        let mut plain = start;
        loop {
            match self.byte() {
                None => return Ok((self.joined(decoded, plain), false)),
                Some(b'"') => {
                    let value = self.joined(decoded, plain);
                    self.at += 1;
                    return Ok((value, true));
                }
                Some(b'\\') => {
                    let before = self.text.get(plain..self.at).unwrap_or_default();
                    let decoded = decoded.get_or_insert_default();
                    decoded.push_str(before);
                    self.at += 1;
                    match self.escaped() {
                        Some(character) => decoded.push(character),
                        None => self.at = self.text.len(),
                    }
                    plain = self.at;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn joined(&self, decoded: Option<String>, plain: usize) -> Cow<'a, str> {
        let rest = self.text.get(plain..self.at).unwrap_or_default();
        match decoded {
            None => Cow::Borrowed(rest),
            Some(mut decoded) => {
                decoded.push_str(rest);
                Cow::Owned(decoded)
            }
        }
    }

    /// What stands after a backslash; none where the text ends within it.
    fn escaped(&mut self) -> Option<char> {
        let letter = self.byte()?;
        if letter.is_ascii() {
            self.at += 1;
        }
        Some(match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            b'"' | b'\\' | b'/' => letter.into(),
            // JSON has no other escapes; the backslash is taken as meant.
            _ => {
                if letter.is_ascii() {
                    self.at -= 1;
                }
                '\\'
            }
        })
    }

    /// `XXXX`, or a pair of surrogates; half a pair becomes U+FFFD.
    fn code_point(&mut self) -> Option<char> {
        let unit = self.four_digits()?;
        if let Some(character) = char::from_u32(unit) {
            return Some(character);
        }
        let after = self.at;
        if (0xD800..0xDC00).contains(&unit)
            && self
                .text
                .get(self.at..)
                .is_some_and(|rest| rest.starts_with("\\u"))
        {
            self.at += 2;
            if let Some(low @ 0xDC00..0xE000) = self.four_digits() {
                return char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
            }
            self.at = after;
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// A scalar; objects and arrays are the caller's. A string that the end of the text cuts off
    /// is read as far as it goes, and the next read meets the end.
    pub(super) fn scalar(&mut self) -> Result<Scalar<'a>, Fault> {
        if self.peek() == Some(b'"') {
            return Ok(Scalar::String(self.string()?.0));
        }
        let start = self.at;
        while let Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.') = self.byte() {
            self.at += 1;
        }
        let literal = self.text.get(start..self.at).unwrap_or_default();
        match literal {
            "null" => Ok(Scalar::Null),
            "true" | "false" => Ok(Scalar::Literal(literal)),
            _ if literal.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                Ok(Scalar::Literal(literal))
            }
            _ => Err(Fault),
        }
    }

    /// Passes over one value of any depth.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(Fault)? {
                b'{' | b'[' => {
                    self.at += 1;
                    depth += 1;
                }
                b'}' | b']' => {
                    self.at += 1;
                    depth = depth.checked_sub(1).ok_or(Fault)?;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b'"' => {
                    self.pass_string()?;
                }
                _ => {
                    self.scalar()?;
                }
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Passes over a string without decoding it.
    fn pass_string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            match self.byte().ok_or(Fault)? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }
}
