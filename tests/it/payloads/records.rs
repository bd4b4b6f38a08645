//! The schemas of records let pass what the services have really sent.

use std::collections::{BTreeMap, BTreeSet};

use flowline::plan::RECORD_KINDS;
use jsonschema::Validator;
use serde_json::{Value as Json, json};

use super::{data, files, jira_files};

/// What a thing is that stands anywhere in a body of Jira Cloud, as its REST resource gives it.
fn kind(value: &Json) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| value.get(name).is_some());
    if has(&["id", "body", "author", "created", "updated"]) {
        Some("jira.comment")
    } else if has(&["id", "timeSpentSeconds", "started", "author"]) {
        Some("jira.worklog")
    } else if has(&["accountId", "displayName", "active", "self"]) {
        Some("jira.user")
    } else if has(&["id", "key", "name", "projectTypeKey", "self"]) {
        Some("jira.project")
    } else if has(&["id", "name", "archived", "released"]) {
        Some("jira.version")
    } else if has(&["id", "state", "name", "originBoardId"]) {
        Some("jira.sprint")
    } else {
        None
    }
}

/// Files that are not as Jira Cloud sent them: connectors added keys, origins made numbers texts,
/// Server has another form.
fn untrue() -> BTreeSet<String> {
    let manifest = data().map(|root| std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap());
    let manifest = manifest.unwrap_or_default();
    let rows = manifest.lines().map(|line| line.split('\t'));
    rows.filter_map(|mut row| {
        let file = row.next()?;
        let said = row.skip(2).collect::<Vec<_>>().join(" ");
        let untrue = ["connector", "anonymis", "Server", "old documentation"];
        untrue
            .iter()
            .any(|word| said.contains(word))
            .then(|| file.to_owned())
    })
    .collect()
}

/// People of Server and of before 2019 have no account id.
fn is_of_cloud(value: &Json) -> bool {
    ["author", "updateAuthor", "lead"]
        .iter()
        .filter_map(|name| value.get(name))
        .all(|person| person["accountId"].is_string())
}

/// The record that a source would make of a thing: with its site, and its issue.
fn record(kind: &str, thing: &Json) -> Json {
    let site = json!({ "id": "c", "url": "https://acme.atlassian.net", "host": "acme.atlassian.net", "name": "Acme" });
    let mut record = thing.clone();
    record["site"] = site.clone();
    if matches!(kind, "jira.comment" | "jira.worklog") {
        record["issue"] =
            json!({ "id": "1", "key": "A-1", "fields": {}, "site": site, "changes": [] });
    }
    record
}

struct Tally {
    validators: BTreeMap<&'static str, Validator>,
    seen: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn new() -> Self {
        let compiled = |(kind, schema): (&'static str, &str)| {
            let schema: Json = serde_json::from_str(schema).unwrap();
            (kind, jsonschema::validator_for(&schema).unwrap())
        };
        Self {
            validators: RECORD_KINDS.into_iter().map(compiled).collect(),
            seen: BTreeMap::new(),
            wrong: Vec::new(),
        }
    }

    fn take(&mut self, file: &str, kind: &'static str, record: &Json) {
        *self.seen.entry(kind).or_default() += 1;
        for error in self.validators[kind].iter_errors(record) {
            let at = error.instance_path().to_string();
            self.wrong.push(format!("{file}: {kind} {at}: {error}"));
        }
    }

    fn walk(&mut self, file: &str, value: &Json) {
        if let Some(kind) = kind(value).filter(|_| is_of_cloud(value)) {
            self.take(file, kind, &record(kind, value));
        }
        match value {
            Json::Object(members) => members.values().for_each(|one| self.walk(file, one)),
            Json::Array(elements) => elements.iter().for_each(|one| self.walk(file, one)),
            _ => {}
        }
    }

    #[track_caller]
    fn assert(self, at_least: &[(&str, usize)]) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        for (kind, count) in at_least {
            let seen = self.seen.get(kind).copied().unwrap_or_default();
            assert!(seen >= *count, "only {seen} of {kind}");
        }
    }
}

#[test]
fn things_of_jira_hold_to_the_schema_of_their_kind() {
    let files = jira_files();
    if files.is_empty() {
        return;
    }
    let untrue = untrue();
    let mut tally = Tally::new();
    for (name, body) in files.iter().filter(|(name, _)| !untrue.contains(name)) {
        tally.walk(name, body);
    }
    tally.assert(&[
        ("jira.comment", 15),
        ("jira.worklog", 2),
        ("jira.user", 300),
        ("jira.project", 40),
        ("jira.version", 20),
        ("jira.sprint", 4),
    ]);
}

/// The record of a webhook of Brevo, as the contract describes it, for one address.
fn of_webhook(payload: &Json) -> Option<Json> {
    let event = match payload["event"].as_str()? {
        "unsubscribe" | "unsubscribed" => "unsubscribed",
        event @ ("hard_bounce" | "soft_bounce" | "spam" | "delivered" | "opened" | "click"
        | "list_addition" | "contact_updated" | "contact_deleted") => event,
        _ => return None,
    };
    let addresses = [
        &payload["email"],
        &payload["email"][0],
        &payload["content"][0]["email"],
    ];
    let seconds = ["ts_event", "ts"]
        .iter()
        .find_map(|name| payload[*name].as_i64());
    // This one counts milliseconds.
    let seconds = seconds.or_else(|| Some(payload["ts_epoch"].as_i64()? / 1000))?;
    Some(json!({
        "event": event,
        "email": addresses.iter().find_map(|one| one.as_str())?,
        "at": jiff::Timestamp::from_second(seconds).unwrap().to_string(),
        "reason": payload["reason"],
        "list_ids": payload["list_id"],
        "campaign_id": payload["camp_id"],
        "raw": payload,
    }))
}

#[test]
fn webhooks_of_brevo_hold_to_the_schema() {
    let files = files();
    if files.is_empty() {
        return;
    }
    let mut tally = Tally::new();
    let hooks = files
        .iter()
        .filter(|file| file.name.starts_with("brevo/webhooks/"));
    for file in hooks {
        if let Some(record) = of_webhook(&file.json()) {
            tally.take(&file.name, "brevo.webhook", &record);
        }
    }
    tally.assert(&[("brevo.webhook", 10)]);
}

#[test]
fn each_member_that_jira_documents_is_known() {
    let Some(specs) = std::env::var_os("FLOWLINE_SHARED_SPECS") else {
        println!("skipped: FLOWLINE_SHARED_SPECS is not set");
        return;
    };
    let read = |name: &str| -> Json {
        let path = std::path::Path::new(&specs).join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let platform = read("jira-platform-v3.openapi.json");
    let software = read("jira-software-2022.openapi.json");
    for (spec, name, kind) in [
        (&platform, "Comment", "jira.comment"),
        (&platform, "Worklog", "jira.worklog"),
        (&platform, "User", "jira.user"),
        (&platform, "Project", "jira.project"),
        (&platform, "Version", "jira.version"),
        (&software, "SprintBean", "jira.sprint"),
    ] {
        let (_, schema) = RECORD_KINDS
            .iter()
            .find(|(known, _)| *known == kind)
            .unwrap();
        let schema: Json = serde_json::from_str(schema).unwrap();
        let documented = spec["components"]["schemas"][name]["properties"].as_object();
        for member in documented.unwrap().keys() {
            assert!(
                schema["properties"].get(member).is_some(),
                "{kind} lacks {member}"
            );
        }
    }
}
