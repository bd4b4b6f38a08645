//! Sentences of the contract, each tried as it is written.

use serde_json::{Value, json};

use super::QUICK;
use super::world::{Project, World};

/// What a run of a pipeline sent, by sink.
#[track_caller]
fn operations(project: &Project, name: &str) -> Value {
    let ran = project.run(&["run", name, "--format", "json"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    ran.summary()["operations"].clone()
}

fn campaigns(world: &World) -> Vec<String> {
    let kept = world.get("brevo/campaigns");
    let names = kept["campaigns"].as_array().unwrap().iter();
    names
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

/// "`backfill` … Default none: what happened before the pipeline's first run is marked as known":
/// what is released already at the first run, with a day or without one; not what is released
/// later on that day.
#[test]
fn a_version_is_announced_where_it_was_released_after_the_pipelines_first_run() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.write(
        "pipelines/announce.yaml",
        "sources: [jira.versions: { projects: [PRODUCT] }]
sinks:
  - brevo.campaigns:
      name: '{{name}} is out'
      template: 12
      subject: News
      sender: { email: news@acme.example }
      lists: [22]
",
    );
    let planned = project.run(&["plan", "announce", "--format", "json"]);
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!(planned["marked_known"], 3, "{planned}");
    operations(&project, "announce");
    assert_eq!(campaigns(&world), Vec::<String>::new());

    let release = |version: &str| {
        let edit = json!({ "release": { "version": version } });
        world.ask("POST", "jira/edit", &edit);
    };
    release("10124");
    let sent = operations(&project, "announce");
    assert_eq!(sent["brevo.campaigns"]["sent"], 1);
    assert_eq!(campaigns(&world), ["1.3 is out"]);
    let sent = operations(&project, "announce");
    assert_eq!(sent["brevo.campaigns"]["sent"], 0);

    // A project that is read for the first time has released its versions before.
    let path = project.path("pipelines/announce.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[PRODUCT]", "[PRODUCT, SUPPORT]")).unwrap();
    operations(&project, "announce");
    assert_eq!(campaigns(&world), ["1.3 is out"]);
}

/// "Sinks deliver in the file's order": each of them, also where another of its kind has delivered
/// the same record.
#[test]
fn two_sinks_of_a_kind_both_deliver_a_record_and_both_once() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.write("in.jsonl", "{\"id\":\"1\",\"email\":\"a@acme.example\"}\n");
    let file = "sources: [file: { path: in.jsonl, id: $.id }]\n";
    project.write(
        "pipelines/two.yaml",
        &format!(
            "{file}sinks:
  - jira.comment: {{ issue: SUPPORT-1, body: seen }}
  - jira.comment: {{ issue: SUPPORT-2, body: seen }}
  - jira.issue: {{ project: SUPPORT, type: Task, fields: {{ summary: to do }} }}
  - jira.issue: {{ project: OPS, type: Task, fields: {{ summary: to do }} }}
  - brevo.email: {{ template: 7, to: $.email }}
  - brevo.email: {{ template: 7, to: boss@acme.example }}
"
        ),
    );
    let first = operations(&project, "two");
    assert_eq!(first["jira.comment"]["created"], 2);
    assert_eq!(first["jira.issue"]["created"], 2);
    assert_eq!(first["brevo.email"]["sent"], 2);
    let again = operations(&project, "two");
    assert_eq!(again["jira.comment"]["created"], 0);
    assert_eq!(again["jira.issue"]["created"], 0);
    assert_eq!(again["brevo.email"]["sent"], 0);
    let mails = world.get("brevo/emails");
    let to: Vec<&Value> = mails["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| &mail["to"][0]["email"])
        .collect();
    assert_eq!(to, ["a@acme.example", "boss@acme.example"]);
}
