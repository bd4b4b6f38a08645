//! What an account has: attributes and lists.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::json;

use super::session::{CONTACTS, Session};
use super::spec::{Contacts, Events, ListRef};
use crate::config::{Attribute, AttributeType, BrevoCatalog};
use crate::diagnostic::nearest;
use crate::expression::conversion::{read_time, write_date};
use crate::http::{Class, Failure, Method, Safety};
use crate::record::Value;

/// How many lists a page has: Brevo's most.
const LISTS_A_PAGE: usize = 50;

/// What an account has.
#[derive(Clone, Debug, Default)]
pub struct AccountFacts {
    /// Attributes by name, in capitals.
    pub attributes: IndexMap<String, Attribute>,
    /// Names of lists by id.
    pub lists: IndexMap<i64, String>,
}

#[derive(Deserialize)]
struct Attributes {
    attributes: Vec<RawAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAttribute {
    name: String,
    category: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    enumeration: Option<Vec<Label>>,
    multi_category_options: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Label {
    label: String,
}

#[derive(Deserialize)]
struct ListPage {
    #[serde(default)]
    lists: Vec<RawList>,
    #[serde(default)]
    count: usize,
}

#[derive(Deserialize)]
struct RawList {
    id: i64,
    name: String,
}

impl AccountFacts {
    /// Reads attributes and lists.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn read(session: &Session) -> Result<Self, Failure> {
        let raw: Attributes = session.get(CONTACTS, "/contacts/attributes").await?;
        let attributes = raw
            .attributes
            .into_iter()
            .filter(|one| !matches!(one.category.as_deref(), Some("calculated" | "global")))
            .map(|one| (one.name.to_uppercase(), attribute(one)))
            .collect();
        let mut lists = IndexMap::new();
        loop {
            let path = format!(
                "/contacts/lists?limit={LISTS_A_PAGE}&offset={}",
                lists.len()
            );
            let page: ListPage = session.get(CONTACTS, &path).await?;
            let empty = page.lists.is_empty();
            lists.extend(page.lists.into_iter().map(|list| (list.id, list.name)));
            if empty || lists.len() >= page.count {
                break;
            }
        }
        Ok(Self { attributes, lists })
    }

    /// As the catalog keeps it.
    #[must_use]
    pub fn to_catalog(&self, account: &str, taken: &str) -> BrevoCatalog {
        BrevoCatalog {
            account: account.to_owned(),
            taken: taken.to_owned(),
            attributes: self.attributes.clone(),
            lists: self
                .lists
                .iter()
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect(),
        }
    }

    /// The id of a list.
    #[must_use]
    pub fn list_id(&self, list: &ListRef) -> Option<i64> {
        match list {
            ListRef::Id(id) => self.lists.contains_key(id).then_some(*id),
            ListRef::Name(name) => self
                .lists
                .iter()
                .find(|(_, known)| *known == name)
                .map(|(id, _)| *id),
        }
    }

    /// A value as an attribute takes it: what Brevo would drop without a word is refused here.
    ///
    /// # Errors
    /// What the attribute takes, where the value is none of it.
    pub fn fitted(&self, name: &str, value: &Value) -> Result<Value, String> {
        let Some(attribute) = self.attributes.get(&name.to_uppercase()) else {
            return Err(format!("the account has no attribute `{name}`"));
        };
        let refused = || {
            format!(
                "the attribute `{name}` takes {}, not {}",
                attribute.kind.describe(),
                value.kind()
            )
        };
        match (attribute.kind, value) {
            (AttributeType::Text, Value::String(_)) => Ok(value.clone()),
            (AttributeType::Text, Value::Number(_) | Value::Bool(_)) => Ok(value.to_json().into()),
            (AttributeType::Number, Value::Number(_)) => Ok(value.clone()),
            (AttributeType::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (AttributeType::Date, value) => read_time(value, &jiff::tz::TimeZone::UTC)
                .map(|time| match value.as_str() {
                    // A date alone is no moment: it is the same day in every zone.
                    Some(text) if text.len() == 10 => text.into(),
                    _ => write_date(time, &jiff::tz::TimeZone::UTC).into(),
                })
                .map_err(|_| refused()),
            (AttributeType::Category, Value::String(_) | Value::Number(_)) => {
                let label = value
                    .as_str()
                    .map_or_else(|| value.to_json(), str::to_owned);
                let known = attribute
                    .values
                    .as_ref()
                    .is_none_or(|labels| labels.contains(&label));
                if known {
                    Ok(value.clone())
                } else {
                    Err(format!("the attribute `{name}` has no such label"))
                }
            }
            (AttributeType::MultipleChoice, Value::Array(elements)) => {
                let labels = attribute.values.as_deref();
                let known = |element: &Value| {
                    element.as_str().is_some_and(|label| {
                        labels.is_none_or(|labels| labels.iter().any(|one| one == label))
                    })
                };
                if elements.iter().all(known) {
                    Ok(value.clone())
                } else {
                    Err(format!("the attribute `{name}` has no such label"))
                }
            }
            _ => Err(refused()),
        }
    }

    /// Checks what a sink writes before the first write: creates what it says to create.
    ///
    /// # Errors
    /// Attributes that the account lacks, with what to do; what stands in the way of creating.
    pub async fn prepare_contacts(
        &mut self,
        session: &Session,
        sink: &Contacts,
    ) -> Result<Vec<String>, Failure> {
        let mut told = Vec::new();
        for (name, expression) in &sink.attributes {
            if self.attributes.contains_key(&name.to_uppercase()) {
                continue;
            }
            if !sink.create_attributes {
                return Err(self.lacks(name, expression.source().name()));
            }
            let body = json!({ "type": "text" }).to_string().into_bytes();
            let path = format!("/contacts/attributes/normal/{}", name.to_uppercase());
            session
                .send(
                    Method::Post,
                    CONTACTS,
                    &path,
                    Some(body),
                    Safety::Repeatable,
                )
                .await?;
            self.attributes.insert(
                name.to_uppercase(),
                Attribute {
                    kind: AttributeType::Text,
                    values: None,
                },
            );
            told.push(format!("created the attribute `{name}` as text"));
        }
        Ok(told)
    }

    /// Checks what an event changes of its contact.
    ///
    /// # Errors
    /// Attributes that the account lacks, with what to do.
    pub fn check_events(&self, sink: &Events) -> Result<(), Failure> {
        for (name, expression) in &sink.contact_attributes {
            if !self.attributes.contains_key(&name.to_uppercase()) {
                return Err(self.lacks(name, expression.source().name()));
            }
        }
        Ok(())
    }

    fn lacks(&self, name: &str, file: &str) -> Failure {
        let near = nearest(name, self.attributes.keys().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`? else create it in Brevo, or say `create_attributes: true`"),
            None => "create it in Brevo under Contacts › Settings › Contact attributes, or say `create_attributes: true`".to_owned(),
        };
        Failure::new(
            Class::Rejected,
            format!("{file}: the account has no attribute `{name}`; nothing was written"),
        )
        .help(help)
    }
}

fn attribute(raw: RawAttribute) -> Attribute {
    let kind = match (raw.kind.as_deref(), raw.category.as_deref()) {
        (Some("float" | "number" | "integer"), _) => AttributeType::Number,
        (Some("boolean"), _) => AttributeType::Boolean,
        (Some("date"), _) => AttributeType::Date,
        (Some("multiple-choice"), _) => AttributeType::MultipleChoice,
        (Some("category"), _) | (None, Some("category")) => AttributeType::Category,
        _ => AttributeType::Text,
    };
    let labels = raw
        .enumeration
        .map(|labels| labels.into_iter().map(|label| label.label).collect());
    Attribute {
        kind,
        values: raw.multi_category_options.or(labels),
    }
}

#[derive(Deserialize)]
struct Folders {
    #[serde(default)]
    folders: Vec<RawList>,
}

/// The folder that lists are created in: the one named, or the account's first.
pub(super) async fn folder(session: &Session, named: Option<&Value>) -> Result<i64, Failure> {
    if let Some(Value::Number(id)) = named
        && let Some(id) = id.as_i64()
    {
        return Ok(id);
    }
    let page: Folders = session
        .get(CONTACTS, "/contacts/folders?limit=50&offset=0")
        .await?;
    let name = named.and_then(Value::as_str);
    let found = match name {
        None => page.folders.first(),
        Some(name) => page.folders.iter().find(|folder| folder.name == name),
    };
    found.map(|folder| folder.id).ok_or_else(|| {
        let message = name.map_or_else(
            || "the account has no folder for lists".to_owned(),
            |name| format!("the account has no folder `{name}`"),
        );
        Failure::new(Class::Rejected, message)
            .help("create one in Brevo under Contacts › Lists, or name another by `folder:`")
    })
}
