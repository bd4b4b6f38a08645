//! Each pipeline that ships, as it ships: what happens in Jira is at Brevo once, with the same ids,
//! whether a webhook told it, a poll found it, or both.

mod comments;
mod live;
mod milestones;
mod people;
mod team;
mod unsubscribes;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::served::edit;
use super::world::{Project, Ran, World};

/// A contact that Brevo has from the start.
const JANE: &str = "jane.porter@northwind.example";

/// A project of pipelines that ship, beside services that are started so.
fn shipped(names: &[&str], arguments: &[&str]) -> (World, Project) {
    let world = World::start(arguments);
    let project = Project::of(&world);
    fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    for name in names {
        project.write(&format!("pipelines/{name}.yaml"), &text(name));
    }
    project.edit(
        "flowline.yaml",
        "support_list: 22",
        "support_list: 22, sender: news@acme.example",
    );
    (world, project)
}

/// A pipeline as it ships.
fn text(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(format!("pipelines/{name}.yaml"))).unwrap()
}

/// Runs a pipeline; what it did in a sink.
#[track_caller]
fn run(project: &Project, name: &str) -> Value {
    let mut command = project.command(&["run", name, "--format", "json"]);
    let ran = Ran::of(command.env("SECRET", "hush").output().unwrap());
    // 1: among seeded people some have an e-mail that is none.
    assert!(matches!(ran.code, 0 | 1), "{}{}", ran.stdout, ran.stderr);
    ran.summary()["operations"].clone()
}

/// A run that finds nothing to send.
#[track_caller]
fn assert_sends_nothing(project: &Project, name: &str) {
    let operations = run(project, name);
    let services = |(sink, _): &(&String, &Value)| !matches!(&***sink, "file" | "metrics");
    for (sink, did) in operations.as_object().unwrap().iter().filter(services) {
        for what in ["created", "updated", "sent"] {
            assert_eq!(did[what], 0, "{sink}: {operations}");
        }
    }
}

/// What Brevo has of a kind.
fn brevo(world: &World, what: &str) -> Vec<Value> {
    let mut found = world.get(&format!("brevo/{what}"));
    serde_json::from_value(found[what].take()).unwrap()
}

/// True for the contact of an address.
fn is(contact: &Value, email: &str) -> bool {
    let own = contact["email"].as_str();
    own.is_some_and(|own| own.eq_ignore_ascii_case(email))
}

/// A contact's attributes.
fn attributes(world: &World, email: &str) -> Value {
    let contacts = brevo(world, "contacts");
    let found = contacts.iter().find(|one| is(one, email));
    found.map_or(Value::Null, |one| one["attributes"].clone())
}

/// The names of the lists that a contact is in.
fn lists(world: &World, email: &str) -> Vec<String> {
    let lists = brevo(world, "lists").into_iter();
    let names: BTreeMap<u64, String> = lists
        .map(|list| {
            let name = list["name"].as_str().unwrap().to_owned();
            (list["id"].as_u64().unwrap(), name)
        })
        .collect();
    let contacts = brevo(world, "contacts");
    let found = contacts.iter().find(|one| is(one, email)).unwrap();
    let ids = found["listIds"].as_array().unwrap().iter();
    let mut found: Vec<String> = ids.map(|id| names[&id.as_u64().unwrap()].clone()).collect();
    found.sort();
    found
}

/// All issues of a query, as Jira has them.
fn search(world: &World, jql: &str) -> Vec<Value> {
    let body = json!({ "jql": jql, "fields": ["*all"], "maxResults": 500 });
    let mut found = world.api("POST", "rest/api/3/search/jql", &body);
    assert!(found["nextPageToken"].is_null(), "{jql}: one page");
    serde_json::from_value(found["issues"].take()).unwrap()
}

/// A new issue of a reporter; its key.
fn reported(world: &World, project: &str, reporter: &str) -> String {
    let made = json!({ "create": {
        "project": project, "issue_type": "Task", "summary": "It hurts", "reporter": reporter,
    } });
    edit(world, &made)["key"].as_str().unwrap().to_owned()
}

/// Time goes by until the search sees every edit, and the worklogs' feed gives the last one.
fn wait(world: &World) {
    world.ask("POST", "clock", &json!({ "advance_s": 90 }));
}
