//! The new project's files, made of the old one.

use super::lines::Lines;
use super::mapping::Meaning;
use super::old::{FLAGS, Mapped, Old, Told, Way};
use super::write::{Page, scalar};
use crate::connectors::jira::jql;

/// A file of the new project: where it lies in its folder, and its text.
pub(super) type File = (String, String);

/// Which way a person is named in a record: an issue's reporter, or a user itself.
const REPORTER: &str = "$.fields.reporter";

/// All files but those that a kind of record needs which is not synced.
pub(super) fn files(old: &Old, name: &str, lines: &Lines) -> Vec<File> {
    let mut files = Vec::new();
    if old.syncs("issues") {
        files.push(pipeline("support-tickets", support_tickets(old, lines)));
    }
    if old.syncs("events") {
        files.push(pipeline("issue-events", issue_events(old, lines)));
        files.push(pipeline("status-changes", status_changes(old, lines)));
    }
    let mut all = vec![("flowline.yaml".to_owned(), flowline(old, name, lines))];
    all.extend(files);
    all
}

/// What is synced and has no pipeline, and why.
pub(super) fn without_pipeline(old: &Old) -> Vec<(&'static str, &'static str)> {
    let mut without = Vec::new();
    for (flag, why) in [
        ("comments", "comments have no pipeline yet"),
        ("worklogs", "worklogs have no pipeline yet"),
        (
            "users",
            "users have no pipeline yet; a reporter's fields are on the contact",
        ),
    ] {
        if old.syncs(flag) {
            without.push((flag, why));
        }
    }
    let has_lists = old
        .projects
        .value
        .iter()
        .any(|one| !one.value.lists.is_empty());
    if old.syncs("projects") && !(has_lists && old.syncs("issues")) {
        without.push((
            "projects",
            "a project becomes a list of Brevo where it has `sync_to_list`",
        ));
    }
    without
}

fn pipeline(name: &str, text: String) -> File {
    (format!("pipelines/{name}.yaml"), text)
}

fn flowline(old: &Old, name: &str, lines: &Lines) -> String {
    let mut page = Page::new(lines);
    page.put(
        0,
        &format!(
            "# Made by `flowline import` of {name}: each of its lines stands beside what it became."
        ),
    );
    page.put(0, "flowline: 1").put(0, "");
    page.old(0, &old.head);
    page.put(0, "connections:").put(2, "jira:").put(4, "jira:");
    match (&old.site, &old.cloud_id) {
        (Some(site), _) => {
            page.old(6, &site.lines);
            page.put(6, &format!("site: {}", scalar(&site.value)));
        }
        (None, Some(_)) => {}
        (None, None) => {
            page.put(6, "site: \"${JIRA_SITE}\"  # the old file names no site");
        }
    }
    if let Some(id) = &old.cloud_id {
        page.old(6, &id.lines);
        page.put(6, &format!("cloud_id: {}", scalar(&id.value)));
    }
    page.put(6, "auth:").old(8, &old.way.lines);
    page.put(
        8,
        match old.way.value {
            Way::Basic => {
                "basic: { email: \"${JIRA_EMAIL}\", api_token: \"${JIRA_API_TOKEN}\" }"
            }
            Way::OAuth2 => {
                "oauth2: { client_id: \"${JIRA_CLIENT_ID}\", client_secret: \"${JIRA_CLIENT_SECRET}\" }"
            }
        },
    );
    if let Some(secret) = &old.webhook_secret {
        page.old(6, secret);
        page.put(6, "webhook_secret: \"${JIRA_WEBHOOK_SECRET}\"");
    }
    page.put(2, "brevo:").old(4, &old.brevo).put(4, "brevo:");
    page.put(6, "api_key: \"${BREVO_API_KEY}\"");
    leftovers(old, lines, &mut page);
    page.finish()
}

/// Lines that became nothing here: what is not synced, what is not taken over, the rest.
fn leftovers(old: &Old, lines: &Lines, page: &mut Page<'_>) {
    if !old.syncs("issues") {
        let of_issues = [&old.projects.lines, &old.types.lines, &old.mapping.lines];
        let unused: Vec<usize> = of_issues
            .into_iter()
            .flatten()
            .chain(old.projects.value.iter().flat_map(|one| &one.lines))
            .chain(old.types.value.iter().flat_map(|one| &one.lines))
            .chain(old.mapping.value.iter().flat_map(|one| &one.lines))
            .copied()
            .collect();
        block(
            page,
            "What concerns issues, which the old file does not sync:",
            &unused,
        );
    }
    let off: Vec<usize> = FLAGS
        .iter()
        .filter(|flag| !old.syncs(flag))
        .flat_map(|flag| old.flag(flag).iter().copied())
        .collect();
    let heading = old.sync.clone().filter(|_| !old.syncs("issues"));
    let off: Vec<usize> = heading.into_iter().flatten().chain(off).collect();
    block(page, "What is not synced has no pipeline:", &off);
    let refused = lines.refused();
    if !refused.is_empty() {
        page.put(0, "").put(0, "# What is not taken over:");
        for one in &refused {
            page.put(
                0,
                &format!(
                    "# line {}: {}  (not taken over: {})",
                    one.line, one.text, one.why
                ),
            );
        }
    }
    block(page, "The rest of the old file:", &lines.rest());
}

