//! Every exchange as a JSON line, credentials left out.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::SandboxError;
use super::clock::utc;
use super::exchange::{Reply, Request, Service};

/// Bodies beyond this many bytes are cut.
const LONGEST_BODY: usize = 256 * 1024;

/// The open log.
pub(super) struct ExchangeLog {
    file: Mutex<File>,
}

impl ExchangeLog {
    /// Opens the file for appending.
    pub(super) fn open(path: &Path) -> Result<Self, SandboxError> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map(|file| Self {
                file: Mutex::new(file),
            })
            .map_err(|source| SandboxError::File {
                path: path.to_owned(),
                source,
            })
    }

    /// Appends one exchange. A log that cannot be written does not fail the exchange.
    pub(super) fn write(
        &self,
        time: i64,
        service: Service,
        request: &Request,
        reply: &Reply,
        outcome: &str,
    ) {
        let headers: serde_json::Map<String, Value> = reply
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let mut line = json!({
            "time": utc(time),
            "service": service,
            "method": request.method.as_str(),
            "path": request.path,
            "query": request.query.iter().map(|(k, v)| json!([k, v])).collect::<Vec<_>>(),
            "authenticated": request.headers.contains_key("authorization") || request.headers.contains_key("api-key"),
            "request": body(&request.body),
            "status": reply.status,
            "outcome": outcome,
            "headers": headers,
            "response": body(&reply.body),
        })
        .to_string();
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "the sandbox's log cannot be written");
        }
    }
}

/// A body as JSON where it is, else as text; null where there is none.
fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    if bytes.len() <= LONGEST_BODY {
        return serde_json::from_slice(bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()));
    }
    let start = bytes.get(..LONGEST_BODY).unwrap_or_default();
    json!({ "cut_at": LONGEST_BODY, "bytes": bytes.len(), "start": String::from_utf8_lossy(start) })
}
