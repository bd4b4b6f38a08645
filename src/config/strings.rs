//! Strings from outside: `${NAME}`, `${NAME:-default}`, `${var:NAME}` and the literal `$${`.
//!
//! What a scalar is (path, template, condition, literal) is decided on the text of the file; what
//! is put in its place is inert. Nothing here reads the environment: it is passed in.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Spanned;
use crate::syntax::{Entry, Kind, Node, Run, Scalar, ScalarValue};

/// What names stand for: the environment, then `.env`, and the project's variables.
#[derive(Clone, Default)]
pub struct Strings {
    environment: HashMap<String, String>,
    variables: HashMap<Arc<str>, Arc<Node>>,
}

/// Values come from outside and may be secrets: only names are shown.
impl std::fmt::Debug for Strings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Strings")
            .field("variables", &self.variables.keys())
            .finish_non_exhaustive()
    }
}

/// A text with its `${…}` replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text; what could not be replaced stands in it as it was.
    pub text: String,
    /// The replaced stretches, in order.
    pub replacements: Vec<Replacement>,
    /// What could not be replaced, in order.
    pub refusals: Vec<Refusal>,
}

/// One stretch that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Its bytes in the text as written.
    pub written: Range<usize>,
    /// Its bytes in the expanded text.
    pub expanded: Range<usize>,
}

/// A `${…}` that could not be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its bytes in the text as written.
    pub range: Range<usize>,
    /// Why.
    pub reason: Reason,
}

/// Why a `${…}` could not be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The name is neither in the environment nor in `.env`.
    Unset(String),
    /// There is no such variable.
    UnknownVariable(String),
    /// The variable is a list or map, and stands inside a text.
    NotText(String),
    /// `${secret:…}` or `${file:…}` where no secret is expected.
    Secret,
    /// What stands inside the braces is none of the forms.
    Malformed,
    /// The closing brace is missing.
    Unclosed,
    /// In a path or condition, outside a string literal.
    OutsideLiteral,
    /// The text would grow beyond all measure.
    TooLong,
}

/// How long a text may become, in bytes: variables may name variables.
const MAX_EXPANDED: usize = 1 << 20;

impl Expanded {
    /// True where a name has no value: the text is not what it will be, and is not to be judged.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// The bytes of the text as written that a range of the expanded text comes from.
    #[must_use]
    pub fn written(&self, range: Range<usize>) -> Range<usize> {
        let start = self.written_at(range.start, false);
        start..self.written_at(range.end, true).max(start)
    }

    fn written_at(&self, position: usize, end: bool) -> usize {
        let index = self
            .replacements
            .partition_point(|one| one.expanded.end <= position);
        if let Some(inside) = self.replacements.get(index)
            && inside.expanded.start < position
        {
            return if end {
                inside.written.end
            } else {
                inside.written.start
            };
        }
        match index
            .checked_sub(1)
            .and_then(|last| self.replacements.get(last))
        {
            Some(last) => last.written.end + (position - last.expanded.end),
            None => position,
        }
    }
}

/// One `${…}`, or the literal `$${`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form<'a> {
    Literal,
    Name(&'a str, Option<&'a str>),
    Variable(&'a str),
    Secret,
    Malformed,
    Unclosed,
}

/// True for what can be a name of the environment.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || one == '_')
}

/// Each `${…}` and `$${` of a text, with its bytes.
fn forms(text: &str) -> impl Iterator<Item = (Range<usize>, Form<'_>)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = from + text.get(from..)?.find("${")?;
        let doubled = found
            .checked_sub(1)
            .filter(|before| *before >= from && text.as_bytes().get(*before) == Some(&b'$'));
        if let Some(start) = doubled {
            from = found + 2;
            return Some((start..from, Form::Literal));
        }
        let rest = text.get(found + 2..)?;
        let Some(length) = rest.find('}') else {
            from = text.len();
            return Some((found..text.len(), Form::Unclosed));
        };
        from = found + 2 + length + 1;
        Some((found..from, form(rest.get(..length)?)))
    })
}

fn form(inside: &str) -> Form<'_> {
    if let Some((name, default)) = inside.split_once(":-")
        && is_name(name)
    {
        // A default is literal: nothing in it is replaced.
        if default.contains("${") {
            return Form::Malformed;
        }
        return Form::Name(name, Some(default));
    }
    match inside.split_once(':') {
        Some(("var", name)) if super::is_valid_name(name) => Form::Variable(name),
        Some(("secret" | "file", rest)) if !rest.is_empty() => Form::Secret,
        None if is_name(inside) => Form::Name(inside, None),
        _ => Form::Malformed,
    }
}

