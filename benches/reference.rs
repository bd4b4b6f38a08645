//! The yardstick of the whole-process benchmark: the shipped pipeline's job as a minimal
//! hand-written loop. Typed structs, the same fields and changelog, ADF to text, one durable
//! SQLite row an operation; no checks, no retries, no resuming.
//!
//! Environment: JIRA_URL, JIRA_EMAIL, JIRA_TOKEN, BREVO_URL, BREVO_KEY, DATABASE.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program of its own, outside the library's layers"
)]

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::error::Error;

use flowline::adf::{Format, render_within};
use flowline::connectors::brevo::spec::is_email;
use futures::StreamExt as _;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    issues: Vec<Issue>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Issue {
    id: String,
    key: String,
    fields: Fields,
    changelog: Option<Changelog>,
}

#[derive(Deserialize)]
struct Fields {
    created: String,
    summary: Option<String>,
    project: Named,
    status: Named,
    priority: Option<Named>,
    resolution: Option<Named>,
    reporter: Option<Reporter>,
    description: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Named {
    key: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reporter {
    account_id: String,
    email_address: Option<String>,
    display_name: String,
}

#[derive(Deserialize)]
struct Changelog {
    #[serde(default)]
    total: u64,
    histories: Vec<History>,
}

#[derive(Deserialize)]
struct Histories {
    values: Vec<History>,
}

#[derive(Deserialize)]
struct History {
    id: String,
    created: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    field_id: Option<String>,
    field: String,
    from_string: Option<String>,
    to_string: Option<String>,
}

struct Contact {
    created: String,
    attributes: Value,
    lists: Vec<i64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "TLS provider")?;
    let client = reqwest::Client::new();
    let jira = env::var("JIRA_URL")?;
    let brevo = env::var("BREVO_URL")?;
    let (email, token, key) = (
        env::var("JIRA_EMAIL")?,
        env::var("JIRA_TOKEN")?,
        env::var("BREVO_KEY")?,
    );
    let mut database = Connection::open(env::var("DATABASE")?)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS operations (key TEXT PRIMARY KEY, payload TEXT NOT NULL);",
    )?;
    let mut next_page_token: Option<String> = None;
    let (mut issues, mut contacts_sent, mut events_sent) = (0_u64, 0_u64, 0_u64);
    loop {
        let mut body = json!({
            "jql": "project in (SUPPORT, PRODUCT) AND issuetype in (Bug, Story, Task, \"Support Request\") ORDER BY updated ASC, key ASC",
            "fields": ["created", "description", "priority", "project", "reporter", "resolution", "status", "summary"],
            "expand": "changelog",
            "maxResults": 100,
        });
        if let Some(token) = &next_page_token {
            body["nextPageToken"] = json!(token);
        }
        let bytes = client
            .post(format!("{jira}/rest/api/3/search/jql"))
            .basic_auth(&email, Some(&token))
            .json(&body)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        let mut page: Page = serde_json::from_slice(&bytes)?;
        issues += page.issues.len() as u64;
        let mut contacts: HashMap<String, Contact> = HashMap::new();
        let mut events = Vec::new();
        for issue in &mut page.issues {
            complete(&client, &jira, (&email, &token), issue).await?;
            let Some(reporter) = &issue.fields.reporter else {
                continue;
            };
            let Some(address) = reporter
                .email_address
                .as_ref()
                .map(|address| address.to_lowercase())
                .filter(|address| is_email(address))
            else {
                continue;
            };
            fold(&mut contacts, &address, issue, reporter);
            status_events(&mut events, &jira, &address, issue);
        }
        let transaction = database.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT OR REPLACE INTO operations VALUES (?1, ?2)")?;
            for (address, contact) in &contacts {
                insert.execute((format!("contact:{address}"), contact.attributes.to_string()))?;
            }
            for (id, event) in &events {
                insert.execute((format!("event:{id}"), event.to_string()))?;
            }
        }
        transaction.commit()?;
        contacts_sent += contacts.len() as u64;
        events_sent += events.len() as u64;
        send(&client, &brevo, &key, contacts, events).await?;
        next_page_token = page.next_page_token;
        if next_page_token.is_none() {
            break;
        }
    }
    println!("{issues} issues, {contacts_sent} contacts, {events_sent} events");
    Ok(())
}

