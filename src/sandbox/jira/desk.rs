//! Who people and customers are: users by their ids, and Jira Service Management's requests.

use serde_json::{Value, json};

use super::catalog::SITE;
use super::errors;
use super::issues::page;
use super::more;
use super::render::push_user;
use super::site::Site;
use crate::sandbox::exchange::{Reply, Request};

/// `GET /user/bulk`: those of the account ids that there are, ten a page unless told.
pub(super) fn users(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let ids: Vec<&str> = request
        .query
        .iter()
        .filter(|(name, _)| name == "accountId")
        .map(|(_, id)| id.as_str())
        .collect();
    if ids.is_empty() {
        return Err(errors::messages(
            400,
            &["At least one accountId must be provided."],
        ));
    }
    if ids.len() > 200 || ids.iter().any(|id| id.len() > 128) {
        return Err(errors::messages(
            400,
            &["Too many or too long account ids."],
        ));
    }
    let (start, size) = page(request, 10, 200)?;
    let found = site
        .people
        .iter()
        .filter(|person| ids.contains(&person.account_id.as_str()));
    let mut values: Vec<Value> = Vec::new();
    for person in found {
        let mut out = String::new();
        push_user(&mut out, person, "");
        values.extend(serde_json::from_str::<Value>(&out).ok());
    }
    let total = values.len();
    let shown: Vec<Value> = values.into_iter().skip(start).take(size).collect();
    let last = start + shown.len() >= total;
    Ok(Reply::json(
        200,
        &json!({
            "self": format!("{SITE}/rest/api/3/user/bulk"), "startAt": start, "maxResults": size,
            "total": total, "isLast": last, "values": shown
        }),
    ))
}

/// `GET /rest/servicedeskapi/request/{issueIdOrKey}`: only issues of service desks are requests.
pub(super) fn request(site: &Site, id_or_key: &str) -> Reply {
    let issue = site.find(id_or_key).and_then(|index| site.issue(index));
    let issue = issue.filter(|issue| {
        let project = more::project(usize::from(issue.project));
        project.is_some_and(|project| project.kind == "service_desk")
    });
    let Some(issue) = issue else {
        return Reply::json(
            404,
            &json!({
                "errorMessage": "The request you are trying to access does not exist or you do not have permission to see it.",
                "i18nErrorMessage": { "i18nKey": "sd.customerview.error.request.not.found", "parameters": [] }
            }),
        );
    };
    let mut reporter = Value::Null;
    if let Some(person) = site.people.get(usize::from(issue.reporter)) {
        let mut out = String::new();
        push_user(&mut out, person, "");
        reporter = serde_json::from_str(&out).unwrap_or_default();
        if let Some(members) = reporter.as_object_mut() {
            // The desk's own form of a user.
            members.remove("self");
            members.remove("avatarUrls");
            members.remove("accountType");
        }
    }
    let key = more::project(usize::from(issue.project))
        .map(|project| format!("{}-{}", project.key, issue.number));
    Reply::json(
        200,
        &json!({
            "issueId": (10_001 + u64::from(issue.index)).to_string(), "issueKey": key,
            "requestTypeId": "25", "serviceDeskId": "1", "reporter": reporter,
            "requestFieldValues": [],
            "_links": { "self": format!("{SITE}/rest/servicedeskapi/request/{}", 10_001 + issue.index) }
        }),
    )
}
