//! `catalog/CONNECTION.json`: what `flowline fields --save` found in an account; committed.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What is known of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Catalog {
    /// A Jira site.
    Jira(JiraCatalog),
    /// A Brevo account.
    Brevo(BrevoCatalog),
}

/// The part of a catalog that says what it is of.
#[derive(Deserialize)]
struct Tag {
    kind: String,
}

impl Catalog {
    /// Reads a catalog.
    ///
    /// # Errors
    /// Where the text is none, with the line and column at which that shows.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        use serde::de::Error as _;
        match &*serde_json::from_str::<Tag>(text)?.kind {
            "brevo" => serde_json::from_str(text).map(Self::Brevo),
            "jira" => serde_json::from_str(text).map(Self::Jira),
            other => Err(serde_json::Error::custom(format!(
                "`kind` is `{other}`, not brevo or jira"
            ))),
        }
    }

    /// The service that it is of.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        match self {
            Self::Jira(_) => "jira",
            Self::Brevo(_) => "brevo",
        }
    }
}

/// What is known of a Brevo account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BrevoCatalog {
    /// The account.
    pub account: String,
    /// When this was taken, RFC 3339.
    pub taken: String,
    /// Attributes by name.
    #[serde(default)]
    pub attributes: IndexMap<String, Attribute>,
    /// Names of lists by id.
    #[serde(default)]
    pub lists: IndexMap<String, String>,
}

/// An attribute of contacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// The labels of a category or multiple choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

/// What an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// Text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day.
    Date,
    /// One of some labels.
    Category,
    /// Several of some labels.
    MultipleChoice,
}

impl AttributeType {
    /// In words, for messages.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date",
            Self::Category => "one of its labels",
            Self::MultipleChoice => "a list of its labels",
        }
    }
}

/// What is known of a Jira site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JiraCatalog {
    /// The site's id.
    pub cloud_id: String,
    /// When this was taken, RFC 3339.
    pub taken: String,
    /// Fields by id.
    #[serde(default)]
    pub fields: IndexMap<String, JiraField>,
    /// Names of projects by key.
    #[serde(default)]
    pub projects: IndexMap<String, String>,
    /// Names of statuses.
    #[serde(default)]
    pub statuses: Vec<String>,
    /// Names of priorities.
    #[serde(default)]
    pub priorities: Vec<String>,
}

/// A field of issues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JiraField {
    /// Its display name.
    pub name: String,
    /// Its type as Jira describes it.
    #[serde(default)]
    pub schema: serde_json::Value,
}
