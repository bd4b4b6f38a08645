//! One delivery, from its first byte to its answer.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::BytesMut;
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{LARGEST_BODY, Outcome, Webhooks};
use crate::state::Appended;

/// How long a body may take from its first byte to its last.
const BODY_PATIENCE: Duration = Duration::from_secs(15);

/// Bodies up to this many bytes need no place among those that are read at once.
const SMALL_BODY: usize = 256 << 10;

/// Identifiers longer than this are known by their hash.
const LONGEST_IDENTIFIER: usize = 200;

/// How much of a body that is too large is passed over at most.
const DISCARDED: usize = 64 << 20;

/// How long it is passed over at most.
const DISCARDING: Duration = Duration::from_secs(1);

/// Under which name is counted what names no connection.
static NO_CONNECTION: LazyLock<Arc<str>> = LazyLock::new(|| "".into());

/// Takes a delivery.
pub(super) async fn take(
    State(webhooks): State<Arc<Webhooks>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response {
    let known = webhooks.connection(&name);
    let counted = known
        .as_ref()
        .map_or_else(|| Arc::clone(&NO_CONNECTION), |(name, _)| Arc::clone(name));
    let answer = |outcome: Outcome, status: StatusCode, said: &'static str| {
        webhooks.counts.count(&counted, outcome);
        let mut response = (status, said).into_response();
        if status == StatusCode::PAYLOAD_TOO_LARGE || status == StatusCode::REQUEST_TIMEOUT {
            // What is left of the body is not read: nothing more can be asked on this connection.
            response.headers_mut().insert(
                header::CONNECTION,
                header::HeaderValue::from_static("close"),
            );
        }
        response
    };
    let (parts, body) = request.into_parts();
    let length = stated_length(&parts.headers);
    if length.is_some_and(|length| length > LARGEST_BODY as u64) {
        discard(body.into_data_stream()).await;
        return answer(
            Outcome::Oversized,
            StatusCode::PAYLOAD_TOO_LARGE,
            "larger than 8 MiB\n",
        );
    }
    let body = match tokio::time::timeout(BODY_PATIENCE, read(&webhooks, body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(Unread::TooLarge)) => {
            return answer(
                Outcome::Oversized,
                StatusCode::PAYLOAD_TOO_LARGE,
                "larger than 8 MiB\n",
            );
        }
        Ok(Err(Unread::Broken)) => {
            return answer(
                Outcome::Malformed,
                StatusCode::BAD_REQUEST,
                "the body did not come whole\n",
            );
        }
        Err(_) => {
            return answer(
                Outcome::Malformed,
                StatusCode::REQUEST_TIMEOUT,
                "the body took too long\n",
            );
        }
    };
    let Some((connection, verification)) = known else {
        return answer(
            Outcome::Unknown,
            StatusCode::NOT_FOUND,
            "no such connection\n",
        );
    };
    let now = webhooks.clock.now();
    if !verification.accepts(&parts.headers, &body, now.as_second()) {
        return answer(
            Outcome::Unsigned,
            StatusCode::UNAUTHORIZED,
            "the signature is missing or wrong\n",
        );
    }
    let Some(text) = json(&body) else {
        return answer(Outcome::Malformed, StatusCode::BAD_REQUEST, "not JSON\n");
    };
    let identifier = identifier(&parts.headers, &body);
    let appended = webhooks
        .inbox
        .append(&connection, &identifier, text, now.as_millisecond())
        .await;
    match appended {
        Ok(Appended::New) => {
            webhooks.wakes.wake(&connection);
            answer(Outcome::Stored, StatusCode::OK, "stored\n")
        }
        Ok(Appended::Duplicate) => answer(Outcome::Duplicate, StatusCode::OK, "stored before\n"),
        Err(error) => {
            tracing::error!(connection = &*connection, "a webhook is not kept: {error}");
            answer(
                Outcome::Full,
                StatusCode::SERVICE_UNAVAILABLE,
                "cannot be stored\n",
            )
        }
    }
}

fn stated_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

enum Unread {
    TooLarge,
    Broken,
}

async fn read(webhooks: &Webhooks, body: Body) -> Result<BytesMut, Unread> {
    let mut chunks = body.into_data_stream();
    let mut read = BytesMut::new();
    let mut place = None;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        if read.len() + chunk.len() > LARGEST_BODY {
            drop(place);
            drop(read);
            discard(chunks).await;
            return Err(Unread::TooLarge);
        }
        if place.is_none() && read.len() + chunk.len() > SMALL_BODY {
            place = webhooks.large_bodies.acquire().await.ok();
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

/// Passes over the rest of a body, for a while and up to a bound: who is still sending would not
/// see the answer.
async fn discard(mut rest: BodyDataStream) {
    let passing = async {
        let mut passed = 0;
        while let Some(Ok(chunk)) = rest.next().await {
            passed += chunk.len();
            if passed > DISCARDED {
                return;
            }
        }
    };
    tokio::time::timeout(DISCARDING, passing)
        .await
        .unwrap_or_default();
}

/// The body's text where it is one JSON value, of any depth.
fn json(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    // Passed over without recursion.
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .ok()
        .map(|_| text)
}

/// What tells duplicates of a connection: Jira's identifier, else the body's hash.
fn identifier(headers: &HeaderMap, body: &[u8]) -> String {
    let given = headers
        .get("x-atlassian-webhook-identifier")
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
        .filter(|text| !text.is_empty());
    match given {
        Some(text) if text.len() <= LONGEST_IDENTIFIER => format!("id:{text}"),
        Some(text) => format!("id-sha256:{}", hex(&Sha256::digest(text.as_bytes()))),
        None => format!("sha256:{}", hex(&Sha256::digest(body))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