fn block(page: &mut Page<'_>, heading: &str, lines: &[usize]) {
    if !lines.is_empty() {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        lines.dedup();
        page.put(0, "")
            .put(0, &format!("# {heading}"))
            .old(0, &lines);
    }
}

/// What every pipeline begins with.
fn head<'l>(old: &Old, lines: &'l Lines, description: &str, flag: &str) -> Page<'l> {
    let mut page = Page::new(lines);
    page.put(0, &format!("description: {description}"));
    if let Some(enabled) = &old.enabled {
        page.old(0, &enabled.lines);
        page.put(0, &format!("enabled: {}", enabled.value));
    }
    match &old.schedule {
        Some(schedule) => {
            page.old(0, &schedule.lines);
            page.put(0, &format!("schedule: {}", schedule.value));
        }
        None => {
            page.put(0, "schedule: every 5 minutes");
        }
    }
    page.put(0, "");
    if let Some(sync) = &old.sync {
        page.old(0, sync);
    }
    page.old(0, old.flag(flag));
    page
}

/// The issues that the old file names.
fn issues(old: &Old, source: &str, page: &mut Page<'_>) {
    page.put(0, "sources:").put(2, &format!("- {source}:"));
    let mut parts = Vec::new();
    let texts = |all: &mut dyn Iterator<Item = &str>| -> String {
        let words: Vec<String> = all.map(word).collect();
        words.join(", ")
    };
    if !old.projects.value.is_empty() {
        page.old(6, &old.projects.lines);
        for one in &old.projects.value {
            page.old(6, &one.lines);
        }
        let mut keys = old.projects.value.iter().map(|one| one.value.key.as_str());
        parts.push(format!("project in ({})", texts(&mut keys)));
    }
    if !old.types.value.is_empty() {
        page.old(6, &old.types.lines);
        for one in &old.types.value {
            page.old(6, &one.lines);
        }
        let mut names = old.types.value.iter().map(|one| one.value.as_str());
        parts.push(format!("issuetype in ({})", texts(&mut names)));
    }
    if let Some(query) = &old.jql {
        page.old(6, &query.lines);
        parts.push(match parts.is_empty() {
            true => query.value.clone(),
            false => format!("({})", query.value),
        });
    }
    if !parts.is_empty() {
        page.put(6, &format!("jql: {}", quoted(&parts.join(" AND "))));
    }
    page.put(6, "since: 30 days ago");
}

/// A text as a word of JQL: in quotes where it needs them.
fn word(text: &str) -> String {
    let plain = text.starts_with(|one: char| one.is_ascii_alphabetic())
        && text.chars().all(|one| one.is_ascii_alphanumeric());
    let reserved = [
        "and", "or", "not", "in", "is", "was", "empty", "null", "order", "by", "to", "on", "end",
    ];
    let is_reserved = reserved.iter().any(|one| text.eq_ignore_ascii_case(one));
    if plain && !is_reserved && jql::parts(jql::Text::new(&format!("a = {text}"))).is_ok() {
        text.to_owned()
    } else {
        jql::string(text)
    }
}

/// A text in single quotes, replaced by nothing.
fn quoted(text: &str) -> String {
    let text = text.replace("${", "$${").replace('\'', "''");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("'{line}'")
}

/// The lines and the entry of how contacts are known.
fn identify(old: &Old, person: &str, page: &mut Page<'_>, indent: usize) {
    let mut told = Vec::new();
    let mut ways = Vec::new();
    for mapped in &old.mapping.value {
        match (&mapped.value.meaning, mapped.value.attribute.as_str()) {
            (Meaning::Email, _) => told.extend(&mapped.lines),
            (Meaning::Person(member), "ext_id") => {
                told.extend(&mapped.lines);
                ways.push(format!("ext_id: {person}.{member}"));
            }
            _ => {}
        }
    }
    ways.push(format!("email: {person}.emailAddress"));
    page.old(indent, &told);
    page.put(indent, &format!("identify: {{ {} }}", ways.join(", ")));
}

