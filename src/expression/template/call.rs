//! What each helper gives.

use std::borrow::Cow;

use super::Template;
use super::evaluate::{Asker, Frame, Item, Renderer, member, named, too_large, wrong_kind};
use super::helper::Helper;
use super::name::number_as_index;
use super::tree::Argument;
use crate::expression::conversion::{compact_json, read_time, scalar_text};
use crate::expression::{Trouble, TroubleKind};
use crate::record::Value;

impl Renderer<'_> {
    pub(super) fn call<'v>(
        &self,
        helper: Helper,
        arguments: &'v [Argument],
        whole: &'v Argument,
        frame: &'v Frame<'v>,
    ) -> Result<Item<'v>, Trouble> {
        let asker = Asker::Helper(helper);
        let text = |index: usize| match arguments.get(index) {
            Some(argument) => self.text(argument, frame, asker),
            None => Ok(Cow::Borrowed("")),
        };
        let truth = |value: bool| Ok(Item::Made(Value::Bool(value)));
        match helper {
            Helper::First => {
                for argument in arguments {
                    let item = self.argument(argument, frame)?;
                    if !item.is_missing() {
                        return Ok(item);
                    }
                }
                Ok(Item::Missing)
            }
            Helper::Or | Helper::And => {
                let sought = helper == Helper::Or;
                for argument in arguments {
                    if self.argument(argument, frame)?.is_true() == sought {
                        return truth(sought);
                    }
                }
                truth(!sought)
            }
            Helper::Not => match arguments {
                [argument] => truth(!self.argument(argument, frame)?.is_true()),
                _ => Ok(Item::Missing),
            },
            Helper::Eq | Helper::Ne => match arguments {
                [left, right] => {
                    let equal = self
                        .argument(left, frame)?
                        .equals(&self.argument(right, frame)?);
                    truth(equal == (helper == Helper::Eq))
                }
                _ => Ok(Item::Missing),
            },
            Helper::Lt | Helper::Le | Helper::Gt | Helper::Ge => {
                truth(self.compares(helper, arguments, frame)?)
            }
            Helper::Json => match arguments {
                [argument] => Ok(Item::Text(match self.argument(argument, frame)? {
                    Item::Missing => "null".into(),
                    Item::Found(value) => compact_json(value).into(),
                    Item::Made(value) => compact_json(&value).into(),
                    Item::Text(text) => compact_json(&Value::from(&*text)).into(),
                })),
                _ => Ok(Item::Missing),
            },
            Helper::Date => self
                .date(arguments, frame)
                .map(|text| Item::Text(text.into())),
            Helper::Lower => Ok(Item::Text(text(0)?.to_lowercase().into())),
            Helper::Upper => Ok(Item::Text(text(0)?.to_uppercase().into())),
            Helper::Trim => Ok(Item::Text(sub(text(0)?, |text| text.trim()))),
            Helper::FirstWord => Ok(Item::Text(sub(text(0)?, |text| {
                text.trim_start()
                    .split(char::is_whitespace)
                    .next()
                    .unwrap_or_default()
            }))),
            Helper::Truncate => self.truncate(arguments, frame).map(Item::Text),
            Helper::Replace => {
                let (value, from, to) = (text(0)?, text(1)?, text(2)?);
                if from.is_empty() {
                    return Err(Trouble::new(
                        TroubleKind::WrongKind,
                        "an empty text cannot be replaced",
                        "a text that is not empty",
                        arguments
                            .get(1)
                            .map_or_else(|| whole.range.clone(), |from| from.range.clone()),
                    ));
                }
                let growth = value.matches(&*from).count().saturating_mul(to.len());
                if growth > Template::MAX_OUTPUT {
                    return Err(too_large(whole.range.clone()));
                }
                Ok(Item::Text(value.replace(&*from, &to).into()))
            }
            Helper::Join => self
                .join(arguments, frame)
                .map(|text| Item::Text(text.into())),
            Helper::UrlEncode => Ok(Item::Text(url_encode(&text(0)?).into())),
            Helper::EscapeHtml => Ok(Item::Text(handlebars::html_escape(&text(0)?).into())),
            Helper::Lookup => self.lookup(arguments, frame),
        }
    }

    fn compares<'v>(
        &self,
        helper: Helper,
        arguments: &'v [Argument],
        frame: &'v Frame<'v>,
    ) -> Result<bool, Trouble> {
        let [left, right] = arguments else {
            return Ok(false);
        };
        let asker = Asker::Helper(helper);
        let scalar = |argument: &'v Argument| {
            let item = self.present(argument, frame, asker)?;
            match item.value() {
                Some(value @ (Value::Array(_) | Value::Object(_) | Value::Raw(_))) => {
                    Err(wrong_kind(argument, value, asker, "a number or text"))
                }
                _ => Ok(item),
            }
        };
        let (left, right) = (scalar(left)?, scalar(right)?);
        let order = match (left.text(), right.text(), left.value(), right.value()) {
            (Some(left), Some(right), ..) => left.cmp(right),
            (_, _, Some(Value::Number(left)), Some(Value::Number(right))) => left.cmp(right),
            _ => return Ok(false),
        };
        Ok(match helper {
            Helper::Lt => order.is_lt(),
            Helper::Le => order.is_le(),
            Helper::Gt => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    fn date<'v>(&self, arguments: &'v [Argument], frame: &'v Frame<'v>) -> Result<String, Trouble> {
        let [argument, format] = arguments else {
            return Ok(String::new());
        };
        let asker = Asker::Helper(Helper::Date);
        let item = self.present(argument, frame, asker)?;
        let time = match &item {
            Item::Text(text) => read_time(&Value::from(&**text), self.zone),
            Item::Found(value) => read_time(value, self.zone),
            Item::Made(value) => read_time(value, self.zone),
            Item::Missing => read_time(&Value::Null, self.zone),
        }
        .map_err(|error| {
            Trouble::new(
                TroubleKind::Conversion,
                format!(
                    "{} does not convert to a time: {}",
                    named(argument),
                    error.reason
                ),
                error.expected,
                argument.range.clone(),
            )
        })?;
        let written = self.text(format, frame, asker)?;
        jiff::fmt::strtime::format(&*written, &time.to_zoned(self.zone.clone())).map_err(|_| {
            Trouble::new(
                TroubleKind::WrongKind,
                "this is not a strftime format",
                "a format as \"%Y-%m-%d\"",
                format.range.clone(),
            )
        })
    }

    fn truncate<'v>(
        &self,
        arguments: &'v [Argument],
        frame: &'v Frame<'v>,
    ) -> Result<Cow<'v, str>, Trouble> {
        let [value, length] = arguments else {
            return Ok(Cow::Borrowed(""));
        };
        let asker = Asker::Helper(Helper::Truncate);
        let text = self.text(value, frame, asker)?;
        let item = self.present(length, frame, asker)?;
        let Some(most) = item.value().and_then(|value| match value {
            Value::Number(number) => number_as_index(*number),
            _ => None,
        }) else {
            return Err(Trouble::new(
                TroubleKind::WrongKind,
                format!("{} is not a number of characters", named(length)),
                "a whole number, 0 or more",
                length.range.clone(),
            ));
        };
        Ok(sub(text, |text| {
            text.char_indices()
                .nth(most)
                .and_then(|(end, _)| text.get(..end))
                .unwrap_or(text)
        }))
    }

    fn join<'v>(&self, arguments: &'v [Argument], frame: &'v Frame<'v>) -> Result<String, Trouble> {
        let [list, separator] = arguments else {
            return Ok(String::new());
        };
        let asker = Asker::Helper(Helper::Join);
        let item = self.present(list, frame, asker)?;
        let separator = self.text(separator, frame, asker)?;
        let Item::Found(Value::Array(elements)) = item else {
            return Err(match item.value() {
                Some(value) => wrong_kind(list, value, asker, "a list"),
                None => wrong_kind(list, &Value::from(""), asker, "a list"),
            });
        };
        let mut joined = String::new();
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                joined.push_str(&separator);
            }
            let Some(text) = scalar_text(element) else {
                return Err(Trouble::new(
                    if element.is_null() {
                        TroubleKind::Missing
                    } else {
                        TroubleKind::WrongKind
                    },
                    format!("an element of {} is {}", named(list), element.kind()),
                    "texts, numbers and booleans",
                    list.range.clone(),
                ));
            };
            joined.push_str(&text);
            if joined.len() > Template::MAX_OUTPUT {
                return Err(too_large(list.range.clone()));
            }
        }
        Ok(joined)
    }

    fn lookup<'v>(
        &self,
        arguments: &'v [Argument],
        frame: &'v Frame<'v>,
    ) -> Result<Item<'v>, Trouble> {
        let [base, key] = arguments else {
            return Ok(Item::Missing);
        };
        let asker = Asker::Helper(Helper::Lookup);
        let item = self.present(base, frame, asker)?;
        let name = self.text(key, frame, asker)?;
        match item {
            Item::Found(value @ (Value::Array(_) | Value::Object(_))) => {
                Ok(member(value, &name).map_or(Item::Missing, Item::Found))
            }
            // What lies too deep is not looked into.
            Item::Found(Value::Raw(_)) => Ok(Item::Missing),
            other => Err(match other.value() {
                Some(value) => wrong_kind(base, value, asker, "a list or map"),
                None => wrong_kind(base, &Value::from(""), asker, "a list or map"),
            }),
        }
    }
}

/// A part of a text without copying where it is borrowed.
fn sub<'v>(text: Cow<'v, str>, part: impl for<'t> Fn(&'t str) -> &'t str) -> Cow<'v, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(part(text)),
        Cow::Owned(text) => Cow::Owned(part(&text).to_owned()),
    }
}

fn url_encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 15] {
                encoded.push(HEX.get(usize::from(half)).copied().map_or('0', char::from));
            }
        }
    }
    encoded
}
