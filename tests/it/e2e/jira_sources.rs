//! The sources beside `jira.issues`, from the sandbox to a file.

use std::fs;

use serde_json::{Value, json};

use super::QUICK;
use super::world::{Project, Ran, World};

/// The only pipeline of the project: one source, and its records in `out.jsonl`.
fn pipeline(project: &Project, source: &str) {
    fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap_or_default();
    let sink = "sinks: [file: { path: out.jsonl }]";
    project.write(
        "pipelines/p.yaml",
        &format!("sources:\n  - {source}\n{sink}\n"),
    );
}

#[track_caller]
fn run(project: &Project) -> (Ran, Vec<Value>) {
    let ran = project.run(&["run", "p", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    let out = fs::read_to_string(project.path("out.jsonl")).unwrap();
    let records = out.lines().map(|line| serde_json::from_str(line).unwrap());
    (ran, records.collect())
}

fn texts(records: &[Value], pointer: &str) -> Vec<String> {
    let texts = records.iter().map(|record| match record.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    });
    texts.collect()
}

#[test]
fn projects_come_with_their_lead_who_has_no_address() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.projects: {}");
    let (_, records) = run(&project);
    assert_eq!(texts(&records, "/key"), ["SUPPORT", "PRODUCT", "OPS"]);
    assert!(texts(&records, "/site/url")[0].starts_with("http://127.0.0.1"));
    assert_eq!(records[0]["lead"]["displayName"], "Priya Raman");
    assert!(records[0]["lead"].get("emailAddress").is_none());
    assert!(records[0]["description"].is_string());
}

#[test]
fn users_are_active_people_unless_all_are_asked_for() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.users: {}");
    let (_, people) = run(&project);
    assert!(people.len() > 20);
    for person in &people {
        assert_eq!(
            (&person["accountType"], &person["active"]),
            (&json!("atlassian"), &json!(true))
        );
    }
    pipeline(&project, "jira.users: { all: true }");
    let (_, all) = run(&project);
    let kinds = texts(&all, "/accountType");
    for kind in ["atlassian", "app", "customer"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind}");
    }
    assert!(all.iter().any(|user| user["active"] == false));
    assert!(all.len() > people.len());
}

#[test]
fn versions_are_released_ones_and_one_more_once_it_is_released() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.versions: { projects: [PRODUCT] }");
    let (_, versions) = run(&project);
    assert_eq!(texts(&versions, "/name"), ["1.2.1", "1.1", "1.2"]);
    world.ask(
        "POST",
        "jira/edit",
        &json!({ "release": { "version": "10124" } }),
    );
    let (_, versions) = run(&project);
    assert_eq!(texts(&versions, "/name"), ["1.2.1", "1.1", "1.2", "1.3"]);

    pipeline(&project, "jira.versions: { since: 30 days ago }");
    let (_, versions) = run(&project);
    // Of three projects; one without a day is before no day.
    assert_eq!(versions.len(), 7, "{:?}", texts(&versions, "/name"));

    pipeline(&project, "jira.versions: { projects: [NOPE] }");
    let ran = project.run(&["run", "p"]);
    assert_ne!(ran.code, 0);
    assert!(ran.stderr.contains("no project `NOPE`"), "{}", ran.stderr);
}