/// The variables that a text names.
pub(super) fn variables(text: &str) -> impl Iterator<Item = &str> {
    forms(text).filter_map(|(_, form)| match form {
        Form::Variable(name) => Some(name),
        _ => None,
    })
}

/// True where the text holds a `${…}` that is to be replaced.
#[must_use]
pub fn mentions_outside(text: &str) -> bool {
    text.contains("${")
}

impl Strings {
    /// Names from the environment, and those of `.env` that it lacks.
    #[must_use]
    pub fn new(
        environment: impl IntoIterator<Item = (String, String)>,
        dotenv: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut names: HashMap<String, String> = dotenv.into_iter().collect();
        names.extend(environment);
        Self {
            environment: names,
            variables: HashMap::new(),
        }
    }

    /// What a name of the environment or of `.env` stands for.
    #[must_use]
    pub fn name(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// The names of the variables.
    pub fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(|name| &**name)
    }

    /// The text with its `${…}` replaced: for literals, and for the text parts of templates.
    #[must_use]
    pub fn expand(&self, text: &str) -> Expanded {
        self.expand_with(text, |_| true, |_, value, out| out.push_str(value))
    }

    /// The path or condition with the `${…}` inside its string literals replaced, escaped as the
    /// literal's quotes demand; one outside a string literal is refused.
    #[must_use]
    pub fn expand_expression(&self, text: &str) -> Expanded {
        if !text.contains("${") {
            return Expanded {
                text: text.to_owned(),
                ..Expanded::default()
            };
        }
        let literals = string_literals(text);
        self.expand_with(
            text,
            |range| {
                literals
                    .iter()
                    .any(|literal| literal.start < range.start && range.end < literal.end)
            },
            |_, value, out| escape_into(value, out),
        )
    }

    /// The query with its `${…}` replaced: as they are outside its string literals, inside them
    /// escaped as the literal's quotes demand.
    #[must_use]
    pub fn expand_query(&self, text: &str) -> Expanded {
        let literals = if text.contains("${") {
            string_literals(text)
        } else {
            Vec::new()
        };
        self.expand_with(
            text,
            |_| true,
            |range, value, out| {
                let inside = literals
                    .iter()
                    .any(|literal| literal.start < range.start && range.end < literal.end);
                if inside {
                    escape_into(value, out);
                } else {
                    out.push_str(value);
                }
            },
        )
    }

    fn expand_with(
        &self,
        text: &str,
        allowed: impl Fn(&Range<usize>) -> bool,
        write: impl Fn(&Range<usize>, &str, &mut String),
    ) -> Expanded {
        let mut expanded = Expanded::default();
        let mut copied = 0;
        for (range, form) in forms(text) {
            expanded
                .text
                .push_str(text.get(copied..range.start).unwrap_or_default());
            copied = range.end;
            let start = expanded.text.len();
            let outcome = if form != Form::Literal && !allowed(&range) {
                Err(Reason::OutsideLiteral)
            } else {
                self.text_of(&form)
            };
            let outcome = outcome.and_then(|value| {
                let fits = expanded.text.len() + value.len() <= MAX_EXPANDED;
                if fits {
                    Ok(value)
                } else {
                    Err(Reason::TooLong)
                }
            });
            match outcome {
                Ok(value) => write(&range, &value, &mut expanded.text),
                Err(reason) => {
                    expanded
                        .text
                        .push_str(text.get(range.clone()).unwrap_or_default());
                    expanded.refusals.push(Refusal {
                        range: range.clone(),
                        reason,
                    });
                }
            }
            expanded.replacements.push(Replacement {
                written: range,
                expanded: start..expanded.text.len(),
            });
        }
        expanded
            .text
            .push_str(text.get(copied..).unwrap_or_default());
        expanded
    }

    fn text_of(&self, form: &Form<'_>) -> Result<String, Reason> {
        match *form {
            Form::Literal => Ok("${".to_owned()),
            Form::Name(name, default) => match (self.environment.get(name), default) {
                // As in a shell, `:-` also stands in for what is empty.
                (Some(value), None) => Ok(value.clone()),
                (Some(value), Some(_)) if !value.is_empty() => Ok(value.clone()),
                (_, Some(default)) => Ok(default.to_owned()),
                (None, None) => Err(Reason::Unset(name.to_owned())),
            },
            Form::Variable(name) => match self.variables.get(name) {
                None => Err(Reason::UnknownVariable(name.to_owned())),
                Some(node) => match node.as_scalar() {
                    None => Err(Reason::NotText(name.to_owned())),
                    Some(scalar) => Ok(match &scalar.value {
                        ScalarValue::Null => String::new(),
                        ScalarValue::Bool(value) => value.to_string(),
                        ScalarValue::Number(number) => number.to_string(),
                        ScalarValue::Text => scalar.text.to_string(),
                    }),
                },
            },
            Form::Secret => Err(Reason::Secret),
            Form::Malformed => Err(Reason::Malformed),
            Form::Unclosed => Err(Reason::Unclosed),
        }
    }

