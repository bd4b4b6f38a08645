//! `POST /issue`: fields held to what `/field` says of them, then made as an edit.

use serde_json::{Map, Value};

use super::catalog::{FIELDS, PRIORITIES, TIERS};
use super::edit::{Edit, Given};
use super::errors;
use super::more;
use super::people::CALLER;
use super::site::Site;
use super::writes::{is_document, properties};
use crate::sandbox::exchange::{Reply, Request};

/// Fields that nobody sets while creating.
const UNSETTABLE: [&str; 8] = [
    "created",
    "updated",
    "creator",
    "status",
    "resolution",
    "resolutiondate",
    "statuscategorychangedate",
    "comment",
];

/// What is wrong, by field.
type Wrong<'a> = Vec<(&'a str, String)>;

/// The edit that makes the issue.
pub(super) fn issue(site: &Site, request: &Request) -> Result<Edit, Reply> {
    let body = errors::object(request)?;
    let known = [
        "fields",
        "update",
        "properties",
        "transition",
        "historyMetadata",
    ];
    errors::only(&body, &known)?;
    let none = Map::new();
    let fields = match body.get("fields") {
        None => &none,
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(errors::payload()),
    };
    let mut wrong: Wrong<'_> = Vec::new();
    for (name, value) in fields {
        if let Some(why) = unfit(site, name, value) {
            wrong.push((name, why));
        }
    }
    let project = fields
        .get("project")
        .and_then(|value| named(value, &["key", "id"]));
    let project = project.and_then(|text| {
        let of =
            |one: &&super::catalog::Project| one.key.eq_ignore_ascii_case(text) || one.id == text;
        let mut there = site.projects().into_iter().map(|(_, project)| project);
        there.find(of)
    });
    if project.is_none() {
        let why = if fields.contains_key("project") {
            "valid project is required"
        } else {
            "Specify a valid project ID or key"
        };
        wrong.push(("project", why.to_owned()));
    }
    let kind = fields
        .get("issuetype")
        .and_then(|value| named(value, &["name", "id"]));
    let kind = kind.and_then(|text| {
        more::types()
            .into_iter()
            .find(|kind| kind.name.eq_ignore_ascii_case(text) || kind.id == text)
    });
    if kind.is_none() {
        wrong.push(("issuetype", "Specify a valid issue type".to_owned()));
    }
    let summary = fields.get("summary").and_then(Value::as_str).unwrap_or("");
    if summary.trim().is_empty() && !wrong.iter().any(|(name, _)| *name == "summary") {
        wrong.push((
            "summary",
            "You must specify a summary of the issue.".to_owned(),
        ));
    }
    let (Some(project), Some(kind), true) = (project, kind, wrong.is_empty()) else {
        let wrong: Vec<(&str, &str)> = wrong
            .iter()
            .map(|(name, why)| (*name, why.as_str()))
            .collect();
        return Err(errors::fields(&wrong));
    };
    let person = |name: &str| {
        let value = fields.get(name).filter(|value| !value.is_null())?;
        named(value, &["accountId", "id"]).map(str::to_owned)
    };
    let caller = site.people.get(usize::from(CALLER));
    let caller = caller.map(|person| person.account_id.clone());
    let priority = fields
        .get("priority")
        .and_then(|value| named(value, &["name", "id"]))
        .and_then(priority_of);
    let texts = |name: &str| {
        let list = fields.get(name).and_then(Value::as_array)?;
        let texts = list.iter().filter_map(Value::as_str).map(str::to_owned);
        Some(texts.collect())
    };
    Ok(Edit::Create {
        project: project.key.to_owned(),
        issue_type: kind.name.to_owned(),
        summary: summary.to_owned(),
        reporter: person("reporter").or(caller).unwrap_or_default(),
        description: fields.get("description").cloned(),
        priority: priority.map(str::to_owned),
        labels: texts("labels"),
        given: Some(Given {
            assignee: person("assignee"),
            tier: fields
                .get("customfield_10051")
                .and_then(|value| named(value, &["value", "id"]))
                .map(str::to_owned),
            story_points: fields.get("customfield_10016").and_then(Value::as_f64),
            properties: properties(&body)?,
        }),
    })
}

/// A text member of an object, the first of those that are there.
fn named<'v>(value: &'v Value, members: &[&str]) -> Option<&'v str> {
    members
        .iter()
        .find_map(|member| value.get(*member).and_then(Value::as_str))
}

fn priority_of(text: &str) -> Option<&'static str> {
    PRIORITIES
        .iter()
        .find(|one| one.name.eq_ignore_ascii_case(text) || one.id == text)
        .map(|one| one.name)
}

/// Why a field cannot be given this value; none where it can.
fn unfit(site: &Site, name: &str, value: &Value) -> Option<String> {
    let field = FIELDS.iter().find(|field| field.id == name);
    let Some(field) = field.filter(|_| !UNSETTABLE.contains(&name)) else {
        return Some(format!(
            "Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        ));
    };
    if value.is_null() {
        return None;
    }
    let (kind, items, custom) = field.schema;
    if matches!(name, "description" | "environment") || custom == Some("textarea") {
        return (!is_document(value)).then(|| {
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
                .to_owned()
        });
    }
    if kind == "array" {
        let Some(list) = value.as_array() else {
            return Some("data was not an array".to_owned());
        };
        let items = items.unwrap_or("any");
        return list.iter().find_map(|one| unfit_of(site, name, items, one));
    }
    unfit_of(site, name, kind, value)
}

fn unfit_of(site: &Site, name: &str, kind: &str, value: &Value) -> Option<String> {
    let one_of = |members: &[&str], known: &dyn Fn(&str) -> bool| match named(value, members) {
        None => Some(format!("expected an object with {}", members.join(" or "))),
        Some(text) if known(text) => None,
        Some(_) => Some(format!("The value of {name} is not valid.")),
    };
    match kind {
        "string" => match value.as_str() {
            None => Some("Operation value must be a string".to_owned()),
            Some(text) if name == "labels" && text.contains(' ') => Some(format!(
                "The label '{text}' contains spaces which is invalid."
            )),
            Some(text) if name == "summary" && text.contains(['\n', '\r']) => {
                Some("The summary is invalid because it contains newline characters.".to_owned())
            }
            Some(text) if name == "summary" && text.chars().count() > 255 => {
                Some("Summary can't exceed 255 characters.".to_owned())
            }
            Some(_) => None,
        },
        "number" => (!value.is_number()).then(|| "Operation value must be a number".to_owned()),
        "date" => {
            let day = value
                .as_str()
                .and_then(|text| text.parse::<jiff::civil::Date>().ok());
            day.is_none()
                .then(|| "Operation value must be a string in the format yyyy-MM-dd".to_owned())
        }
        "user" => one_of(&["accountId", "id"], &|id| {
            site.people.iter().any(|person| person.account_id == id)
        }),
        "priority" => one_of(&["name", "id"], &|text| priority_of(text).is_some()),
        "option" if name == "customfield_10051" => one_of(&["value", "id"], &|text| {
            TIERS.iter().any(|(id, tier)| *id == text || *tier == text)
        }),
        "option" => one_of(&["value", "id"], &|_| true),
        // The site has no components, and one project's versions are no other's.
        "component" => Some(format!(
            "Component name '{}' is not valid",
            named(value, &["name", "id"]).unwrap_or_default()
        )),
        "version" => one_of(&["name", "id"], &|_| true),
        _ => None,
    }
}
