//! `plan`: exactly what a run would send, and nothing else happens.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{PIPELINE, flowline, project, rewrite};
use crate::e2e::world::{Project, World};

const QUICK: [&str; 4] = ["--no-limits", "--no-index-lag", "--issues", "60"];

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path.clone());
                found.insert(path.display().to_string(), Vec::new());
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn plan(project: &Project, more: &[&str]) -> Value {
    let arguments = [&["plan", "support-tickets", "--format", "json"], more].concat();
    let ran = project.run(&arguments);
    assert!([0, 5].contains(&ran.code), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The calls since the count began, by the families that `plan` names.
fn calls(world: &World) -> BTreeMap<String, u64> {
    let requests = world.get("requests");
    let mut families = BTreeMap::new();
    for (service, calls) in requests["requests"].as_object().unwrap() {
        for (call, facts) in calls.as_object().unwrap() {
            let family = match (service.as_str(), call.as_str()) {
                ("jira", call)
                    if call.starts_with("POST")
                        && call.contains("/issue")
                        && !call.contains("bulkfetch") =>
                {
                    "jira writes"
                }
                ("jira", _) => "jira",
                (_, call) if call.contains("/v3/contacts") => "contacts",
                (_, "POST /v3/events") => "events",
                _ => "other",
            };
            *families.entry(family.to_owned()).or_default() += facts["count"].as_u64().unwrap();
        }
    }
    families
}

#[test]
fn a_plan_in_the_sandbox_makes_no_file_before_and_after_a_run() {
    let folder = project();
    let before = files(folder.path());
    let arguments = ["plan", "support-tickets", "--sandbox", "--exit-code"];
    let planned = flowline(folder.path(), &arguments);
    assert_eq!(planned.code, 5, "{}", planned.err);
    assert!(planned.out.contains("Nothing was written."));
    assert_eq!(files(folder.path()), before);
    let run = ["run", "support-tickets", "--sandbox", "-q"];
    assert_eq!(flowline(folder.path(), &run).code, 0);
    let before = files(folder.path());
    let planned = flowline(folder.path(), &arguments);
    assert_eq!(planned.code, 0, "{}", planned.out);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn calls_are_those_that_the_run_then_makes() {
    for (issues, limits) in [("60", false), ("60", true), ("400", false)] {
        let mut arguments = vec!["--no-index-lag", "--issues", issues];
        if !limits {
            arguments.push("--no-limits");
        }
        let world = World::start(&arguments);
        let project = Project::of(&world);
        let planned = plan(&project, &[]);
        assert!(planned["estimate_s"].is_u64());
        world.ask("DELETE", "requests", &Value::Null);
        let ran = project.run(&["run", "support-tickets", "-q"]);
        // One of many people has written an address that is none.
        assert!([0, 1].contains(&ran.code), "{}", ran.stderr);
        assert_eq!(planned["calls"], json!(calls(&world)), "{issues} issues");
        let planned = plan(&project, &[]);
        world.ask("DELETE", "requests", &Value::Null);
        assert_eq!(project.run(&["run", "support-tickets", "-q"]).code, 0);
        assert_eq!(planned["calls"], json!(calls(&world)), "nothing to send");
    }
}

#[test]
fn calls_that_create_in_jira_are_counted() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write(
        "pipelines/support-tickets.yaml",
        "sources:
  - jira.issues: { jql: project = SUPPORT AND issuetype = Bug, since: 3000 days ago }
sinks:
  - jira.comment: { issue: $.key, body: looked at, backfill: 9000 days }
  - jira.issue: { project: OPS, type: Task, fields: { summary: $.fields.summary }, backfill: 9000 days }
",
    );
    let planned = plan(&project, &[]);
    let writes = planned["calls"]["jira writes"].as_u64().unwrap();
    assert!(writes > 4, "{planned}");
    world.ask("DELETE", "requests", &Value::Null);
    let ran = project.run(&["run", "support-tickets", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(planned["calls"], json!(calls(&world)));
}

#[test]
fn changes_say_what_the_destination_has_and_what_it_would_have() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let first = plan(&project, &[]);
    let created = first["operations"].as_array().unwrap();
    let created = created
        .iter()
        .find(|one| one["action"] == "create")
        .unwrap();
    assert_eq!(created["changes"]["LAST_TICKET_KEY"]["old"], Value::Null);
    assert!(created["changes"]["LAST_TICKET_KEY"]["new"].is_string());
    assert_eq!(project.run(&["run", "support-tickets", "-q"]).code, 0);
    let unchanged = plan(&project, &["--full"]);
    let operations = unchanged["operations"].as_array().unwrap();
    assert!(operations.iter().all(|one| one["action"] == "unchanged"));
    assert!(operations.iter().all(|one| one["changes"] == json!({})));

    let key = created["changes"]["LAST_TICKET_KEY"]["new"]
        .as_str()
        .unwrap();
    let old = created["changes"]["LAST_TICKET_STATUS"]["new"].clone();
    let edit = json!({ "status": { "issue": key, "to": "In Review" } });
    world.ask("POST", "jira/edit", &edit);
    let changed = plan(&project, &[]);
    let operations = changed["operations"].as_array().unwrap();
    let update = operations
        .iter()
        .find(|one| one["action"] == "update")
        .unwrap();
    assert_eq!(
        update["changes"],
        json!({ "LAST_TICKET_STATUS": { "old": old, "new": "In Review" } })
    );
    let shown = project.run(&["plan", "support-tickets"]).stdout;
    assert!(shown.contains("→ \"In Review\""), "{shown}");
}

#[test]
fn what_is_not_sent_is_listed_with_its_line_and_why() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.edit(
        PIPELINE,
        "  - keep: $.fields.reporter.emailAddress\n",
        "  - keep: $.fields.summary\n",
    );
    let planned = plan(&project, &[]);
    let unmatched = planned["operations"].as_array().unwrap();
    let unmatched = unmatched
        .iter()
        .find(|one| one["action"] == "unmatched")
        .unwrap();
    assert_eq!(unmatched["at"]["file"], PIPELINE);
    assert_eq!(unmatched["at"]["line"], 15);
    project.edit(PIPELINE, "keep: $.fields.summary", "drop: $.fields.summary");
    let planned = plan(&project, &[]);
    let dropped = &planned["dropped"][0];
    assert_eq!(dropped["why"], "drop: $.fields.summary");
    assert_eq!(dropped["at"], json!({ "file": PIPELINE, "line": 12 }));
    let shown = project.run(&["plan", "support-tickets", "-v"]).stdout;
    let key = dropped["key"].as_str().unwrap();
    let line = format!("- {key} (dropped by drop: $.fields.summary, {PIPELINE}:12)");
    assert!(shown.contains(&line), "{shown}");
}

#[test]
fn what_a_run_would_refuse_a_plan_refuses() {
    let folder = project();
    rewrite(
        folder.path(),
        PIPELINE,
        "LAST_TICKET_KEY:",
        "LAST_TICKET_KEI:",
    );
    let planned = flowline(folder.path(), &["plan", "support-tickets", "--sandbox"]);
    assert_eq!(planned.code, 2);
    assert!(
        planned.err.contains("did you mean `LAST_TICKET_KEY`?"),
        "{}",
        planned.err
    );
    rewrite(
        folder.path(),
        PIPELINE,
        "LAST_TICKET_KEI:",
        "LAST_TICKET_KEY:",
    );
    rewrite(folder.path(), PIPELINE, "jql: project", "jql: projekt");
    rewrite(folder.path(), PIPELINE, "      live: true\n", "");
    for command in ["plan", "run"] {
        let ended = flowline(folder.path(), &[command, "support-tickets", "--sandbox"]);
        assert_eq!(
            ended.code, 2,
            "the query is the file's mistake: {}",
            ended.err
        );
        assert!(
            ended.err.contains("'projekt' does not exist"),
            "{}",
            ended.err
        );
        assert!(!ended.out.contains("nothing to do"), "{}", ended.out);
    }
}

#[test]
fn a_plan_counts_the_events_that_are_too_old_to_send() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let planned = plan(&project, &[]);
    let count = |action: &str| {
        let operations = planned["operations"].as_array().unwrap().iter();
        let of = operations.filter(|one| one["sink"] == "brevo.events" && one["action"] == action);
        of.count() as u64
    };
    assert!(count("unchanged") > 0, "no event is older than `backfill`");
    assert_eq!(planned["marked_known"], count("unchanged"));
    let people = project.run(&["plan", "support-tickets"]).stdout;
    let told = format!("{} too old to send", count("unchanged"));
    assert!(people.contains(&told), "{people}");
    let ran = project.run(&["run", "support-tickets", "--format", "json"]);
    let sent = &ran.summary()["operations"]["brevo.events"]["sent"];
    assert_eq!(sent, count("send"), "{}", ran.stderr);
}
