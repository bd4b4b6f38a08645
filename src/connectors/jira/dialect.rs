//! What Jira's answers mean.

use std::time::Duration;

use serde::Deserialize;

use crate::http::{Class, Dialect, Failure, LimitSeen, Response, failure_of, is_html};

/// Jira Cloud's way of answering.
#[derive(Clone, Copy, Debug, Default)]
pub struct JiraDialect;

/// The forms in which Jira and what stands before it say what is wrong.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ErrorBody {
    error_messages: Vec<String>,
    errors: serde_json::Map<String, serde_json::Value>,
    message: Option<String>,
    error_message: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

impl ErrorBody {
    /// Everything that is said: either part may be empty.
    fn said(self) -> Option<String> {
        let mut parts = self.error_messages;
        parts.extend(self.errors.into_iter().map(|(field, text)| match text {
            serde_json::Value::String(text) => format!("{field}: {text}"),
            other => format!("{field}: {other}"),
        }));
        parts.extend(self.message.into_iter().chain(self.error_message));
        parts.extend(self.error.into_iter().chain(self.error_description));
        parts.extend(self.title.into_iter().chain(self.detail));
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl Dialect for JiraDialect {
    fn service(&self) -> &'static str {
        "Jira"
    }

    fn failure(&self, call: &str, response: &Response) -> Option<Failure> {
        let reason = response
            .headers
            .get("x-seraph-loginreason")
            .unwrap_or_default();
        if response.is_success() && reason.contains("AUTHENTICATED_FAILED") {
            let message = format!(
                "Jira: {call}: the credential is refused, and the answer is that for nobody"
            );
            return Some(Failure::new(Class::Authentication, message).help(CREDENTIAL));
        }
        if response.is_success() && !is_html(response) {
            return None;
        }
        let said = serde_json::from_slice::<ErrorBody>(&response.body)
            .ok()
            .and_then(ErrorBody::said);
        let said = said.or_else(|| plain(response));
        let mut failure = failure_of("Jira", call, response, said.as_deref());
        let text = said.unwrap_or_default().to_lowercase();
        if is_html(response) && matches!(response.status, 404 | 400 | 403) {
            // A page instead of data: a wrong address, an outage or something in between.
            failure.class = if response.status == 404 {
                Class::Unavailable
            } else {
                Class::Permission
            };
        }
        failure.help = Some(help(&mut failure, response, &text).to_owned());
        Some(failure)
    }

    fn limit(&self, response: &Response) -> Option<LimitSeen> {
        let number = |name: &str| response.headers.get(name)?.trim().parse().ok();
        let seen = LimitSeen {
            limit: None,
            remaining: number("x-ratelimit-remaining"),
            reset: None,
        };
        seen.remaining.map(|_| seen)
    }
}

const CREDENTIAL: &str = "check JIRA_EMAIL and JIRA_API_TOKEN: the token may have expired (they last a year at most), or belong to another e-mail; make a new one at https://id.atlassian.com/manage-profile/security/api-tokens";

/// A short plain text is worth showing.
fn plain(response: &Response) -> Option<String> {
    if is_html(response) {
        return None;
    }
    let text = std::str::from_utf8(&response.body).ok()?.trim();
    (!text.is_empty() && text.len() <= 200 && !text.starts_with(['{', '[']))
        .then(|| text.to_owned())
}

fn help(failure: &mut Failure, response: &Response, said: &str) -> &'static str {
    match failure.class {
        Class::Authentication if said.contains("scope") => {
            failure.class = Class::Permission;
            "the token lacks a scope for this: add it to the app or token"
        }
        Class::Authentication => CREDENTIAL,
        Class::Permission
            if response
                .headers
                .get("x-authentication-denied-reason")
                .is_some_and(|reason| reason.contains("CAPTCHA")) =>
        {
            "Jira wants a CAPTCHA: log in once in the browser, then run again"
        }
        Class::Permission if said.contains("connect session auth token") => {
            "the token was sent without its e-mail: check JIRA_EMAIL"
        }
        Class::Permission => {
            "the account may not do this: ask an administrator for access to the project"
        }
        Class::NotFound => {
            "it does not exist, or the account may not see it: check the site's address and the account's access"
        }
        Class::Gone => "Jira has removed this endpoint: use a newer flowline",
        Class::RateLimited => "Jira limits the rate; run again later",
        Class::Unavailable | Class::Timeout => {
            "Jira has trouble, see https://status.atlassian.com; run again later"
        }
        Class::BrokenAnswer => {
            "something answered that is not Jira's API: check the site's address and a proxy in between"
        }
        _ => "check the query and the pipeline",
    }
}

/// How long Jira's own headers ask to wait, where `Retry-After` does not say.
#[must_use]
pub fn reset_wait(response: &Response, now: jiff::Timestamp) -> Option<Duration> {
    let reset = response.headers.get("x-ratelimit-reset")?;
    let full = if reset.len() == "2026-11-24T16:00Z".len() {
        reset.replace('Z', ":00Z")
    } else {
        reset.to_owned()
    };
    let at: jiff::Timestamp = full.parse().ok()?;
    Duration::try_from(at.duration_since(now)).ok()
}
