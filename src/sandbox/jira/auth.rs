//! Atlassian's authorisation server and its gateway: apps, codes, tokens that rotate, scopes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderValue, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::scopes::needed;
use super::{CALLER_EMAIL, catalog};
use crate::sandbox::exchange::{Reply, Request};

/// The app that may be let in.
pub(in crate::sandbox) const CLIENT_ID: &str = "sandbox-client";
/// Its secret.
pub(in crate::sandbox) const CLIENT_SECRET: &str = "sandbox-client-secret";
/// A token with scopes of the account: Basic, with its e-mail, at the gateway alone.
pub(in crate::sandbox) const SCOPED_TOKEN: &str = "sandbox-scoped-token";
/// A service account's token: Bearer, at the gateway alone.
pub(in crate::sandbox) const SERVICE_TOKEN: &str = "sandbox-service-token";

/// What the two tokens may do.
const TOKEN_SCOPES: [&str; 5] = [
    "read:jira-work",
    "read:jira-user",
    "write:jira-work",
    "manage:jira-configuration",
    "read:servicedesk-request",
];

/// How long an access token lasts, in milliseconds.
const ACCESS_MS: i64 = 3_600_000;
/// How long a code is good.
const CODE_MS: i64 = 300_000;
/// How long a used refresh token is taken again.
const LEEWAY_MS: i64 = 600_000;

/// The header by which the site knows how a request came through the gateway: no client can send it.
pub(in crate::sandbox) const WAY: &str = "x-sandbox-way";

/// What a test may change.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sandbox) enum Consent {
    /// The person at the browser refuses, or agrees again.
    Deny(bool),
    /// Every access token ends now.
    Expire(bool),
    /// Every refresh token is taken back.
    Revoke(bool),
    /// The sites that a token may ask: all of them have the same data.
    Sites(Vec<String>),
    /// Codes are for these scopes at most, whatever is asked for; empty for all.
    Grant(Vec<String>),
    /// The permissions that the account lacks. Without `BROWSE_PROJECTS` it sees no project and no
    /// issue, without `USER_PICKER` it finds nobody, without `ADMINISTER` it has no webhooks; who
    /// may create is not judged.
    Lack(Vec<String>),
}

#[derive(Default)]
struct Known {
    given: u64,
    deny: bool,
    /// Codes: until when, where to, what for.
    codes: BTreeMap<String, (i64, String, Vec<String>)>,
    /// Access tokens: until when, what for.
    access: BTreeMap<String, (i64, Vec<String>)>,
    /// Refresh tokens: what for, when they were used.
    refresh: BTreeMap<String, (Vec<String>, Option<i64>)>,
    sites: Vec<String>,
    grant: Vec<String>,
    lacks: Vec<String>,
}

/// The server's memory.
#[derive(Default)]
pub(super) struct Auth(Mutex<Known>);

/// What becomes of a request.
pub(super) enum Gate {
    /// It is not for the gateway.
    Site,
    /// It is answered here.
    Answered(Reply),
    /// It goes on to the site, which knows by whom it is.
    Passed(Request),
}

impl Auth {
    /// Judges a request.
    pub(super) fn judge(&self, request: &Request, now: i64) -> Gate {
        let route = request.route();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (request.method.as_str(), route.as_slice()) {
            ("GET", ["authorize"]) => Gate::Answered(authorize(&mut known, request, now)),
            ("POST", ["oauth", "token"]) => Gate::Answered(token(&mut known, request, now)),
            ("GET", ["oauth", "token", "accessible-resources"]) => {
                Gate::Answered(resources(&known, request, now))
            }
            (_, ["ex", "jira", cloud_id, rest @ ..]) => {
                match allowed(&known, request, cloud_id, rest, now) {
                    Ok(way) => Gate::Passed(passed(request, rest, way)),
                    Err(reply) => Gate::Answered(reply),
                }
            }
            _ => Gate::Site,
        }
    }

