//! Plans joined to the services: connections opened, sources and writers made for a run.
//!
//! Knows which service is behind which source and sink; the engine does not. A plan gets
//! sources only; writers are made by [`prepare`], for a run.

mod connect;
mod inbox;
mod job;
mod kept;
mod lookups;
mod once;
mod pace;
pub mod registration;
mod signing;
mod sources;
mod tokens;
mod uses;
mod ways;
mod web;

pub use connect::{
    AUTH_SERVER, BrevoWay, Connected, Endpoint, EndpointTrouble, GATEWAY, JiraPlace, JiraWay,
    address_of, connect, endpoints, jira_visible_after, visible_after, webhook_secret,
};
pub use inbox::{drop_worked_off, inbox_sources};
pub use job::{Accounts, Prepared, accounts, prepare};
pub use kept::{Credential, Kept, KeptTokens};
pub use lookups::lookups;
pub use once::{Ask, Keys, NotBegun, bindings, run_once};
pub use pace::StatePace;
pub use signing::{Signing, signing};
pub use sources::{open_sources, source_names};
pub use tokens::StateTokens;
pub use uses::{MissingScope, brevo_scopes, jira_uses, missing_scopes};
pub use ways::named_secret;
pub use web::{Web, secret_of};
