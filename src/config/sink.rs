//! Sinks as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{HttpAuth, Keyed, Members, OnError, Transform, Written};
use crate::diagnostic::Spanned;

/// Where records go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Sink {
    /// Contacts: the whole wished state of each.
    #[serde(rename = "brevo.contacts")]
    BrevoContacts(BrevoContacts),
    /// Events on contacts' timelines.
    #[serde(rename = "brevo.events")]
    BrevoEvents(BrevoEvents),
    /// Notes on contacts.
    #[serde(rename = "brevo.notes")]
    BrevoNotes(BrevoNotes),
    /// Who is in which list.
    #[serde(rename = "brevo.lists")]
    BrevoLists(BrevoLists),
    /// Campaigns: created, then sent, once.
    #[serde(rename = "brevo.campaigns")]
    BrevoCampaigns(BrevoCampaigns),
    /// Custom objects.
    #[serde(rename = "brevo.objects")]
    BrevoObjects(BrevoObjects),
    /// Transactional e-mails by template.
    #[serde(rename = "brevo.email")]
    BrevoEmail(BrevoEmail),
    /// New issues.
    #[serde(rename = "jira.issue")]
    JiraIssue(JiraIssue),
    /// New comments.
    #[serde(rename = "jira.comment")]
    JiraComment(JiraComment),
    /// Requests to what has no sink of its own.
    #[serde(rename = "http")]
    Http(HttpSink),
    /// A file of the records.
    #[serde(rename = "file")]
    File(FileSink),
    /// Gauges on the server's `/metrics`.
    #[serde(rename = "metrics")]
    Metrics(Metrics),
}

/// What every sink has.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// Asked before the sink's own transforms.
    pub when: Option<&'a Written>,
    /// The sink's own transforms; they follow the pipeline's.
    pub transforms: &'a [Keyed<Transform>],
    /// The connection that it names.
    pub connection: Option<&'a Spanned<String>>,
    /// What becomes of what this sink refuses.
    pub on_error: Option<Spanned<OnError>>,
    /// What becomes of a record without identity.
    pub on_unmatched: Option<Spanned<OnUnmatched>>,
}

impl Sink {
    /// Its name, as the file writes it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BrevoContacts(_) => "brevo.contacts",
            Self::BrevoEvents(_) => "brevo.events",
            Self::BrevoNotes(_) => "brevo.notes",
            Self::BrevoLists(_) => "brevo.lists",
            Self::BrevoCampaigns(_) => "brevo.campaigns",
            Self::BrevoObjects(_) => "brevo.objects",
            Self::BrevoEmail(_) => "brevo.email",
            Self::JiraIssue(_) => "jira.issue",
            Self::JiraComment(_) => "jira.comment",
            Self::Http(_) => "http",
            Self::File(_) => "file",
            Self::Metrics(_) => "metrics",
        }
    }

    /// What every sink has.
    #[must_use]
    pub fn common(&self) -> Common<'_> {
        match self {
            Self::BrevoContacts(sink) => sink.common(),
            Self::BrevoEvents(sink) => sink.common(),
            Self::BrevoNotes(sink) => sink.common(),
            Self::BrevoLists(sink) => sink.common(),
            Self::BrevoCampaigns(sink) => sink.common(),
            Self::BrevoObjects(sink) => sink.common(),
            Self::BrevoEmail(sink) => sink.common(),
            Self::JiraIssue(sink) => sink.common(),
            Self::JiraComment(sink) => sink.common(),
            Self::Http(sink) => sink.common(),
            Self::File(sink) => sink.common(),
            Self::Metrics(sink) => sink.common(),
        }
    }
}

/// What becomes of a record without identity for a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnmatched {
    /// It is counted and passed over.
    Skip,
    /// It is kept with the reason.
    DeadLetter,
}

/// What becomes of a field whose value is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfMissing {
    /// It is left alone.
    Keep,
    /// It is emptied.
    Clear,
}