/// Fetches the changelog where the embedded one is cut.
async fn complete(
    client: &reqwest::Client,
    jira: &str,
    (email, token): (&str, &str),
    issue: &mut Issue,
) -> Result<(), Box<dyn Error>> {
    let Some(changelog) = &mut issue.changelog else {
        return Ok(());
    };
    if changelog.total as usize <= changelog.histories.len() {
        changelog.histories.reverse();
        return Ok(());
    }
    changelog.histories.clear();
    while (changelog.histories.len() as u64) < changelog.total {
        let start = changelog.histories.len();
        let bytes = client
            .get(format!(
                "{jira}/rest/api/3/issue/{}/changelog?startAt={start}&maxResults=100",
                issue.id
            ))
            .basic_auth(email, Some(token))
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        let more: Histories = serde_json::from_slice(&bytes)?;
        if more.values.is_empty() {
            break;
        }
        changelog.histories.extend(more.values);
    }
    Ok(())
}

fn fold(
    contacts: &mut HashMap<String, Contact>,
    address: &str,
    issue: &Issue,
    reporter: &Reporter,
) {
    let fields = &issue.fields;
    let list = match fields.project.key.as_deref() {
        Some("SUPPORT") => Some(22),
        Some("PRODUCT") => Some(23),
        _ => None,
    };
    let mut lists: Vec<i64> = list.into_iter().collect();
    if let Some(known) = contacts.get_mut(address) {
        for list in &lists {
            if !known.lists.contains(list) {
                known.lists.push(*list);
            }
        }
        if known.created > fields.created {
            return;
        }
        lists.clone_from(&known.lists);
    }
    let name = |named: &Option<Named>| named.as_ref().and_then(|named| named.name.clone());
    let text = fields
        .description
        .as_ref()
        .map(|adf| render_within(adf.get(), Format::Text, 1000));
    let attributes = json!({
        "FIRSTNAME": reporter.display_name.split_whitespace().next(),
        "JIRA_ACCOUNT_ID": reporter.account_id,
        "LAST_TICKET_KEY": issue.key,
        "LAST_TICKET_STATUS": fields.status.name,
        "LAST_TICKET_PRIORITY": name(&fields.priority).unwrap_or_else(|| "None".to_owned()),
        "LAST_TICKET_DATE": fields.created.get(..10),
        "LAST_TICKET_RESOLUTION": name(&fields.resolution).unwrap_or_default(),
        "LAST_TICKET_TEXT": text.unwrap_or_default(),
    });
    contacts.insert(
        address.to_owned(),
        Contact {
            created: fields.created.clone(),
            attributes,
            lists,
        },
    );
}

fn status_events(events: &mut Vec<(String, Value)>, jira: &str, address: &str, issue: &Issue) {
    for history in issue
        .changelog
        .iter()
        .flat_map(|changelog| &changelog.histories)
    {
        for item in &history.items {
            if item.field_id.as_deref().unwrap_or(&item.field) != "status" {
                continue;
            }
            let id = format!("{}-{}-status", issue.id, history.id);
            let mut properties = BTreeMap::new();
            properties.insert("event_id", json!(id));
            properties.insert("key", json!(issue.key));
            properties.insert("from", json!(item.from_string));
            properties.insert("to", json!(item.to_string));
            properties.insert("summary", json!(issue.fields.summary));
            properties.insert("link", json!(format!("{jira}/browse/{}", issue.key)));
            events.push((
                id,
                json!({
                    "event_name": "ticket_status_changed",
                    "event_date": history.created,
                    "identifiers": { "email_id": address },
                    "event_properties": properties,
                }),
            ));
        }
    }
}

async fn send(
    client: &reqwest::Client,
    brevo: &str,
    key: &str,
    contacts: HashMap<String, Contact>,
    events: Vec<(String, Value)>,
) -> Result<(), Box<dyn Error>> {
    let calls = contacts.into_iter().map(|(address, contact)| {
        let body = json!({
            "email": address, "attributes": contact.attributes, "listIds": contact.lists, "updateEnabled": true,
        });
        async move {
            let answer = client.post(format!("{brevo}/contacts")).header("api-key", key).json(&body).send().await?;
            answer.error_for_status()?.bytes().await
        }
    });
    let mut calls = futures::stream::iter(calls).buffer_unordered(4);
    while let Some(answer) = calls.next().await {
        answer?;
    }
    for batch in events.chunks(200) {
        let batch: Vec<&Value> = batch.iter().map(|(_, event)| event).collect();
        let body = json!({ "events": batch });
        let answer = client
            .post(format!("{brevo}/events/batch"))
            .header("api-key", key)
            .json(&body)
            .send()
            .await?;
        answer.error_for_status()?.bytes().await?;
    }
    Ok(())
}
