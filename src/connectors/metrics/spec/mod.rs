//! What a `metrics` sink asks for: pure.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::expression::conversion::scalar_text;
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::operation::{Operation, Place, Policy, Version};
use crate::record::{Object, Record, Value};

/// A gauge on the server's `/metrics`.
#[derive(Debug)]
pub struct Metrics {
    /// Its name.
    pub gauge: Arc<str>,
    /// Its value.
    pub value: Expression,
    /// Its labels, in the order of their names.
    pub labels: Vec<(Arc<str>, Expression)>,
}

/// True for what can name a gauge.
#[must_use]
pub fn is_gauge_name(name: &str) -> bool {
    is_name(name, |one| matches!(one, '_' | ':'))
}

/// True for what can name a label.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    is_name(name, |one| one == '_') && !name.starts_with("__")
}

fn is_name(name: &str, sign: fn(char) -> bool) -> bool {
    let valid = |one: char| one.is_ascii_alphanumeric() || sign(one);
    name.chars().all(valid) && name.chars().next().is_some_and(|one| !one.is_ascii_digit())
}

impl Metrics {
    /// The operation of a record, `{ gauge, value, labels }`; none where it has no value: a gauge
    /// that nothing sets is not there.
    ///
    /// # Errors
    /// Where the value is no number, or a label no scalar.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Option<Operation>, Trouble> {
        let wrong = |expression: &Expression, what: String, expected: &str| {
            Trouble::new(TroubleKind::WrongKind, what, expected, 0..0)
                .located(expression.source(), expression.span())
        };
        let value = match self.value.evaluate(&record.value)? {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number,
            Some(other) => {
                let what = format!("the gauge's value is {}", other.kind());
                return Err(wrong(&self.value, what, "a number"));
            }
        };
        let mut key = self.gauge.to_string();
        let mut labels = Object::with_capacity(self.labels.len());
        for (name, expression) in &self.labels {
            let Some(value) = expression.evaluate(&record.value)? else {
                continue;
            };
            if value.is_null() {
                continue;
            }
            let Some(text) = scalar_text(&value) else {
                let what = format!("the label `{name}` is {}", value.kind());
                return Err(wrong(expression, what, "text, a number or a boolean"));
            };
            // To Prometheus an empty label is none.
            if text.is_empty() {
                continue;
            }
            let before = if labels.is_empty() { '{' } else { ',' };
            // Writing to a string cannot fail.
            write!(key, "{before}{name}={text:?}").unwrap_or_default();
            labels.push(Arc::clone(name), Value::from(text.as_ref()));
        }
        if !labels.is_empty() {
            key.push('}');
        }
        let mut payload = Object::with_capacity(3);
        payload.push("gauge".into(), Arc::clone(&self.gauge).into());
        payload.push("value".into(), Value::Number(value));
        payload.push("labels".into(), labels.into());
        Ok(Some(Operation {
            sink: "metrics".into(),
            sink_index,
            scope: "metrics".into(),
            key: key.into(),
            policy: Policy::Latest,
            version: Version::default(),
            payload: payload.into(),
            unites: Vec::new(),
            receipt: None,
            subject: None,
            happened_at: None,
            record: Arc::clone(&record.name),
            at: at.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_prometheus() {
        for good in ["jira_open_issues", "a:b", "_x1"] {
            assert!(is_gauge_name(good), "{good}");
        }
        for bad in ["", "1a", "a-b", "a.b", "ä", "a b"] {
            assert!(!is_gauge_name(bad) && !is_label_name(bad), "{bad}");
        }
        assert!(is_label_name("assignee") && !is_label_name("__name__") && !is_label_name("a:b"));
    }
}
