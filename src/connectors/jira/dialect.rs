//! What Jira's answers mean.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value as Json;

use crate::http::{Class, Dialect, Failure, Holds, LimitSeen, Response, failure_of, is_html};

/// Jira Cloud's way of answering.
#[derive(Clone, Copy, Debug, Default)]
pub struct JiraDialect;

/// Everything that an error body says, in any of the forms in which Jira and what stands before it
/// say what is wrong: of `errorMessages` and `errors` either may be empty.
fn said(body: &[u8]) -> Option<String> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let mut parts = Vec::new();
    for name in ["errorMessages", "errors"] {
        texts(body.get(name), &mut parts);
    }
    for name in [
        "message",
        "errorMessage",
        "error",
        "error_description",
        "title",
        "detail",
    ] {
        texts(body.get(name), &mut parts);
    }
    if parts.is_empty() {
        // A form that nobody has told of: short, it is worth showing as it is.
        let whole = body.to_string();
        return (body.as_object().is_some_and(|body| !body.is_empty())
            && whole.chars().count() <= SHORT)
            .then_some(whole);
    }
    Some(parts.join("; "))
}

/// The texts of a text, a list or an object, with the names of members; no deeper than that.
fn texts(value: Option<&Json>, parts: &mut Vec<String>) {
    let one = |value: &Json| match value {
        Json::String(text) => text.trim().to_owned(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    match value {
        None | Some(Json::Bool(_) | Json::Number(_)) => {}
        Some(Json::Array(list)) => parts.extend(list.iter().map(one)),
        Some(Json::Object(members)) => {
            parts.extend(
                members
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", one(value))),
            );
        }
        Some(value) => parts.push(one(value)),
    }
    parts.retain(|part| !part.is_empty());
}

impl Dialect for JiraDialect {
    fn service(&self) -> &'static str {
        "Jira"
    }

    fn failure(&self, call: &str, response: &Response) -> Option<Failure> {
        if response.is_success() && seraph(response).contains("AUTHENTICATED_FAILED") {
            let message = format!(
                "Jira: {call}: the credential is refused, and the answer is that for nobody"
            );
            return Some(Failure::new(Class::Authentication, message).help(CREDENTIAL));
        }
        let html = is_html(response);
        if response.is_success() && !html {
            return None;
        }
        let said = said(&response.body).or_else(|| plain(response));
        let mut failure = failure_of("Jira", call, response, said.as_deref());
        let said = said.unwrap_or_default().to_lowercase();
        let (class, help) = meaning(failure.class, response, html, &said);
        failure.class = class;
        failure.help = Some(help.to_owned());
        if class == Class::RateLimited && failure.retry_after.is_none() {
            failure.retry_after = reset_wait(response);
        }
        failure.holds = holds(response);
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

/// What to do about a refused e-mail and token.
pub const CREDENTIAL: &str = "check JIRA_EMAIL and JIRA_API_TOKEN: the token may have expired (they last a year at most), or belong to another e-mail, or be one with scopes, which a site refuses; make a new one without scopes at https://id.atlassian.com/manage-profile/security/api-tokens";

/// How many characters of an answer are short enough to be shown as they are.
const SHORT: usize = 200;

/// A short plain text is worth showing.
fn plain(response: &Response) -> Option<String> {
    if is_html(response) {
        return None;
    }
    let text = std::str::from_utf8(&response.body).ok()?.trim();
    (!text.is_empty() && text.chars().count() <= SHORT && !text.starts_with(['{', '[']))
        .then(|| text.to_owned())
}

/// What Jira's login says of who asks.
fn seraph(response: &Response) -> &str {
    let reason = response.headers.get("x-seraph-loginreason");
    reason.unwrap_or_default()
}

/// True where a CAPTCHA stands between the account and the API.
fn captcha(response: &Response) -> bool {
    response
        .headers
        .get("x-authentication-denied-reason")
        .is_some()
        || seraph(response).contains("AUTHENTICATION_DENIED")
}

/// The class of what failed by more than its status, and what to do about it.
fn meaning(class: Class, response: &Response, html: bool, said: &str) -> (Class, &'static str) {
    match class {
        Class::Authentication | Class::Permission if captcha(response) => (
            Class::Permission,
            "Jira wants a CAPTCHA: log in once in the browser, then run again",
        ),
        Class::Authentication if said.contains("scope") => (
            Class::Permission,
            "the token lacks a scope for this: add it to the app or token",
        ),
        Class::Authentication => (class, CREDENTIAL),
        Class::Permission | Class::NotFound if said.contains("xsrf check failed") => (
            Class::Permission,
            "Jira took the call for a browser's: a proxy in between must leave the header User-Agent as it is",
        ),
        // A page instead of data: a wrong address, an outage or something in between.
        Class::NotFound if html => (
            Class::Unavailable,
            "no API is there: check the site's address; where that is right, Jira has trouble, see https://status.atlassian.com, and run again later",
        ),
        Class::Permission | Class::Rejected if html => (
            class,
            "a page was sent by what stands before Jira: check the site's address, a proxy or firewall in between, and the organisation's IP allow-list",
        ),
        Class::Permission if said.contains("connect session auth token") => (
            class,
            "the token was sent without its e-mail: check JIRA_EMAIL",
        ),
        Class::Permission => (
            class,
            "the account may not do this: ask an administrator for access to the project",
        ),
        Class::NotFound => (
            class,
            "it does not exist, or the account may not see it: check the site's address and the account's access",
        ),
        Class::Gone => (
            class,
            "Jira has removed this endpoint: use a newer flowline",
        ),
        Class::RateLimited => (class, "Jira limits the rate; run again later"),
        Class::Unavailable | Class::Timeout => (
            class,
            "Jira has trouble, see https://status.atlassian.com; run again later",
        ),
        Class::Busy => (class, "something else changes the same; run again"),
        Class::BrokenAnswer => (
            class,
            "something answered that is not Jira's API: check the site's address and a proxy in between",
        ),
        _ if matches!(response.status, 300..400) => (
            class,
            "the site has another address: check `site` in flowline.yaml",
        ),
        _ => (class, "check the query and the pipeline"),
    }
}

/// Which calls are held back: Jira says which of its limits was reached.
fn holds(response: &Response) -> Holds {
    let reason = response.headers.get("ratelimit-reason").unwrap_or_default();
    if reason.starts_with("jira-quota") {
        Holds::All
    } else if reason.starts_with("jira-per-issue") {
        Holds::Call
    } else {
        Holds::Family
    }
}

/// How long Jira's own headers ask to wait, by Jira's own clock, where `Retry-After` does not say.
fn reset_wait(response: &Response) -> Option<Duration> {
    let reset = response.headers.get("x-ratelimit-reset")?.trim();
    // Seen with and without seconds.
    let full = if reset.len() == "2026-11-24T16:00Z".len() {
        reset.replace('Z', ":00Z")
    } else {
        reset.to_owned()
    };
    let at: Timestamp = full.parse().ok()?;
    let now = rfc2822::parse(response.headers.get("date")?).ok()?;
    Duration::try_from(at.duration_since(now.timestamp())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(status: u16, headers: &[(&str, &str)], body: &str) -> Failure {
        let mut response = Response::new(status, body.to_owned());
        response.headers = headers.iter().copied().collect();
        let failure = JiraDialect.failure("GET /rest/api/3/issue/1", &response);
        let failure = failure.unwrap_or_else(|| panic!("{status} {body} is a success"));
        assert!(failure.message.contains("GET /rest/api/3/issue/1"));
        assert!(failure.help.as_ref().is_some_and(|help| !help.is_empty()));
        failure
    }

    #[test]
    fn both_parts_of_an_error_are_shown_in_whatever_form_they_come() {
        for (body, parts) in [
            (
                r#"{"errorMessages":["a is wrong"],"errors":{"summary":"is required","n":{"k":1}},"status":400}"#,
                &["a is wrong", "summary: is required", r#"n: {"k":1}"#][..],
            ),
            (
                r#"{"errorMessages":null,"errors":["one","two"]}"#,
                &["one", "two"],
            ),
            (r#"{"errorMessages":"alone"}"#, &["alone"]),
            (
                r#"{"errorMessage":"of the desk","i18nErrorMessage":{"i18nKey":"k"}}"#,
                &["of the desk"],
            ),
            (
                r#"{"code":400,"message":"of the gateway"}"#,
                &["of the gateway"],
            ),
            (
                r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"Failed to convert"}"#,
                &["Bad Request", "Failed to convert"],
            ),
            (
                r#"{"error":"invalid_grant","error_description":"Unknown token."}"#,
                &["invalid_grant", "Unknown token."],
            ),
            (
                r#"{"error":{"code":"x"},"message":["said","twice"]}"#,
                &["code: x", "said", "twice"],
            ),
            (r#"{"statusCode":400,"body":"odd"}"#, &["odd"]),
            ("in plain words", &["in plain words"]),
        ] {
            let failure = failed(400, &[], body);
            assert_eq!(failure.class, Class::Rejected, "{body}");
            for part in parts {
                assert!(failure.message.contains(part), "{body}: {failure}");
            }
        }
    }

    #[test]
    fn each_status_has_its_class() {
        for (status, class) in [
            (302, Class::Rejected),
            (400, Class::Rejected),
            (401, Class::Authentication),
            (403, Class::Permission),
            (404, Class::NotFound),
            (409, Class::Busy),
            (410, Class::Gone),
            (429, Class::RateLimited),
            (502, Class::Unavailable),
            (503, Class::Unavailable),
            (504, Class::Unavailable),
        ] {
            for body in ["", r#"{"errorMessages":[],"errors":{}}"#] {
                assert_eq!(failed(status, &[], body).class, class, "{status} {body}");
            }
        }
    }

    #[test]
    fn an_html_404_is_not_an_issue_that_is_missing() {
        let failure = failed(404, &[], "<!DOCTYPE html><title>Page Unavailable</title>");
        assert_eq!(failure.class, Class::Unavailable);
        let help = failure.help.unwrap();
        assert!(help.contains("the site's address") && help.contains("status.atlassian.com"));
    }

    #[test]
    fn a_refusal_by_a_page_is_not_blamed_on_the_account() {
        for (status, class) in [(400, Class::Rejected), (403, Class::Permission)] {
            let failure = failed(status, &[], "<HTML><TITLE>ERROR</TITLE>");
            assert_eq!(failure.class, class);
            assert!(failure.help.unwrap().contains("before Jira"));
        }
    }

    #[test]
    fn a_captcha_is_named_whichever_header_tells_of_it() {
        for (status, header) in [
            (
                403,
                (
                    "X-Authentication-Denied-Reason",
                    "CAPTCHA_CHALLENGE; login-url=https://acme.atlassian.net/login.jsp",
                ),
            ),
            (401, ("X-Seraph-LoginReason", "AUTHENTICATION_DENIED")),
        ] {
            let failure = failed(status, &[header], "");
            assert_eq!(failure.class, Class::Permission);
            assert!(failure.help.unwrap().contains("CAPTCHA"));
        }
    }

    #[test]
    fn a_missing_scope_is_no_bad_credential() {
        let failure = failed(
            401,
            &[],
            r#"{"code":401,"message":"Unauthorized; scope does not match"}"#,
        );
        assert_eq!(failure.class, Class::Permission);
        assert!(failure.help.unwrap().contains("lacks a scope"));
    }

    #[test]
    fn an_empty_answer_and_204_as_html_are_successes() {
        for (status, kind) in [(204, "text/html;charset=UTF-8"), (201, "application/json")] {
            let mut response = Response::new(status, "");
            response.headers = [("content-type", kind)].into_iter().collect();
            assert!(JiraDialect.failure("PUT /x", &response).is_none());
        }
    }

    #[test]
    fn limits_without_a_reset_are_no_reason_to_wait() {
        let mut response = Response::new(200, "{}");
        response.headers = [("X-RateLimit-Limit", "350"), ("X-RateLimit-Remaining", "0")]
            .into_iter()
            .collect();
        let seen = JiraDialect.limit(&response).unwrap();
        assert_eq!((seen.remaining, seen.reset), (Some(0), None));
        assert_eq!(JiraDialect.limit(&Response::new(200, "{}")), None);
    }

    #[test]
    fn a_reset_is_read_with_and_without_seconds_by_jiras_own_clock() {
        let date = ("date", "Tue, 24 Nov 2026 15:59:00 GMT");
        for (headers, wait) in [
            (
                &[date, ("x-ratelimit-reset", "2026-11-24T16:00Z")][..],
                Some(60),
            ),
            (
                &[date, ("x-ratelimit-reset", "2026-11-24T16:00:30Z")],
                Some(90),
            ),
            (
                &[
                    date,
                    ("x-ratelimit-reset", "2026-11-24T16:00Z"),
                    ("retry-after", "3"),
                ],
                Some(3),
            ),
            (&[date, ("x-ratelimit-reset", "soon")], None),
            (&[("x-ratelimit-reset", "2026-11-24T16:00Z")], None),
        ] {
            let failure = failed(429, headers, "");
            assert_eq!(
                failure.retry_after.map(|wait| wait.as_secs()),
                wait,
                "{headers:?}"
            );
        }
    }
}
