//! flowline: a declarative pipeline engine. A YAML file says where records come from (Jira
//! Cloud), how they change and where they go (Brevo).
//!
//! The modules stand in the order of their layers: each imports only from those above it
//! (ARCHITECTURE.md says why, `tests/it/architecture.rs` holds it).

pub mod diagnostic;

pub mod record;

pub mod operation;

pub mod adf;

pub mod syntax;

pub mod config;

pub mod schema;

pub mod shape;

pub mod expression;

pub mod transform;

pub mod connectors;

pub mod plan;

pub mod http;

pub mod state;

pub mod engine;

pub mod runtime;

pub mod server;

pub mod sandbox;

pub mod project;

pub mod cli;
