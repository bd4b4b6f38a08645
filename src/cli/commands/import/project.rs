//! The new project's files, made of the old one.

use std::collections::BTreeSet;

use super::lines::Lines;
use super::mapping::Meaning;
use super::old::{FLAGS, Mapped, Old, Told, Way};
use super::others;
use super::write::{Page, scalar};
use crate::connectors::jira::jql;

/// A file of the new project: where it lies in its folder, and its text.
pub(super) type File = (String, String);
/// A file's text, and the old lines that stand in it.
pub(super) type Made = (String, BTreeSet<usize>);

/// Writes a pipeline.
type Make = fn(&Old, &Lines) -> Made;

/// Which way a person is named in a record: an issue's reporter, or a user itself.
const REPORTER: &str = "$.fields.reporter";

/// Why a line is not taken over that concerns records which are not synced.
const NOT_SYNCED: &str = "it concerns records that the file does not sync";

/// All files: those of the pipelines that what is synced asks for, and the project's own.
pub(super) fn files(old: &Old, name: &str, lines: &mut Lines) -> Vec<File> {
    let makers: [(bool, &str, Make); 7] = [
        (old.syncs("issues"), "support-tickets", support_tickets),
        (old.syncs("events"), "issue-events", issue_events),
        (old.syncs("events"), "status-changes", status_changes),
        (old.syncs("comments"), "comments", others::comments),
        (old.syncs("worklogs"), "team-capacity-hours", others::hours),
        (old.syncs("users"), "people", others::people),
        (
            old.syncs("projects") && !has_lists_of_issues(old),
            "people-projects",
            others::people_of_projects,
        ),
    ];
    let mut told = BTreeSet::new();
    let mut pipelines = Vec::new();
    for (_, name, make) in makers.into_iter().filter(|(wanted, ..)| *wanted) {
        let (text, used) = make(old, lines);
        told.extend(used);
        pipelines.push((format!("pipelines/{name}.yaml"), text));
    }
    let concerned = [&old.projects.lines, &old.types.lines, &old.mapping.lines];
    let unused: Vec<usize> = concerned
        .into_iter()
        .flatten()
        .chain(old.projects.value.iter().flat_map(|one| &one.lines))
        .chain(old.types.value.iter().flat_map(|one| &one.lines))
        .chain(old.mapping.value.iter().flat_map(|one| &one.lines))
        .chain(old.jql.iter().flat_map(|one| &one.lines))
        .filter(|line| !told.contains(line))
        .copied()
        .collect();
    lines.refuse_lines(&unused, NOT_SYNCED);
    let mut all = vec![("flowline.yaml".to_owned(), flowline(old, name, lines, told))];
    all.extend(pipelines);
    all
}

/// True where a project's list is written with its issues.
fn has_lists_of_issues(old: &Old) -> bool {
    let mut projects = old.projects.value.iter();
    old.syncs("issues") && projects.any(|one| !one.value.lists.is_empty())
}

fn flowline(old: &Old, name: &str, lines: &Lines, mut told: BTreeSet<usize>) -> String {
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
        (None, Some(_)) if old.way.value == Way::OAuth2 => {}
        (None, _) => {
            page.put(6, "site: \"${JIRA_SITE}\"  # the old file names no site");
        }
    }
    if let Some(id) = &old.cloud_id {
        page.old(6, &id.lines);
        page.put(6, &format!("cloud_id: {}", scalar(&id.value)));
    }
    page.put(6, "auth:").old(8, &old.way.lines);
    match (old.way.value, &old.redirect) {
        (Way::Basic, _) => {
            page.put(
                8,
                "basic: { email: \"${JIRA_EMAIL}\", api_token: \"${JIRA_API_TOKEN}\" }",
            );
        }
        (Way::OAuth2, None) => {
            page.put(
                8,
                "oauth2: { client_id: \"${JIRA_CLIENT_ID}\", client_secret: \"${JIRA_CLIENT_SECRET}\" }",
            );
        }
        (Way::OAuth2, Some(redirect)) => {
            page.put(8, "oauth2:")
                .put(10, "client_id: \"${JIRA_CLIENT_ID}\"")
                .put(10, "client_secret: \"${JIRA_CLIENT_SECRET}\"")
                .old(10, &redirect.lines)
                .put(10, &format!("redirect_uri: {}", scalar(&redirect.value)));
        }
    }
    if let Some(secret) = &old.webhook_secret {
        page.old(6, secret);
        page.put(6, "webhook_secret: \"${JIRA_WEBHOOK_SECRET}\"");
    }
    page.put(2, "brevo:").old(4, &old.brevo).put(4, "brevo:");
    page.put(6, "api_key: \"${BREVO_API_KEY}\"");
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
            told.insert(one.line);
        }
    }
    let off: Vec<usize> = FLAGS
        .iter()
        .filter(|flag| !old.syncs(flag))
        .flat_map(|flag| old.flag(flag).iter().copied())
        .collect();
    block(&mut page, "What is not synced has no pipeline:", &off);
    let (text, here) = page.finish();
    told.extend(here);
    let rest: Vec<usize> = lines.all().filter(|line| !told.contains(line)).collect();
    let mut page = Page::new(lines);
    block(&mut page, "The rest of the old file:", &rest);
    text + &page.finish().0
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
pub(super) fn head<'l>(old: &Old, lines: &'l Lines, description: &str, flag: &str) -> Page<'l> {
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