fn support_tickets(old: &Old, lines: &Lines) -> String {
    let mut page = head(
        old,
        lines,
        "Each reporter's latest ticket on their Brevo contact.",
        "issues",
    );
    issues(old, "jira.issues", &mut page);
    let custom: Vec<&Told<Mapped>> = old
        .mapping
        .value
        .iter()
        .filter(|one| matches!(one.value.meaning, Meaning::Custom(_)))
        .collect();
    let mut ids: Vec<&str> = custom
        .iter()
        .filter_map(|one| match &one.value.meaning {
            Meaning::Custom(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if !ids.is_empty() {
        page.put(6, "custom_fields:");
        for id in ids {
            page.put(8, &format!("{id}: {id}"));
        }
    }
    page.put(0, "").put(0, "sinks:").put(2, "- brevo.contacts:");
    identify(old, REPORTER, &mut page, 6);
    page.put(6, "order_by: $.fields.created");
    project_lists(old, &mut page);
    attributes(old, REPORTER, true, &mut page);
    page.finish()
}

/// A list a project.
fn project_lists(old: &Old, page: &mut Page<'_>) {
    let most = old.projects.value.iter().map(|one| one.value.lists.len());
    let most = most.max().unwrap_or_default();
    if most == 0 {
        return;
    }
    if old.syncs("projects") {
        page.old(6, old.flag("projects"));
    }
    page.put(6, "lists:");
    for place in 0..most {
        let entries: Vec<String> = old
            .projects
            .value
            .iter()
            .filter_map(|one| {
                let list = one.value.lists.get(place)?;
                Some(format!("{}: {list}", scalar(&one.value.key)))
            })
            .collect();
        page.put(
            8,
            &format!(
                "- {{ path: $.fields.project.key, lookup: {{ {} }} }}",
                entries.join(", ")
            ),
        );
    }
}

/// Attributes of the person, and those of the issue where there is one.
fn attributes(old: &Old, person: &str, with_issue: bool, page: &mut Page<'_>) {
    let mut written: Vec<&str> = Vec::new();
    let mut begun = false;
    for mapped in &old.mapping.value {
        let attribute = mapped.value.attribute.as_str();
        let value = match &mapped.value.meaning {
            Meaning::Email => continue,
            Meaning::Person(_) if attribute == "ext_id" => continue,
            Meaning::Person(member) => format!("{person}.{member}"),
            Meaning::Issue(value) if with_issue => (*value).to_owned(),
            Meaning::Custom(id) if with_issue => {
                format!("{{ path: $.custom.{id}, if_missing: clear }}")
            }
            Meaning::Issue(_) | Meaning::Custom(_) => continue,
        };
        if !begun {
            page.put(6, "create_attributes: true")
                .old(6, &old.mapping.lines);
            page.put(6, "attributes:");
            begun = true;
        }
        page.old(8, &mapped.lines);
        if written.contains(&attribute) {
            page.put(8, "# (the attribute is written by another field already)");
        } else {
            written.push(attribute);
            page.put(8, &format!("{attribute}: {value}"));
        }
    }
    if !begun {
        page.old(6, &old.mapping.lines);
    }
}

/// An event of a change, with what every event has.
fn event(old: &Old, name: &str, changes: &str, properties: &[&str], page: &mut Page<'_>) {
    page.put(2, "- brevo.events:").put(6, "transforms:");
    page.put(8, &format!("- each: {{ change: '$.changes[?{changes}]' }}"));
    page.put(6, &format!("name: {name}"))
        .put(6, "at: $.change.at");
    identify(old, REPORTER, page, 6);
    page.put(6, "properties:").put(8, "key: $.key");
    for property in properties {
        page.put(8, property);
    }
    for property in [
        "summary: $.fields.summary",
        "project: $.fields.project.key",
        "type: $.fields.issuetype.name",
        "link: '{{site.url}}/browse/{{key}}'",
    ] {
        page.put(8, property);
    }
}

fn issue_events(old: &Old, lines: &Lines) -> String {
    let description = "Issues created, updated and resolved, on their reporters' timelines.";
    let mut page = head(old, lines, description, flag_of_events(old));
    issues(old, "jira.issues", &mut page);
    page.put(0, "").put(0, "sinks:");
    event(old, "issue_created", "@.field == \"issue\"", &[], &mut page);
    event(
        old,
        "issue_updated",
        "@.field != \"issue\" && @.field != \"status\" && @.field != \"resolution\"",
        &["field: $.change.field"],
        &mut page,
    );
    event(
        old,
        "issue_resolved",
        "@.field == \"resolution\" && @.to != null",
        &["resolution: $.change.to"],
        &mut page,
    );
    page.finish()
}

fn status_changes(old: &Old, lines: &Lines) -> String {
    let description = "Each step of an issue's workflow, on its reporter's timeline.";
    let mut page = head(old, lines, description, flag_of_events(old));
    issues(old, "jira.issues", &mut page);
    page.put(0, "").put(0, "sinks:");
    event(
        old,
        "ticket_status_changed",
        "@.field == \"status\"",
        &[
            "from: $.change.from",
            "to: $.change.to",
            "seconds_in_from: $.change.seconds_in_from",
        ],
        &mut page,
    );
    page.finish()
}

fn flag_of_events(old: &Old) -> &'static str {
    if old.flag("events").is_empty() {
        "issues"
    } else {
        "events"
    }
}
