//! Brevo.

mod account;
mod contacts;
mod dialect;
mod events;
mod session;
pub mod spec;

pub use account::AccountFacts;
pub use contacts::{ContactWriter, create_lists, is_conflict};
pub use dialect::BrevoDialect;
pub use events::EventWriter;
pub use session::Session;