/// A source of the issues that the old file names, or of what hangs on them.
pub(super) fn issues(old: &Old, source: &str, since: &str, page: &mut Page<'_>) {
    page.put(0, "sources:").put(2, &format!("- {source}:"));
    let words = |all: &mut dyn Iterator<Item = &str>| -> String {
        let words: Vec<String> = all.map(word).collect();
        words.join(", ")
    };
    let mut parts = Vec::new();
    page.old(6, &old.projects.lines);
    if !old.projects.value.is_empty() {
        for one in &old.projects.value {
            page.old(6, &one.lines);
        }
        let mut keys = old.projects.value.iter().map(|one| one.value.key.as_str());
        parts.push(format!("project in ({})", words(&mut keys)));
    }
    page.old(6, &old.types.lines);
    if !old.types.value.is_empty() {
        for one in &old.types.value {
            page.old(6, &one.lines);
        }
        let mut names = old.types.value.iter().map(|one| one.value.as_str());
        parts.push(format!("issuetype in ({})", words(&mut names)));
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
    page.put(6, &format!("since: {since}"));
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
    format!("'{}'", text.replace(char::is_control, " "))
}

/// The lines and the entry of how contacts are known.
pub(super) fn identify(old: &Old, person: &str, page: &mut Page<'_>, indent: usize) {
    let mut told = Vec::new();
    let mut ways = Vec::new();
    for mapped in &old.mapping.value {
        match (&mapped.value.meaning, mapped.value.attribute.as_str()) {
            (Meaning::Email, "ext_id") => {
                told.extend(&mapped.lines);
                ways.push(format!("ext_id: {person}.emailAddress"));
            }
            (Meaning::Email, "email") => told.extend(&mapped.lines),
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

fn support_tickets(old: &Old, lines: &Lines) -> Made {
    let mut page = head(
        old,
        lines,
        "Each reporter's latest ticket on their Brevo contact.",
        "issues",
    );
    issues(old, "jira.issues", "30 days ago", &mut page);
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
pub(super) fn project_lists(old: &Old, page: &mut Page<'_>) {
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
pub(super) fn attributes(old: &Old, person: &str, with_issue: bool, page: &mut Page<'_>) {
    let mut written: Vec<&str> = Vec::new();
    let mut begun = false;
    for mapped in &old.mapping.value {
        let attribute = mapped.value.attribute.as_str();
        let value = match &mapped.value.meaning {
            Meaning::Email if attribute == "email" => continue,
            Meaning::Email | Meaning::Person(_) if attribute == "ext_id" => continue,
            Meaning::Email => format!("{person}.emailAddress"),
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

fn issue_events(old: &Old, lines: &Lines) -> Made {
    let description = "Issues created, updated and resolved, on their reporters' timelines.";
    let mut page = head(old, lines, description, flag_of_events(old));
    issues(old, "jira.issues", "30 days ago", &mut page);
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

fn status_changes(old: &Old, lines: &Lines) -> Made {
    let description = "Each step of an issue's workflow, on its reporter's timeline.";
    let mut page = head(old, lines, description, flag_of_events(old));
    issues(old, "jira.issues", "30 days ago", &mut page);
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
