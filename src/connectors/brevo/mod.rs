//! Brevo: what its sinks ask for (`spec`, pure), and how it is done on the wire.
//!
//! An account is read before the first write ([`AccountFacts`]): Brevo drops what it does not know
//! without a word, so that nothing may hang on its answers alone. Contacts are written one by one
//! ([`ContactWriter`]), events are sent once ([`EventWriter`]). What Brevo's answers mean stands in
//! [`BrevoDialect`]; waiting and trying again is the business of `http`.

mod account;
mod campaigns;
pub mod check;
mod contacts;
mod dialect;
mod email;
mod events;
mod gate;
mod lookup;
mod members;
mod notes;
mod notify;
mod oauth;
mod objects;
mod people;
mod registration;
mod session;
pub mod spec;
mod standing;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod traps;
mod verdict;
mod webhook;

pub use account::{AccountFacts, Needs, create_attributes, refusal};
pub use campaigns::CampaignWriter;
pub use contacts::{ContactReader, ContactWriter, FieldChange, Foreseen, Standing, create_lists};
pub use dialect::BrevoDialect;
pub use email::EmailWriter;
pub use events::{EventCalls, EventWriter, event_calls};
pub use lookup::contacts as lookup_contacts;
pub use members::MemberWriter;
pub use notes::NoteWriter;
pub use oauth::{ClientCredentials, OAuth};
pub use objects::ObjectWriter;
pub use registration::Registered;
pub use session::{FAMILIES, Session};
pub use standing::foresee_standings;
pub use webhook::{WebhookSource, recorded_event};
