//! What a site has: fields, projects, statuses, priorities.

use serde::Deserialize;

use super::session::Session;
use crate::config::{JiraCatalog, JiraField};
use crate::http::Failure;

/// How many projects a page has: Jira's most.
const PROJECTS_A_PAGE: usize = 100;

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
    let priorities: Values<Named> = session
        .get("/rest/api/3/priority/search?maxResults=100")
        .await?;
    let mut projects = indexmap::IndexMap::new();
    loop {
        let path = format!(
            "/rest/api/3/project/search?startAt={}&maxResults={PROJECTS_A_PAGE}",
            projects.len()
        );
        let page: Values<Project> = session.get(&path).await?;
        let last = page.is_last || page.values.is_empty();
        projects.extend(
            page.values
                .into_iter()
                .map(|project| (project.key, project.name)),
        );
        if last {
            break;
        }
    }
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
        projects,
        statuses: names,
        priorities: priorities
            .values
            .into_iter()
            .map(|priority| priority.name)
            .collect(),
    })
}
