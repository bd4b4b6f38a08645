//! Plans joined to the services: connections opened, sources and writers made for a run.
//!
//! Knows which service is behind which source and sink; the engine does not. What a plan may have
//! is [`Reading`]; only a run gets writers.

mod connect;
mod job;
mod sources;

pub use connect::{Connected, Endpoint, EndpointTrouble, connect, endpoints, visible_after};
pub use job::{Prepared, prepare};
pub use sources::{open_sources, source_names};
