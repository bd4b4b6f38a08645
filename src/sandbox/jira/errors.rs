//! Jira's ways of saying no.

use serde_json::{Map, Value, json};

use crate::sandbox::exchange::{Reply, Request};

/// `{errorMessages, errors}`.
pub(super) fn messages(status: u16, messages: &[&str]) -> Reply {
    Reply::json(status, &json!({ "errorMessages": messages, "errors": {} }))
}

/// `{errorMessages: [], errors: {field: why}}`.
pub(super) fn fields(errors: &[(&str, &str)]) -> Reply {
    let errors: Map<String, Value> = errors
        .iter()
        .map(|(field, why)| ((*field).to_owned(), Value::from(*why)))
        .collect();
    Reply::json(400, &json!({ "errorMessages": [], "errors": errors }))
}

/// `application/problem+json`, as for an unknown path or a query parameter of the wrong type.
pub(super) fn problem(status: u16, title: &str, detail: &str) -> Reply {
    let mut reply = Reply::json(
        status,
        &json!({ "type": "about:blank", "title": title, "status": status, "detail": detail }),
    );
    reply.content_type = Some("application/problem+json");
    reply
}

/// The body is not what the endpoint takes.
pub(super) fn payload() -> Reply {
    messages(
        400,
        &["Invalid request payload. Refer to the REST API documentation and try again."],
    )
}

/// 404 of an issue that is not there, or not for this caller.
pub(super) fn no_issue() -> Reply {
    messages(
        404,
        &["Issue does not exist or you do not have permission to see it."],
    )
}

/// 401: nobody is known to ask.
pub(super) fn unauthenticated() -> Reply {
    messages(
        401,
        &["Client must be authenticated to access this resource."],
    )
    .with_header(
        "www-authenticate",
        "OAuth realm=\"https%3A%2F%2Facme.atlassian.net\"",
    )
}

/// The body as an object.
pub(super) fn object(request: &Request) -> Result<Map<String, Value>, Reply> {
    let json = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !json {
        return Err(messages(415, &["Unsupported Media Type"]));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(payload()),
    }
}

/// Refuses members that the definition does not know.
pub(super) fn only(body: &Map<String, Value>, known: &[&str]) -> Result<(), Reply> {
    if body.keys().all(|name| known.contains(&name.as_str())) {
        Ok(())
    } else {
        Err(payload())
    }
}

/// A list of texts.
pub(super) fn texts(value: &Value) -> Result<Vec<&str>, Reply> {
    value
        .as_array()
        .and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
        .ok_or_else(payload)
}

/// Refuses what looks like a browser's forgery: a write with a browser's User-Agent.
pub(super) fn browser(request: &Request) -> Option<Reply> {
    let browser = request
        .header("user-agent")
        .is_some_and(|agent| agent.contains("Mozilla"));
    let waived = request
        .header("x-atlassian-token")
        .is_some_and(|token| token.eq_ignore_ascii_case("no-check"));
    (browser && !waived).then(|| {
        let mut reply = Reply::json_text(403, "XSRF check failed".to_owned());
        reply.content_type = Some("text/plain;charset=UTF-8");
        reply
    })
}
