//! A value for a record.

use std::borrow::Cow;

use super::{Expression, Form, Wish};
use crate::config::IfMissing;
use crate::expression::conversion::scalar_text;
use crate::expression::{Escape, Trouble, TroubleKind};
use crate::record::{Object, Value};

impl Expression {
    /// The value for a record; none where it is missing. In a transform null stays null.
    ///
    /// # Errors
    /// Where the record does not have what the value needs.
    pub fn evaluate(&self, record: &Value) -> Result<Option<Value>, Trouble> {
        let found = self.found(record)?;
        let escapes = matches!(
            self.form,
            Form::Path {
                escape: Some(_),
                ..
            }
        );
        let value = if self.options.change_nothing() && !escapes {
            found
        } else {
            self.apply_options(found)?
        };
        Ok(value.filter(|value| !(self.destination && value.is_null())))
    }

    /// What is to become of the destination's field.
    ///
    /// # Errors
    /// Where the record does not have what the value needs.
    pub fn wish(&self, record: &Value, unless_said: IfMissing) -> Result<Wish, Trouble> {
        Ok(match self.evaluate(record)? {
            Some(value) if !value.is_null() => Wish::Set(value),
            _ => match self.options.if_missing.unwrap_or(unless_said) {
                IfMissing::Keep => Wish::Keep,
                IfMissing::Clear => Wish::Clear,
            },
        })
    }

    fn found(&self, record: &Value) -> Result<Option<Value>, Trouble> {
        match &self.form {
            Form::Path { path, .. } => Ok(path.value(record)),
            Form::Template { template, scalar } => match template.render(record, &self.zone) {
                Ok(text) => Ok(Some(text.into())),
                Err(trouble)
                    if trouble.kind == TroubleKind::Missing
                        && self.options.required == Some(false) =>
                {
                    Ok(None)
                }
                Err(trouble) => {
                    let span = super::locate(scalar, trouble.range.clone());
                    Err(trouble.located(&self.source, span))
                }
            },
            Form::Literal { value, .. } => Ok(Some(value.clone())),
            Form::List(parts) => {
                let mut elements = Vec::with_capacity(parts.len());
                for part in parts {
                    elements.extend(part.evaluate(record)?);
                }
                Ok(Some(elements.into()))
            }
            Form::Map(members) => {
                let mut object = Object::with_capacity(members.len());
                for (name, member) in members {
                    if let Some(value) = member.evaluate(record)? {
                        // The names of a map in YAML are unique.
                        object.push(name.clone(), value);
                    }
                }
                Ok(Some(object.into()))
            }
            Form::First(choices) => {
                for choice in choices {
                    if let Some(value) = choice.evaluate(record)?
                        && !value.is_null()
                    {
                        return Ok(Some(value));
                    }
                }
                Ok(None)
            }
        }
    }

    pub(super) fn apply_options(&self, found: Option<Value>) -> Result<Option<Value>, Trouble> {
        let mut value = found;
        if let Some(lookup) = &self.options.lookup {
            let beside = |one: &Value| -> Option<Value> {
                let key = scalar_text(one)?;
                lookup.get(&key).filter(|to| !to.is_null()).cloned()
            };
            value = value.and_then(|value| match &value {
                Value::Array(elements) => Some(
                    elements
                        .iter()
                        .filter_map(beside)
                        .collect::<Vec<_>>()
                        .into(),
                ),
                one => beside(one),
            });
        }
        if let Some(conversion) = self.options.conversion {
            value = value
                .map(|value| {
                    let most = self.options.max_length;
                    conversion.value.convert_within(&value, &self.zone, most)
                })
                .transpose()
                .map_err(|error| {
                    Trouble::new(
                        TroubleKind::Conversion,
                        format!(
                            "{} does not convert to {}: {}",
                            self.called(),
                            conversion.value.name(),
                            error.reason
                        ),
                        error.expected,
                        0..0,
                    )
                    .located(&self.source, self.subject_span())
                })?;
        }
        if let Form::Path {
            escape: Some(escape),
            ..
        } = &self.form
        {
            value = value.map(|value| escaped(value, *escape));
        }
        let is_missing = value.as_ref().is_none_or(Value::is_null);
        if let Some(default) = &self.options.default
            && is_missing
        {
            value = Some(default.value.clone());
        }
        if let Some(most) = self.options.max_length {
            value = value.map(|value| cut(value, most));
        }
        if self.options.required == Some(true) && value.as_ref().is_none_or(Value::is_null) {
            return Err(Trouble::new(
                TroubleKind::Missing,
                format!("{} is missing and required", self.called()),
                "a value",
                0..0,
            )
            .located(&self.source, self.subject_span()));
        }
        Ok(value)
    }

    /// How a message calls it.
    fn called(&self) -> Cow<'_, str> {
        match &self.form {
            Form::Path { scalar, .. } => match scalar.as_scalar() {
                Some(written) => format!("`{}`", written.text).into(),
                None => "the path's value".into(),
            },
            Form::Template { .. } => "the template's text".into(),
            Form::Literal { .. } | Form::List(_) | Form::Map(_) => "this value".into(),
            Form::First(_) => "the first of these".into(),
        }
    }

    fn subject_span(&self) -> crate::diagnostic::Span {
        match &self.form {
            Form::Path { scalar, .. } | Form::Template { scalar, .. } => scalar.span,
            _ => self.span,
        }
    }
}

/// Texts cut after so many Unicode scalar values, also those of a list.
fn cut(value: Value, most: usize) -> Value {
    match &value {
        Value::String(text) => match text.char_indices().nth(most) {
            Some((end, _)) => Value::from(text.with(text.get(..end).unwrap_or_default())),
            None => value,
        },
        Value::Array(elements) => elements
            .iter()
            .map(|element| match element {
                Value::String(_) => cut(element.clone(), most),
                other => other.clone(),
            })
            .collect::<Vec<_>>()
            .into(),
        _ => value,
    }
}

fn escaped(value: Value, escape: Escape) -> Value {
    match &value {
        Value::String(text) => escape.of(text).into(),
        Value::Array(elements) => elements
            .iter()
            .map(|element| match element {
                Value::String(text) => escape.of(text).into(),
                other => other.clone(),
            })
            .collect::<Vec<_>>()
            .into(),
        _ => value,
    }
}