#[test]
fn sprints_are_closed_ones_each_once_and_a_board_without_any_is_no_error() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.sprints: {}");
    let (_, sprints) = run(&project);
    let mut ids = texts(&sprints, "/id");
    assert_eq!(ids.len(), 10);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10, "two boards show the same ones");
    assert!(sprints.iter().all(|sprint| sprint["state"] == "closed"));

    pipeline(
        &project,
        "jira.sprints: { boards: [4, 6], since: 30 days ago }",
    );
    let (ran, sprints) = run(&project);
    assert_eq!(texts(&sprints, "/id"), ["61"]);
    assert!(
        format!("{}{}", ran.stdout, ran.stderr).contains("board 4 has no sprints"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    world.ask(
        "POST",
        "jira/edit",
        &json!({ "close_sprint": { "sprint": "62" } }),
    );
    let (_, sprints) = run(&project);
    assert_eq!(texts(&sprints, "/id"), ["61", "62"]);

    pipeline(&project, "jira.sprints: { boards: [99] }");
    let ran = project.run(&["run", "p"]);
    assert!(ran.stderr.contains("no board `99`"), "{}", ran.stderr);
}

/// An issue that has comments from the start, and how many.
fn edit(world: &World, edit: &Value) -> Value {
    world.ask("POST", "jira/edit", edit)
}

/// How many records the last run read.
fn read(ran: &Ran) -> u64 {
    ran.summary()["read"].as_u64().unwrap()
}

#[test]
fn a_comment_comes_once_an_edit_once_more_and_what_is_gone_as_deleted() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.comments: { jql: project = SUPPORT }");
    let (_, first) = run(&project);
    assert!(first.len() > 10);
    for comment in &first {
        assert_eq!(comment["jsdPublic"], true, "internal ones are left out");
        assert_eq!(comment["issue"]["fields"]["project"]["key"], "SUPPORT");
        assert!(comment["body"].is_object() && comment["site"]["url"].is_string());
    }
    let (ran, second) = run(&project);
    assert_eq!((read(&ran), second.len()), (0, 0), "{}", ran.summary());

    // One that everybody sees, and one that only agents see.
    let issue = first[0]["issue"]["key"].as_str().unwrap();
    let made = edit(
        &world,
        &json!({ "comment": { "issue": issue, "text": "Any news?" } }),
    );
    let id = made["comment"].as_str().unwrap();
    edit(
        &world,
        &json!({ "comment": { "issue": issue, "text": "No.", "public": false } }),
    );
    let (_, third) = run(&project);
    assert_eq!(texts(&third, "/id"), [id]);
    assert_eq!(third[0]["issue"]["key"], issue);

    edit(
        &world,
        &json!({ "change_comment": { "issue": issue, "comment": id, "text": "Please." } }),
    );
    let (_, edited) = run(&project);
    assert_eq!(texts(&edited, "/id"), [id]);
    assert_eq!(
        edited[0]["body"]["content"][0]["content"][0]["text"],
        "Please."
    );
    assert_ne!(edited[0]["updated"], third[0]["updated"]);

    // One becomes internal, one is deleted: both are gone, and sinks pass that over,
    let other = first[0]["id"].as_str().unwrap();
    edit(
        &world,
        &json!({ "change_comment": { "issue": issue, "comment": id, "public": false } }),
    );
    edit(
        &world,
        &json!({ "delete_comment": { "issue": issue, "comment": other } }),
    );
    let plan = project.run(&["plan", "p", "--format", "json"]);
    assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
    // unless they ask for it.
    project.edit(
        "pipelines/p.yaml",
        "out.jsonl }",
        "out.jsonl, when: $.deleted }",
    );
    let (_, gone) = run(&project);
    let mut ids = texts(&gone, "/id");
    ids.sort();
    let mut expected = [id.to_owned(), other.to_owned()];
    expected.sort();
    assert_eq!(ids, expected);
    assert_eq!(gone[0]["deleted"], true);
    assert_eq!(gone[0]["issue"]["key"], issue);
    assert!(gone[0].get("body").is_none());
    let (ran, none) = run(&project);
    assert_eq!((read(&ran), none.len()), (0, 0), "{}", ran.summary());
}

#[test]
fn deleted_comments_are_passed_over_by_sinks_that_do_not_ask() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.comments: { jql: project = SUPPORT }");
    let (_, first) = run(&project);
    let (issue, id) = (&first[0]["issue"]["key"], &first[0]["id"]);
    edit(
        &world,
        &json!({ "delete_comment": { "issue": issue, "comment": id } }),
    );
    let (ran, gone) = run(&project);
    assert_eq!((read(&ran), gone.len()), (1, 0));
}

#[test]
fn what_a_guard_stopped_is_still_gone_in_the_next_run() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.comments: { jql: project = SUPPORT }");
    let (_, first) = run(&project);
    let (issue, id) = (&first[0]["issue"]["key"], &first[0]["id"]);
    edit(
        &world,
        &json!({ "delete_comment": { "issue": issue, "comment": id } }),
    );
    // Every record is dead, and the guard wants none to be.
    let text = "sources: [jira.comments: { jql: project = SUPPORT }]
