//! What webhooks say is gone: sinks pass it over unless they ask for it, and tell it once.

use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};

use super::QUICK;
use super::served::{self, Served, edit, events, first_run_is_over, issue, serve_in, until};
use super::world::{Project, World};

/// A pipeline that tells what is there and, by another name, what is gone.
fn telling(source: &str, id: &str) -> String {
    let event = |name: &str, when: &str| {
        format!(
            "  - brevo.events:
      name: {name}
{when}      identify: {{ email: jane.porter@northwind.example }}
      properties: {{ thing: {id}, record: {{ path: $, as: json }} }}
"
        )
    };
    format!(
        "sources:\n  - {source}\nsinks:\n{}{}",
        event("there", ""),
        event("gone", "      when: $.deleted\n")
    )
}

fn serving(source: &str, id: &str) -> (World, Project, Served) {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write("pipelines/telling.yaml", &telling(source, id));
    let served = serve_in(&world, &project);
    (world, project, served)
}

/// The record of the only thing that is gone, whatever else is told meanwhile.
fn gone(world: &World, project: &Project, served: Served) -> Value {
    let all = until("the deletion", || {
        Some(events(world, "gone")).filter(|all| !all.is_empty())
    });
    served.stop();
    let ran = project
        .command(&["run", "telling", "--format", "json"])
        .env("SECRET", "hush")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(events(world, "gone"), all, "a run tells nothing again");
    assert_eq!(all.len(), 1, "{all:?}");
    let record: Value = serde_json::from_str(all[0]["record"].as_str().unwrap()).unwrap();
    assert_eq!(record["deleted"], true);
    record
}

/// The things that were told to be there.
fn there(world: &World) -> Vec<String> {
    let thing = |event: &Value| event["thing"].as_str().unwrap().to_owned();
    events(world, "there").iter().map(thing).collect()
}

#[test]
fn a_worklog_that_is_deleted_comes_as_the_webhook_had_it() {
    let source = "jira.webhook: { events: [worklog_created, worklog_deleted] }";
    let (world, project, served) = serving(source, "$.id");
    let log = json!({ "worklog": { "issue": "SUPPORT-1", "seconds": 1800, "text": "looked" } });
    let made = edit(&world, &log)["worklog"].clone();
    let id = made.as_str().unwrap().to_owned();
    until("the worklog", || {
        (there(&world) == [id.clone()]).then_some(())
    });
    edit(&world, &json!({ "delete_worklog": { "worklog": made } }));
    let record = gone(&world, &project, served);
    assert_eq!(
        (&record["id"], &record["timeSpentSeconds"]),
        (&made, &json!(1800))
    );
    assert_eq!(record["event"], "worklog_deleted");
    assert_eq!(record["issue"]["key"], "SUPPORT-1");
    assert_eq!(there(&world), [id], "it was passed over where nobody asks");
}

#[test]
fn a_comment_that_is_deleted_comes_as_the_webhook_had_it() {
    let source =
        "jira.webhook: { events: [comment_created, comment_deleted], jql: project = SUPPORT }";
    let (world, project, served) = serving(source, "$.id");
    let said = json!({ "comment": { "issue": "SUPPORT-1", "text": "it works again" } });
    let made = edit(&world, &said)["comment"].clone();
    let id = made.as_str().unwrap().to_owned();
    until("the comment", || {
        (there(&world) == [id.clone()]).then_some(())
    });
    let delete = json!({ "issue": "SUPPORT-1", "comment": made });
    edit(&world, &json!({ "delete_comment": delete }));
    let record = gone(&world, &project, served);
    assert_eq!(
        (&record["id"], &record["body"]),
        (&made, &json!("it works again"))
    );
    assert_eq!(record["issue"]["key"], "SUPPORT-1");
    assert_eq!(there(&world), [id]);
}

