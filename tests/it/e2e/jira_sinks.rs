//! `jira.comment` and `jira.issue` against the sandbox: once, whatever happens on the way.

use serde_json::{Value, json};

use super::QUICK;
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

const ISSUE: &str = "sources: [file: { path: in.jsonl, id: $.id }]
sinks:
  - jira.issue:
      project: SUPPORT
      type: Task
      fields:
        summary: '{{email}} unsubscribed'
        description: $.reason
        priority: High
        labels: [unsubscribed]
        Customer Tier: $.tier
";

fn creating(world: &World) -> Project {
    let project = Project::of(world);
    project.write("pipelines/ask.yaml", ISSUE);
    project.write(
        "in.jsonl",
        "{\"id\":\"a\",\"email\":\"a@x.example\",\"reason\":\"too\\n\\nmany\",\"tier\":\"Business\"}\n\
         {\"id\":\"b\",\"email\":\"b@x.example\"}\n",
    );
    project
}

/// The issues that were created, with what each carries.
fn created(world: &World) -> Vec<Value> {
    let asked = json!({
        "jql": "creator = currentUser() AND labels = unsubscribed ORDER BY created ASC, id ASC",
        "fields": ["summary", "description", "priority", "customfield_10051"],
        "properties": ["flowline"]
    });
    let answer = world.api("POST", "rest/api/3/search/jql", &asked);
    answer["issues"].as_array().unwrap().clone()
}

#[test]
fn each_issue_is_created_once_its_fields_as_jira_wants_them() {
    let world = World::start(&QUICK);
    let project = creating(&world);
    let planned = project.run(&["plan", "ask"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(created(&world).is_empty(), "a plan writes nothing");
    for _ in 0..2 {
        let ran = project.run(&["run", "ask", "--format", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let issues = created(&world);
        assert_eq!(issues.len(), 2, "{issues:?}");
        assert_eq!(issues[0]["properties"]["flowline"], "a");
        let fields = &issues[0]["fields"];
        assert_eq!(fields["summary"], "a@x.example unsubscribed");
        let paragraphs = &fields["description"]["content"];
        assert_eq!(paragraphs[1]["content"][0]["text"], "many");
        assert_eq!(fields["priority"]["name"], "High");
        assert_eq!(fields["customfield_10051"]["value"], "Business");
        assert!(issues[1]["fields"]["description"].is_null());
    }
}

#[test]
fn an_issue_whose_answer_was_lost_is_found_and_not_created_twice() {
    for kind in ["lost_answer", "applied_server_error", "truncated"] {
        let world = World::start(&QUICK);
        let project = creating(&world);
        let rule = json!({ "rules": [{ "kind": kind, "path": "/api/3/issue", "method": "POST", "first": 1 }] });
        world.ask("PUT", "faults", &rule);
        let ran = project.run(&["run", "ask", "--format", "json"]);
        assert_eq!(ran.code, 0, "{kind}: {}", ran.stderr);
        assert_eq!(created(&world).len(), 2, "{kind}");
        assert_eq!(project.run(&["run", "ask"]).code, 0);
        assert_eq!(created(&world).len(), 2, "{kind}");
    }
}

#[test]
fn what_jira_refuses_is_a_dead_letter_with_its_words() {
    let world = World::start(&QUICK);
    let project = creating(&world);
    let wrong = ISSUE.replace("priority: High", "priority: Urgent");
    project.write("pipelines/ask.yaml", &wrong);
    let ran = project.run(&["run", "ask", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(ran.summary()["dead_letters"], 2);
    assert!(created(&world).is_empty());
}

#[test]
fn properties_of_issues_are_asked_for_by_their_names() {
    let world = World::start(&QUICK);
    let project = commenting(&world, &two());
    project.write(
        "pipelines/note.yaml",
        "sources: [file: { path: in.jsonl, id: $.id }]
sinks:
  - jira.issue: { project: OPS, type: Task, fields: { summary: Of a property } }
",
    );
    assert_eq!(project.run(&["run", "note", "-q"]).code, 0);
    project.write(
        "pipelines/back.yaml",
        "sources: [jira.issues: { jql: 'project = OPS AND summary ~ property', since: 1 days ago }]
transforms: [map: { made_of: $.properties.flowline }]
sinks: [file: { path: out.jsonl }]
",
    );
    let ran = project.run(&["run", "back", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let out = std::fs::read_to_string(project.path("out.jsonl")).unwrap();
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [r#"{"made_of":"a"}"#, r#"{"made_of":"b"}"#]);
}
