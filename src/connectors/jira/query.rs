//! Issues asked for by a person: any fields, as they are, a page at a time.

use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::answer::Answer;
use super::session::{Session, broken, parsed};
use crate::diagnostic::nearest;
use crate::http::{Class, Failure};
use crate::record::{Projection, Value};

const SEARCH: &str = "/rest/api/3/search/jql";
const PARSE: &str = "/rest/api/3/jql/parse?validation=strict";
/// How many issues a page is asked to have; Jira gives fewer where they are large.
const PAGE: u64 = 100;
/// More pages than any site has: the end of a search that does not end.
const MAX_PAGES: u64 = 100_000;

/// A field of issues, asked for by its id or display name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// As it was asked for.
    pub name: String,
    /// What Jira calls it.
    pub id: String,
}

/// Fields that every site has: asking for these alone costs no question for their names.
const KNOWN: [&str; 24] = [
    "summary",
    "status",
    "priority",
    "created",
    "updated",
    "resolution",
    "resolutiondate",
    "reporter",
    "assignee",
    "creator",
    "project",
    "issuetype",
    "labels",
    "components",
    "fixVersions",
    "versions",
    "description",
    "environment",
    "duedate",
    "parent",
    "comment",
    "worklog",
    "issuelinks",
    "attachment",
];

#[derive(Deserialize)]
struct Field {
    id: String,
    name: String,
}

/// Finds fields by their ids and display names.
///
/// # Errors
/// What stands in the way; a field that the site does not have, or has several of.
pub async fn asked(session: &Session, names: &[String]) -> Result<Vec<Asked>, Failure> {
    let known = names.iter().all(|name| KNOWN.contains(&name.as_str()));
    let fields: Vec<Field> = if known {
        Vec::new()
    } else {
        session.get("/rest/api/3/field").await?
    };
    let mut asked: Vec<Asked> = Vec::new();
    for name in names {
        let id = if KNOWN.contains(&name.as_str()) {
            name.clone()
        } else {
            id_of(name, &fields)?
        };
        if !asked.iter().any(|known| known.id == id) {
            asked.push(Asked {
                name: name.clone(),
                id,
            });
        }
    }
    Ok(asked)
}

fn id_of(name: &str, fields: &[Field]) -> Result<String, Failure> {
    if let Some(field) = fields.iter().find(|field| field.id == name) {
        return Ok(field.id.clone());
    }
    let found: Vec<&Field> = fields
        .iter()
        .filter(|field| field.name.eq_ignore_ascii_case(name))
        .collect();
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => {
            let ids = fields.iter().map(|field| field.id.as_str());
            let near = nearest(
                name,
                ids.chain(fields.iter().map(|field| field.name.as_str())),
            );
            Err(
                Failure::new(Class::Rejected, format!("the site has no field `{name}`")).help(
                    near.map_or_else(
                        || "see `flowline fields` for the site's fields".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    ),
                ),
            )
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|field| field.id.as_str()).collect();
            let message = format!("the site has several fields `{name}`");
            Err(Failure::new(Class::Rejected, message)
                .help(format!("name it by its id, one of {}", ids.join(", "))))
        }
    }
}

/// A user as a search gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The account.
    pub account_id: String,
    /// The address, where the asking account may see it.
    pub email_address: Option<String>,
}

/// The users whom a text finds: addresses by their start.
///
/// # Errors
/// What stands in the way.
pub async fn users(session: &Session, text: &str) -> Result<Vec<User>, Failure> {
    let query: String = byte_serialize(text.as_bytes()).collect();
    session
        .get(&format!(
            "/rest/api/3/user/search?query={query}&maxResults=50"
        ))
        .await
}

#[derive(Deserialize)]
struct Parsed {
    queries: Vec<ParsedQuery>,
}

#[derive(Deserialize)]
struct ParsedQuery {
    #[serde(default)]
    errors: Vec<String>,
}

/// What Jira says is wrong in each of these queries, in order; it stands in an answer that is a
/// success.
///
/// # Errors
/// What stands in the way of asking.
pub async fn refusals(session: &Session, queries: &[&str]) -> Result<Vec<Vec<String>>, Failure> {
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let body = json!({ "queries": queries }).to_string();
    let response = session.post(PARSE, body.into_bytes()).await?;
    let answer: Parsed = parsed(PARSE, &response)?;
    if answer.queries.len() != queries.len() {
        return Err(broken(PARSE, "not an answer for each query"));
    }
    Ok(answer.queries.into_iter().map(|one| one.errors).collect())
}

