//! Sending requests: each once, or again where the API may be asked again.

use futures::future::BoxFuture;

use super::HttpSession;
use super::spec::address;
use crate::connectors::{Applied, Found, Outcome, Writer, in_turn};
use crate::http::{Class, Effect, Failure, Method, Request, Safety};
use crate::operation::Operation;
use crate::record::{Object, Value};

/// How many requests that may be repeated are settled together.
const BATCH: usize = 20;

/// Sends requests to a JSON API.
pub struct HttpWriter {
    session: HttpSession,
    /// A request may be repeated.
    repeatable: bool,
}

impl HttpWriter {
    /// A writer that may, or may not, repeat a request.
    #[must_use]
    pub const fn new(session: HttpSession, repeatable: bool) -> Self {
        Self {
            session,
            repeatable,
        }
    }

    async fn one(&self, operation: &Operation) -> Outcome {
        let request = match request(operation) {
            Ok(request) => request,
            Err(why) => {
                let failure = Failure::new(Class::Rejected, format!("http: {why}"));
                return Outcome::Rejected { failure };
            }
        };
        let safety = if self.repeatable {
            Safety::Repeatable
        } else {
            Safety::Once
        };
        match self.session.send(request, safety).await {
            Ok(_) => Outcome::Applied(Applied::Sent),
            Err(failure) if failure.effect() == Effect::Unknown => Outcome::Unknown { failure },
            Err(failure) if failure.is_retryable() || failure.ends_the_run() => {
                Outcome::NotApplied { failure }
            }
            Err(failure) => Outcome::Rejected { failure },
        }
    }
}

/// The request of an operation, without what lets it in.
fn request(operation: &Operation) -> Result<Request, &'static str> {
    let payload = &operation.payload;
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let method = match text("method") {
        Some("GET") => Method::Get,
        Some("PUT") => Method::Put,
        Some("PATCH") => Method::Patch,
        Some("DELETE") => Method::Delete,
        _ => Method::Post,
    };
    let url = address(text("url").unwrap_or_default())?;
    // The path may name a person.
    let mut request = Request::new(method, url)
        .shown_as("/…")
        .header("idempotency-key", as_header(&operation.key));
    let headers = payload.get("headers").and_then(Value::as_object);
    for (name, value) in headers.into_iter().flat_map(Object::iter) {
        if let Some(value) = value.as_str() {
            request = request.header(name, as_header(value));
        }
    }
    Ok(match payload.get("body") {
        Some(body) => request.json(body.to_json().into_bytes()),
        None => request,
    })
}

/// As a header takes it: what is no printable ASCII is percent-encoded.
fn as_header(text: &str) -> String {
    let mut header = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (b' '..=b'~').contains(&byte) {
            header.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
            let digits = [digit(byte >> 4), digit(byte & 15)];
            header.push('%');
            header.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
    header
}

impl Writer for HttpWriter {
    fn batch_size(&self) -> usize {
        // What waits in a batch behind one whose process dies would be unknown as well.
        if self.repeatable { BATCH } else { 1 }
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(in_turn(operations, |operation| self.one(operation)))
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        // Nobody can be asked: it is sent again where that is the same as once, else held.
        let found = if self.repeatable {
            Found::Absent
        } else {
            Found::Unknowable
        };
        let answers = operations.iter().map(|_| Some(found.clone())).collect();
        Box::pin(std::future::ready(answers))
    }
}
