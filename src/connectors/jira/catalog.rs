//! What a site has: fields, projects, statuses, priorities.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::session::{Session, broken};
use crate::config::{JiraCatalog, JiraField};
use crate::http::Failure;

/// How many elements a page has: Jira's most.
const PAGE: usize = 100;
/// More pages than any site has: the end of a list that does not end.
const MAX_PAGES: usize = 1_000;

#[derive(Deserialize)]
struct Field {
    id: String,
    name: String,
    #[serde(default)]
    schema: serde_json::Value,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Values<T> {
    values: Vec<T>,
    #[serde(rename = "isLast", default)]
    is_last: bool,
    total: Option<usize>,
}

#[derive(Deserialize)]
struct Project {
    key: String,
    name: String,
}

/// Reads what can be written in pipelines; `taken` is the time, RFC 3339.
///
/// # Errors
/// What stands in the way.
pub async fn catalog(session: &Session, taken: &str) -> Result<JiraCatalog, Failure> {
    let fields: Vec<Field> = session.get("/rest/api/3/field").await?;
    let statuses: Vec<Named> = session.get("/rest/api/3/status").await?;
    let priorities: Vec<Named> = all(session, "/rest/api/3/priority/search").await?;
    let projects: Vec<Project> = all(session, "/rest/api/3/project/search").await?;
    let mut names: Vec<String> = statuses.into_iter().map(|status| status.name).collect();
    names.sort();
    names.dedup();
    Ok(JiraCatalog {
        cloud_id: session.cloud_id.clone(),
        taken: taken.to_owned(),
        fields: fields
            .into_iter()
            .map(|field| {
                (
                    field.id,
                    JiraField {
                        name: field.name,
                        schema: field.schema,
                    },
                )
            })
            .collect(),
        projects: projects
            .into_iter()
            .map(|project| (project.key, project.name))
            .collect(),
        statuses: names,
        priorities: priorities
            .into_iter()
            .map(|priority| priority.name)
            .collect(),
    })
}

/// All pages of a list; each is asked for with its start.
async fn all<T: DeserializeOwned>(session: &Session, path: &str) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    for _ in 0..MAX_PAGES {
        let start = all.len();
        let page: Values<T> = session
            .get(&format!("{path}?startAt={start}&maxResults={PAGE}"))
            .await?;
        let last = page.is_last || page.values.is_empty();
        all.extend(page.values);
        if last || page.total.is_some_and(|total| all.len() >= total) {
            return Ok(all);
        }
    }
    Err(broken(path, "the list does not end"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Script;
    use super::*;
    use crate::http::Class;

    #[tokio::test]
    async fn lists_are_read_to_their_end_however_it_is_told() {
        let script = Script::default();
        script.answer(json!([
            { "id": "issuekey", "name": "Key" },
            { "id": "customfield_1", "name": "故事点", "schema": { "type": "number" } }
        ]));
        script.answer(json!([{ "name": "Done" }, { "name": "已完成" }, { "name": "Done" }]));
        script.answer(json!({ "total": 3, "values": [{ "name": "High" }, { "name": "Low" }] }));
        script.answer(json!({ "total": 3, "values": [{ "name": "None" }] }));
        script.answer(json!({ "isLast": false, "values": [{ "key": "SUP", "name": "Support" }] }));
        script.answer(json!({ "isLast": true, "values": [{ "key": "OPS", "name": "Ops" }] }));
        let catalog = catalog(&script.session().await, "now").await.unwrap();
        assert_eq!(catalog.fields.len(), 2);
        assert_eq!(catalog.statuses, ["Done", "已完成"]);
        assert_eq!(catalog.priorities, ["High", "Low", "None"]);
        assert_eq!(catalog.projects.keys().collect::<Vec<_>>(), ["SUP", "OPS"]);
        assert_eq!(
            script.calls()[2..],
            [
                "GET /rest/api/3/priority/search?startAt=0&maxResults=100",
                "GET /rest/api/3/priority/search?startAt=2&maxResults=100",
                "GET /rest/api/3/project/search?startAt=0&maxResults=100",
                "GET /rest/api/3/project/search?startAt=1&maxResults=100",
            ]
        );
    }

    #[tokio::test]
    async fn a_list_that_does_not_end_is_an_error() {
        let script = Script::default();
        for _ in 0..2 {
            script.answer(json!([]));
        }
        for _ in 0..MAX_PAGES {
            script.answer(json!({ "values": [{ "name": "High" }] }));
        }
        let failure = catalog(&script.session().await, "now").await.unwrap_err();
        assert_eq!(failure.class, Class::BrokenAnswer);
        assert!(failure.message.contains("does not end"), "{failure}");
    }
}