    /// True where the account lacks a permission.
    pub(super) fn lacks(&self, permission: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.lacks.iter().any(|one| one == permission)
    }

    /// Does what a test asks for.
    pub(super) fn control(&self, consent: &Consent, now: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match consent {
            Consent::Deny(deny) => known.deny = *deny,
            Consent::Expire(true) => {
                for (until, _) in known.access.values_mut() {
                    *until = now;
                }
            }
            Consent::Revoke(true) => known.refresh.clear(),
            Consent::Expire(false) | Consent::Revoke(false) => {}
            Consent::Sites(sites) => known.sites.clone_from(sites),
            Consent::Grant(scopes) => known.grant.clone_from(scopes),
            Consent::Lack(permissions) => known.lacks.clone_from(permissions),
        }
    }
}

/// The page at which a person agrees; here it is answered at once.
fn authorize(known: &mut Known, request: &Request, now: i64) -> Reply {
    let asked = |name: &str| request.query(name).unwrap_or_default();
    let problem = if asked("client_id") != CLIENT_ID {
        "We couldn't identify the app requesting access."
    } else if asked("audience") != "api.atlassian.com" || asked("response_type") != "code" {
        "The authorisation request is not valid."
    } else if asked("scope").is_empty() || asked("redirect_uri").is_empty() {
        "The app asks for no scope, or its callback URL is missing."
    } else {
        ""
    };
    let target = url::Url::parse(asked("redirect_uri"));
    let (true, Ok(mut target)) = (problem.is_empty(), target) else {
        return Reply::html(400, &format!("Something went wrong. {problem}"));
    };
    if known.deny {
        target
            .query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("error_description", "User did not authorize the request")
            .append_pair("state", asked("state"));
    } else {
        known.given += 1;
        let code = format!("sandbox-code-{}", known.given);
        let scopes = asked("scope").split(' ');
        let scopes = scopes
            .filter(|scope| known.grant.is_empty() || known.grant.iter().any(|one| one == scope))
            .map(str::to_owned)
            .collect();
        let to = asked("redirect_uri").to_owned();
        known
            .codes
            .insert(code.clone(), (now + CODE_MS, to, scopes));
        target
            .query_pairs_mut()
            .append_pair("state", asked("state"))
            .append_pair("code", &code);
    }
    Reply::empty(302).with_header("location", target.as_str())
}

fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(
        status,
        &json!({ "error": error, "error_description": description }),
    )
}