    /// Defines a variable; its own `${…}` are replaced by what is known so far.
    pub(super) fn define(&mut self, name: &Arc<str>, node: &Arc<Node>) {
        let value = self.inert(node);
        self.variables.insert(Arc::clone(name), value);
    }

    /// The tree with all scalars replaced, and none of them to be read as anything but a literal.
    fn inert(&self, node: &Arc<Node>) -> Arc<Node> {
        let kind = match &node.kind {
            Kind::Scalar(scalar) => match self.whole(scalar, node) {
                // Lists of lists of variables would grow beyond all measure.
                Some(replaced) if replaced.as_scalar().is_some() => return replaced,
                _ => Kind::Scalar(Scalar {
                    text: self.expand(&scalar.text).text.into(),
                    replaced: true,
                    ..scalar.clone()
                }),
            },
            Kind::List(elements) => {
                Kind::List(elements.iter().map(|one| self.inert(one)).collect())
            }
            Kind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|entry| Entry {
                        key: entry.key.clone(),
                        value: self.inert(&entry.value),
                    })
                    .collect(),
            ),
        };
        Arc::new(Node {
            span: node.span,
            kind,
        })
    }

    /// The tree with each scalar that is exactly one `${…}` replaced by what it stands for; parts
    /// for which `keeps` holds (by the keys that lead to them) stay as they are: secrets.
    pub(super) fn resolve(
        &self,
        node: &Arc<Node>,
        keys: &mut Vec<Arc<str>>,
        keeps: &dyn Fn(&[Arc<str>]) -> bool,
    ) -> Arc<Node> {
        match &node.kind {
            Kind::Scalar(scalar) if scalar.text.starts_with("${") && !keeps(keys) => {
                self.whole(scalar, node).unwrap_or_else(|| Arc::clone(node))
            }
            Kind::Scalar(_) => Arc::clone(node),
            Kind::List(elements) => {
                let resolved: Vec<Arc<Node>> = elements
                    .iter()
                    .enumerate()
                    .map(|(index, one)| {
                        keys.push(index.to_string().into());
                        let one = self.resolve(one, keys, keeps);
                        keys.pop();
                        one
                    })
                    .collect();
                if resolved
                    .iter()
                    .zip(elements)
                    .all(|(a, b)| Arc::ptr_eq(a, b))
                {
                    return Arc::clone(node);
                }
                Arc::new(Node {
                    span: node.span,
                    kind: Kind::List(resolved),
                })
            }
            Kind::Map(entries) => {
                let resolved: Vec<Entry> = entries
                    .iter()
                    .map(|entry| {
                        let key = self.key(&entry.key);
                        keys.push(Arc::clone(&key.value));
                        let value = self.resolve(&entry.value, keys, keeps);
                        keys.pop();
                        Entry { key, value }
                    })
                    .collect();
                let same = resolved.iter().zip(entries).all(|(a, b)| {
                    Arc::ptr_eq(&a.value, &b.value) && Arc::ptr_eq(&a.key.value, &b.key.value)
                });
                if same {
                    return Arc::clone(node);
                }
                Arc::new(Node {
                    span: node.span,
                    kind: Kind::Map(resolved),
                })
            }
        }
    }

    /// A key with its `${…}` replaced.
    fn key(&self, key: &Spanned<Arc<str>>) -> Spanned<Arc<str>> {
        if key.value.contains("${") {
            Spanned::new(self.expand(&key.value).text.into(), key.span)
        } else {
            key.clone()
        }
    }

    /// True for exactly one `${var:NAME}` of a variable that there is: it may be a list or map.
    pub(super) fn is_variable(&self, text: &str) -> bool {
        let mut forms = forms(text);
        matches!(forms.next(), Some((range, Form::Variable(name)))
            if range == (0..text.len()) && self.variables.contains_key(name))
    }

    /// What a scalar that is exactly one `${…}` stands for; none where it is not, or has no value.
    fn whole(&self, scalar: &Scalar, node: &Node) -> Option<Arc<Node>> {
        let mut forms = forms(&scalar.text);
        let (range, form) = forms.next()?;
        if range != (0..scalar.text.len()) {
            return None;
        }
        if let Form::Variable(name) = form {
            return self.variables.get(name).map(|value| moved(value, node));
        }
        let text = match form {
            Form::Literal => return None,
            _ => self.text_of(&form).ok()?,
        };
        Some(Arc::new(Node {
            span: node.span,
            kind: Kind::Scalar(replaced_scalar(
                text.into(),
                ScalarValue::Text,
                scalar,
                node,
            )),
        }))
    }
}