guard: { max_dead: 1% }
transforms: [expect: { condition: '!$.deleted', message: none is wanted }]
sinks: [file: { path: out.jsonl, when: $.deleted }]
";
    project.write("pipelines/p.yaml", text);
    let ran = project.run(&["run", "p", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let plain = "sources: [jira.comments: { jql: project = SUPPORT }]
sinks: [file: { path: out.jsonl, when: $.deleted }]
";
    project.write("pipelines/p.yaml", plain);
    let (_, gone) = run(&project);
    assert_eq!(texts(&gone, "/id"), [id.as_str().unwrap()]);
}

#[test]
fn internal_comments_come_where_they_are_asked_for_and_all_of_many() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    for number in 0..125 {
        edit(
            &world,
            &json!({ "comment": { "issue": "SUPPORT-1", "text": format!("n{number}"), "public": number % 5 != 0 } }),
        );
    }
    pipeline(
        &project,
        "jira.comments: { jql: 'key = SUPPORT-1', internal: true }",
    );
    let (_, all) = run(&project);
    assert!(all.len() >= 125, "{}", all.len());
    pipeline(&project, "jira.comments: { jql: 'key = SUPPORT-1' }");
    let ran = project.run(&["run", "p", "--full", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let out = fs::read_to_string(project.path("out.jsonl")).unwrap();
    assert!(out.lines().count() >= 100 && out.lines().count() < all.len());
}

#[test]
fn internal_comments_are_left_out_also_where_a_record_is_read_whole() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    for (text, public) in [("for all", true), ("between us", false)] {
        let said = json!({ "issue": "SUPPORT-1", "text": text, "public": public });
        edit(&world, &json!({ "comment": said }));
    }
    edit(
        &world,
        &json!({ "worklog": { "issue": "SUPPORT-1", "seconds": 60 } }),
    );
    // The feed of worklogs leaves out the last minute.
    for source in [
        "jira.issues: { jql: key = SUPPORT-1 }",
        "jira.issues: { jql: key = SUPPORT-1, comments: true, worklogs: true }",
        "jira.comments: { jql: key = SUPPORT-1 }",
        "jira.worklogs: { jql: key = SUPPORT-1 }",
    ] {
        fs::remove_dir_all(project.path(".flowline")).unwrap_or_default();
        for transforms in [
            "",
            "transforms: [map: { all: $ }]\n",
            "transforms: [map: { all: '$..*' }]\n",
        ] {
            pipeline(&project, source);
            let plain = fs::read_to_string(project.path("pipelines/p.yaml")).unwrap();
            project.write("pipelines/p.yaml", &format!("{transforms}{plain}"));
            let ran = project.run(&["run", "p", "--full", "--format", "json"]);
            assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
            let out = fs::read_to_string(project.path("out.jsonl")).unwrap();
            assert!(!out.contains("between us"), "{source} {transforms}: {out}");
            if !source.contains("worklogs: {") {
                assert!(out.contains("for all"), "{source} {transforms}: {out}");
            }
        }
    }
}

#[test]
fn since_is_held_against_the_comments_own_time() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    edit(
        &world,
        &json!({ "comment": { "issue": "SUPPORT-1", "text": "now" } }),
    );
    pipeline(
        &project,
        "jira.comments: { jql: project = SUPPORT, since: 1 days ago }",
    );
    let (_, comments) = run(&project);
    let old = comments.iter().filter(|comment| {
        let text = &comment["body"]["content"][0]["content"][0]["text"];
        comment["issue"]["key"] == "SUPPORT-1" && text != "now"
    });
    assert_eq!(old.count(), 0, "older comments of a changed issue are none");
    assert!(!comments.is_empty());
}

#[test]
fn worklogs_come_with_their_issue_an_edit_once_more_and_what_is_gone_as_deleted() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    pipeline(&project, "jira.worklogs: { jql: project = SUPPORT }");
    let (_, first) = run(&project);
    assert!(first.len() > 5, "{}", first.len());
    for worklog in &first {
        assert_eq!(worklog["issue"]["fields"]["project"]["key"], "SUPPORT");
        assert_eq!(worklog["issue"]["id"], worklog["issueId"]);
        assert!(worklog["author"]["accountId"].is_string());
        assert!(worklog.get("visibility").is_none(), "internal");
    }
    let (ran, second) = run(&project);
    assert_eq!((read(&ran), second.len()), (0, 0), "{}", ran.summary());

    let made = edit(
        &world,
        &json!({ "worklog": { "issue": "SUPPORT-1", "seconds": 5400 } }),
    );
    let id = made["worklog"].as_str().unwrap();
    // The feed leaves out the last minute, and the cursor does not pass it.
    let (ran, _) = run(&project);
    assert_eq!(read(&ran), 0);
    let pass = || world.ask("POST", "clock", &json!({ "advance_s": 90 }));
    pass();
    let (_, third) = run(&project);
    assert_eq!(texts(&third, "/id"), [id]);
    assert_eq!(
        (&third[0]["timeSpent"], &third[0]["timeSpentSeconds"]),
        (&json!("1h 30m"), &json!(5400))
    );

    edit(
        &world,
        &json!({ "change_worklog": { "worklog": id, "seconds": 60 } }),
    );
    pass();
    let (_, edited) = run(&project);
    assert_eq!(texts(&edited, "/timeSpentSeconds"), ["60"]);

    let other = first[0]["id"].as_str().unwrap();
    edit(&world, &json!({ "delete_worklog": { "worklog": id } }));
    edit(
        &world,
        &json!({ "change_worklog": { "worklog": other, "visibility": "Administrators" } }),
    );
    pass();
    project.edit(
        "pipelines/p.yaml",
        "out.jsonl }",
        "out.jsonl, when: $.deleted }",
    );
    let (_, gone) = run(&project);
    assert_eq!(texts(&gone, "/id"), [other, id]);
    assert_eq!(gone[1]["issue"]["key"], "SUPPORT-1");
    let (ran, none) = run(&project);
    assert_eq!((read(&ran), none.len()), (0, 0), "{}", ran.summary());
}
