//! Whether a delivery comes from whom it says.

use axum::http::HeaderMap;
use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::jwt;
use crate::http::Secret;

/// What a connection's deliveries must carry. With nothing set, none is taken.
#[derive(Clone, Debug)]
pub enum Verification {
    /// Jira: a signature over the body, or an app's token.
    Jira {
        /// What admin webhooks are signed with.
        secret: Option<Secret>,
        /// What tokens of an OAuth app are signed with.
        client_secret: Option<Secret>,
    },
    /// Brevo: a bearer token.
    Brevo {
        /// The token.
        token: Option<Secret>,
    },
}

impl Verification {
    /// Whether a delivery is signed; `now` is the time in epoch seconds.
    #[must_use]
    pub fn accepts(&self, headers: &HeaderMap, body: &[u8], now: i64) -> bool {
        match self {
            Self::Jira {
                secret,
                client_secret,
            } => {
                let signatures = headers.get_all("x-hub-signature").iter().count();
                if signatures > 0 {
                    // One that is there and wrong is not mended by a token.
                    return secret
                        .as_ref()
                        .is_some_and(|secret| signed(headers, body, secret));
                }
                client_secret.as_ref().is_some_and(|secret| {
                    bearer(headers).is_some_and(|token| jwt::is_signed(token, secret, now))
                })
            }
            Self::Brevo { token } => token.as_ref().is_some_and(|token| {
                bearer(headers).is_some_and(|given| same(given.as_bytes(), token.expose()))
            }),
        }
    }
}

/// `X-Hub-Signature: METHOD=HEX`, once, by one of the three methods.
fn signed(headers: &HeaderMap, body: &[u8], secret: &Secret) -> bool {
    let Some(text) = only(headers, "x-hub-signature") else {
        return false;
    };
    let Some((method, hex)) = text.split_once('=') else {
        return false;
    };
    let Some(given) = from_hex(hex) else {
        return false;
    };
    let key = secret.expose().as_bytes();
    match method {
        "sha256" => Hmac::<Sha256>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&given).is_ok()),
        "sha384" => Hmac::<Sha384>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&given).is_ok()),
        "sha512" => Hmac::<Sha512>::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&given).is_ok()),
        _ => false,
    }
}

/// The token of the only `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, "authorization")?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// A header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    match all.next() {
        None => first.to_str().ok(),
        Some(_) => None,
    }
}

/// Whether two texts are equal, in a time that does not tell where they differ.
fn same(given: &[u8], wanted: &str) -> bool {
    !wanted.is_empty() && bool::from(given.ct_eq(wanted.as_bytes()))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello World!";
    const HEX: &str = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";

    fn jira() -> Verification {
        Verification::Jira {
            secret: Some(Secret::new(SECRET)),
            client_secret: None,
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn accepts(verification: &Verification, pairs: &[(&'static str, &str)]) -> bool {
        verification.accepts(&headers(pairs), BODY, 1_800_000_000)
    }

    #[test]
    fn the_vector_of_jiras_documentation_is_accepted() {
        assert!(accepts(
            &jira(),
            &[("x-hub-signature", &format!("sha256={HEX}"))]
        ));
        assert!(accepts(
            &jira(),
            &[("x-hub-signature", &format!("sha256={}", HEX.to_uppercase()))]
        ));
    }

    #[test]
    fn the_method_is_read_from_the_header_and_is_one_of_three() {
        let key = SECRET.as_bytes();
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        let of384 = Hmac::<Sha384>::new_from_slice(key)
            .unwrap()
            .chain_update(BODY)
            .finalize();
        let of512 = Hmac::<Sha512>::new_from_slice(key)
            .unwrap()
            .chain_update(BODY)
            .finalize();
        let (of384, of512) = (hex(&of384.into_bytes()), hex(&of512.into_bytes()));
        for (header, good) in [
            (format!("sha384={of384}"), true),
            (format!("sha512={of512}"), true),
            (format!("sha512={of384}"), false),
            (format!("sha1={HEX}"), false),
            (format!("SHA256={HEX}"), false),
            (format!("sha256={}", HEX.replace('a', "b")), false),
            (format!("sha256={HEX}00"), false),
            ("sha256=".to_owned(), false),
            ("sha256=é".to_owned(), false),
            (HEX.to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(
                accepts(&jira(), &[("x-hub-signature", &header)]),
                good,
                "{header}"
            );
        }
    }

    #[test]
    fn none_and_several_signatures_are_refused() {
        let good = format!("sha256={HEX}");
        assert!(!accepts(&jira(), &[]));
        assert!(!accepts(
            &jira(),
            &[("x-hub-signature", &good), ("x-hub-signature", &good)]
        ));
        let neither = Verification::Jira {
            secret: None,
            client_secret: None,
        };
        assert!(!accepts(&neither, &[("x-hub-signature", &good)]));
        assert!(!accepts(
            &Verification::Brevo { token: None },
            &[("authorization", "Bearer x")]
        ));
    }

    #[test]
    fn brevos_token_is_compared_whole() {
        let brevo = Verification::Brevo {
            token: Some(Secret::new("token-1")),
        };
        for (header, good) in [
            ("Bearer token-1", true),
            ("bearer token-1", true),
            ("Bearer token-12", false),
            ("Bearer token-", false),
            ("Bearer ", false),
            ("Basic token-1", false),
            ("token-1", false),
        ] {
            assert_eq!(
                accepts(&brevo, &[("authorization", header)]),
                good,
                "{header}"
            );
        }
        let twice = [
            ("authorization", "Bearer token-1"),
            ("authorization", "Bearer token-1"),
        ];
        assert!(!accepts(&brevo, &twice));
    }
}
