//! `jira.comment` and `jira.issue` against the sandbox: once, whatever happens on the way.

use serde_json::{Value, json};

use super::world::{Project, World};

const COMMENT: &str = "sources: [file: { path: in.jsonl, id: $.id }]
sinks:
  - jira.comment: { issue: $.key, body: '{{email}} unsubscribed' }
";

fn commenting(world: &World, lines: &[Value]) -> Project {
    let project = Project::of(world);
    project.write("pipelines/note.yaml", COMMENT);
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    project.write("in.jsonl", &lines.join("\n"));
    project
}

/// The texts of an issue's comments that were written by us.
fn comments(world: &World, issue: &str) -> Vec<String> {
    let path = format!("rest/api/3/issue/{issue}/comment?maxResults=100");
    let answer = world.api("GET", &path, &Value::Null);
    let comments = answer["comments"].as_array().unwrap().clone();
    let texts = comments.iter().map(|one| {
        let text = &one["body"]["content"][0]["content"][0]["text"];
        text.as_str().unwrap_or_default().to_owned()
    });
    texts.filter(|text| text.contains("unsubscribed")).collect()
}

fn two() -> [Value; 2] {
    [
        json!({ "id": "a", "key": "SUPPORT-1", "email": "a@x.example" }),
        json!({ "id": "b", "key": "SUPPORT-2", "email": "b@x.example" }),
    ]
}

#[test]
fn each_comment_is_written_once_and_carries_its_key() {
    let world = World::start(&["--issues", "20"]);
    let project = commenting(&world, &two());
    let planned = project.run(&["plan", "note"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(
        planned.stdout.contains("jira.comment"),
        "{}",
        planned.stdout
    );
    assert!(
        comments(&world, "SUPPORT-1").is_empty(),
        "a plan writes nothing"
    );
    for _ in 0..2 {
        let ran = project.run(&["run", "note", "--format", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(comments(&world, "SUPPORT-1"), ["a@x.example unsubscribed"]);
        assert_eq!(comments(&world, "SUPPORT-2"), ["b@x.example unsubscribed"]);
    }
    let listed = world.api(
        "GET",
        "rest/api/3/issue/SUPPORT-1/comment?orderBy=-created",
        &Value::Null,
    );
    let id = listed["comments"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("rest/api/3/comment/{id}/properties/flowline");
    assert_eq!(world.api("GET", &path, &Value::Null)["value"], "a");
}

#[test]
fn a_comment_whose_answer_was_lost_is_found_and_not_written_twice() {
    for kind in ["lost_answer", "applied_server_error", "truncated"] {
        let world = World::start(&["--issues", "20"]);
        let project = commenting(&world, &two());
        let rule = json!({ "rules": [{ "kind": kind, "path": "/comment", "method": "POST", "first": 1 }] });
        world.ask("PUT", "faults", &rule);
        let ran = project.run(&["run", "note", "--format", "json"]);
        assert_eq!(ran.code, 0, "{kind}: {}", ran.stderr);
        assert_eq!(
            ran.summary()["operations"]["jira.comment"]["created"],
            2,
            "{kind}"
        );
        assert_eq!(comments(&world, "SUPPORT-1").len(), 1, "{kind}");
        assert_eq!(comments(&world, "SUPPORT-2").len(), 1, "{kind}");
        assert_eq!(project.run(&["run", "note"]).code, 0);
        assert_eq!(comments(&world, "SUPPORT-1").len(), 1, "{kind}");
    }
}

#[test]
fn a_comment_on_an_issue_that_is_not_there_is_a_dead_letter() {
    let world = World::start(&["--issues", "20"]);
    let mut lines = two().to_vec();
    lines.insert(
        0,
        json!({ "id": "x", "key": "SUPPORT-99999", "email": "x@x.example" }),
    );
    lines.push(json!({ "id": "y", "key": "", "email": "y@x.example" }));
    let project = commenting(&world, &lines);
    let ran = project.run(&["run", "note", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(ran.summary()["dead_letters"], 2);
    assert_eq!(comments(&world, "SUPPORT-2").len(), 1);
}
