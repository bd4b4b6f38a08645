//! What Brevo's sinks ask for: pure, no client and no wire.

mod contacts;
mod events;
mod identify;
mod lists;
mod webhook;

pub use contacts::{Consent, Contacts, Mode};
pub use events::{Events, is_event_name};
pub use identify::{Identify, Identity, IdentityKind, is_email, is_identity};
pub use lists::{ListRef, Lists, are_lists};
pub use webhook::{EVENTS as WEBHOOK_EVENTS, Webhook, event as webhook_event};

use crate::operation::Operation;

/// What a sink makes of a record.
#[derive(Clone, Debug)]
pub enum Made {
    /// Something to be sent.
    Operation(Box<Operation>),
    /// The record has no identity for the sink.
    Unmatched,
}

#[cfg(test)]
mod tests;
