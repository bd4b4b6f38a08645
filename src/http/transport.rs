//! What carries a request to a service and brings the answer.

use futures::future::BoxFuture;

use super::{Request, Response};

/// Sends one request once: no retries, no redirects, no waiting for limits.
pub trait Transport: Send + Sync {
    /// The answer, read whole within the transport's bounds of time and size.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// There is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct TransportError {
    /// What failed.
    pub kind: TransportTrouble,
    /// The cause in a few words; holds neither address nor header.
    pub detail: String,
}

/// What failed on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportTrouble {
    /// The name does not resolve.
    Resolve,
    /// No connection: refused, unreachable, not in time.
    Connect,
    /// No TLS connection that can be trusted.
    Tls,
    /// Plain HTTP to another host than this machine, or an address that is none.
    Refused,
    /// Connected, but no answer in time.
    Timeout,
    /// The connection ended before the answer was whole.
    Cut,
    /// The answer is larger than what is taken.
    TooLarge,
}

impl TransportError {
    /// A failure on the way.
    pub fn new(kind: TransportTrouble, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }
}
