//! One client behind a `Transport`: rate limits, retries, redaction, the error taxonomy; knows
//! neither Jira nor Brevo.

mod failure;

pub use failure::{Class, Effect, Failure};