/// Writes a sink's structure with the members that every sink has after its own.
macro_rules! sink {
    (
        $(#[$of_struct:meta])*
        pub struct $name:ident {
            $( $(#[$of_field:meta])* pub $field:ident : $type:ty, )*
        }
    ) => {
        $(#[$of_struct])*
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $( $(#[$of_field])* pub $field: $type, )*
            /// Which records: a condition, asked before the sink's own transforms.
            #[serde(default)]
            #[schemars(schema_with = "super::form::condition")]
            pub when: Option<Written>,
            /// The sink's own transforms; they follow the pipeline's.
            #[serde(default)]
            pub transforms: Vec<Keyed<Transform>>,
            /// The connection, where there is a choice.
            pub connection: Option<Spanned<String>>,
            /// What becomes of what this sink refuses; default `dead_letter`.
            pub on_error: Option<Spanned<OnError>>,
            /// What becomes of a record without identity; default `skip`.
            pub on_unmatched: Option<Spanned<OnUnmatched>>,
        }

        impl $name {
            fn common(&self) -> Common<'_> {
                Common {
                    when: self.when.as_ref(),
                    transforms: &self.transforms,
                    connection: self.connection.as_ref(),
                    on_error: self.on_error,
                    on_unmatched: self.on_unmatched,
                }
            }
        }
    };
}

/// Whom a record concerns: the first present one in this order is the key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identify {
    /// Brevo's id of the contact.
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub contact_id: Option<Written>,
    /// The id that another system knows the contact by.
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub ext_id: Option<Written>,
    /// The e-mail, compared in lower case.
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub email: Option<Written>,
    /// The phone number.
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub phone: Option<Written>,
}

/// How contacts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactMode {
    /// Created, or updated where there is one.
    Upsert,
    /// Only where there is one.
    Update,
    /// Only where there is none.
    Create,
}

/// The only place for black-list flags.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// True: gets no e-mails.
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub email_blacklisted: Option<Written>,
    /// True: gets no text messages.
    #[serde(default)]
    #[schemars(schema_with = "super::form::value")]
    pub sms_blacklisted: Option<Written>,
}

sink! {
    /// Contacts: of several records of one contact the newest counts whole.
    pub struct BrevoContacts {
        /// Whom a record concerns.
        pub identify: Spanned<Identify>,
        /// Attributes and their values.
        #[serde(default)]
        #[schemars(schema_with = "super::form::values")]
        pub attributes: Members<Written>,
        /// Lists to be in: ids as numbers, names as texts, `{ name: "22" }` for a name of digits.
        #[serde(default)]
        #[schemars(schema_with = "super::form::lists")]
        pub lists: Option<Written>,
        /// Lists not to be in.
        #[serde(default)]
        #[schemars(schema_with = "super::form::lists")]
        pub unlink_lists: Option<Written>,
        /// What makes a record newer than another; default: the record's time.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub order_by: Option<Written>,
        /// How contacts are written; default `upsert`.
        pub mode: Option<Spanned<ContactMode>>,
        /// Attributes that the account lacks are created; default false.
        pub create_attributes: Option<Spanned<bool>>,
        /// Lists that the account lacks are created; default false.
        pub create_lists: Option<Spanned<bool>>,
        /// The folder, a name or an id, that lists are created in.
        #[serde(default)]
        #[schemars(schema_with = "super::form::name_or_id")]
        pub folder: Option<Written>,
        /// Black-list flags.
        pub consent: Option<Consent>,
        /// What becomes of attributes whose value is missing; default `keep`.
        pub if_missing: Option<Spanned<IfMissing>>,
    }
}

sink! {
    /// Events on contacts' timelines, each sent once.
    pub struct BrevoEvents {
        /// The event's name.
        #[schemars(schema_with = "super::form::value")]
        pub name: Written,
        /// When it happened; default: the record's time.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub at: Option<Written>,
        /// Whom it concerns.
        pub identify: Spanned<Identify>,
        /// What it tells.
        #[serde(default)]
        #[schemars(schema_with = "super::form::values")]
        pub properties: Members<Written>,
        /// Attributes of the contact that it changes.
        #[serde(default)]
        #[schemars(schema_with = "super::form::values")]
        pub contact_attributes: Members<Written>,
        /// What makes it one; default: the record's identity.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub id: Option<Written>,
        /// How old an event may be that happened before the first run: `7 days`; default: none.
        pub backfill: Option<Spanned<String>>,
    }
}

sink! {
    /// Notes on contacts; an edited comment edits its note.
    pub struct BrevoNotes {
        /// Whom it concerns.
        pub identify: Spanned<Identify>,
        /// The note, HTML.
        #[schemars(schema_with = "super::form::value")]
        pub text: Written,
        /// What makes it one; default: the record's identity.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub id: Option<Written>,
        /// How old a record may be that is from before the first run; default: none.
        pub backfill: Option<Spanned<String>>,
    }
}

sink! {
    /// Who is in which list.
    pub struct BrevoLists {
        /// Whom it concerns.
        pub identify: Spanned<Identify>,
        /// Lists to be in.
        #[serde(default)]
        #[schemars(schema_with = "super::form::lists")]
        pub add: Option<Written>,
        /// Lists not to be in.
        #[serde(default)]
        #[schemars(schema_with = "super::form::lists")]
        pub remove: Option<Written>,
        /// Lists that the account lacks are created; default false.
        pub create_lists: Option<Spanned<bool>>,
        /// The folder, a name or an id, that lists are created in.
        #[serde(default)]
        #[schemars(schema_with = "super::form::name_or_id")]
        pub folder: Option<Written>,
    }
}

sink! {
    /// Campaigns: created, then sent; never sent twice.
    pub struct BrevoCampaigns {
        /// What makes it one; default: the record's identity.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub id: Option<Written>,
        /// The campaign's name.
        #[schemars(schema_with = "super::form::value")]
        pub name: Written,
        /// The id of its template.
        #[schemars(schema_with = "super::form::value")]
        pub template: Written,
        /// Its subject.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub subject: Option<Written>,
        /// Its sender: `{ email: …, name: … }` or `{ id: … }`.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub sender: Option<Written>,
        /// The lists that get it.
        #[schemars(schema_with = "super::form::lists")]
        pub lists: Written,
        /// How old a record may be that is from before the first run; default: none.
        pub backfill: Option<Spanned<String>>,
    }
}

sink! {
    /// Custom objects, in batches.
    pub struct BrevoObjects {
        /// The objects' type.
        #[serde(rename = "type")]
        #[schemars(schema_with = "super::form::value")]
        pub kind: Written,
        /// The id that the record's system knows the object by.
        #[schemars(schema_with = "super::form::value")]
        pub ext_id: Written,
        /// Attributes and their values.
        #[serde(default)]
        #[schemars(schema_with = "super::form::values")]
        pub attributes: Members<Written>,
        /// The contacts that it belongs to.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub contacts: Option<Written>,
        /// What becomes of attributes whose value is missing; default `keep`.
        pub if_missing: Option<Spanned<IfMissing>>,
    }
}

sink! {
    /// Transactional e-mails by template.
    pub struct BrevoEmail {
        /// What makes it one; default: the record's identity.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub id: Option<Written>,
        /// The id of the template.
        #[schemars(schema_with = "super::form::value")]
        pub template: Written,
        /// Whom it goes to.
        #[schemars(schema_with = "super::form::value")]
        pub to: Written,
        /// The template's parameters.
        #[serde(default)]
        #[schemars(schema_with = "super::form::values")]
        pub params: Members<Written>,
        /// How old a record may be that is from before the first run; default: none.
        pub backfill: Option<Spanned<String>>,
    }
}

sink! {
    /// New issues, each created once; the created key is remembered.
    pub struct JiraIssue {
        /// What makes it one in the whole site: of several records with the same `id` the first
        /// creates the issue. Default: the record's identity. The issue carries it as the entity
        /// property `flowline`.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub id: Option<Written>,
        /// The project: its key, or its id as a number.
        #[schemars(schema_with = "super::form::value")]
        pub project: Written,
        /// The issue type: its name, or its id as a number.
        #[serde(rename = "type")]
        #[schemars(schema_with = "super::form::value")]
        pub kind: Written,
        /// The issue's fields by id (`duedate`, `customfield_10050`) or by display name in any case
        /// (`Due date`), and their values; `flowline fields` shows them. `summary` is required.
        /// Values are written as people write them, and sent as each field takes them: text
        /// becomes ADF in `description`, `environment` and text areas (a document as Jira has it
        /// is taken as it is); a priority, version, component or option is its name, or its id as a number; a user the
        /// account id; another issue (`parent`) its key; a date `2026-11-24`; a list
        /// a value or a list of them. A map is sent as it stands. What is missing is left out.
        /// `project` and `issuetype` stand beside `fields`.
        #[serde(default)]
        #[schemars(schema_with = "super::form::values")]
        pub fields: Members<Written>,
        /// How old a record may be that is from before the first run; default: none.
        pub backfill: Option<Spanned<String>>,
    }
}

sink! {
    /// New comments, each written once.
    pub struct JiraComment {
        /// What makes it one in the whole site: of several records with the same `id` the first
        /// writes the comment. Default: the record's identity. The comment carries it as the
        /// entity property `flowline`.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub id: Option<Written>,
        /// The issue's id or key.
        #[schemars(schema_with = "super::form::value")]
        pub issue: Written,
        /// The comment: text, which becomes ADF, each blank line a new paragraph; or a document as
        /// Jira has it.
        #[schemars(schema_with = "super::form::value")]
        pub body: Written,
        /// How old a record may be that is from before the first run; default: none.
        pub backfill: Option<Spanned<String>>,
    }
}

sink! {
    /// Requests to what has no sink of its own.
    pub struct HttpSink {
        /// What makes it one; default: the record's identity.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub id: Option<Written>,
        /// The method.
        pub method: Spanned<Method>,
        /// What is asked.
        #[schemars(schema_with = "super::form::value")]
        pub url: Written,
        /// How to get in.
        pub auth: Option<Keyed<HttpAuth>>,
        /// Further headers; those of `Authorization`, `Cookie` and `X-Api-Key` are secrets.
        #[serde(default)]
        pub headers: Members<Written>,
        /// The body, sent as JSON.
        #[serde(default)]
        #[schemars(schema_with = "super::form::value")]
        pub body: Option<Written>,
        /// The request may be repeated: its key is honoured.
        pub idempotent: Option<Spanned<bool>>,
        /// How old a record may be that is from before the first run; default: none.
        pub backfill: Option<Spanned<String>>,
    }
}

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// GET.
    Get,
}

sink! {
    /// A file of the records, each whole, in order; a run replaces it.
    pub struct FileSink {
        /// The file, relative to the project and inside it.
        pub path: Spanned<String>,
        /// How it is written; default: by the name.
        pub format: Option<Spanned<FileSinkFormat>>,
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileSinkFormat {
    /// A JSON value a line.
    Jsonl,
    /// RFC 4180 with CRLF and a header.
    Csv,
}

sink! {
    /// Gauges on the server's `/metrics`.
    pub struct Metrics {
        /// The gauge's name.
        pub gauge: Spanned<String>,
        /// Its value.
        #[schemars(schema_with = "super::form::value")]
        pub value: Written,
        /// Its labels.
        #[serde(default)]
        #[schemars(schema_with = "super::form::values")]
        pub labels: Members<Written>,
    }
}
