//! Brevo's ways in: a key, or a token that an OAuth client gets for an hour.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::{KEY, errors};
use crate::sandbox::exchange::{Reply, Request};

/// The client that gets tokens.
pub(in crate::sandbox) const CLIENT_ID: &str = "sandbox-brevo-client";
/// Its secret.
pub(in crate::sandbox) const CLIENT_SECRET: &str = "sandbox-brevo-client-secret";

/// How long a token lasts, in milliseconds.
const TOKEN_MS: i64 = 3_600_000;

/// Tokens: until when, what for.
#[derive(Default)]
pub(super) struct Auth(Mutex<BTreeMap<String, (i64, Vec<String>)>>);

impl Auth {
    /// Answers a request for a token, and refuses one that may not go on.
    pub(super) fn judge(&self, request: &Request, now: i64) -> Option<Reply> {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let route = request.route();
        if let ["realms", "partner", "oauth", "token"] = route.as_slice() {
            return Some(token(&mut tokens, request, now));
        }
        if let Some(header) = request.header("authorization") {
            let token = header.strip_prefix("Bearer ").unwrap_or_default();
            let Some((_, scopes)) = tokens.get(token).filter(|(until, _)| *until > now) else {
                return Some(errors::error(
                    401,
                    "unauthorized",
                    "Invalid or expired token",
                ));
            };
            let enough =
                needed(request.method.as_str(), &route).is_none_or(|scope| scopes.contains(&scope));
            return (!enough).then(|| {
                errors::error(
                    403,
                    "permission_denied",
                    "The token lacks the scope for this",
                )
            });
        }
        match request.header("api-key") {
            None => Some(errors::error(
                401,
                "unauthorized",
                "authentication not found in headers",
            )),
            Some(KEY) => None,
            Some(_) => Some(errors::error(401, "unauthorized", "Key not found")),
        }
    }
}

fn token(tokens: &mut BTreeMap<String, (i64, Vec<String>)>, request: &Request, now: i64) -> Reply {
    let refused = |status: u16, error: &str, text: &str| {
        Reply::json(
            status,
            &json!({ "error": error, "error_description": text }),
        )
    };
    let is_form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if request.method != axum::http::Method::POST || !is_form {
        return refused(400, "invalid_request", "Missing form parameter: grant_type");
    }
    let pairs: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    let text = |name: &str| pairs.get(name).map(String::as_str).unwrap_or_default();
    if text("grant_type") != "client_credentials" {
        return refused(400, "unsupported_grant_type", "Unsupported grant_type");
    }
    if text("client_id") != CLIENT_ID || text("client_secret") != CLIENT_SECRET {
        return refused(
            401,
            "invalid_client",
            "Invalid client or Invalid client credentials",
        );
    }
    let token = format!("sandbox-brevo-token-{}", tokens.len() + 1);
    let scopes = text("scope").split(' ').map(str::to_owned).collect();
    tokens.insert(token.clone(), (now + TOKEN_MS, scopes));
    Reply::json(
        200,
        &json!({
            "access_token": token, "expires_in": TOKEN_MS / 1_000, "token_type": "Bearer",
            "scope": text("scope"),
        }),
    )
}

/// The scope of an endpoint; writing does not imply reading.
fn needed(method: &str, route: &[&str]) -> Option<String> {
    let family = match route {
        ["v3", "account", ..] => return Some("account:read".to_owned()),
        ["v3", "contacts" | "processes", ..] => "contacts",
        ["v3", "events", ..] => "events",
        ["v3", "crm" | "companies", ..] => "crm",
        ["v3", "objects", ..] => "objects",
        ["v3", "emailCampaigns", ..] => "campaigns.email",
        ["v3", "smtp" | "senders", ..] => "transactional.email",
        ["v3", "webhooks", ..] => "webhooks",
        _ => return None,
    };
    let verb = if method == "GET" { "read" } else { "write" };
    Some(format!("{family}:{verb}"))
}