fn replaced_scalar(text: Arc<str>, value: ScalarValue, written: &Scalar, node: &Node) -> Scalar {
    Scalar {
        text,
        value,
        style: written.style,
        runs: vec![Run {
            decoded: 0,
            source: node.span.start,
            length: node.span.end - node.span.start,
        }],
        replaced: true,
    }
}

/// The tree of a variable where it is used: all of it stands at the place that names it.
fn moved(value: &Node, at: &Node) -> Arc<Node> {
    let kind = match &value.kind {
        Kind::Scalar(scalar) => Kind::Scalar(replaced_scalar(
            Arc::clone(&scalar.text),
            scalar.value.clone(),
            scalar,
            at,
        )),
        Kind::List(elements) => Kind::List(elements.iter().map(|one| moved(one, at)).collect()),
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|entry| Entry {
                    key: crate::diagnostic::Spanned::new(Arc::clone(&entry.key.value), at.span),
                    value: moved(&entry.value, at),
                })
                .collect(),
        ),
    };
    Arc::new(Node {
        span: at.span,
        kind,
    })
}

/// The string literals of a path or condition, quotes included.
fn string_literals(text: &str) -> Vec<Range<usize>> {
    let mut literals = Vec::new();
    let mut open: Option<(usize, u8)> = None;
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match open {
            None if matches!(byte, b'"' | b'\'') => open = Some((index, byte)),
            None => {}
            Some(_) if escaped => escaped = false,
            Some(_) if byte == b'\\' => escaped = true,
            Some((start, quote)) if byte == quote => {
                literals.push(start..index + 1);
                open = None;
            }
            Some(_) => {}
        }
    }
    literals
}

/// Writes text so that it is itself inside a literal of either kind of quotes.
fn escape_into(text: &str, out: &mut String) {
    for one in text.chars() {
        match one {
            '\\' => out.push_str("\\\\"),
            // The other kind of quotes may not be escaped in a literal: both are written by number.
            '\'' => out.push_str("\\u0027"),
            '"' => out.push_str("\\u0022"),
            one if u32::from(one) < 0x20 => {
                use std::fmt::Write as _;
                // Writing to a string cannot fail.
                write!(out, "\\u{:04x}", u32::from(one)).unwrap_or_default();
            }
            one => out.push(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings() -> Strings {
        Strings::new(
            [
                ("A".to_owned(), "1".to_owned()),
                ("EVIL".to_owned(), "x' || \"\\".to_owned()),
            ],
            [
                ("A".to_owned(), "2".to_owned()),
                ("B".to_owned(), "é".to_owned()),
                ("EMPTY".to_owned(), String::new()),
            ],
        )
    }

    #[test]
    fn the_environment_comes_before_the_file_and_a_default_after_both() {
        let strings = strings();
        for (text, expected) in [
            ("${A}", "1"),
            ("x${B}y", "xéy"),
            ("${C:-d}", "d"),
            ("${EMPTY:-d}", "d"),
            ("${C:-}", ""),
            ("$${A}", "${A}"),
            ("$${", "${"),
            ("a $5 $ {x}", "a $5 $ {x}"),
            ("$$${A}", "$${A}"),
        ] {
            let expanded = strings.expand(text);
            assert_eq!(expanded.text, expected, "{text}");
            assert!(!expanded.is_open(), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_stays_and_is_told() {
        let expanded = strings().expand("é${C}-${var:list}-${secret:x}-${}-${A");
        let reasons: Vec<Reason> = expanded
            .refusals
            .into_iter()
            .map(|one| one.reason)
            .collect();
        assert_eq!(
            reasons,
            [
                Reason::Unset("C".into()),
                Reason::UnknownVariable("list".into()),
                Reason::Secret,
                Reason::Malformed,
                Reason::Unclosed,
            ]
        );
        assert_eq!(expanded.text, "é${C}-${var:list}-${secret:x}-${}-${A");
    }

    #[test]
    fn in_an_expression_only_literals_are_replaced_and_stay_literals() {
        let expanded = strings().expand_expression("$.a == 'x${EVIL}' && $.b == ${A}");
        assert_eq!(
            expanded.text,
            "$.a == 'xx\\u0027 || \\u0022\\\\' && $.b == ${A}"
        );
        assert_eq!(expanded.refusals.len(), 1);
        assert_eq!(
            expanded.refusals.first().map(|one| one.reason.clone()),
            Some(Reason::OutsideLiteral)
        );
        let tail = expanded.text.find("$.b").unwrap();
        assert_eq!(expanded.written(tail..tail + 3), 21..24);
        assert_eq!(expanded.written(9..12), 9..16);
    }
}
