//! Looking up contacts.

use std::sync::Arc;

use futures::StreamExt as _;

use super::Session;
use super::contacts::percent_encoded;
use crate::http::Failure;
use crate::record::{Projection, Value};

/// How many contacts are asked for at a time; the rate is another matter.
const AT_ONCE: usize = 4;

/// The contacts with these e-mails; none where the account has no such contact.
///
/// # Errors
/// What stands in the way.
pub async fn contacts(
    session: &Session,
    emails: &[Arc<str>],
    reads: &Projection,
) -> Result<Vec<Option<Value>>, Failure> {
    let calls = emails.iter().map(|email| async move {
        let path = format!(
            "/contacts/{}?identifierType=email_id",
            percent_encoded(email)
        );
        session.contact_value(&path, reads).await
    });
    // In a list first: what a stream borrows of what it maps is not general enough.
    let calls: Vec<_> = calls.collect();
    let mut answers = futures::stream::iter(calls).buffered(AT_ONCE);
    let mut found = Vec::with_capacity(emails.len());
    while let Some(answer) = answers.next().await {
        found.push(answer?);
    }
    Ok(found)
}
