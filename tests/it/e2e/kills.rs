//! kill −9 while a sink sends what must not be sent twice: afterwards each is there exactly once.

use std::process::Stdio;

use serde_json::{Value, json};

use super::world::{Project, World};
use super::{QUICK, free_the_lease};

/// How often a process is killed.
const KILLS: usize = 12;
const RUN: [&str; 4] = ["run", "p", "--format", "json"];

/// Runs a pipeline of a file again and again, killing it, and then until all is done. Answers come
/// late, so that many a kill lies between what was done and its answer. `made` counts what is there
/// already.
fn killed(sink: &str, records: &[Value], made: impl Fn(&World) -> usize) -> (World, Project) {
    let world = World::start(&QUICK);
    let slow = json!({ "kind": "slow", "method": "POST", "delay_ms": 40 });
    world.ask("PUT", "faults", &json!({ "rules": [slow] }));
    let project = Project::of(&world);
    project.edit(
        "flowline.yaml",
        "    jira:\n",
        "    jira:\n      visible_after: 1 seconds\n",
    );
    project.write(
        "pipelines/p.yaml",
        &format!("sources: [file: {{ path: in.jsonl, id: $.id }}]\nsinks:\n{sink}\n"),
    );
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    project.write("in.jsonl", &(lines.join("\n") + "\n"));
    for round in 0..KILLS {
        let (at_start, requests) = (made(&world), world.requests());
        let (more, further) = (1 + round % 3, 4 + (round as u64 * 5) % 11);
        let mut run = project
            .command(&RUN)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        loop {
            assert!(
                run.try_wait().unwrap().is_none(),
                "the run ended before its kill: it needs more work"
            );
            let now = match round % 2 {
                0 => made(&world) >= at_start + more,
                _ => world.requests() >= requests + further,
            };
            if now {
                break;
            }
        }
        run.kill().unwrap();
        run.wait().unwrap();
        free_the_lease(&project, "p");
    }
    assert!(
        made(&world) < records.len() * 2,
        "all was done before the last kill"
    );
    world.ask("PUT", "faults", &json!({ "rules": [] }));
    project.run_until_done(&RUN, 5);
    let again = project.run(&RUN);
    assert_eq!(again.code, 0, "{}{}", again.stderr, again.stdout);
    (world, project)
}

fn list(world: &World, what: &str) -> Vec<Value> {
    let found = world.get(&format!("brevo/{what}"));
    found[what].as_array().unwrap().clone()
}

fn numbered(count: usize) -> Vec<Value> {
    let one = |number: usize| json!({ "id": format!("r{number:02}"), "half": number / 2 });
    (0..count).map(one).collect()
}

fn texts(values: &[Value], pointer: &str) -> Vec<String> {
    let text = |value: &Value| match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("{pointer} of {value}: {other:?}"),
    };
    let mut texts: Vec<String> = values.iter().map(text).collect();
    texts.sort();
    texts
}

#[test]
fn each_note_is_there_once_also_where_two_are_alike() {
    let sink = "  - brevo.notes:
      identify: { email: jane.porter@northwind.example }
      text: note {{half}}
      backfill: 10000 days";
    let (world, _project) = killed(sink, &numbered(80), |world| list(world, "notes").len());
    let mut expected: Vec<String> = (0..80).map(|n| format!("note {}", n / 2)).collect();
    expected.sort();
    assert_eq!(texts(&list(&world, "notes"), "/text"), expected);
}

#[test]
fn each_campaign_is_sent_once() {
    let sink = "  - brevo.campaigns:
      name: 'news {{id}}'
      template: 12
      subject: news
      lists: [22]
      backfill: 10000 days";
    let (world, _project) = killed(sink, &numbered(50), |world| {
        let sends = |one: &Value| usize::from(one["sends"] != 0);
        list(world, "campaigns")
            .iter()
            .map(|one| 1 + sends(one))
            .sum()
    });
    let campaigns = list(&world, "campaigns");
    let expected: Vec<String> = (0..50).map(|n| format!("news r{n:02}")).collect();
    assert_eq!(texts(&campaigns, "/name"), expected);
    let sends: Vec<&Value> = campaigns.iter().map(|one| &one["sends"]).collect();
    assert!(sends.iter().all(|sends| **sends == 1), "{sends:?}");
}

#[test]
fn each_email_is_sent_once() {
    let sink = "  - brevo.email:
      template: 7
      to: jane.porter@northwind.example
      params: { key: $.id }
      backfill: 10000 days";
    let (world, _project) = killed(sink, &numbered(80), |world| list(world, "emails").len());
    let expected: Vec<String> = (0..80).map(|n| format!("r{n:02}")).collect();
    assert_eq!(texts(&list(&world, "emails"), "/params/key"), expected);
}

/// The texts of the comments of issues, which start with that word.
fn comments(world: &World) -> Vec<String> {
    let mut texts = Vec::new();
    for issue in 1..=4 {
        let path = format!("rest/api/3/issue/SUPPORT-{issue}/comment?maxResults=100");
        let answer = world.api("GET", &path, &Value::Null);
        let comments = answer["comments"].as_array().unwrap().clone();
        texts.extend(comments.iter().filter_map(|one| {
            let text = one["body"]["content"][0]["content"][0]["text"].as_str()?;
            text.starts_with("flow ").then(|| text.to_owned())
        }));
    }
    texts.sort();
    texts
}

#[test]
fn each_comment_is_there_once() {
    let sink = "  - jira.comment: { issue: $.issue, body: 'flow {{half}}', backfill: 10000 days }";
    let mut records = numbered(60);
    for (number, record) in records.iter_mut().enumerate() {
        record["issue"] = json!(format!("SUPPORT-{}", number / 2 % 4 + 1));
    }
    let (world, _project) = killed(sink, &records, |world| comments(world).len());
    let mut expected: Vec<String> = (0..60).map(|n| format!("flow {}", n / 2)).collect();
    expected.sort();
    assert_eq!(comments(&world), expected);
}

/// The summaries of the issues that were created.
fn issues(world: &World) -> Vec<String> {
    let asked = json!({ "jql": "labels = flow", "maxResults": 200, "fields": ["summary"] });
    let answer = world.api("POST", "rest/api/3/search/jql", &asked);
    texts(answer["issues"].as_array().unwrap(), "/fields/summary")
}

#[test]
fn each_issue_is_created_once() {
    let sink = "  - jira.issue:
      project: SUPPORT
      type: Task
      backfill: 10000 days
      fields: { summary: 'flow {{half}}', labels: [flow] }";
    let (world, _project) = killed(sink, &numbered(60), |world| issues(world).len());
    let mut expected: Vec<String> = (0..60).map(|n| format!("flow {}", n / 2)).collect();
    expected.sort();
    assert_eq!(issues(&world), expected);
}
