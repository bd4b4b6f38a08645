//! `team-capacity-hours` and `team-capacity-open`.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::super::QUICK;
use super::super::served::{Served, until};
use super::super::world::{Project, World};
use super::{assert_sends_nothing, brevo, edit, run, search, shipped, wait};

/// A number of each contact that has it.
fn numbers(world: &World, attribute: &str) -> BTreeMap<String, f64> {
    let contacts = brevo(world, "contacts").into_iter();
    let number = |contact: Value| {
        let number = contact["attributes"][attribute].as_f64()?;
        Some((contact["email"].as_str()?.to_lowercase(), number))
    };
    contacts.filter_map(number).collect()
}

/// The rows of a report, by names of columns.
fn report(project: &Project, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(project.path(&format!("reports/{name}.csv"))).unwrap();
    let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
    let split = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
    let columns = split(lines.next().unwrap());
    let row = |line| columns.iter().cloned().zip(split(line)).collect();
    lines.map(row).collect()
}

/// A gauge as dashboards get it; all that they get.
fn assert_shown(project: &Project, gauge: &str, person: &str, value: f64) -> String {
    let port = Served::address(project);
    let served = Served::start(project.command(&["serve"]), port);
    let line = format!("{gauge}{{assignee=\"{person}\"}} {value}");
    let shown = until(&line, || {
        let metrics = served.get("/metrics")?;
        metrics.lines().any(|one| one == line).then_some(metrics)
    });
    served.stop();
    shown
}

#[test]
fn hours_logged_are_on_the_contact_in_the_report_and_on_the_dashboard() {
    let (world, project) = shipped(&["people", "team-capacity-hours"], &QUICK);
    run(&project, "people");
    run(&project, "team-capacity-hours");
    let before = numbers(&world, "JIRA_HOURS_7_DAYS");
    let who = "priya.raman@acme.example";
    let users = world.api(
        "GET",
        "rest/api/3/users/search?maxResults=1000",
        &Value::Null,
    );
    let users = users.as_array().unwrap();
    let person = users
        .iter()
        .find(|user| user["displayName"] == "Priya Raman");
    let email = person.and_then(|person| person["emailAddress"].as_str());
    let who = email.unwrap_or(who).to_lowercase();
    let log = json!({ "issue": "SUPPORT-1", "seconds": 5_400, "by": "Priya Raman" });
    let made = edit(&world, &json!({ "worklog": log }));
    wait(&world);
    run(&project, "team-capacity-hours");
    let mut expected = before.clone();
    *expected.entry(who.clone()).or_default() += 1.5;
    assert_eq!(numbers(&world, "JIRA_HOURS_7_DAYS"), expected);
    let rows = report(&project, "team-capacity-hours");
    let row = rows.iter().find(|row| row["email"].to_lowercase() == who);
    let hours: f64 = row.unwrap()["hours"].parse().unwrap();
    assert!((hours - expected[&who]).abs() < 1e-9, "{row:?}");
    assert_sends_nothing(&project, "team-capacity-hours");
    let gauge = "jira_hours_logged_7_days";
    assert_shown(&project, gauge, "Priya Raman", expected[&who]);

    edit(
        &world,
        &json!({ "delete_worklog": { "worklog": made["worklog"] } }),
    );
    wait(&world);
    run(&project, "team-capacity-hours");
    // Whoever has logged nothing any more has logged 0 hours.
    let mut left = before;
    left.entry(who.clone()).or_default();
    assert_eq!(numbers(&world, "JIRA_HOURS_7_DAYS"), left);
    assert_sends_nothing(&project, "team-capacity-hours");
}

/// Open issues by assignees who are contacts.
fn open(world: &World) -> BTreeMap<String, f64> {
    let contacts = brevo(world, "contacts");
    let is_contact = |email: &str| {
        let mut emails = contacts.iter().map(|contact| contact["email"].as_str());
        emails.any(|one| one.is_some_and(|one| one.eq_ignore_ascii_case(email)))
    };
    let mut open = BTreeMap::new();
    let jql = "project in (SUPPORT, PRODUCT) AND statusCategory != Done AND assignee is not EMPTY";
    for issue in search(world, jql) {
        let email = issue["fields"]["assignee"]["emailAddress"].as_str();
        if let Some(email) = email.filter(|email| is_contact(email)) {
            *open.entry(email.to_lowercase()).or_default() += 1.0;
        }
    }
    open
}

#[test]
fn open_issues_are_on_the_assignee_and_0_once_the_last_is_done() {
    let (world, project) = shipped(&["people", "team-capacity-open"], &QUICK);
    run(&project, "people");
    run(&project, "team-capacity-open");
    let first = open(&world);
    assert!(first.len() > 2, "{first:?}");
    assert_eq!(numbers(&world, "JIRA_OPEN_ISSUES"), first);
    assert_sends_nothing(&project, "team-capacity-open");

    // Whoever has the fewest gets everything done.
    let fewest = |one: &(&String, &f64), other: &(&String, &f64)| one.1.total_cmp(other.1);
    let (who, _) = first.iter().min_by(fewest).unwrap();
    let jql = "project in (SUPPORT, PRODUCT) AND statusCategory != Done AND assignee is not EMPTY";
    let mut name = String::new();
    for issue in search(&world, jql) {
        let assignee = &issue["fields"]["assignee"];
        let email = assignee["emailAddress"].as_str().unwrap_or_default();
        if email.to_lowercase() == **who {
            assignee["displayName"]
                .as_str()
                .unwrap()
                .clone_into(&mut name);
            edit(
                &world,
                &json!({ "status": { "issue": issue["key"], "to": "Done" } }),
            );
        }
    }
    run(&project, "team-capacity-open");
    let mut left = open(&world);
    assert!(!left.contains_key(who));
    left.insert(who.clone(), 0.0);
    assert_eq!(numbers(&world, "JIRA_OPEN_ISSUES"), left);
    let rows = report(&project, "team-capacity-open");
    let row = rows.iter().find(|row| row["name"] == name);
    assert_eq!(row.unwrap()["open"], "0");
    assert_sends_nothing(&project, "team-capacity-open");
    // The gauge of who has none goes with the next run; the others' are there.
    let row = rows
        .iter()
        .find(|row| row["open"] != "0" && row["name"] != name);
    let (other, count) = (&row.unwrap()["name"], row.unwrap()["open"].parse());
    let shown = assert_shown(&project, "jira_open_issues", other, count.unwrap());
    assert!(!shown.contains(&name), "{shown}");
}
