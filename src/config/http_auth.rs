//! How to get into a JSON API, as written.

use schemars::JsonSchema;
use serde::Deserialize;
use url::{Host, Url};

use super::SecretRef;
use crate::diagnostic::Spanned;

/// How to get into a JSON API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HttpAuth {
    /// A bearer token.
    Bearer(SecretRef),
    /// User and password.
    Basic(HttpBasic),
    /// A header.
    Header(HttpHeader),
}

/// User and password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpBasic {
    /// The user.
    pub user: Spanned<String>,
    /// The password.
    pub password: SecretRef,
}

/// A header that lets in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpHeader {
    /// Its name.
    pub name: Spanned<String>,
    /// Its value.
    pub value: SecretRef,
}

/// True for addresses of this machine: only to them is plain HTTP allowed.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
