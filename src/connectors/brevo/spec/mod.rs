//! What Brevo's sinks ask for: pure, no client and no wire.

mod campaigns;
mod contacts;
mod email;
mod events;
mod identify;
mod lists;
mod markup;
mod members;
mod message;
mod notes;
mod objects;
mod webhook;

pub use campaigns::{Campaigns, SENDER, is_sender};
pub use contacts::{Consent, Contacts, Mode};
pub use email::Email;
pub use events::{Events, is_event_name};
pub use identify::{Identify, Identity, IdentityKind, is_email, is_identity, normal_identity};
pub use lists::{ListRef, Lists, are_lists};
pub use members::Members;
pub use message::template_id;
pub use notes::Notes;
pub use objects::{CONTACTS, Objects, are_contacts, is_object_type};
pub use webhook::{EVENTS as WEBHOOK_EVENTS, Webhook, event as webhook_event};

use crate::operation::Operation;

/// What a sink makes of a record.
#[derive(Clone, Debug)]
pub enum Made {
    /// Something to be sent.
    Operation(Box<Operation>),
    /// Several things to be sent, or nothing.
    Several(Vec<Operation>),
    /// The record has no identity for the sink.
    Unmatched,
}

#[cfg(test)]
mod tests;
