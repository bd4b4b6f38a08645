//! Transactional e-mails: each sent once, with a key that Brevo knows a repetition by.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::session::{EMAIL, Session};
use super::verdict;
use crate::connectors::{Applied, Found, Outcome, Writer};
use crate::http::{Failure, Method, Safety};
use crate::operation::Operation;
use crate::record::Value;

/// For how long Brevo knows a key again, in milliseconds: 30 minutes.
const KNOWN_FOR: i64 = 30 * 60_000;

/// Sends e-mails of one sink.
pub struct EmailWriter {
    session: Arc<Session>,
}

impl EmailWriter {
    /// A writer to an account.
    #[must_use]
    pub const fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    async fn one(&self, operation: &Operation) -> Outcome {
        let member = |name: &str| {
            let value = operation.payload.get(name);
            value.and_then(|value| serde_json::to_value(value).ok())
        };
        let mut body = json!({
            "templateId": member("template"),
            "to": [{ "email": member("to") }],
            "headers": { "idempotencyKey": uuid(operation) },
        });
        let params = operation.payload.get("params").and_then(Value::as_object);
        if params.is_some_and(|params| !params.is_empty())
            && let Some(body) = body.as_object_mut()
        {
            body.insert("params".into(), member("params").unwrap_or_default());
        }
        let answer = self
            .session
            .send(
                Method::Post,
                EMAIL,
                "/smtp/email",
                Some(body.to_string().into_bytes()),
                Safety::Once,
            )
            .await;
        match answer {
            Ok(_) => Outcome::Applied(Applied::Sent),
            // The first one was taken.
            Err(failure) if is_repeated(&failure) => Outcome::Applied(Applied::Sent),
            Err(failure) => verdict::once(failure),
        }
    }
}

/// True where Brevo knows the key of an e-mail already.
fn is_repeated(failure: &Failure) -> bool {
    failure.status == Some(400) && failure.message.contains("duplicate_parameter")
}

/// A UUID (version 8) made of the operation's key, the same however often it is sent.
fn uuid(operation: &Operation) -> String {
    let mut hash = Sha256::new();
    hash.update(operation.scope.as_bytes());
    hash.update([0]);
    hash.update(operation.key.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | (8 << 76);
    let number = number & !(0x3 << 62) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        (number >> 80) & 0xffff,
        (number >> 64) & 0xffff,
        (number >> 48) & 0xffff,
        number & 0xffff_ffff_ffff
    )
}

impl Writer for EmailWriter {
    fn batch_size(&self) -> usize {
        1
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(operations.len());
            for operation in operations {
                outcomes.push(self.one(operation).await);
            }
            outcomes
        })
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        // No list of what was sent tells one e-mail from another.
        Box::pin(async move { vec![None; operations.len()] })
    }

    fn repeatable_for(&self) -> Option<i64> {
        Some(KNOWN_FOR)
    }
}

#[cfg(test)]
mod tests;
