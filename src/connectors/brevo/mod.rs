//! Brevo: what its sinks ask for (`spec`, pure), and how it is done on the wire.
//!
//! An account is read before the first write ([`AccountFacts`]): Brevo drops what it does not know
//! without a word, so that nothing may hang on its answers alone. Contacts are written one by one
//! ([`ContactWriter`]), events are sent once ([`EventWriter`]). What Brevo's answers mean stands in
//! [`BrevoDialect`]; waiting and trying again is the business of `http`.

mod account;
mod contacts;
mod dialect;
mod events;
mod gate;
mod lookup;
mod notify;
mod oauth;
mod session;
pub mod spec;
#[cfg(test)]
mod testing;
mod webhook;

pub use account::{AccountFacts, Needs, create_attributes, refusal};
pub use contacts::{ContactReader, ContactWriter, FieldChange, Foreseen, Standing, create_lists};
pub use dialect::BrevoDialect;
pub use events::{EventCalls, EventWriter, event_calls};
pub use lookup::contacts as lookup_contacts;
pub use oauth::{ClientCredentials, OAuth};
pub use session::{FAMILIES, Session};
pub use webhook::{WebhookSource, recorded_event};
