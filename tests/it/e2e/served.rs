//! `flowline serve` beside the sandbox in another process: what is edited in Jira is posted by the
//! sandbox, re-read, and at Brevo within seconds, whatever the schedule says.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::QUICK;
use super::credentials::Connecting;
use super::world::{Project, World};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again until there is an answer.
#[track_caller]
pub(super) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A server that ends with the test.
pub(super) struct Served {
    process: Child,
    port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap_or_default();
        drop(self.process.wait());
    }
}

impl Served {
    /// Says where the services reach it.
    pub(super) fn address(project: &Project) -> u16 {
        let port = free_port();
        let text = std::fs::read_to_string(project.path("flowline.yaml")).unwrap();
        let server = format!(
            "server: {{ listen: \"127.0.0.1:{port}\", public_url: \"http://127.0.0.1:{port}\" }}\n"
        );
        project.write("flowline.yaml", &(text + &server));
        port
    }

    pub(super) fn start(mut command: Command, port: u16) -> Self {
        let process = command
            .env("SECRET", "hush")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, port }
    }

    /// Stops it as a person does, so that nothing is left held; where it listened.
    pub(super) fn stop(mut self) -> u16 {
        let id = self.process.id().to_string();
        let signalled = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(signalled.success());
        assert!(self.process.wait().unwrap().success());
        self.port
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

/// Serves pipelines, the webhooks of which are registered when this returns.
fn serve(pipelines: &[(&str, String)]) -> (World, Project, Served) {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    for (name, text) in pipelines {
        project.write(&format!("pipelines/{name}.yaml"), text);
    }
    let served = serve_in(&world, &project);
    (world, project, served)
}

/// Serves a project, the webhook of which is registered when this returns.
pub(super) fn serve_in(world: &World, project: &Project) -> Served {
    project.edit(
        "flowline.yaml",
        "      auth:",
        "      webhook_secret: \"${SECRET}\"\n      auth:",
    );
    let port = Served::address(project);
    let served = Served::start(project.command(&["serve"]), port);
    until("the registration", || registered(world, "admin", 1));
    served
}

/// Posts a webhook with these header lines; the status of the answer.
pub(super) fn post(port: u16, path: &str, headers: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{headers}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Waits for the run that the schedule begins with: what comes after it comes by webhook.
pub(super) fn first_run_is_over(served: &Served) {
    until("the first run", || {
        let metrics = served.get("/metrics")?;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("flowline_last_success_timestamp_seconds{"))?;
        (!line.ends_with(" 0")).then_some(())
    });
}

pub(super) fn registered(world: &World, kind: &str, count: u64) -> Option<()> {
    let hooks = world.get("hooks");
    (hooks["registered"][kind].as_u64() == Some(count)).then_some(())
}

pub(super) fn edit(world: &World, edit: &Value) -> Value {
    world.ask("POST", "jira/edit", edit)
}

/// A new issue of a reporter with an address; its key.
pub(super) fn issue(world: &World, project: &str) -> String {
    let made = json!({ "create": {
        "project": project, "issue_type": "Task", "summary": "It hurts",
        "reporter": "ines@customer.example",
    } });
    edit(world, &made)["key"].as_str().unwrap().to_owned()
}

/// The properties of Brevo's events of that name.
pub(super) fn events(world: &World, name: &str) -> Vec<Value> {
    let all = match world.get("brevo/events") {
        Value::Object(mut members) => members.remove("events").unwrap_or_default(),
        list => list,
    };
    let all = all.as_array().cloned().unwrap_or_default().into_iter();
    all.filter(|event| event["event_name"] == name)
        .map(|event| event["event_properties"].clone())
        .collect()
}

/// A pipeline that sends each record of a source as it is.
fn telling(name: &str, source: &str, more: &str) -> String {
    format!(
        "sources:
  - {source}
{more}sinks:
  - brevo.contacts: {{ identify: {{ email: desk@customer.example }} }}
  - brevo.events:
      name: {name}
      identify: {{ email: desk@customer.example }}
      at: '2026-11-01T00:00:00Z'
      backfill: 9000 days
      properties: {{ record: {{ path: $, as: json }} }}
"
    )
}

/// The records that came of events of that name, without what only webhooks tell.
fn records(world: &World, name: &str) -> Vec<Value> {
    let parse = |event: &Value| {
        let text = event["record"].as_str().unwrap();
        let mut record: Value = serde_json::from_str(text).unwrap();
        let members = record.as_object_mut().unwrap();
        members.remove("event");
        // The issue goes on changing.
        if let Some(issue) = members.get_mut("issue") {
            *issue = json!({ "key": issue["key"] });
        }
        record
    };
    events(world, name).iter().map(parse).collect()
}

/// An edit comes by webhook, and as the very same record by a poll.
fn same_both_ways(hook: &str, poll: &str, act: &Value) {
    let hooked = telling("hooked", hook, "");
    let (world, project, _served) = serve(&[("hooked", hooked)]);
    edit(&world, act);
    let told = until("the record", || {
        let records = records(&world, "hooked");
        (!records.is_empty()).then_some(records)
    });
    assert_eq!(told.len(), 1, "{told:?}");
    project.write("pipelines/polled.yaml", &telling("polled", poll, ""));
    let ran = project.run(&["run", "polled", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let polled = records(&world, "polled");
    let id = |record: &Value| {
        record["id"]
            .as_str()
            .map(str::to_owned)
            .unwrap_or_else(|| record["accountId"].to_string() + &record["id"].to_string())
    };
    let same = polled.iter().find(|one| id(one) == id(&told[0]));
    assert_eq!(same, Some(&told[0]));
}

#[test]
fn an_edit_is_at_brevo_within_seconds_whatever_the_schedule_says() {
    let live = "schedule: every 2 hours
sources:
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
    let (world, project, served) = serve(&[("live", live.to_owned())]);
    first_run_is_over(&served);
    let key = issue(&world, "SUPPORT");
    let created = until("the creation", || {
        events(&world, "issue_changed")
            .into_iter()
            .find(|event| event["key"] == key.as_str())
    });
    assert_eq!(created["field"], "issue");
    edit(
        &world,
        &json!({ "status": { "issue": key, "to": "In Progress" } }),
    );
    until("the change", || {
        let mut all = events(&world, "issue_changed").into_iter();
        all.find(|event| event["key"] == key.as_str() && event["field"] == "status")
    });
    world.end_state().assert_none_twice();
    // An edit of the pipeline moves the filter of the webhook.
    project.edit("pipelines/live.yaml", "project = SUPPORT", "project = OPS");
    let list = ["webhooks", "list", "--format", "json"];
    until("the corrected filter", || {
        let ran = project
            .command(&list)
            .env("SECRET", "hush")
            .output()
            .unwrap();
        let rows: Value = serde_json::from_slice(&ran.stdout).ok()?;
        (rows[0]["filter"] == "project = OPS").then_some(())
    });
    assert_eq!(registered(&world, "admin", 1), Some(()));
}

#[test]
fn a_registration_that_is_refused_stops_nothing() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let pipeline = project.path("pipelines/support-tickets.yaml");
    assert!(
        std::fs::read_to_string(pipeline)
            .unwrap()
            .contains("live: true")
    );
    let port = Served::address(&project);
    let served = Served::start(project.command(&["serve"]), port);
    let ready = until("the warning", || {
        served
            .get("/readyz")
            .filter(|ready| ready.contains("webhook.not_registered"))
    });
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.contains("webhook_secret"), "{ready}");
}

#[test]
fn a_comment_by_webhook_is_the_record_of_the_poll() {
    same_both_ways(
        "jira.webhook: { events: [comment_created], jql: project = SUPPORT }",
        "jira.comments: { jql: project = SUPPORT, since: 1 hour ago }",
        &json!({ "comment": { "issue": "SUPPORT-1", "text": "it works again" } }),
    );
}

#[test]
fn a_worklog_by_webhook_is_the_record_of_the_list() {
    let hooked = telling(
        "hooked",
        "jira.webhook: { events: [worklog_created, worklog_deleted] }",
        "",
    );
    let (world, _project, _served) = serve(&[("hooked", hooked)]);
    let log = json!({ "worklog": { "issue": "SUPPORT-1", "seconds": 1800, "text": "looked" } });
    let made = edit(&world, &log);
    let told = until("the record", || records(&world, "hooked").pop());
    assert_eq!(told["id"], made["worklog"]);
    assert_eq!(told["timeSpentSeconds"], 1800);
    assert_eq!(told["issue"]["key"], "SUPPORT-1");
    // As REST v3 has it, not as the webhook does.
    assert_eq!(told["comment"]["type"], "doc");
    assert!(told["author"]["accountId"].is_string(), "{told}");
    assert!(told["site"]["url"].is_string(), "{told}");
}

#[test]
fn a_version_by_webhook_is_the_record_of_the_poll() {
    same_both_ways(
        "jira.webhook: { events: [version_released] }",
        "jira.versions: { projects: [PRODUCT] }",
        &json!({ "release": { "version": "10124" } }),
    );
}

#[test]
fn a_sprint_by_webhook_is_the_record_of_the_poll() {
    same_both_ways(
        "jira.webhook: { events: [sprint_closed] }",
        "jira.sprints: { boards: [6] }",
        &json!({ "close_sprint": { "sprint": "62" } }),
    );
}

#[test]
fn a_user_by_webhook_is_the_record_of_the_poll() {
    same_both_ways(
        "jira.webhook: { events: [user_updated] }",
        "jira.users: {}",
        &json!({ "change_user": { "user": "Priya Raman", "name": "Priya Raman-Becker" } }),
    );
}

#[test]
fn a_project_by_webhook_is_the_record_of_the_poll() {
    same_both_ways(
        "jira.webhook: { events: [project_updated] }",
        "jira.projects: {}",
        &json!({ "rename_project": { "project": "OPS", "name": "Operations and more" } }),
    );
}

#[test]
fn a_comment_seen_by_poll_and_webhook_is_one_event_and_one_note() {
    let both = "schedule: every 1 seconds
sources:
  - jira.comments: { jql: project = SUPPORT, since: 1 hour ago }
  - jira.webhook: { events: [comment_created, comment_updated], jql: project = SUPPORT }
sinks:
  - brevo.contacts: { identify: { email: desk@customer.example } }
  - brevo.events:
      name: commented
      identify: { email: desk@customer.example }
      id: $.id
      at: $.created
      backfill: 9000 days
      properties: { comment: $.id }
  - brevo.notes:
      identify: { email: desk@customer.example }
      id: $.id
      backfill: 9000 days
      text: '{{body}}'
";
    let both = both.replace("text: '{{body}}'", "text: { path: $.body, as: html }");
    let (world, project, served) = serve(&[("both", both)]);
    let said = json!({ "comment": { "issue": "SUPPORT-1", "text": "it works again" } });
    let comment = edit(&world, &said)["comment"].clone();
    until("the event", || {
        events(&world, "commented")
            .into_iter()
            .find(|event| event["comment"] == comment)
    });
    // The webhook and a poll both have passed by.
    until("the delivery", || {
        (world.get("hooks")["delivered"].as_u64()? > 0).then_some(())
    });
    served.stop();
    for _ in 0..2 {
        let ran = project.run(&["run", "both", "--format", "json"]);
        assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
    }
    let sent: Vec<Value> = events(&world, "commented")
        .into_iter()
        .filter(|event| event["comment"] == comment)
        .collect();
    assert_eq!(sent.len(), 1, "{sent:?}");
    let notes = world.get("brevo/notes").to_string();
    assert_eq!(notes.matches("it works again").count(), 1, "{notes}");
}

#[test]
fn a_comment_that_becomes_internal_comes_as_deleted_without_its_text() {
    let hooked = telling(
        "hooked",
        "jira.webhook: { events: [comment_created, comment_updated] }",
        "",
    )
    .replace(
        "      backfill: 9000 days\n",
        "      backfill: 9000 days\n      when: '@.id || @.deleted'\n",
    );
    let hooked = hooked.replace("'@.id || @.deleted'", "$.id || $.deleted");
    let (world, _project, _served) = serve(&[("hooked", hooked)]);
    let made = edit(
        &world,
        &json!({ "comment": { "issue": "SUPPORT-1", "text": "between us", "public": false } }),
    );
    let shown = edit(
        &world,
        &json!({ "comment": { "issue": "SUPPORT-1", "text": "for all" } }),
    );
    until("the public one", || {
        records(&world, "hooked")
            .into_iter()
            .find(|one| one["id"] == shown["comment"])
    });
    let hide = json!({ "change_comment": { "issue": "SUPPORT-1", "comment": shown["comment"],
        "text": "for some", "public": false } });
    edit(&world, &hide);
    let gone = until("the deletion", || {
        records(&world, "hooked")
            .into_iter()
            .find(|one| one["deleted"] == true)
    });
    assert_eq!(gone["id"], shown["comment"]);
    let all = records(&world, "hooked");
    assert!(
        all.iter().all(|one| one["id"] != made["comment"]),
        "{all:?}"
    );
    // Nor in the issue that each of them holds, which has all its comments.
    let text = json!(events(&world, "hooked")).to_string();
    assert!(text.contains("\\\"issue\\\":"), "{text}");
    assert!(
        !text.contains("for some") && !text.contains("between us"),
        "{text}"
    );
}

#[test]
fn an_oauth_apps_webhooks_are_signed_by_its_secret_and_taken() {
    let connecting = Connecting::new();
    let project = &connecting.project;
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    let source = "jira.webhook: { events: [comment_created], jql: project = SUPPORT }";
    project.write("pipelines/hooked.yaml", &telling("hooked", source, ""));
    let port = Served::address(project);
    connecting.connect();
    let served = Served::start(connecting.command(&["serve"]), port);
    let world = &connecting.world;
    until("the registration", || registered(world, "dynamic", 1));
    edit(
        world,
        &json!({ "comment": { "issue": "SUPPORT-1", "text": "it works again" } }),
    );
    until("the record", || records(world, "hooked").pop());
    let metrics = served.get("/metrics").unwrap();
    assert!(
        metrics.contains("flowline_webhooks_total{connection=\"support\",result=\"unsigned\"} 0"),
        "{metrics}"
    );
}
