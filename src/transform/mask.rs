//! `mask`: a keyed hash in place of a value.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::edit::{Edit, edit};
use crate::expression::Path;
use crate::record::{Record, Value};

/// Replaces values by the first 32 hex digits of HMAC-SHA-256 under the project's key; an e-mail
/// becomes `HASH@masked.invalid`. What is missing stays.
#[derive(Debug)]
pub struct Mask {
    /// What is masked.
    pub paths: Vec<Path>,
}

/// The key that `mask` hashes with: the project's own, so that nobody else can try values.
#[derive(Clone)]
pub struct MaskKey([u8; 32]);

impl MaskKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskKey")
    }
}

impl Mask {
    /// The record with these values masked.
    #[must_use]
    pub fn apply(&self, mut record: Record, key: &MaskKey) -> Record {
        let hide = &mut |value: &Value| {
            Ok(if value.is_null() {
                Edit::Keep
            } else {
                Edit::Replace(mask(value, key).into())
            })
        };
        let done: Result<(), std::convert::Infallible> = edit(&mut record.value, &self.paths, hide);
        match done {
            Ok(()) => record,
            Err(never) => match never {},
        }
    }
}

fn mask(value: &Value, key: &MaskKey) -> String {
    use std::fmt::Write as _;
    let text = match value {
        Value::String(text) => text.to_string(),
        other => crate::record::canonical_json(other),
    };
    let email = is_email(&text);
    let mut hash = String::with_capacity(32);
    // A key of 32 bytes is accepted; were it not, the value would still be hidden.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.0) {
        // E-mails are compared in lower case everywhere, so their masks are equal too.
        mac.update(if email { text.to_lowercase() } else { text }.as_bytes());
        for byte in mac.finalize().into_bytes().iter().take(16) {
            write!(hash, "{byte:02x}").unwrap_or_default();
        }
    }
    if email {
        format!("{hash}@masked.invalid")
    } else {
        hash
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !text.contains(char::is_whitespace)
    })
}
