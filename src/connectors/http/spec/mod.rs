//! What `http` sources and sinks ask for: pure, nothing is asked here.

mod sink;
mod source;

use url::Url;

use crate::config::{SecretSource, is_loopback};

pub use sink::HttpSink;
pub use source::{HttpCursor, HttpSource, Pages, scalar};

/// How to get into a JSON API: where the secrets are, never what they are.
#[derive(Clone, Debug)]
pub enum Auth {
    /// A bearer token.
    Bearer(SecretSource),
    /// User and password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretSource,
    },
    /// A header.
    Header {
        /// Its name in lower case.
        name: String,
        /// Its value.
        value: SecretSource,
    },
}

/// Headers whose values are always secrets.
pub const SECRET_HEADERS: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// Headers that are the transport's own.
pub const OWN_HEADERS: [&str; 6] = [
    "host",
    "connection",
    "content-length",
    "idempotency-key",
    "transfer-encoding",
    "te",
];

/// True for what can name a header.
#[must_use]
pub fn is_header_name(name: &str) -> bool {
    let token = |one: u8| one.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&one);
    !name.is_empty() && name.bytes().all(token)
}

/// Reads an address that may be asked.
///
/// # Errors
/// Why it may not, in a few words.
pub fn address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "no address")?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("plain HTTP to another host than this machine"),
        _ => return Err("neither an https:// nor an http:// address"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a credential in it");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_may_be_asked() {
        for good in [
            "https://api.acme.example/a?b=1",
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://localhost/",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.acme.example/",
            "ftp://api.acme.example/",
            "api.acme.example",
            "/customers",
            "https://user:word@api.acme.example/",
            "http://localhost.acme.example/",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
