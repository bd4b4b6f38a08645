//! Reading what an account has.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

use super::AccountFacts;
use crate::config::{Attribute, AttributeType};
use crate::connectors::brevo::session::{CONTACTS, Session};
use crate::http::{Class, Failure};
use crate::record::Value;

/// How many lists a page has: Brevo's most.
const LISTS_A_PAGE: usize = 50;
/// More pages than any account has lists for.
const MOST_PAGES: usize = 2_000;

#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    attributes: Vec<RawAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAttribute {
    name: String,
    category: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Of a category.
    enumeration: Option<Vec<Json>>,
    /// Of a multiple choice.
    multi_category_options: Option<Vec<Json>>,
}

#[derive(Deserialize)]
struct ListPage {
    #[serde(default)]
    lists: Vec<RawList>,
    count: Option<usize>,
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
        let (computed, written): (Vec<_>, Vec<_>) = raw
            .attributes
            .into_iter()
            .partition(|one| matches!(one.category.as_deref(), Some("calculated" | "global")));
        Ok(Self {
            attributes: written
                .into_iter()
                .map(|one| (one.name.to_uppercase(), attribute(one)))
                .collect(),
            computed: computed
                .into_iter()
                .map(|one| one.name.to_uppercase())
                .collect(),
            lists: lists(session).await?,
        })
    }
}

async fn lists(session: &Session) -> Result<IndexMap<i64, String>, Failure> {
    let mut lists = IndexMap::new();
    let mut offset = 0;
    for _ in 0..MOST_PAGES {
        let path = format!("/contacts/lists?limit={LISTS_A_PAGE}&offset={offset}&sort=asc");
        let page: ListPage = session.get(CONTACTS, &path).await?;
        let read = page.lists.len();
        offset += read;
        lists.extend(page.lists.into_iter().map(|list| (list.id, list.name)));
        let all = page
            .count
            .map_or(read < LISTS_A_PAGE, |count| offset >= count);
        if read == 0 || all {
            break;
        }
    }
    Ok(lists)
}

fn attribute(raw: RawAttribute) -> Attribute {
    let kind = match (raw.kind.as_deref(), raw.category.as_deref()) {
        // A category says so by its category; its type may be absent.
        (_, Some("category")) | (Some("category"), _) => AttributeType::Category,
        (Some("float" | "number" | "integer"), _) => AttributeType::Number,
        (Some("boolean"), _) => AttributeType::Boolean,
        (Some("date"), _) => AttributeType::Date,
        (Some("multiple-choice"), _) => AttributeType::MultipleChoice,
        _ => AttributeType::Text,
    };
    let labels = match kind {
        AttributeType::Category => raw.enumeration,
        AttributeType::MultipleChoice => raw.multi_category_options,
        _ => None,
    };
    Attribute {
        kind,
        values: labels.map(|labels| labels.iter().filter_map(label).collect()),
    }
}

/// An option's label. Its `value` is none: it is 0 for all that are no numbers.
fn label(option: &Json) -> Option<String> {
    let named = |name: &str| option.get(name).and_then(Json::as_str);
    let label = option
        .as_str()
        .or_else(|| named("label"))
        .or_else(|| named("valueStr"))?;
    Some(label.to_owned())
}

#[derive(Deserialize)]
struct Folders {
    #[serde(default)]
    folders: Vec<RawList>,
    count: Option<usize>,
}

/// The folder that lists are created in: the one named, or the account's first.
pub(in crate::connectors::brevo) async fn folder(
    session: &Session,
    named: Option<&Value>,
) -> Result<i64, Failure> {
    if let Some(Value::Number(id)) = named
        && let Some(id) = id.as_i64()
    {
        return Ok(id);
    }
    let name = named.and_then(Value::as_str);
    let mut offset = 0;
    for _ in 0..MOST_PAGES {
        let path = format!("/contacts/folders?limit={LISTS_A_PAGE}&offset={offset}&sort=asc");
        let page: Folders = session.get(CONTACTS, &path).await?;
        let found = page
            .folders
            .iter()
            .find(|folder| name.is_none_or(|name| folder.name == name));
        if let Some(folder) = found {
            return Ok(folder.id);
        }
        let read = page.folders.len();
        offset += read;
        if read == 0 || page.count.is_none_or(|count| offset >= count) {
            break;
        }
    }
    let message = name.map_or_else(
        || "Brevo: the account has no folder for lists".to_owned(),
        |name| format!("Brevo: the account has no folder `{name}`"),
    );
    Err(Failure::new(Class::Rejected, message)
        .help("create one in Brevo under Contacts › Lists, or name another by `folder:`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connectors::brevo::testing::Script;

    #[tokio::test]
    async fn labels_are_read_from_label_as_the_value_of_a_category_is_zero() {
        let script = Script::default();
        script.answer(
            200,
            json!({ "attributes": [
                { "name": "TIER", "category": "category", "enumeration": [
                    { "value": 0, "valueStr": "ent", "label": "Enterprise" }, { "value": 0, "valueStr": "Business" }] },
                { "name": "INTERESTS", "category": "normal", "type": "multiple-choice",
                  "multiCategoryOptions": ["News", "Beta"] },
                { "name": "COUNT", "category": "calculated", "calculatedValue": "COUNT[…]" },
                { "name": "N", "category": "normal", "type": "float" },
                { "name": "DAY", "category": "normal", "type": "date" },
                { "name": "ON", "category": "normal", "type": "boolean" },
                { "name": "ORDER", "category": "transactional", "type": "id" }
            ] }),
        );
        script.answer(200, json!({ "count": 0, "lists": [] }));
        let session = script.session().await;
        let facts = AccountFacts::read(&session).await.unwrap();
        let of = |name: &str| facts.attributes.get(name).cloned().unwrap();
        assert_eq!(of("TIER").kind, AttributeType::Category);
        assert_eq!(
            of("TIER").values.unwrap(),
            ["Enterprise".to_owned(), "Business".to_owned()]
        );
        assert_eq!(of("INTERESTS").values.unwrap().len(), 2);
        assert_eq!(of("N").kind, AttributeType::Number);
        assert_eq!(of("DAY").kind, AttributeType::Date);
        assert_eq!(of("ON").kind, AttributeType::Boolean);
        assert_eq!(of("ORDER").kind, AttributeType::Text);
        assert_eq!(facts.computed, ["COUNT"]);
    }

    #[tokio::test]
    async fn lists_come_in_pages_of_fifty_and_a_page_seen_twice_ends() {
        let script = Script::default();
        script.answer(200, json!({ "attributes": [] }));
        let page = |from: i64| {
            let lists: Vec<Json> = (from..from + 50)
                .map(|id| json!({ "id": id, "name": format!("L{id}") }))
                .collect();
            json!({ "count": 120, "lists": lists })
        };
        script.answer(200, page(1));
        script.answer(200, page(1));
        script.answer(200, page(101));
        let session = script.session().await;
        let facts = AccountFacts::read(&session).await.unwrap();
        assert_eq!(facts.lists.len(), 100);
        let asked = script.calls();
        assert!(asked.last().unwrap().contains("offset=100"), "{asked:?}");
        assert!(asked.iter().skip(2).all(|call| call.contains("limit=50")));
    }
}
