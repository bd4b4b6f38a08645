//! How to get into a JSON API, as written.

use schemars::JsonSchema;
use serde::Deserialize;

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
