//! Who asks, and what the site consists of.

use serde_json::{Value, json};

use super::catalog::{CATEGORIES, FIELDS, PRIORITIES, SITE};
use super::errors;
use super::issues::page;
use super::jql;
use super::more;
use super::people::CALLER;
use super::render::{push_status, push_user};
use super::site::Site;
use crate::sandbox::clock::PROFILE_ZONE;
use crate::sandbox::exchange::{Reply, Request};

/// `GET /myself`.
pub(super) fn myself(site: &Site) -> Reply {
    let mut out = String::new();
    if let Some(person) = site.people.get(usize::from(CALLER)) {
        push_user(
            &mut out,
            person,
            r#","locale":"en_US","groups":{"size":2,"items":[]},"applicationRoles":{"size":1,"items":[]},"expand":"groups,applicationRoles""#,
        );
    }
    Reply::json_text(200, out)
}

/// `GET /serverInfo`.
pub(super) fn server_info(site: &Site, now: i64) -> Reply {
    let mut time = String::new();
    site.push_time(&mut time, now);
    let time: Value = serde_json::from_str(&time).unwrap_or_default();
    Reply::json(
        200,
        &json!({
            "baseUrl": SITE, "displayUrl": SITE, "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_290,
            "buildDate": time, "serverTime": time, "scmInfo": "0", "serverTitle": "Jira",
            "serverTimeZone": PROFILE_ZONE
        }),
    )
}

/// `GET /field`.
pub(super) fn fields() -> Reply {
    let list: Vec<Value> = FIELDS
        .iter()
        .map(|field| {
            let (kind, items, custom) = field.schema;
            let mut schema = json!({ "type": kind });
            if let Some(items) = items {
                schema["items"] = json!(items);
            }
            let mut clauses: Vec<String> = field.clauses.iter().map(|&name| name.to_owned()).collect();
            match field.custom() {
                Some(number) => {
                    clauses.push(format!("cf[{number}]"));
                    clauses.push(field.name.to_owned());
                    let custom = custom.unwrap_or("textfield");
                    schema["custom"] = json!(format!("com.atlassian.jira.plugin.system.customfieldtypes:{custom}"));
                    schema["customId"] = json!(number.parse::<u64>().unwrap_or_default());
                }
                None => schema["system"] = json!(field.id),
            }
            json!({
                "id": field.id, "key": field.id, "name": field.name, "custom": field.custom().is_some(),
                "orderable": true, "navigable": field.navigable, "searchable": true,
                "clauseNames": clauses, "schema": schema
            })
        })
        .collect();
    Reply::json(200, &Value::Array(list))
}

/// `GET /status`.
pub(super) fn statuses() -> Reply {
    let mut out = String::from("[");
    for index in 0..more::statuses().len() {
        if index > 0 {
            out.push(',');
        }
        push_status(&mut out, index as u8);
    }
    out.push(']');
    Reply::json_text(200, out)
}

/// A page of values in the form `{startAt, maxResults, total, isLast, values}`.
pub(super) fn paged(values: Vec<Value>, start: usize, size: usize) -> Reply {
    let total = values.len();
    let shown: Vec<Value> = values.into_iter().skip(start).take(size).collect();
    let last = start + shown.len() >= total;
    Reply::json(
        200,
        &json!({ "startAt": start, "maxResults": size, "total": total, "isLast": last, "values": shown }),
    )
}

/// `GET /project/search`: at most 100, silently.
pub(super) fn projects(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let (start, size) = page(request, 50, 100)?;
    let keys = request.query_list("keys");
    let ids: Vec<&String> = request
        .query
        .iter()
        .filter(|(name, _)| name == "id")
        .map(|(_, id)| id)
        .collect();
    if ids.len() > 50 {
        return Err(errors::messages(400, &["The ids are more than 50."]));
    }
    let states = ["live", "archived", "deleted"];
    if request
        .query
        .iter()
        .any(|(name, state)| name == "status" && !states.contains(&state.as_str()))
    {
        return Err(errors::messages(400, &["The status is invalid."]));
    }
    let wanted = request.query("query").map(str::to_lowercase);
    let values = site.projects().into_iter().filter_map(|(index, project)| {
        let named = (keys.is_empty() || keys.contains(&project.key))
            && (ids.is_empty() || ids.iter().any(|id| *id == project.id));
        let found = wanted.as_ref().is_none_or(|text| {
            project.key.to_lowercase().contains(text)
                || site.project_name(index as u8).to_lowercase().contains(text)
        });
        let mut out = String::new();
        site.push_project(&mut out, index as u8);
        let mut value: Value = serde_json::from_str(&out).ok()?;
        let expand = request.query_list("expand");
        if expand.contains(&"description") {
            value["description"] = json!(format!("All work of {}.", project.name));
        }
        // Who leads it is told without an address.
        if expand.contains(&"lead")
            && let Some(person) = site.people.get(2 + index)
        {
            let mut lead = String::new();
            push_user(&mut lead, person, "");
            let mut lead: Value = serde_json::from_str(&lead).ok()?;
            for hidden in ["emailAddress", "timeZone"] {
                lead.as_object_mut()?.remove(hidden);
            }
            value["lead"] = lead;
        }
        if expand.contains(&"insight") {
            value["insight"] = json!({ "totalIssueCount": site.issues_of(index) });
        }
        (named && found).then_some(value)
    });
    Ok(paged(values.collect(), start, size))
}

