//! `flowline webhooks`, and the sandbox posting to what was registered.

use std::process::Command;

use serde_json::{Value, json};

use super::QUICK;
use super::credentials::Connecting;
use super::world::{Project, Ran, World};

fn project(world: &World) -> Project {
    let project = Project::of(world);
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write(
        "pipelines/hook.yaml",
        "sources:
  - jira.webhook: { events: [issue_updated, issue_created], jql: project = SUPPORT }
sinks:
  - brevo.contacts: { identify: { email: $.fields.reporter.emailAddress } }
",
    );
    project.write(
        "pipelines/back.yaml",
        "sources:
  - brevo.webhook: { events: [unsubscribed, contact_updated] }
sinks:
  - brevo.contacts: { identify: { email: $.email } }
",
    );
    project.edit(
        "flowline.yaml",
        "visible_after",
        "webhook_secret: \"${SECRET}\", visible_after",
    );
    project.edit(
        "flowline.yaml",
        "      auth:",
        "      webhook_secret: \"${SECRET}\"\n      auth:",
    );
    let text = std::fs::read_to_string(project.path("flowline.yaml")).unwrap();
    project.write(
        "flowline.yaml",
        &(text + "server: { public_url: \"http://127.0.0.1:9\" }\n"),
    );
    project
}

fn webhooks(project: &Project, arguments: &[&str]) -> (Ran, Value) {
    let all = [&["webhooks"][..], arguments, &["--format", "json"]].concat();
    let mut command: Command = project.command(&all);
    let ran = Ran::of(command.env("SECRET", "hush").output().unwrap());
    let rows = serde_json::from_str(&ran.stdout).unwrap_or_default();
    (ran, rows)
}

fn done(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    let mut done: Vec<String> = rows
        .map(|row| {
            format!(
                "{} {}",
                row["kind"].as_str().unwrap(),
                row["done"].as_str().unwrap()
            )
        })
        .collect();
    done.sort();
    done
}

