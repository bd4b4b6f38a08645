//! Tokens of OAuth apps' webhooks: JWTs of HS256, and no others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use crate::http::Secret;

/// How far clocks may differ, in seconds.
const LEEWAY: f64 = 60.0;

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Parts that must be understood: none is.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    iat: Option<f64>,
}

/// Whether a token is signed with the secret and not out of its time; `now` in epoch seconds.
pub(super) fn is_signed(token: &str, secret: &Secret, now: i64) -> bool {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Some(given) = decoded(signature) else {
        return false;
    };
    // Judged before the parts are read; the method is ours, whatever the token says of it.
    let genuine = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).is_ok_and(|mac| {
        mac.chain_update(header.as_bytes())
            .chain_update(b".")
            .chain_update(claims.as_bytes())
            .verify_slice(&given)
            .is_ok()
    });
    let header: Option<Header> = read(header);
    let claims: Option<Claims> = read(claims);
    let (Some(header), Some(claims)) = (header, claims) else {
        return false;
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 are far below 2^53"
    )]
    let now = now as f64;
    genuine
        && header.alg == "HS256"
        && header.crit.is_none()
        && claims.exp.is_none_or(|exp| now <= exp + LEEWAY)
        && claims.iat.is_none_or(|iat| iat <= now + LEEWAY)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&decoded(part)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn token(header: &str, claims: &str, secret: &str) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        let signature = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn accepted(header: &str, claims: &str) -> bool {
        is_signed(
            &token(header, claims, "client-secret"),
            &Secret::new("client-secret"),
            NOW,
        )
    }

    const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    #[test]
    fn a_token_of_the_client_secret_is_accepted_whatever_else_it_claims() {
        assert!(accepted(HS256, r#"{"iss":"x","context":{"user":1}}"#));
        assert!(accepted(HS256, r#"{"exp":1800000000,"iat":1800000000}"#));
    }

    #[test]
    fn times_may_differ_by_sixty_seconds() {
        for (claims, good) in [
            (r#"{"exp":1799999940}"#, true),
            (r#"{"exp":1799999939}"#, false),
            (r#"{"iat":1800000060}"#, true),
            (r#"{"iat":1800000061}"#, false),
            (r#"{"exp":"soon"}"#, false),
        ] {
            assert_eq!(accepted(HS256, claims), good, "{claims}");
        }
    }

    #[test]
    fn no_other_method_and_no_other_secret_is_accepted() {
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            "{}",
        ] {
            assert!(!accepted(header, "{}"), "{header}");
        }
        let good = token(HS256, "{}", "client-secret");
        assert!(!is_signed(&good, &Secret::new("another"), NOW));
        let unsigned = good.rsplit_once('.').unwrap().0.to_owned() + ".";
        for bad in [
            unsigned,
            String::new(),
            "a.b".into(),
            format!("{good}.x"),
            good + "A",
        ] {
            assert!(
                !is_signed(&bad, &Secret::new("client-secret"), NOW),
                "{bad}"
            );
        }
    }
}