fn token(known: &mut Known, request: &Request, now: i64) -> Reply {
    let kind = request.header("content-type").unwrap_or_default();
    let body: Value = if kind.starts_with("application/x-www-form-urlencoded") {
        url::form_urlencoded::parse(&request.body)
            .into_owned()
            .map(|(name, value)| (name, Value::from(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    } else {
        serde_json::from_slice(&request.body).unwrap_or_default()
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    // There are no apps without a secret.
    if text("client_id") != CLIENT_ID || text("client_secret") != CLIENT_SECRET {
        return oauth_error(401, "access_denied", "Unauthorized");
    }
    let scopes = match text("grant_type") {
        "authorization_code" => {
            let found = known.codes.remove(text("code"));
            let found = found
                .filter(|(until, to, _)| *until > now && *to == text("redirect_uri"))
                .map(|(_, _, scopes)| scopes);
            match found {
                Some(scopes) => scopes,
                None => return oauth_error(403, "invalid_grant", "Invalid authorization code"),
            }
        }
        "refresh_token" => {
            let found = known.refresh.get_mut(text("refresh_token"));
            let good = found.filter(|(_, used)| used.is_none_or(|used| now - used < LEEWAY_MS));
            match good {
                Some((scopes, used)) => {
                    used.get_or_insert(now);
                    scopes.clone()
                }
                None => {
                    return oauth_error(403, "invalid_grant", "Unknown or invalid refresh token.");
                }
            }
        }
        _ => return oauth_error(400, "invalid_request", "grant_type is not supported"),
    };
    known.given += 1;
    let access = format!("sandbox-access-{}", known.given);
    let mut answer = json!({
        "access_token": access, "expires_in": ACCESS_MS / 1_000,
        "token_type": "Bearer", "scope": scopes.join(" "),
    });
    if scopes.iter().any(|scope| scope == "offline_access") {
        let refresh = format!("sandbox-refresh-{}", known.given);
        answer["refresh_token"] = refresh.clone().into();
        known.refresh.insert(refresh, (scopes.clone(), None));
    }
    known.access.insert(access, (now + ACCESS_MS, scopes));
    Reply::json(200, &answer)
}

fn unauthorized(message: &str) -> Reply {
    Reply::json(401, &json!({ "code": 401, "message": message }))
}

fn bearer(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ")
}

fn resources(known: &Known, request: &Request, now: i64) -> Reply {
    let token = bearer(request).and_then(|token| known.access.get(token));
    let Some((_, scopes)) = token.filter(|(until, _)| *until > now) else {
        return unauthorized("Unauthorized");
    };
    let host = request.header("host").unwrap_or_default();
    let mut sites = vec![json!({
        "id": catalog::CLOUD_ID, "url": format!("http://{host}"), "name": "acme",
        "scopes": scopes, "avatarUrl": format!("http://{host}/avatars/acme.png"),
    })];
    // Other sites come first: whoever takes the first one takes the wrong one.
    for (index, url) in known.sites.iter().enumerate() {
        let id = format!("{index:08x}-0000-4000-8000-000000000000");
        let site = json!({ "id": id, "url": url, "name": "other", "scopes": scopes });
        sites.insert(0, site);
    }
    Reply::json(200, &Value::from(sites))
}

/// How a request may go on.
fn allowed(
    known: &Known,
    request: &Request,
    cloud_id: &str,
    rest: &[&str],
    now: i64,
) -> Result<&'static str, Reply> {
    let (way, scopes): (_, Vec<&str>) = if let Some(token) = bearer(request) {
        match known.access.get(token) {
            Some((until, scopes)) if *until > now => {
                ("oauth", scopes.iter().map(String::as_str).collect())
            }
            _ if token == SERVICE_TOKEN => ("service", TOKEN_SCOPES.to_vec()),
            _ => return Err(unauthorized("Unauthorized")),
        }
    } else {
        let basic = request
            .header("authorization")
            .and_then(|header| header.strip_prefix("Basic "))
            .and_then(|text| STANDARD.decode(text.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let good = basic
            .as_deref()
            .and_then(|text| text.split_once(':'))
            .is_some_and(|(email, token)| {
                email.eq_ignore_ascii_case(CALLER_EMAIL) && token == SCOPED_TOKEN
            });
        if !good {
            return Err(unauthorized("Unauthorized"));
        }
        ("scoped", TOKEN_SCOPES.to_vec())
    };
    if cloud_id != catalog::CLOUD_ID {
        return Err(Reply::json(
            404,
            &json!({ "code": 404, "message": "No site has this id" }),
        ));
    }
    let enough = needed(request.method.as_str(), rest)
        .iter()
        .all(|scope| scopes.contains(scope));
    if !enough {
        return Err(unauthorized("Unauthorized; scope does not match"));
    }
    Ok(way)
}

/// The request as the site gets it.
fn passed(request: &Request, rest: &[&str], way: &'static str) -> Request {
    let mut headers = request.headers.clone();
    headers.insert(WAY, HeaderValue::from_static(way));
    let skipped: usize = request
        .path
        .split('/')
        .take(4)
        .map(|part| part.len() + 1)
        .sum();
    let path = request.path.get(skipped.saturating_sub(1)..);
    Request {
        method: Method::clone(&request.method),
        path: path.unwrap_or_default().to_owned(),
        segments: rest.iter().map(|part| (*part).to_owned()).collect(),
        query: request.query.clone(),
        headers,
        body: request.body.clone(),
    }
}
