//! Connections as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Keyed, SecretRef};
use crate::diagnostic::Spanned;

/// A service and how to get in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Connection {
    /// A Jira Cloud site.
    Jira(JiraConnection),
    /// A Brevo account.
    Brevo(BrevoConnection),
}

impl Connection {
    /// The service, as the file writes it.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        match self {
            Self::Jira(_) => "jira",
            Self::Brevo(_) => "brevo",
        }
    }
}

/// A Jira Cloud site.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraConnection {
    /// The site: a host name (`acme.atlassian.net`) or a URL.
    pub site: Option<Spanned<String>>,
    /// The site's cloud id; found by itself where it is not given.
    pub cloud_id: Option<Spanned<String>>,
    /// The API gateway; default `https://api.atlassian.com`.
    pub gateway: Option<Spanned<String>>,
    /// The server that gives OAuth tokens; default `https://auth.atlassian.com`.
    pub auth_server: Option<Spanned<String>>,
    /// How to get in.
    pub auth: Keyed<JiraAuth>,
    /// The secret that admin webhooks are signed with.
    pub webhook_secret: Option<SecretRef>,
    /// How long to wait before absence is believed; default `120 seconds`.
    pub visible_after: Option<Spanned<String>>,
}

/// How to get into Jira.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum JiraAuth {
    /// An account's e-mail and API token.
    Basic(JiraBasic),
    /// OAuth 2.0 (3LO).
    #[serde(rename = "oauth2")]
    OAuth2(JiraOAuth2),
    /// A service account's token; a personal one with scopes as `E-MAIL:TOKEN`, or connected with
    /// its e-mail.
    Token(SecretRef),
}

/// An account's e-mail and API token.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraBasic {
    /// The account's e-mail.
    pub email: Spanned<String>,
    /// The account's API token; without it, the one that `flowline connect` keeps.
    pub api_token: Option<SecretRef>,
}

/// An OAuth 2.0 app, which `flowline connect` lets in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraOAuth2 {
    /// The app's id.
    pub client_id: Spanned<String>,
    /// The app's secret.
    pub client_secret: SecretRef,
    /// The app's callback URL; default `http://localhost:8787/callback`.
    pub redirect_uri: Option<Spanned<String>>,
}

/// An OAuth 2.0 client.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// The client's id.
    pub client_id: Spanned<String>,
    /// The client's secret.
    pub client_secret: SecretRef,
}

/// A Brevo account; `api_key` or `oauth2`, one of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrevoConnection {
    /// The API; default `https://api.brevo.com/v3`.
    pub url: Option<Spanned<String>>,
    /// An API key.
    pub api_key: Option<SecretRef>,
    /// OAuth client credentials.
    pub oauth2: Option<OAuth2>,
    /// The bearer token of its webhooks.
    pub webhook_secret: Option<SecretRef>,
    /// How long to wait before absence is believed; default `60 seconds`.
    pub visible_after: Option<Spanned<String>>,
}