/// `GET /priority/search`.
pub(super) fn priorities(request: &Request) -> Result<Reply, Reply> {
    let (start, size) = page(request, 50, 50)?;
    let values = PRIORITIES.iter().map(|priority| {
        json!({
            "self": format!("{SITE}/rest/api/3/priority/{}", priority.id), "id": priority.id,
            "name": priority.name, "description": priority.description, "statusColor": "#d04437",
            "iconUrl": format!("{SITE}/images/icons/priorities/{}.svg", priority.name.to_lowercase()),
            "isDefault": priority.id == "3"
        })
    });
    Ok(paged(values.collect(), start, size))
}

/// `GET /statuses/search`.
pub(super) fn status_search(request: &Request) -> Result<Reply, Reply> {
    let (start, size) = page(request, 200, 200)?;
    let values = more::statuses().into_iter().map(|status| {
        let code = CATEGORIES.get(status.category).map(|category| category.code);
        json!({ "id": status.id, "name": status.name, "description": "", "statusCategory": code, "scope": { "type": "GLOBAL" } })
    });
    Ok(paged(values.collect(), start, size))
}

/// `POST /jql/parse?validation=`: what is wrong stands in a 200.
pub(super) fn jql_parse(site: &Site, request: &Request, now: i64) -> Result<Reply, Reply> {
    let Some(validation @ ("strict" | "warn" | "none")) = request.query("validation") else {
        return Err(errors::messages(
            400,
            &["validation must be one of strict, warn, none."],
        ));
    };
    let body = errors::object(request)?;
    let queries = errors::texts(body.get("queries").unwrap_or(&Value::Null))?;
    let answers: Vec<Value> = queries
        .into_iter()
        .map(|text| {
            let checked = jql::parse(text)
                .map_err(|message| vec![message])
                .and_then(|query| {
                    if validation == "none" {
                        return Ok(());
                    }
                    jql::compile(site, &query, now).map(|_| ())
                });
            match checked {
                Ok(()) => json!({ "query": text }),
                Err(messages) if validation == "warn" => {
                    json!({ "query": text, "warnings": messages })
                }
                Err(messages) => json!({ "query": text, "errors": messages }),
            }
        })
        .collect();
    Ok(Reply::json(200, &json!({ "queries": answers })))
}

/// `GET /mypermissions`: one unknown key refuses all.
pub(super) fn permissions(
    site: &Site,
    request: &Request,
    lacks: impl Fn(&str) -> bool,
) -> Result<Reply, Reply> {
    const KNOWN: [(&str, &str); 6] = [
        ("BROWSE_PROJECTS", "PROJECT"),
        ("ADMINISTER", "GLOBAL"),
        ("ADD_COMMENTS", "PROJECT"),
        ("CREATE_ISSUES", "PROJECT"),
        ("EDIT_ISSUES", "PROJECT"),
        ("USER_PICKER", "GLOBAL"),
    ];
    if let Some(key) = request.query("projectKey")
        && !site
            .projects()
            .iter()
            .any(|(_, project)| project.key.eq_ignore_ascii_case(key))
    {
        return Err(errors::messages(
            404,
            &[&format!("No project could be found with key '{key}'.")],
        ));
    }
    let asked = request.query_list("permissions");
    if asked.is_empty() {
        return Err(errors::messages(
            400,
            &["The 'permissions' query parameter is required."],
        ));
    }
    let mut permissions = serde_json::Map::new();
    for (place, key) in asked.into_iter().enumerate() {
        let Some((_, kind)) = KNOWN.iter().find(|(name, ..)| *name == key) else {
            return Err(errors::messages(
                400,
                &[&format!("Unrecognized permission: {key}")],
            ));
        };
        permissions.insert(
            key.to_owned(),
            json!({ "id": place.to_string(), "key": key, "name": key, "type": kind, "description": "", "havePermission": !lacks(key) }),
        );
    }
    Ok(Reply::json(200, &json!({ "permissions": permissions })))
}

/// `GET /users/search`: everybody, apps, customers and inactive accounts too; a bare list.
pub(super) fn all_users(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let (start, size) = page(request, 50, 1_000)?;
    let mut out = String::from("[");
    for (place, person) in site.people.iter().skip(start).take(size).enumerate() {
        if place > 0 {
            out.push(',');
        }
        push_user(&mut out, person, "");
    }
    out.push(']');
    Ok(Reply::json_text(200, out))
}

/// `GET /user/search`.
pub(super) fn users(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let (start, size) = page(request, 50, 1_000)?;
    let query = request.query("query").map(str::to_lowercase);
    let account = request.query("accountId");
    if query.is_none() && account.is_none() {
        return Err(errors::messages(
            400,
            &["Either query or accountId must be given."],
        ));
    }
    let mut out = String::from("[");
    let found = site.people.iter().filter(|person| {
        query.as_ref().is_some_and(|text| {
            person.name.to_lowercase().contains(text)
                || person
                    .address()
                    .is_some_and(|address| address.to_lowercase().starts_with(text))
        }) || account == Some(person.account_id.as_str())
    });
    for (place, person) in found.skip(start).take(size).enumerate() {
        if place > 0 {
            out.push(',');
        }
        push_user(&mut out, person, "");
    }
    out.push(']');
    Ok(Reply::json_text(200, out))
}
