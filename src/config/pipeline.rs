//! A pipeline as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Keyed, Members, Sink, Source, Transform, Written};
use crate::diagnostic::Spanned;

/// A pipeline: records are read from the sources, changed by the transforms and delivered by the
/// sinks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// What it is for, in a sentence.
    pub description: Option<Spanned<String>>,
    /// When `serve` runs it: `every 5 minutes`, or `{ cron: "M H D M W", timezone: IANA }`.
    #[serde(default)]
    #[schemars(schema_with = "super::form::schedule")]
    pub schedule: Option<Written>,
    /// False: `serve` does not run it.
    pub enabled: Option<Spanned<bool>>,
    /// The time zone of its dates, an IANA name; default UTC.
    pub timezone: Option<Spanned<String>>,
    /// What becomes of records that its own transforms refuse; default `dead_letter`.
    pub on_error: Option<Spanned<OnError>>,
    /// What a run may change at most; one that would change more writes nothing.
    pub guard: Option<Guard>,
    /// Where failures are told.
    pub notify: Option<Keyed<Notify>>,
    /// The share of a connection's quota to stay under, by connection: `50%`.
    #[serde(default)]
    pub limits: Members<Spanned<String>>,
    /// Where records come from; all yield the same kind.
    pub sources: Vec<Keyed<Source>>,
    /// How records change, in order.
    #[serde(default)]
    pub transforms: Vec<Keyed<Transform>>,
    /// Where records go, in order for each contact.
    pub sinks: Vec<Keyed<Sink>>,
}

/// What becomes of a record that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// It is kept with the reason, to be looked at and sent again.
    DeadLetter,
    /// It is passed over.
    Skip,
    /// What came before is delivered, then the run ends.
    Stop,
}

/// What a run may change at most.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// How many operations may differ from what was sent before.
    pub max_changes: Option<Spanned<u64>>,
    /// What share of the contacts known may change, from 50 on: `20%`.
    #[serde(default)]
    #[schemars(schema_with = "super::form::share")]
    pub max_share: Option<Spanned<String>>,
    /// What share of the records read may be dead letters: `5%`.
    #[serde(default)]
    #[schemars(schema_with = "super::form::share")]
    pub max_dead: Option<Spanned<String>>,
}

/// Where failures are told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// A URL that gets a POST.
    Webhook(Spanned<String>),
    /// An e-mail address.
    Email(Spanned<String>),
}
