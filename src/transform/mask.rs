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
pub struct MaskKey {
    bytes: [u8; 32],
    stands_in: bool,
}

impl MaskKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            stands_in: false,
        }
    }

    /// Random bytes in place of a key that is not made yet. What comes out tells values apart but
    /// is none of the hashes that a run would send, and says so: `masked-…`.
    #[must_use]
    pub const fn stand_in(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            stands_in: true,
        }
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
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.bytes) {
        // E-mails are compared in lower case everywhere, so their masks are equal too.
        mac.update(if email { text.to_lowercase() } else { text }.as_bytes());
        for byte in mac.finalize().into_bytes().iter().take(16) {
            write!(hash, "{byte:02x}").unwrap_or_default();
        }
    }
    if key.stands_in {
        hash.truncate(12);
        hash.insert_str(0, "masked-");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{applied, key, one};

    fn masked(value: &str) -> String {
        let made = one("  - mask: [$.v]", &format!(r#"{{"v":{value}}}"#));
        match Value::from_json(&made).unwrap().get("v").unwrap() {
            Value::String(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn is_hash(text: &str) -> bool {
        text.len() == 32
            && text
                .chars()
                .all(|one| one.is_ascii_digit() || ('a'..='f').contains(&one))
    }

    #[test]
    fn a_value_becomes_32_hex_digits_of_the_keyed_hash() {
        // printf 10001 | openssl dgst -sha256 -mac HMAC -macopt key:'a key of thirty-two bytes, fixed'
        assert_eq!(masked(r#""10001""#), "5da4534de4c6c3dde894fb596dadc8e1");
        for value in [
            r#""Jane Doe""#,
            "10001",
            "true",
            r#"["a"]"#,
            r#"{"a":1}"#,
            r#""""#,
        ] {
            assert!(is_hash(&masked(value)), "{value}");
        }
        assert_eq!(masked("10001"), masked(r#""10001""#));
        assert_eq!(masked(r#"{"a":1,"b":2}"#), masked(r#"{"b":2,"a":1}"#));
        assert_ne!(masked(r#""a""#), masked(r#""b""#));
        let other = Mask {
            paths: vec![Path::parse("$.v").unwrap()],
        };
        let record = crate::plan::testing::record(r#"{"v":"10001"}"#);
        let under_another = other.apply(record, &MaskKey::new([7; 32]));
        assert_ne!(
            under_another.value.get("v").unwrap().as_str().unwrap(),
            masked(r#""10001""#)
        );
    }

    #[test]
    fn an_email_stays_an_email() {
        let mask = masked(r#""Jane@Example.com""#);
        let (hash, host) = mask.split_once('@').unwrap();
        assert!(is_hash(hash), "{mask}");
        assert_eq!(host, "masked.invalid");
        assert_eq!(mask, masked(r#""jane@example.com""#));
        for none in [
            r#""@example.com""#,
            r#""a@b@c.d""#,
            r#""jane doe@x.y""#,
            r#""@""#,
        ] {
            assert!(is_hash(&masked(none)), "{none}");
        }
    }

    #[test]
    fn missing_stays_and_a_value_is_masked_once() {
        for json in [r#"{"v":null}"#, "{}", r#"{"k":"v"}"#] {
            assert_eq!(one("  - mask: [$.v]", json), json);
        }
        let json = r#"{"v":"a","l":[{"v":"b"},{"v":null}]}"#;
        let twice = one("  - mask: [$.v, '$..v', $.v]", json);
        assert!(twice.contains(&masked(r#""a""#)), "{twice}");
        assert!(twice.contains(&masked(r#""b""#)), "{twice}");
        assert_eq!(applied("  - mask: ['$.l[*].v']", json).unwrap().len(), 1);
    }

    #[test]
    fn without_the_key_values_are_told_apart_but_no_hash_is_shown() {
        let mask = Mask {
            paths: vec![Path::parse("$.*").unwrap()],
        };
        let json = r#"{"a":"x","b":"x","c":"y","d":"jane@example.com","e":null}"#;
        let masked = |key: &MaskKey| {
            let record = mask.apply(crate::plan::testing::record(json), key);
            let of = |name: &str| record.value.get(name).unwrap().to_json();
            ["a", "b", "c", "d", "e"].map(of)
        };
        let [a, b, c, d, e] = masked(&MaskKey::stand_in([7; 32]));
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!((a.len(), e.as_str()), ("masked-".len() + 14, "null"));
        assert!(
            a.starts_with("\"masked-") && d.starts_with("\"masked-"),
            "{a} {d}"
        );
        assert!(d.ends_with("@masked.invalid\""), "{d}");
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", key()), "MaskKey");
    }
}
