//! Servers that give tokens, as far as they are alike.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use url::Url;

use crate::http::{
    Call, Class, Client, Dialect, Failure, LimitSeen, Method, Pacer, Parts, Request, Response,
    Safety, Secret, class_of, failure_of, is_html,
};

/// The endpoint family of tokens.
const TOKENS: &str = "tokens";

/// How long a token lasts that does not say so, in seconds.
const LIFETIME_S: i64 = 3_600;

/// A server that gives tokens.
pub(super) struct TokenServer {
    client: Client,
    url: Url,
    service: &'static str,
}

/// What a server gives.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: Option<i64>,
    refresh_token: Option<String>,
    scope: Option<String>,
}

/// Tokens as they were given.
pub(super) struct Granted {
    /// The access token.
    pub(super) access: Secret,
    /// How long it lasts, in seconds.
    pub(super) expires_in: i64,
    /// What the next one is asked for with.
    pub(super) refresh: Option<Secret>,
    /// What they may do; none where that is just what was asked for.
    pub(super) scopes: Option<Vec<String>>,
}

/// What was presented is not taken (any more): `invalid_grant`.
pub(super) struct InvalidGrant;

impl TokenServer {
    /// The server at an address.
    pub(super) fn new(parts: Parts, url: Url, service: &'static str) -> Self {
        // Its pace is nobody else's concern, and its limits are not those of the API.
        let parts = Parts {
            pace: None,
            ..parts
        };
        Self {
            client: Client::new(parts, Arc::new(TokenDialect(service)), Pacer::default()),
            url,
            service,
        }
    }

    /// Asks for tokens, once: what is presented may be used up by it.
    pub(super) async fn ask(
        &self,
        set: impl FnOnce(Request) -> Request,
    ) -> Result<Result<Granted, InvalidGrant>, Failure> {
        let request = set(Request::new(Method::Post, self.url.clone()));
        let call = Call {
            request,
            family: TOKENS,
            safety: Safety::Once,
        };
        let response = self.client.call(call).await?;
        if !response.is_success() {
            return Ok(Err(InvalidGrant));
        }
        let given: Given = serde_json::from_slice(&response.body).map_err(|_| {
            Failure::new(
                Class::BrokenAnswer,
                format!("{}: the answer holds no token", self.service),
            )
            .help("check the address and a proxy in between")
        })?;
        Ok(Ok(Granted {
            access: Secret::new(given.access_token),
            expires_in: given.expires_in.unwrap_or(LIFETIME_S),
            refresh: given.refresh_token.map(Secret::new),
            scopes: given
                .scope
                .map(|scopes| scopes.split_whitespace().map(str::to_owned).collect()),
        }))
    }
}

struct TokenDialect(&'static str);

impl Dialect for TokenDialect {
    fn service(&self) -> &'static str {
        self.0
    }

    fn failure(&self, call: &str, response: &Response) -> Option<Failure> {
        let html = is_html(response);
        if response.is_success() && !html {
            return None;
        }
        let body: Json = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let error = text("error").unwrap_or_default();
        // Its caller says what to do.
        if error == "invalid_grant" {
            return None;
        }
        let said = match text("error_description") {
            Some(description) => format!("{description} ({error})"),
            None => error.to_owned(),
        };
        let mut failure = failure_of(
            self.0,
            call,
            response,
            (!said.is_empty()).then_some(said.as_str()),
        );
        let of_client = matches!(
            error,
            "access_denied" | "invalid_client" | "unauthorized_client"
        );
        failure.class = match response.status {
            _ if of_client => Class::Authentication,
            200..=399 => Class::BrokenAnswer,
            status => class_of(status),
        };
        failure.help = Some(
            match failure.class {
                Class::Authentication | Class::Permission => {
                    "check the client's id and secret: `client_id`, `client_secret`"
                }
                Class::Rejected => {
                    "check the app's settings: its callback URL, its scopes, its id and secret"
                }
                Class::BrokenAnswer | Class::NotFound | Class::Gone => {
                    "something else answered: check the address and a proxy in between"
                }
                _ => "run again later",
            }
            .to_owned(),
        );
        Some(failure)
    }

    fn limit(&self, _: &Response) -> Option<LimitSeen> {
        None
    }
}
