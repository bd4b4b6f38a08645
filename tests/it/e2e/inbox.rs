//! Pipelines that read what was delivered.

use flowline::state::{Appended, DatabaseTime, Inbox as _, InboxView as _, SqliteStore};
use serde_json::{Value, json};

use super::QUICK;
use super::world::{Project, World};

const EVENTS: &str = "sources:
  - jira.webhook: { events: [issue_updated, issue_created], jql: project = SUPPORT }
transforms:
  - each: { change: '$.changes[*]' }
sinks:
  - brevo.contacts: { identify: { email: $.fields.reporter.emailAddress } }
  - brevo.events:
      name: issue_changed
      identify: { email: $.fields.reporter.emailAddress }
      at: $.change.at
      properties: { key: $.key, event: $.event, field: $.change.field }
";

const POLLED: &str = "sources:
  - jira.issues: { jql: project = SUPPORT, since: 1 hour ago, live: true }
transforms:
  - each: { change: '$.changes[*]' }
sinks:
  - brevo.contacts: { identify: { email: $.fields.reporter.emailAddress } }
  - brevo.events:
      name: issue_changed
      identify: { email: $.fields.reporter.emailAddress }
      at: $.change.at
      properties: { key: $.key, field: $.change.field }
";

fn deliver(project: &Project, connection: &str, identifier: &str, body: &Value) -> Appended {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = project.path(".flowline/state.db");
    let store = SqliteStore::open(&file, DatabaseTime::Own).unwrap();
    let now = jiff::Timestamp::now().as_millisecond();
    runtime
        .block_on(store.append(connection, identifier, &body.to_string(), now))
        .unwrap()
}

fn waiting(project: &Project, connection: &str) -> usize {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = SqliteStore::open(&project.path(".flowline/state.db"), DatabaseTime::Own).unwrap();
    let items = runtime.block_on(store.inbox_after(connection, 0, 100));
    items.unwrap().len()
}

/// A new issue of a reporter with an address; its id.
fn issue(world: &World, project: &str) -> String {
    let made = json!({ "create": {
        "project": project, "issue_type": "Task", "summary": "It hurts",
        "reporter": "ines@customer.example",
    } });
    let made = world.ask("POST", "jira/edit", &made);
    made["id"].as_str().unwrap().to_owned()
}

fn moved(world: &World, issue: &str, to: &str) {
    let edit = json!({ "status": { "issue": issue, "to": to } });
    world.ask("POST", "jira/edit", &edit);
}

fn told(issue: &str, event: &str, history: Option<&str>) -> Value {
    let now = jiff::Timestamp::now().as_millisecond();
    let mut body = json!({
        "timestamp": now, "webhookEvent": format!("jira:{event}"),
        "issue": { "id": issue, "self": format!("https://acme.atlassian.net/rest/api/2/{issue}"),
                   "fields": { "summary": "h1. wiki" } },
    });
    if let Some(history) = history {
        body["changelog"] = json!({ "id": history, "items": [] });
    }
    body
}

fn sent(ran: &super::world::Ran) -> Value {
    ran.summary()["operations"]["brevo.events"]["sent"].clone()
}

