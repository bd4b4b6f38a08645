//! `milestones` and `milestones-sprints`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::QUICK;
use super::super::served::{events, first_run_is_over, serve_in, until};
use super::super::world::{Project, World};
use super::{assert_sends_nothing, brevo, edit, is, run, search, shipped, text};

/// A milestone, by what it is told.
struct Milestone {
    pipeline: &'static str,
    /// How its issues are found.
    jql: &'static str,
    /// What reaches it.
    edit: Value,
    webhook: &'static str,
    campaign: &'static str,
    event: &'static str,
}

fn version() -> Milestone {
    Milestone {
        pipeline: "milestones",
        jql: "fixVersion = 10124 AND reporter is not EMPTY",
        edit: json!({ "release": { "version": "10124" } }),
        webhook: "version_released",
        campaign: "1.3 released",
        event: "version_released",
    }
}

fn sprint() -> Milestone {
    Milestone {
        pipeline: "milestones-sprints",
        jql: "sprint = 30 AND reporter is not EMPTY",
        edit: json!({ "close_sprint": { "sprint": "30" } }),
        webhook: "sprint_closed",
        campaign: "Sprint 30 completed",
        event: "sprint_completed",
    }
}

/// Names of campaigns, and how often each was sent.
fn campaigns(world: &World) -> Vec<(String, u64)> {
    let sends = |one: &Value| {
        let name = one["name"].as_str().unwrap().to_owned();
        (name, one["sends"].as_u64().unwrap())
    };
    brevo(world, "campaigns").iter().map(sends).collect()
}

/// The campaign was sent once, and each contact told once of each issue of theirs.
#[track_caller]
fn assert_told_once(world: &World, of: &Milestone) {
    assert_eq!(campaigns(world), [(of.campaign.to_owned(), 1)]);
    let issues = search(world, of.jql);
    let contacts = brevo(world, "contacts");
    // Brevo passes over events of people whom it does not know.
    let reported = |issue: &&Value| {
        let email = issue["fields"]["reporter"]["emailAddress"].as_str();
        email.is_some_and(|email| contacts.iter().any(|one| is(one, email)))
    };
    let keys = issues.iter().filter(reported).map(|issue| &issue["key"]);
    let expected: BTreeSet<&str> = keys.filter_map(Value::as_str).collect();
    assert!(!expected.is_empty());
    let told = events(world, of.event);
    let told: Vec<&str> = told.iter().filter_map(|one| one["key"].as_str()).collect();
    assert_eq!(told.len(), expected.len(), "{told:?}");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// Whoever reported an issue becomes a contact.
fn made_contacts(project: &Project) {
    project.write("pipelines/people-projects.yaml", &text("people-projects"));
    run(project, "people-projects");
    std::fs::remove_file(project.path("pipelines/people-projects.yaml")).unwrap();
}

fn between_two_polls(of: &Milestone) {
    let (world, project) = shipped(&[of.pipeline], &QUICK);
    made_contacts(&project);
    run(&project, of.pipeline);
    assert!(
        campaigns(&world).is_empty(),
        "what was there before is known"
    );
    assert_sends_nothing(&project, of.pipeline);
    edit(&world, &of.edit);
    let operations = run(&project, of.pipeline);
    assert_eq!(operations["brevo.campaigns"]["sent"], 1, "{operations}");
    assert_told_once(&world, of);
    assert_sends_nothing(&project, of.pipeline);
    assert_told_once(&world, of);
}

fn by_webhook_and_poll(of: &Milestone) {
    let (world, project) = shipped(&[of.pipeline], &QUICK);
    made_contacts(&project);
    let hook = format!("  - jira.webhook: {{ events: [{}] }}\n", of.webhook);
    let mixed = text(of.pipeline).replace("\ntransforms:", &format!("{hook}\ntransforms:"));
    project.write(&format!("pipelines/{}.yaml", of.pipeline), &mixed);
    let served = serve_in(&world, &project);
    first_run_is_over(&served);
    edit(&world, &of.edit);
    until("the campaign", || {
        (campaigns(&world) == [(of.campaign.to_owned(), 1)]).then_some(())
    });
    served.stop();
    assert_sends_nothing(&project, of.pipeline);
    assert_told_once(&world, of);
}

/// Also on the day of the pipeline's first run: of a version only its day is known.
#[test]
fn a_version_that_is_released_between_two_polls_is_told_once() {
    between_two_polls(&version());
}

#[test]
fn a_version_that_is_told_by_webhook_and_by_poll_is_told_once() {
    by_webhook_and_poll(&version());
}

#[test]
fn a_sprint_that_is_closed_between_two_polls_is_told_once() {
    between_two_polls(&sprint());
}

#[test]
fn a_sprint_that_is_told_by_webhook_and_by_poll_is_told_once() {
    by_webhook_and_poll(&sprint());
}
