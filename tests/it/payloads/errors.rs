//! Error answers of Jira, each in its class with something to do about it.

use flowline::connectors::jira::JiraDialect;
use flowline::http::{Class, Dialect as _, Response};
use serde_json::Value as Json;

use super::files;

/// What an error is by its status and form, as the service's facts say it.
fn class(status: u16, body: &str) -> Class {
    let html = body.trim_start().starts_with('<');
    match status {
        400 => Class::Rejected,
        401 if body.contains("scope") => Class::Permission,
        401 => Class::Authentication,
        403 => Class::Permission,
        // A site that is not there, or down: no word of the issue.
        404 if html => Class::Unavailable,
        404 if body.contains("XSRF") => Class::Permission,
        404 => Class::NotFound,
        410 => Class::Gone,
        429 => Class::RateLimited,
        500.. => Class::Unavailable,
        other => panic!("say what {other} means"),
    }
}

/// Every text that the body says: of `errorMessages` and `errors`, whichever it has.
fn said(body: &Json) -> Vec<String> {
    let mut said = Vec::new();
    for name in ["errorMessages", "errors"] {
        let part = &body[name];
        let list = part.as_array().into_iter().flatten();
        said.extend(list.filter_map(Json::as_str).map(str::to_owned));
        let members = part.as_object().into_iter().flatten();
        for (name, text) in members {
            said.push(name.clone());
            said.extend(text.as_str().map(str::to_owned));
        }
    }
    for name in [
        "message",
        "errorMessage",
        "error",
        "error_description",
        "body",
    ] {
        said.extend(body[name].as_str().map(str::to_owned));
    }
    said
}

#[test]
fn every_recorded_error_of_jira_has_its_class_and_says_what_jira_said() {
    let mut seen = 0;
    let files = files();
    for file in files
        .iter()
        .filter(|file| file.name.starts_with("errors/jira/"))
    {
        let (_, name) = file.name.rsplit_once('/').unwrap();
        // The name begins with the status; one that a library recorded was a 400.
        let status = name.get(..3).unwrap().parse().unwrap_or(400);
        let body = String::from_utf8(file.bytes.clone()).unwrap();
        let failure = JiraDialect.failure(
            "POST /rest/api/3/search/jql",
            &Response::new(status, file.bytes.clone()),
        );
        let failure = failure.unwrap_or_else(|| panic!("{name} is a success"));
        assert_eq!(failure.class, class(status, &body), "{name}: {failure}");
        assert_eq!(failure.status, Some(status), "{name}");
        assert!(
            failure
                .message
                .starts_with("Jira: POST /rest/api/3/search/jql: "),
            "{failure}"
        );
        assert!(
            failure.help.as_ref().is_some_and(|help| help.len() > 20),
            "{name}"
        );
        assert!(!failure.message.contains('<'), "{name}: {failure}");
        let json: Json = serde_json::from_str(&body).unwrap_or_default();
        // What looks like an address is masked.
        let line = |text: &str| {
            let words = text.split_whitespace();
            words
                .map(|word| if word.contains('@') { "[e-mail]" } else { word })
                .collect::<Vec<_>>()
                .join(" ")
        };
        for text in said(&json) {
            let start: String = line(&text).chars().take(150).collect();
            assert!(failure.message.contains(&start), "{name}: {failure}");
        }
        if !body.starts_with(['<', '{']) {
            assert!(failure.message.contains(body.trim()), "{name}: {failure}");
        }
        seen += 1;
    }
    assert!(files.is_empty() || seen >= 10, "{seen}");
}

#[test]
fn every_recorded_error_with_200_or_as_429_is_a_failure_too() {
    let files = files();
    for file in files
        .iter()
        .filter(|file| file.name.starts_with("errors/jira/"))
    {
        let limited = JiraDialect.failure("GET /x", &Response::new(429, file.bytes.clone()));
        assert_eq!(limited.unwrap().class, Class::RateLimited, "{}", file.name);
        if file.name.ends_with(".html") {
            let page = JiraDialect.failure("GET /x", &Response::new(200, file.bytes.clone()));
            assert_eq!(page.unwrap().class, Class::BrokenAnswer, "{}", file.name);
        }
    }
}

#[test]
fn the_headers_of_a_recorded_answer_tell_its_limit_and_are_no_reason_to_wait() {
    let files = files();
    let mut seen = 0;
    for file in &files {
        if !file.bytes.starts_with(b"HTTP ") {
            continue;
        }
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        let mut response = Response::new(200, "{}");
        let lines = text.lines().skip(1);
        response.headers = lines.filter_map(|line| line.split_once(": ")).collect();
        let limit = JiraDialect.limit(&response).unwrap();
        assert_eq!((limit.remaining, limit.reset), (Some(349), None));
        assert!(JiraDialect.failure("GET /x", &response).is_none());
        seen += 1;
    }
    assert!(files.is_empty() || seen > 0);
}
