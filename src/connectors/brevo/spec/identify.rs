//! Whom a record concerns.

use std::sync::Arc;

use crate::expression::{Expression, Trouble, TroubleKind};
use crate::record::{Object, Record, Value};

/// The values that identify a contact; the first present one in this order is the key.
#[derive(Debug, Default)]
pub struct Identify {
    /// Brevo's own id.
    pub contact_id: Option<Expression>,
    /// Another system's id.
    pub ext_id: Option<Expression>,
    /// The e-mail.
    pub email: Option<Expression>,
    /// The phone number.
    pub phone: Option<Expression>,
}

/// What identifies a contact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IdentityKind {
    /// Brevo's own id.
    ContactId,
    /// Another system's id.
    ExtId,
    /// The e-mail, in lower case.
    Email,
    /// The phone number.
    Phone,
}

impl IdentityKind {
    /// All kinds in the order in which the first present one is the key.
    pub const ALL: [Self; 4] = [Self::ContactId, Self::ExtId, Self::Email, Self::Phone];

    /// The name that pipelines and payloads use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContactId => "contact_id",
            Self::ExtId => "ext_id",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// What it takes, for messages.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::ContactId => "a positive integer",
            Self::ExtId => "text or a number",
            Self::Email => "an e-mail address",
            Self::Phone => "a phone number",
        }
    }
}

/// True for a value that can be an identity of this kind.
#[must_use]
pub fn is_identity(kind: IdentityKind, value: &Value) -> bool {
    normal(kind, value).is_ok()
}

/// An identity as it is compared and sent; none where the value is no identity of this kind.
#[must_use]
pub fn normal_identity(kind: IdentityKind, value: &Value) -> Option<Value> {
    normal(kind, value).ok()
}

/// The identities of one contact, the key first.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// What is the key.
    pub kind: IdentityKind,
    /// The operation's key: `email:jane@example.com`.
    pub key: Arc<str>,
    /// All that are present, by their names; the key is the first.
    pub all: Object,
}

impl Identify {
    /// The identities of a record's contact; none where no value is present.
    ///
    /// # Errors
    /// An e-mail that is none, an id of a kind that no id is.
    pub fn of(&self, record: &Record) -> Result<Option<Identity>, Trouble> {
        let mut key = None;
        let mut all = Object::with_capacity(4);
        for kind in IdentityKind::ALL {
            let Some(expression) = self.expression(kind) else {
                continue;
            };
            let Some(value) = expression
                .evaluate(&record.value)?
                .filter(|value| !value.is_null())
            else {
                continue;
            };
            let value = normal(kind, &value).map_err(|(message, expected)| {
                Trouble::new(TroubleKind::Conversion, message, expected, 0..0)
                    .located(expression.source(), expression.span())
            })?;
            let text = value
                .as_str()
                .map_or_else(|| value.to_json(), str::to_owned);
            key.get_or_insert_with(|| (kind, Arc::from(format!("{}:{text}", kind.name()))));
            all.push(kind.name().into(), value);
        }
        Ok(key.map(|(kind, key)| Identity { kind, key, all }))
    }

    /// The value of a kind.
    #[must_use]
    pub const fn expression(&self, kind: IdentityKind) -> Option<&Expression> {
        match kind {
            IdentityKind::ContactId => self.contact_id.as_ref(),
            IdentityKind::ExtId => self.ext_id.as_ref(),
            IdentityKind::Email => self.email.as_ref(),
            IdentityKind::Phone => self.phone.as_ref(),
        }
    }

    /// Each value that it is made of.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        IdentityKind::ALL
            .into_iter()
            .filter_map(|kind| self.expression(kind))
    }
}

/// The identity as it is compared and sent; what is wrong and what was expected where it is none.
fn normal(kind: IdentityKind, value: &Value) -> Result<Value, (&'static str, &'static str)> {
    match (kind, value) {
        (IdentityKind::ContactId, Value::Number(number))
            if number.as_i64().is_some_and(|id| id > 0) =>
        {
            Ok(value.clone())
        }
        (IdentityKind::ContactId, Value::String(text)) => match text.parse::<i64>() {
            Ok(id) if id > 0 => Ok(id.into()),
            _ => Err(("the contact's id is no id", "a positive integer")),
        },
        (IdentityKind::ContactId, _) => Err(("the contact's id is no id", "a positive integer")),
        (IdentityKind::Email, Value::String(text)) => {
            let email = text.trim().to_lowercase();
            if is_email(&email) {
                Ok(email.into())
            } else {
                Err(("the e-mail is none", "an e-mail address"))
            }
        }
        (IdentityKind::Email, _) => Err(("the e-mail is none", "an e-mail address")),
        (IdentityKind::Phone, Value::String(text)) => phone(text).map(Value::from).ok_or(NO_PHONE),
        (IdentityKind::Phone, Value::Number(number)) => {
            phone(&number.to_string()).map(Value::from).ok_or(NO_PHONE)
        }
        (IdentityKind::Phone, _) => Err(NO_PHONE),
        // Dots alone are resolved in a URL, so that such an id could never be asked for.
        (IdentityKind::ExtId, Value::String(text)) if !matches!(text.trim(), "" | "." | "..") => {
            Ok(text.trim().into())
        }
        (IdentityKind::ExtId, Value::Number(number)) => Ok(number.to_string().into()),
        (IdentityKind::ExtId, _) => Err((
            "the external id is no id",
            "text that is not empty, or a number",
        )),
    }
}

const NO_PHONE: (&str, &str) = (
    "the phone number is none",
    "6 to 15 digits with the country's code: `+49…`, `0049…` or `49…`",
);

/// `+` and the digits, whichever way it is written.
fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text
        .strip_prefix('+')
        .or_else(|| text.strip_prefix("00"))
        .unwrap_or(text);
    let digits: String = text
        .chars()
        .filter(|one| !matches!(one, ' ' | '\u{a0}' | '-' | '(' | ')' | '.' | '/'))
        .collect();
    let good = (6..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| format!("+{digits}"))
}

/// True for what a mail server could take: one `@`, a host of several labels, no blanks, and no
/// characters that only quoting would allow.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let name_character = |one: char| one.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(one);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|one| one.is_alphanumeric() || one == '-')
    };
    !name.is_empty()
        && name.len() <= 64
        && text.len() <= 254
        && name.chars().all(name_character)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && host.contains('.')
        && host.split('.').all(label)
        && host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_an_email_from_what_is_none() {
        for good in [
            "jane@example.com",
            "a.b+c@sub.example.co",
            "jürgen@exämple.de",
            "x@masked.invalid",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "?",
            "x at y dot com",
            "a@b",
            "a@@b.c",
            "@b.com",
            "a@.com",
            "a b@c.de",
            "a@b.com.",
            "a@1.2",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn identities_are_sent_as_they_are_compared() {
        let normal = |kind, value: &str| normal(kind, &value.into());
        assert_eq!(
            normal(IdentityKind::Email, "Jane@Example.COM"),
            Ok("jane@example.com".into())
        );
        assert_eq!(normal(IdentityKind::ContactId, "12"), Ok(12_i64.into()));
        assert!(normal(IdentityKind::ContactId, "-1").is_err());
        assert!(normal(IdentityKind::ExtId, "").is_err());
    }
}
