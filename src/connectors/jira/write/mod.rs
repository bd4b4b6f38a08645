//! Creating comments and issues, each once: what was made carries the operation's key as its
//! entity property `flowline`, by which an unknown outcome is settled.

mod comments;
mod fields;
mod issues;
mod pace;

pub use comments::CommentWriter;
pub use issues::IssueWriter;

use serde_json::Value as Json;

use super::spec::is_document;
use crate::adf;
use crate::connectors::Outcome;
use crate::http::{Class, Effect, Failure};
use crate::record::Value;

/// The entity property with the operation's key.
const PROPERTY: &str = "flowline";

/// The entity properties of what is made, as JSON.
fn properties(key: &str) -> Json {
    serde_json::json!([{ "key": PROPERTY, "value": key }])
}

/// Rich text as Jira takes it: text becomes a document, a document stays what it is.
fn document(value: &Value) -> String {
    match value {
        Value::String(text) => adf::from_text(text),
        value if is_document(value) => value.to_json(),
        value => adf::from_text(&value.to_json()),
    }
}

/// What became of a creation that failed.
fn refused(failure: Failure) -> Outcome {
    if failure.effect() == Effect::Unknown {
        return Outcome::Unknown { failure };
    }
    if failure.is_retryable() || failure.ends_the_run() {
        return Outcome::NotApplied { failure };
    }
    Outcome::Rejected { failure }
}

/// A payload that is none of this sink's.
fn no_payload(what: &str) -> Outcome {
    let failure = Failure::new(
        Class::Rejected,
        format!("Jira: the operation has no {what}"),
    );
    Outcome::Rejected { failure }
}