#[test]
fn a_webhook_is_re_read_judged_sent_once_and_its_body_goes() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write("pipelines/hook.yaml", EVENTS);
    let run = ["run", "hook", "--format", "json"];
    let empty = project.run(&run);
    assert_eq!(empty.code, 0, "{}", empty.stderr);
    assert_eq!(empty.summary()["read"], 0);

    let before = jiff::Timestamp::now().as_millisecond();
    let ours = issue(&world, "SUPPORT");
    let theirs = issue(&world, "OPS");
    moved(&world, &ours, "In Progress");
    moved(&world, &theirs, "In Progress");
    // As another has it: from before the first webhook, and never told.
    // Jira says when it was made; here it is told later, however busy the machine is.
    let mut created = told(&ours, "issue_created", None);
    created["timestamp"] = before.into();
    deliver(&project, "support", "id:1", &created);
    deliver(
        &project,
        "support",
        "id:2",
        &told(&ours, "issue_updated", Some("7")),
    );
    deliver(
        &project,
        "support",
        "id:3",
        &told(&theirs, "issue_updated", Some("8")),
    );
    deliver(
        &project,
        "support",
        "id:4",
        &json!({ "accountId": "x", "username": "y" }),
    );
    let again = deliver(
        &project,
        "support",
        "id:2",
        &told(&ours, "issue_updated", Some("7")),
    );
    assert_eq!(again, Appended::Duplicate);

    let planned = project.run(&["plan", "hook", "--format", "json"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    let first = project.run(&run);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(
        first.stdout.contains("1 webhook passed over"),
        "{}",
        first.stdout
    );
    assert_eq!(sent(&first), 2, "{}", first.summary());
    assert_eq!(first.summary()["read"], 2, "{}", first.summary());
    assert_eq!(
        waiting(&project, "support"),
        0,
        "bodies are gone once they are worked off"
    );
    // The next webhook tells all changes once more; those that were sent are known.
    moved(&world, &ours, "In Review");
    deliver(
        &project,
        "support",
        "id:5",
        &told(&ours, "issue_updated", Some("9")),
    );
    let second = project.run(&run);
    assert_eq!(second.summary()["read"], 1);
    assert_eq!(sent(&second), 1, "{}", second.summary());
    let changed = project.run(&[&run[..], &["--jql", "status CHANGED"]].concat());
    assert_eq!(changed.code, 2, "{}", changed.stderr);
}

#[test]
fn poll_and_webhook_together_send_one_change_once() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write("pipelines/live.yaml", POLLED);
    let run = ["run", "live", "--format", "json"];
    assert_eq!(project.run(&run).code, 0);
    let ours = issue(&world, "SUPPORT");
    moved(&world, &ours, "In Progress");
    deliver(
        &project,
        "support",
        "id:1",
        &told(&ours, "issue_updated", Some("7")),
    );
    let ran = project.run(&run);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // The creation and the change, each once, though both were seen twice.
    assert_eq!(sent(&ran), 2, "{}", ran.summary());
    assert_eq!(ran.summary()["read"], 2, "{}", ran.summary());
    deliver(
        &project,
        "support",
        "id:2",
        &told(&ours, "issue_updated", Some("7")),
    );
    assert_eq!(sent(&project.run(&run)), 0);
    world.end_state().assert_none_twice();
}

#[test]
fn an_unsubscription_comes_back_with_its_reason() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.edit(
        "flowline.yaml",
        "visible_after",
        "webhook_secret: \"${SECRET}\", visible_after",
    );
    project.write(
        "pipelines/back.yaml",
        "sources:
  - brevo.webhook: { events: [unsubscribed, hard_bounce] }
sinks:
  - brevo.contacts: { identify: { email: $.email } }
  - brevo.events:
      name: came_back
      identify: { email: $.email }
      properties: { event: $.event, campaign: $.campaign_id, reason: $.reason }
",
    );
    let body = json!({ "id": 9, "event": "unsubscribe", "email": "gone@customer.example",
        "camp_id": 12, "list_id": [3], "ts": 1_577_836_800, "date": "2020-01-01 01:00:00" });
    deliver(&project, "marketing", "sha256:1", &body);
    let mut command = project.command(&["run", "back", "--format", "json"]);
    let ran = super::Ran::of(command.env("SECRET", "token").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // Old as it is: what a webhook tells is never older than the pipeline.
    assert_eq!(sent(&ran), 1, "{}", ran.summary());
}

#[test]
fn the_sandbox_posts_seeded_events_to_the_inbox() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.write("pipelines/hook.yaml", EVENTS);
    let run = ["run", "hook", "--sandbox", "--format", "json"];
    let first = project.run(&run);
    assert!(matches!(first.code, 0 | 1), "{}", first.stderr);
    assert!(
        first.summary()["read"].as_u64().unwrap() > 0,
        "{}",
        first.stderr
    );
    let second = project.run(&run);
    assert_eq!(second.summary()["read"], 0, "{}", second.stderr);
}