#[test]
fn what_is_missing_is_registered_once_corrected_when_it_moves_and_others_stay() {
    let world = World::start(&QUICK);
    let project = project(&world);
    let (ran, rows) = webhooks(&project, &["list"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        done(&rows),
        [
            "admin missing",
            "marketing missing",
            "transactional missing"
        ]
    );
    let (ran, rows) = webhooks(&project, &["register"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        done(&rows),
        [
            "admin registered",
            "marketing registered",
            "transactional registered"
        ]
    );
    let (_, rows) = webhooks(&project, &["register"]);
    assert_eq!(
        done(&rows),
        [
            "admin unchanged",
            "marketing unchanged",
            "transactional unchanged"
        ]
    );
    project.edit("pipelines/hook.yaml", "project = SUPPORT", "project = OPS");
    let (_, rows) = webhooks(&project, &["register", "support"]);
    assert_eq!(done(&rows), ["admin corrected"]);
    let (_, rows) = webhooks(&project, &["remove"]);
    assert_eq!(
        done(&rows),
        [
            "admin removed",
            "marketing removed",
            "transactional removed"
        ]
    );
    let (ran, _) = webhooks(&project, &["register", "nobody"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn without_a_secret_or_an_address_nothing_is_registered() {
    let world = World::start(&QUICK);
    let project = project(&world);
    project.edit(
        "flowline.yaml",
        "      webhook_secret: \"${SECRET}\"\n      auth:",
        "      auth:",
    );
    let (ran, _) = webhooks(&project, &["register", "support"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("webhook_secret"), "{}", ran.stderr);
    project.edit(
        "flowline.yaml",
        "server: { public_url: \"http://127.0.0.1:9\" }\n",
        "",
    );
    let (ran, _) = webhooks(&project, &["register"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("public_url"), "{}", ran.stderr);
}

#[test]
fn an_edit_is_posted_to_what_was_registered_for_it() {
    use std::io::{Read as _, Write as _};
    let world = World::start(&QUICK);
    let project = project(&world);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    project.edit("flowline.yaml", "http://127.0.0.1:9", &address);
    let (ran, _) = webhooks(&project, &["register", "support"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for of in ["OPS", "SUPPORT"] {
        let edit = json!({ "create": { "project": of, "issue_type": "Task", "summary": "It hurts",
            "reporter": "ines@customer.example" } });
        world.ask("POST", "jira/edit", &edit);
    }
    let (mut stream, _) = listener.accept().unwrap();
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&text).contains("\"webhookEvent\":\"jira:issue_created\"") {
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&part[..read]);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(
        text.starts_with("POST /webhooks/support HTTP/1.1"),
        "{text}"
    );
    assert!(text.contains("X-Hub-Signature: sha256="), "{text}");
    assert!(text.contains("X-Atlassian-Webhook-Identifier: "), "{text}");
}

/// A project of an OAuth app, connected, whose pipeline reads webhooks.
fn of_app(source: &str) -> Connecting {
    let connecting = Connecting::new();
    let project = &connecting.project;
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write(
        "pipelines/hook.yaml",
        &format!("sources:\n  - {source}\nsinks:\n  - brevo.contacts: {{ identify: {{ email: desk@customer.example }} }}\n"),
    );
    let text = std::fs::read_to_string(project.path("flowline.yaml")).unwrap();
    project.write(
        "flowline.yaml",
        &(text + "server: { public_url: \"http://127.0.0.1:9\" }\n"),
    );
    connecting.connect();
    connecting
}

fn of_apps(connecting: &Connecting, verb: &str) -> (Ran, Value) {
    let ran = connecting.run(&["webhooks", verb, "--format", "json"]);
    let rows = serde_json::from_str(&ran.stdout).unwrap_or_default();
    (ran, rows)
}

/// In how many days the only webhook ends.
fn days_left(rows: &Value) -> i64 {
    let at: jiff::Timestamp = rows[0]["expires"].as_str().unwrap().parse().unwrap();
    at.duration_since(jiff::Timestamp::now()).as_hours() / 24
}

#[test]
fn webhooks_of_an_oauth_app_live_30_days_are_renewed_in_time_and_registered_again_once_they_ended()
{
    let connecting = of_app(
        "jira.webhook: { events: [issue_updated], jql: project = SUPPORT AND labels = vip }",
    );
    let days_ago = |days: i64| {
        let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
        let fixed = json!({ "fixed": at.to_string() });
        connecting.world.ask("POST", "clock", &fixed);
    };
    let today = || {
        connecting
            .world
            .ask("POST", "clock", &json!({ "released": true }))
    };
    let count = || connecting.world.get("hooks")["registered"]["dynamic"].clone();

    days_ago(24);
    let (ran, rows) = of_apps(&connecting, "register");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(done(&rows), ["dynamic registered"]);
    today();
    let (_, rows) = of_apps(&connecting, "list");
    assert_eq!(done(&rows), ["dynamic unchanged"]);
    assert_eq!(days_left(&rows), 5);
    // Labels are nothing that its filter can ask: it lets more through.
    assert_eq!(rows[0]["filter"], "project = SUPPORT");
    let (_, rows) = of_apps(&connecting, "register");
    assert_eq!(done(&rows), ["dynamic refreshed"]);
    let (_, rows) = of_apps(&connecting, "register");
    assert_eq!(done(&rows), ["dynamic unchanged"]);
    assert_eq!(days_left(&rows), 29);
    assert_eq!(count(), 1);

    let (_, rows) = of_apps(&connecting, "remove");
    assert_eq!(done(&rows), ["dynamic removed"]);
    days_ago(31);
    of_apps(&connecting, "register");
    today();
    let (_, rows) = of_apps(&connecting, "list");
    assert_eq!(done(&rows), ["dynamic missing"]);
    let (ran, rows) = of_apps(&connecting, "register");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(done(&rows), ["dynamic registered"]);
    let (_, rows) = of_apps(&connecting, "register");
    assert_eq!(done(&rows), ["dynamic unchanged"]);
    assert_eq!(count(), 1);
    // What moved is corrected, and there is one.
    connecting
        .project
        .edit("pipelines/hook.yaml", "project = SUPPORT", "project = OPS");
    let (_, rows) = of_apps(&connecting, "register");
    assert_eq!(done(&rows), ["dynamic corrected"]);
    assert_eq!(count(), 1);
}

#[test]
fn what_jira_says_of_an_item_inside_of_a_200_is_shown() {
    let connecting = of_app("jira.webhook: { events: [issue_updated], jql: project = NOWHERE }");
    let (ran, _) = of_apps(&connecting, "register");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("The jqlFilter is not valid JQL."),
        "{}",
        ran.stderr
    );
    assert_eq!(connecting.world.get("hooks")["registered"]["dynamic"], 0);
}

#[test]
fn worklogs_are_nothing_that_oauth_apps_are_told_of() {
    let connecting = of_app("jira.webhook: { events: [worklog_created, worklog_deleted] }");
    let (ran, _) = of_apps(&connecting, "register");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("worklog_created"), "{}", ran.stderr);
}
