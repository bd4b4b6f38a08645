//! One binary of integration tests.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test that panics has failed, which is what it is for"
)]

mod adf;
mod architecture;
mod brevo;
mod cli;
mod day;
mod docs;
mod e2e;
mod invalid;
mod jira;
mod jql;
mod jsonpath;
mod language;
mod payloads;
mod projects;
mod sandbox;
mod serve;
mod state_crash;
mod webhooks;
mod wire;
