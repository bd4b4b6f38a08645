//! Transforms as written.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

use super::{Keyed, Members, Written};
use crate::diagnostic::Spanned;

/// How records change.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Transform {
    /// Keeps the records that the condition holds for.
    #[schemars(schema_with = "super::form::condition")]
    Keep(Written),
    /// Drops the records that the condition holds for.
    #[schemars(schema_with = "super::form::condition")]
    Drop(Written),
    /// A new record of exactly these fields.
    #[schemars(schema_with = "super::form::values")]
    Map(Members<Written>),
    /// Adds or replaces fields, keeps the rest.
    #[schemars(schema_with = "super::form::values")]
    Set(Members<Written>),
    /// Removes fields.
    #[schemars(schema_with = "super::form::paths")]
    Remove(Vec<Written>),
    /// One record a match of the path, the match under the name.
    #[schemars(schema_with = "super::form::each")]
    Each(Members<Written>),
    /// Renders rich text in place.
    AdfToText(AdfToText),
    /// One record a group.
    Aggregate(Aggregate),
    /// One record of those that are alike.
    Dedupe(Dedupe),
    /// Replaces what the paths find by a keyed hash.
    #[schemars(schema_with = "super::form::paths")]
    Mask(Vec<Written>),
    /// Refuses records that break a contract.
    Expect(Expect),
    /// Adds what a look-up finds under the name.
    Enrich(Members<Enrich>),
}

impl Transform {
    /// Its name, as the file writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keep(_) => "keep",
            Self::Drop(_) => "drop",
            Self::Map(_) => "map",
            Self::Set(_) => "set",
            Self::Remove(_) => "remove",
            Self::Each(_) => "each",
            Self::AdfToText(_) => "adf_to_text",
            Self::Aggregate(_) => "aggregate",
            Self::Dedupe(_) => "dedupe",
            Self::Mask(_) => "mask",
            Self::Expect(_) => "expect",
            Self::Enrich(_) => "enrich",
        }
    }
}

/// Renders rich text in place: a list of paths, or the long form with options.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(schema_with = "super::form::adf_to_text")]
pub struct AdfToText {
    /// What is rendered.
    pub paths: Vec<Written>,
    /// As what; default `text`.
    pub format: Option<Spanned<TextFormat>>,
    /// Cut after so many Unicode scalar values.
    pub max_length: Option<Spanned<u64>>,
}

/// The long form of [`AdfToText`].
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdfToTextOptions {
    /// What is rendered.
    #[schemars(schema_with = "super::form::paths")]
    paths: Vec<Written>,
    /// As what; default `text`.
    format: Option<Spanned<TextFormat>>,
    /// Cut after so many Unicode scalar values.
    max_length: Option<Spanned<u64>>,
}

impl<'de> Deserialize<'de> for AdfToText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = AdfToText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of paths, or a map with `paths`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AdfToText, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = list.next_element()? {
                    paths.push(path);
                }
                Ok(AdfToText {
                    paths,
                    format: None,
                    max_length: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AdfToText, A::Error> {
                let long = AdfToTextOptions::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AdfToText {
                    paths: long.paths,
                    format: long.format,
                    max_length: long.max_length,
                })
            }
        }
        from.deserialize_any(Form)
    }
}

/// As what rich text is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
}

/// One record a group, in order of first appearance.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// What records of a group have in common; `{}` is one group.
    #[schemars(schema_with = "super::form::values")]
    pub by: Members<Written>,
    /// What is computed of a group.
    pub values: Members<Keyed<Aggregation>>,
}

/// What is computed of a group; each passes over what is missing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Aggregation {
    /// How many are there; of `$`: how many records.
    #[schemars(schema_with = "super::form::value")]
    Count(Written),
    /// The sum.
    #[schemars(schema_with = "super::form::value")]
    Sum(Written),
    /// The least.
    #[schemars(schema_with = "super::form::value")]
    Min(Written),
    /// The greatest.
    #[schemars(schema_with = "super::form::value")]
    Max(Written),
    /// The average.
    #[schemars(schema_with = "super::form::value")]
    Avg(Written),
    /// The first.
    #[schemars(schema_with = "super::form::value")]
    First(Written),
    /// The last.
    #[schemars(schema_with = "super::form::value")]
    Last(Written),
    /// Each one once, as a list.
    #[schemars(schema_with = "super::form::value")]
    Distinct(Written),
}

impl Aggregation {
    /// What the function is given.
    #[must_use]
    pub const fn argument(&self) -> &Written {
        match self {
            Self::Count(value)
            | Self::Sum(value)
            | Self::Min(value)
            | Self::Max(value)
            | Self::Avg(value)
            | Self::First(value)
            | Self::Last(value)
            | Self::Distinct(value) => value,
        }
    }
}

/// One record of those that are alike, within the run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dedupe {
    /// What is equal of records that are alike.
    #[schemars(schema_with = "super::form::value")]
    pub by: Written,
    /// Which of them stays; default `last`.
    pub keep: Option<Spanned<Survivor>>,
}

/// Which of several records stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Survivor {
    /// The first read.
    First,
    /// The last read.
    Last,
}

/// A data contract: `schema` or `condition`, one of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// A JSON Schema (2020-12).
    #[serde(default)]
    #[schemars(schema_with = "super::form::json_schema")]
    pub schema: Option<Written>,
    /// A condition.
    #[serde(default)]
    #[schemars(schema_with = "super::form::condition")]
    pub condition: Option<Written>,
    /// What is said of a record that breaks it.
    pub message: Option<Spanned<String>>,
}

/// A look-up: one of the services' or a file's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrich {
    /// The contact with that e-mail.
    #[serde(rename = "brevo.contact")]
    pub brevo_contact: Option<ContactLookup>,
    /// The user with that account id.
    #[serde(rename = "jira.user")]
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub jira_user: Option<Written>,
    /// The issue with that id or key.
    #[serde(rename = "jira.issue")]
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub jira_issue: Option<Written>,
    /// The customer of the request with that key.
    #[serde(rename = "jira.request")]
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub jira_request: Option<Written>,
    /// The issues that the JQL finds, at most 1,000.
    #[serde(rename = "jira.search")]
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub jira_search: Option<Written>,
    /// A CSV file, relative to the project and inside it.
    pub file: Option<Spanned<String>>,
    /// The columns of the file and what stands in them.
    #[serde(default, rename = "where")]
    #[schemars(schema_with = "super::form::values")]
    pub columns: Members<Written>,
    /// The connection, where there is a choice.
    pub connection: Option<Spanned<String>>,
    /// What becomes of a record whose look-up finds nothing; default null.
    #[serde(default)]
    #[schemars(schema_with = "super::form::on_miss")]
    pub on_miss: Option<Written>,
}

/// The contact with that e-mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactLookup {
    /// The e-mail.
    #[schemars(schema_with = "super::form::value")]
    pub email: Written,
}