/// Each webhook is a record of its own, and the note is the comment's.
#[test]
fn a_note_follows_the_edits_and_the_deletion_of_its_comment_by_webhook_alone() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write(
        "pipelines/notes.yaml",
        "sources:
  - jira.webhook: { events: [comment_created, comment_updated, comment_deleted], jql: project = SUPPORT }
sinks:
  - brevo.notes:
      identify: { email: jane.porter@northwind.example }
      text: { path: $.body, as: html }
",
    );
    let served = serve_in(&world, &project);
    let notes = || {
        let notes = world.get("brevo/notes");
        let text = |note: &Value| note["text"].as_str().unwrap().to_owned();
        let notes: Vec<String> = notes["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect();
        notes
    };
    let said = json!({ "comment": { "issue": "SUPPORT-1", "text": "Any news?" } });
    let made = edit(&world, &said)["comment"].clone();
    until("the note", || {
        (notes() == ["<p>Any news?</p>"]).then_some(())
    });
    for text in ["Please.", "Thanks."] {
        let change = json!({ "issue": "SUPPORT-1", "comment": made, "text": text });
        edit(&world, &json!({ "change_comment": change }));
        until("the edit", || {
            (notes() == [format!("<p>{text}</p>")]).then_some(())
        });
    }
    let delete = json!({ "issue": "SUPPORT-1", "comment": made });
    edit(&world, &json!({ "delete_comment": delete }));
    until("the deletion", || notes().is_empty().then_some(()));
    served.stop();
}

/// Neither the poll nor a later run finds it, and what the sinks made of it stays.
fn an_issue(source: &str) {
    let (world, project, served) = serving(source, "$.key");
    if source.contains("live") {
        first_run_is_over(&served);
    }
    let ours = issue(&world, "SUPPORT");
    until("the issue", || there(&world).contains(&ours).then_some(()));
    let before = there(&world);
    let theirs = issue(&world, "OPS");
    for key in [&theirs, &ours] {
        edit(&world, &json!({ "delete": { "issue": key } }));
    }
    let record = gone(&world, &project, served);
    assert_eq!(
        record["key"],
        ours.as_str(),
        "the filter chooses among what is gone"
    );
    assert_eq!(record["fields"]["summary"], "It hurts");
    assert_eq!(there(&world), before);
}

#[test]
fn an_issue_that_is_deleted_comes_as_the_webhook_had_it() {
    an_issue("jira.webhook: { events: [issue_created, issue_deleted], jql: project = SUPPORT }");
}

#[test]
fn an_issue_of_a_live_source_that_is_deleted_comes_as_the_webhook_had_it() {
    an_issue("jira.issues: { jql: project = SUPPORT, since: 1 hours ago, live: true }");
}

/// Posts as an admin webhook does; the status of the answer.
fn post(port: u16, identifier: &str, body: &Value) -> u16 {
    let body = body.to_string();
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hush").unwrap();
    let code = mac.chain_update(body.as_bytes()).finalize().into_bytes();
    let code: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    let headers =
        format!("x-hub-signature: sha256={code}\r\nx-atlassian-webhook-identifier: {identifier}");
    served::post(port, "/webhooks/support", &headers, &body)
}

#[test]
fn a_project_that_is_deleted_comes_as_the_webhook_had_it() {
    let source =
        "jira.webhook: { events: [project_updated, project_deleted, project_restored_deleted] }";
    let (world, project, served) = serving(source, "$.key");
    edit(
        &world,
        &json!({ "rename_project": { "project": "OPS", "name": "Operations and more" } }),
    );
    until("the project", || (there(&world) == ["OPS"]).then_some(()));
    let told = |event: &str, id: u64, key: &str| {
        json!({ "timestamp": jiff::Timestamp::now().as_millisecond(), "webhookEvent": event,
            "project": { "self": format!("https://acme.atlassian.net/rest/api/2/project/{id}"),
                "id": id, "key": key, "name": "Old things", "assigneeType": "admin.assignee.type.unassigned" } })
    };
    let deleted = told("project_deleted", 10_777, "OLD");
    for _ in 0..2 {
        assert_eq!(post(served.port(), "id-1", &deleted), 200);
    }
    // One that came back is there.
    let restored = told("project_restored_deleted", 10_000, "SUPPORT");
    assert_eq!(post(served.port(), "id-2", &restored), 200);
    until("the restored one", || {
        (there(&world).len() == 2).then_some(())
    });
    let record = gone(&world, &project, served);
    assert_eq!(
        (&record["key"], &record["name"]),
        (&json!("OLD"), &json!("Old things"))
    );
    // A number, as the webhook has it, where REST has a text.
    assert_eq!(record["id"], 10_777);
    assert_eq!(there(&world), ["OPS", "SUPPORT"]);
}
