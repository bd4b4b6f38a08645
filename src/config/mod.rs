//! A project and a pipeline as written, every leaf with its place; reads neither files nor the
//! environment.
//!
//! The types describe the files: serde reads them from the spanned tree, schemars writes their
//! JSON Schemas. What must be compiled (values, conditions, paths, queries) is kept as [`Written`].

mod catalog;
mod connection;
mod dotenv;
mod form;
mod http_auth;
mod leaf;
mod load;
mod lower;
mod mistake;
mod pipeline;
mod project;
mod redact;
mod secret;
mod sink;
mod source;
mod strings;
mod transform;

pub use catalog::{Attribute, AttributeType, BrevoCatalog, Catalog, JiraCatalog, JiraField};
pub use connection::{
    BrevoConnection, Connection, JiraAuth, JiraBasic, JiraConnection, JiraOAuth2, OAuth2,
};
pub use dotenv::parse_dotenv;
pub use http_auth::{HttpAuth, HttpBasic, HttpHeader, is_loopback};
pub use leaf::{Keyed, Members, Written};
pub use load::{LANGUAGE_VERSION, LeftOut, Loaded, LoadedPipeline, Texts, load};
pub use lower::lower;
pub use mistake::{Document, FormCheck, Mistake};
pub use pipeline::{Guard, Notify, OnError, Pipeline};
pub use project::{Environment, Postgres, Project, Server, Sqlite, State};
pub use secret::{SecretRef, SecretSource};
pub use sink::{
    BrevoCampaigns, BrevoContacts, BrevoEmail, BrevoEvents, BrevoLists, BrevoNotes, BrevoObjects,
    Common, Consent, ContactMode, FileSink, FileSinkFormat, HttpSink, Identify, IfMissing,
    JiraComment, JiraIssue, Method, Metrics, OnUnmatched, Sink,
};
pub use source::{
    BrevoWebhook, FileSource, FileSourceFormat, HttpCursor, HttpSource, JiraComments, JiraIssues,
    JiraProjects, JiraSprints, JiraUsers, JiraVersions, JiraWebhook, JiraWorklogs, NumberPages,
    OffsetPages, PageLimit, Pages, Source, TokenPages,
};
pub use strings::{Expanded, Reason, Refusal, Replacement, Strings, mentions_outside};
pub use transform::{
    AdfToText, Aggregate, Aggregation, ContactLookup, Dedupe, Enrich, Expect, Survivor, TextFormat,
    Transform,
};

/// True for what may name a pipeline, a connection or a variable: `[a-z0-9][a-z0-9_-]{0,62}`.
#[must_use]
pub fn is_valid_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.bytes().all(|one| {
            one.is_ascii_lowercase() || one.is_ascii_digit() || matches!(one, b'_' | b'-')
        })
}
