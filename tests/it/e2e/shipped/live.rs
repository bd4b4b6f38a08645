//! Pipelines that are told of issues by webhook as well.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::served::{events, first_run_is_over, serve_in, until};
use super::super::world::{Project, World};
use super::{JANE, assert_sends_nothing, attributes, edit, lists, reported, run, shipped, wait};

/// A search that lags, as Jira's does: a webhook is there before it.
const LAGS: [&str; 3] = ["--no-limits", "--issues", "60"];

/// The ids of an issue's changes that events are to be made of, as Jira's changelog has them.
fn changes(world: &World, key: &str, is_told: &dyn Fn(&str, &Value) -> bool) -> BTreeSet<String> {
    let path = format!("rest/api/3/issue/{key}?expand=changelog");
    let issue = world.api("GET", &path, &Value::Null);
    let id = issue["id"].as_str().unwrap();
    let mut changes = BTreeSet::new();
    if is_told("issue", &json!({})) {
        changes.insert(format!("{id}-created"));
    }
    for history in issue["changelog"]["histories"].as_array().unwrap() {
        for item in history["items"].as_array().unwrap() {
            let field = item["fieldId"].as_str().unwrap();
            if is_told(field, item) {
                changes.insert(format!("{id}-{}-{field}", history["id"].as_str().unwrap()));
            }
        }
    }
    changes
}

/// The ids of Brevo's events of an issue; one that is there twice fails.
fn ids(world: &World, names: &[&str], key: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for event in names.iter().flat_map(|name| events(world, name)) {
        let id = event["event_id"].as_str().unwrap().to_owned();
        if event["key"] == key {
            assert!(ids.insert(id.clone()), "{id} was sent twice");
        }
    }
    ids
}

/// A person reports an issue and others work on it.
fn worked_on(world: &World) -> String {
    let key = reported(world, "SUPPORT", JANE);
    for to in ["In Progress", "Done"] {
        edit(world, &json!({ "status": { "issue": key, "to": to } }));
    }
    let fields = json!({ "issue": key, "summary": "It hurts no more", "priority": "Low" });
    edit(world, &json!({ "fields": fields }));
    key
}

/// One issue comes by webhook, and by the poll after it; the webhooks of another are lost, and it
/// comes by poll alone.
fn both_ways(
    name: &str,
    events: &[&str],
    count: usize,
    is_told: &dyn Fn(&str, &Value) -> bool,
) -> (World, Project, [String; 2]) {
    let (world, project) = shipped(&[name], &LAGS);
    let served = serve_in(&world, &project);
    first_run_is_over(&served);
    let told = worked_on(&world);
    let expected = changes(&world, &told, is_told);
    assert_eq!(expected.len(), count, "{expected:?}");
    until("what the webhooks told", || {
        (ids(&world, events, &told) == expected).then_some(())
    });
    let metrics = served.get("/metrics").unwrap();
    let stored = "flowline_webhooks_total{connection=\"support\",result=\"stored\"} ";
    let stored = metrics.lines().find_map(|line| line.strip_prefix(stored));
    assert!(stored.unwrap().parse::<u64>().unwrap() >= 4, "{metrics}");

    world.ask("PUT", "hooks", &json!({ "lose": 1.0 }));
    let lost = worked_on(&world);
    assert_eq!(world.get("hooks")["lost"], 4);
    served.stop();
    wait(&world);
    run(&project, name);
    let expected = changes(&world, &lost, is_told);
    assert_eq!(ids(&world, events, &lost), expected, "by poll alone");
    // The poll has seen the first issue, too.
    assert_eq!(ids(&world, events, &told).len(), count);
    assert_sends_nothing(&project, name);
    (world, project, [told, lost])
}

/// Brevo keeps no event of somebody who is no contact: the pipelines see to it that there is one.
#[test]
fn events_of_who_is_no_contact_yet_are_kept() {
    let nina = "nina.new@nowhere-else.example";
    for (name, kept) in [
        ("issue-events", "issue_created"),
        ("status-changes", "status_changed"),
        ("comments", "ticket_commented"),
    ] {
        let (world, project) = shipped(&[name], &LAGS);
        run(&project, name);
        assert_eq!(attributes(&world, nina), Value::Null);
        let key = reported(&world, "SUPPORT", nina);
        edit(&world, &json!({ "status": { "issue": key, "to": "Done" } }));
        let said = json!({ "issue": key, "text": "It works again.", "public": true });
        edit(&world, &json!({ "comment": said }));
        wait(&world);
        run(&project, name);
        let told = events(&world, kept);
        assert_eq!(told.iter().filter(|one| one["key"] == *key).count(), 1);
        assert_eq!(
            attributes(&world, nina),
            json!({}),
            "nothing but the address"
        );
        assert_eq!(world.get("brevo/events")["ignored"], 0);
        assert_sends_nothing(&project, name);
    }
}

#[test]
fn issue_events() {
    let names = ["issue_created", "issue_updated", "issue_resolved"];
    let is_told = |field: &str, item: &Value| match field {
        "issue" | "summary" | "priority" => true,
        "resolution" => !item["toString"].is_null(),
        _ => false,
    };
    let (world, _project, keys) = both_ways("issue-events", &names, 4, &is_told);
    for key in keys {
        let updates = events(&world, "issue_updated");
        let updates: Vec<&Value> = updates.iter().filter(|one| one["key"] == *key).collect();
        assert_eq!(updates.len(), 2);
        let summary = updates
            .iter()
            .find(|one| one["field"] == "summary")
            .unwrap();
        assert_eq!(
            (&summary["from"], &summary["to"]),
            (&json!("It hurts"), &json!("It hurts no more"))
        );
    }
}

#[test]
fn status_changes() {
    let is_told = |field: &str, _: &Value| field == "status";
    let (world, _project, keys) = both_ways("status-changes", &["status_changed"], 2, &is_told);
    for key in keys {
        let moves = events(&world, "status_changed");
        let moves: Vec<&Value> = moves.iter().filter(|one| one["key"] == *key).collect();
        let done = moves.iter().find(|one| one["to"] == "Done").unwrap();
        assert_eq!(done["from"], "In Progress");
        assert!(done["hours_in_from"].is_number(), "{done}");
    }
}

#[test]
fn support_tickets() {
    let is_told = |field: &str, _: &Value| field == "status";
    let names = ["ticket_status_changed"];
    let (world, project, [_, last]) = both_ways("support-tickets", &names, 2, &is_told);
    let ticket = attributes(&world, JANE);
    assert_eq!(ticket["LAST_TICKET_KEY"], last);
    assert_eq!(ticket["LAST_TICKET_STATUS"], "Done");
    assert_eq!(ticket["LAST_TICKET_PRIORITY"], "Low");
    assert!(lists(&world, JANE).contains(&"Support".to_owned()));
    // An older ticket that changes is not the latest one.
    let older = reported(&world, "PRODUCT", JANE);
    edit(
        &world,
        &json!({ "status": { "issue": last, "to": "In Progress" } }),
    );
    wait(&world);
    run(&project, "support-tickets");
    let ticket = attributes(&world, JANE);
    assert_eq!(ticket["LAST_TICKET_KEY"], older);
    assert!(lists(&world, JANE).contains(&"Product".to_owned()));
}
