//! What `check` asks a site, one step a function.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::answer::Answer;
use super::query::User;
use super::session::{Session, broken};
use crate::http::Failure;
use crate::record::{Projection, Value};

const SEARCH: &str = "/rest/api/3/search/jql";

#[derive(Deserialize)]
struct Permissions {
    permissions: BTreeMap<String, Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    have_permission: bool,
}

/// Which of these permissions the account lacks: everywhere, or in a project.
///
/// # Errors
/// What stands in the way; there may be no such project.
pub async fn lacking<'p>(
    session: &Session,
    permissions: &[&'p str],
    project: Option<&str>,
) -> Result<Vec<&'p str>, Failure> {
    let mut path = format!(
        "/rest/api/3/mypermissions?permissions={}",
        permissions.join(",")
    );
    if let Some(project) = project {
        path.push_str("&projectKey=");
        path.extend(byte_serialize(project.as_bytes()));
    }
    let answer: Permissions = session.get(&path).await?;
    let has = |name: &str| {
        let found = answer.permissions.get(name);
        found.is_some_and(|permission| permission.have_permission)
    };
    Ok(permissions
        .iter()
        .filter(|name| !has(name))
        .copied()
        .collect())
}

#[derive(Deserialize)]
struct Projects {
    values: Vec<Project>,
}

#[derive(Deserialize)]
struct Project {
    id: String,
    key: String,
    name: String,
}

/// Which of these projects, by key, name or id, the account does not see.
///
/// # Errors
/// What stands in the way.
pub async fn unseen(session: &Session, projects: &[String]) -> Result<Vec<String>, Failure> {
    let mut unseen = Vec::new();
    for wanted in projects {
        let query: String = byte_serialize(wanted.as_bytes()).collect();
        let by = if wanted.chars().all(|one| one.is_ascii_digit()) {
            "id"
        } else {
            "query"
        };
        let path = format!("/rest/api/3/project/search?{by}={query}&maxResults=100");
        let found: Projects = session.get(&path).await?;
        let seen = found.values.iter().any(|project| {
            let names = [&project.key, &project.name, &project.id];
            names.iter().any(|name| name.eq_ignore_ascii_case(wanted))
        });
        if !seen {
            unseen.push(wanted.clone());
        }
    }
    Ok(unseen)
}

/// True where the account sees a project at all.
///
/// # Errors
/// What stands in the way.
pub async fn sees_a_project(session: &Session) -> Result<bool, Failure> {
    let found: Projects = session
        .get("/rest/api/3/project/search?maxResults=1")
        .await?;
    Ok(!found.values.is_empty())
}

/// The account itself, as the user search gives it; none where that gives nothing.
///
/// # Errors
/// What stands in the way.
pub async fn looked_up(session: &Session, account: &str) -> Result<bool, Failure> {
    let account: String = byte_serialize(account.as_bytes()).collect();
    let users: Vec<User> = session
        .get(&format!("/rest/api/3/user/search?accountId={account}"))
        .await?;
    Ok(!users.is_empty())
}

/// How many issues a query finds, at most so many, and of how many the reporter has an address.
///
/// # Errors
/// What stands in the way.
pub async fn reporters(
    session: &Session,
    jql: Option<&str>,
    most: u64,
) -> Result<(u64, u64), Failure> {
    let bounds = "project is not EMPTY";
    let jql = jql.map_or_else(|| bounds.to_owned(), |jql| format!("({jql}) AND {bounds}"));
    let body = json!({
        "jql": format!("{jql} ORDER BY updated DESC"),
        "fields": ["reporter"],
        "maxResults": most,
    });
    let response = session.post(SEARCH, body.to_string().into_bytes()).await?;
    let answer = Answer::read(&response.body, &Projection::Whole)
        .map_err(|error| broken(SEARCH, &error.to_string()))?;
    let address = |issue: &&Value| {
        let shown = issue.at(&["fields", "reporter", "emailAddress"]);
        shown
            .and_then(Value::as_str)
            .is_some_and(|address| !address.trim().is_empty())
    };
    let with = answer.issues.iter().filter(address).count();
    Ok((answer.issues.len() as u64, with as u64))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Script;
    use super::*;

    #[tokio::test]
    async fn what_the_account_may_not_is_named() {
        let script = Script::default();
        script.answer(json!({ "permissions": {
            "BROWSE_PROJECTS": { "havePermission": true }, "ADD_COMMENTS": { "havePermission": false } } }));
        let session = script.session().await;
        let lacking = lacking(&session, &["BROWSE_PROJECTS", "ADD_COMMENTS"], None).await;
        assert_eq!(lacking.unwrap(), ["ADD_COMMENTS"]);
    }

    #[tokio::test]
    async fn a_project_is_seen_by_its_key_name_or_id() {
        let script = Script::default();
        let found = json!({ "values": [{ "id": "10000", "key": "SUP", "name": "Support desk" }] });
        for _ in 0..4 {
            script.answer(found.clone());
        }
        let session = script.session().await;
        let wanted = ["sup", "Support Desk", "10000", "SU"].map(str::to_owned);
        assert_eq!(unseen(&session, &wanted).await.unwrap(), ["SU"]);
    }

    #[tokio::test]
    async fn blank_and_hidden_addresses_are_none() {
        let script = Script::default();
        script.answer(json!({ "issues": [
            { "fields": { "reporter": { "emailAddress": "a@b.example" } } },
            { "fields": { "reporter": { "emailAddress": "" } } },
            { "fields": { "reporter": { "emailAddress": null } } },
            { "fields": { "reporter": null } },
        ] }));
        let session = script.session().await;
        assert_eq!(
            reporters(&session, Some("a = 1 OR b = 2"), 50)
                .await
                .unwrap(),
            (4, 1)
        );
        let asked = script.searches();
        assert_eq!(
            asked.last().unwrap()["jql"],
            "(a = 1 OR b = 2) AND project is not EMPTY ORDER BY updated DESC"
        );
    }
}
