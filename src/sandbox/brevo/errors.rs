//! Brevo's ways of saying no.

use serde_json::{Map, Value, json};

use crate::sandbox::exchange::{Reply, Request};

/// `{code, message}`.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "code": code, "message": message }))
}

/// 400 of a value.
pub(super) fn invalid(message: &str) -> Reply {
    error(400, "invalid_parameter", message)
}

/// 400 of a lacking value.
pub(super) fn missing(message: &str) -> Reply {
    error(400, "missing_parameter", message)
}

/// 404.
pub(super) fn not_found(message: &str) -> Reply {
    error(404, "document_not_found", message)
}

/// 400 of identifiers that belong to another contact.
pub(super) fn duplicate(code: &str, verb: &str, identifiers: &[&str]) -> Reply {
    let message = format!(
        "Unable to {verb} contact, {} is already associated with another Contact",
        identifiers.join(", ")
    );
    Reply::json(
        400,
        &json!({ "code": code, "message": message, "metadata": { "duplicate_identifiers": identifiers } }),
    )
}

/// The body as an object.
pub(super) fn object(request: &Request) -> Result<Map<String, Value>, Reply> {
    let json = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !json {
        return Err(error(
            415,
            "unsupported_media_type",
            "Content-Type must be application/json",
        ));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(error(
            400,
            "bad_request",
            "Input must be a valid JSON object",
        )),
    }
}

/// A member that is a boolean where it is there.
pub(super) fn flag(body: &Map<String, Value>, name: &str) -> Result<Option<bool>, Reply> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(invalid(&format!("{name} should be boolean"))),
    }
}

/// A member that is a list of ids where it is there.
pub(super) fn ids(body: &Map<String, Value>, name: &str) -> Result<Option<Vec<u64>>, Reply> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Array(list)) => list
            .iter()
            .map(Value::as_u64)
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or_else(|| invalid(&format!("{name} should be an array of integers"))),
        Some(_) => Err(invalid(&format!("{name} should be an array of integers"))),
    }
}

/// A page's limit and offset.
pub(super) fn page(
    request: &Request,
    default: usize,
    most: usize,
) -> Result<(usize, usize), Reply> {
    let number = |name: &str, default: usize| match request.query(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| invalid(&format!("Invalid {name}"))),
    };
    let limit = number("limit", default)?;
    if limit > most {
        return Err(error(
            400,
            "out_of_range",
            &format!("Limit exceeds max value. Max limit is {most}"),
        ));
    }
    Ok((limit, number("offset", 0)?))
}