/// What is wrong in a query, in English, whatever the account's language.
pub(super) async fn refusals_in_english(
    session: &Session,
    jql: &str,
) -> Result<Vec<String>, Failure> {
    let body = json!({ "queries": [jql] }).to_string();
    let response = session.in_english(PARSE, body.into_bytes()).await?;
    let answer: Parsed = parsed(PARSE, &response)?;
    Ok(answer
        .queries
        .into_iter()
        .flat_map(|one| one.errors)
        .collect())
}

/// An issue that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its key.
    pub key: String,
    /// Its fields, in the order asked; null where Jira gives none.
    pub fields: Vec<Value>,
}

/// A search going on.
pub struct Search<'s> {
    session: &'s Session,
    jql: String,
    fields: Vec<Asked>,
    left: u64,
    token: Option<String>,
    ended: bool,
    pages: u64,
}

impl<'s> Search<'s> {
    /// Searches for at most `limit` issues.
    #[must_use]
    pub const fn new(session: &'s Session, jql: String, fields: Vec<Asked>, limit: u64) -> Self {
        Self {
            session,
            jql,
            fields,
            left: limit,
            token: None,
            ended: false,
            pages: 0,
        }
    }

    /// The next page; none after the last.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Found>>, Failure> {
        if self.ended || self.left == 0 {
            return Ok(None);
        }
        self.pages += 1;
        if self.pages > MAX_PAGES {
            return Err(broken(SEARCH, "the search does not end"));
        }
        let ids: Vec<&str> = self.fields.iter().map(|field| field.id.as_str()).collect();
        let mut body = json!({
            "jql": self.jql,
            "fields": ids,
            "maxResults": PAGE.min(self.left),
        });
        if let (Some(token), Some(members)) = (&self.token, body.as_object_mut()) {
            members.insert("nextPageToken".to_owned(), token.as_str().into());
        }
        let response = self
            .session
            .post(SEARCH, body.to_string().into_bytes())
            .await?;
        let answer = Answer::read(&response.body, &Projection::Whole)
            .map_err(|error| broken(SEARCH, &error.to_string()))?;
        if answer.token.is_some() && answer.token == self.token {
            return Err(broken(SEARCH, "the same page comes again"));
        }
        self.ended = answer.token.is_none();
        self.token = answer.token;
        let mut page = Vec::with_capacity(answer.issues.len());
        for issue in answer.issues {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            page.push(self.found(&issue));
        }
        Ok(Some(page))
    }

    fn found(&self, issue: &Value) -> Found {
        let key = issue.get("key").and_then(Value::as_str).unwrap_or_default();
        let fields = issue.get("fields");
        let field = |asked: &Asked| {
            fields
                .and_then(|fields| fields.get(&asked.id))
                .cloned()
                .unwrap_or_default()
        };
        Found {
            key: key.to_owned(),
            fields: self.fields.iter().map(field).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Script;
    use super::*;

    #[tokio::test]
    async fn fields_are_found_by_id_and_by_display_name() {
        let script = Script::default();
        let all = json!([
            { "id": "summary", "name": "Summary" },
            { "id": "customfield_1", "name": "Story Points" },
            { "id": "customfield_2", "name": "Team" },
            { "id": "customfield_3", "name": "Team" },
        ]);
        let names = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let session = script.session().await;
        for (asked_for, expected) in [
            (
                &["summary", "story points"][..],
                Ok(&["summary", "customfield_1"][..]),
            ),
            (&["customfield_2", "customfield_2"], Ok(&["customfield_2"])),
            (&["Team"], Err("customfield_2, customfield_3")),
            (&["Story Point"], Err("Story Points")),
        ] {
            script.answer(all.clone());
            let found = asked(&session, &names(asked_for)).await;
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    let ids: Vec<String> = found.into_iter().map(|field| field.id).collect();
                    assert_eq!(ids, expected);
                }
                (Err(failure), Err(help)) => {
                    let said = failure.help.unwrap_or_default();
                    assert!(said.contains(help), "{said}");
                }
                (found, expected) => panic!("{found:?}, not {expected:?}"),
            }
        }
        let before = script.calls().len();
        asked(&session, &names(&["summary", "status"]))
            .await
            .unwrap();
        assert_eq!(
            script.calls().len(),
            before,
            "known fields cost no question"
        );
    }

    #[tokio::test]
    async fn errors_of_the_parser_stand_in_a_success() {
        let script = Script::default();
        script.answer(
            json!({ "queries": [{ "query": "a = 1" }, { "query": "b =", "errors": ["no"] }] }),
        );
        let session = script.session().await;
        let found = refusals(&session, &["a = 1", "b ="]).await.unwrap();
        assert_eq!(found, [vec![], vec!["no".to_owned()]]);
        assert_eq!(
            refusals(&session, &[]).await.unwrap(),
            Vec::<Vec<String>>::new()
        );
    }
}
