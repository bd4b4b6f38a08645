//! `flowline check`: connections tested step by step.

use serde_json::{Value as Json, json};

use super::{flowline, project, rewrite};
use crate::e2e::world::{Project, Ran, World};

const JIRA: [&str; 9] = [
    "resolve",
    "tls",
    "authenticate",
    "scopes",
    "projects",
    "search",
    "jql",
    "users",
    "webhooks",
];
const BREVO: [&str; 7] = [
    "resolve",
    "tls",
    "authenticate",
    "plan",
    "attributes",
    "lists",
    "campaigns",
];
const QUICK: [&str; 3] = ["--no-index-lag", "--issues", "60"];

/// All steps are there in their order, with texts; answers `ok` by connection and step.
#[track_caller]
fn steps(ran: &Ran) -> Vec<(String, Json)> {
    let rows: Vec<Json> =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let expected: Vec<String> = [("support", &JIRA[..]), ("marketing", &BREVO[..])]
        .iter()
        .flat_map(|(name, steps)| steps.iter().map(move |step| format!("{name} {step}")))
        .collect();
    let found: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{} {}",
                row["connection"].as_str().unwrap(),
                row["step"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(found, expected);
    for row in &rows {
        assert_eq!(row.as_object().unwrap().len(), 5, "{row}");
        assert!(
            row["detail"].is_string() && row["help"].is_string(),
            "{row}"
        );
        assert_eq!(row["help"] == "", row["ok"] == true, "{row}");
    }
    found.into_iter().zip(rows).collect()
}

#[track_caller]
fn of<'s>(steps: &'s [(String, Json)], name: &str) -> &'s Json {
    let found = steps.iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn all_is_well_in_the_sandbox() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let ran = project.run(&["check", "--format", "json"]);
    let steps = steps(&ran);
    for (name, row) in &steps {
        assert_eq!(row["ok"], true, "{name}: {row}");
    }
    assert_eq!(ran.code, 0);
    let users = of(&steps, "support users")["detail"].as_str().unwrap();
    assert!(users.contains("% of reporters"), "{users}");
    assert!(
        !ran.stdout.contains('@') && !ran.stderr.contains('@'),
        "{}",
        ran.stdout
    );
    let human = project.run(&["check"]);
    assert_eq!((human.code, human.stderr.as_str()), (0, ""));
    assert_eq!(human.stdout.matches('✓').count(), 16, "{}", human.stdout);
    let one = project.run(&["check", "marketing", "--format", "json"]);
    let rows: Vec<Json> = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(rows.len(), 7);
    let inside = flowline(super::project().path(), &["check", "--sandbox"]);
    assert_eq!(inside.code, 0, "{}{}", inside.out, inside.err);
}

#[test]
fn a_refused_credential_blocks_what_comes_after_and_not_the_other_service() {
    let world = World::start(&QUICK);
    let project = Project::of(&world).with_token("wrong");
    let ran = project.run(&["check", "--format", "json"]);
    assert_eq!(ran.code, 3);
    let steps = steps(&ran);
    assert_eq!(of(&steps, "support tls")["ok"], true);
    assert_eq!(of(&steps, "support authenticate")["ok"], false);
    for step in &JIRA[3..] {
        let row = of(&steps, &format!("support {step}"));
        assert_eq!(row["ok"], Json::Null, "{row}");
        assert!(
            row["detail"].as_str().unwrap().contains("authenticate"),
            "{row}"
        );
    }
    assert_eq!(of(&steps, "marketing campaigns")["ok"], true);
    let human = project.run(&["check"]);
    assert_eq!(human.code, 3);
    assert!(
        human.stdout.contains("✗ authenticate") && human.stdout.contains("– scopes"),
        "{}",
        human.stdout
    );
    assert!(
        human.stdout.contains("help: check JIRA_EMAIL"),
        "{}",
        human.stdout
    );
}

#[test]
fn a_service_that_is_not_there_is_told_within_seconds() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    // A port that nobody listens on, and a name that nobody has.
    project.edit(
        "flowline.yaml",
        world.address("brevo"),
        "http://127.0.0.1:9",
    );
    let started = std::time::Instant::now();
    let ran = project.run(&["check", "--format", "json"]);
    assert!(started.elapsed().as_secs() < 60);
    assert_eq!(ran.code, 3);
    let steps = steps(&ran);
    assert_eq!(of(&steps, "marketing resolve")["ok"], true);
    assert_eq!(of(&steps, "marketing tls")["ok"], false);
    let next = of(&steps, "marketing authenticate");
    assert_eq!(
        (
            &next["ok"],
            next["detail"].as_str().unwrap().contains("tls")
        ),
        (&Json::Null, true)
    );
    project.edit(
        "flowline.yaml",
        "http://127.0.0.1:9",
        "https://nobody.invalid",
    );
    let ran = project.run(&["check", "marketing", "--format", "json"]);
    let rows: Vec<Json> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(rows[0]["ok"], false, "{}", rows[0]);
}

#[test]
fn a_service_that_does_not_answer_is_waited_for_two_seconds_a_step() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    project.edit("flowline.yaml", world.address("brevo"), &silent);
    let started = std::time::Instant::now();
    let ran = project.run(&["check", "marketing", "--format", "json"]);
    // A call by itself would be tried for minutes.
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    let rows: Vec<Json> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &rows[1]["ok"]), (3, &json!(false)));
    assert!(
        rows[1]["detail"].as_str().unwrap().contains("2 s"),
        "{}",
        rows[1]
    );
}

#[test]
fn what_pipelines_ask_for_and_the_services_lack_is_shown_where_it_stands() {
    let folder = project();
    rewrite(
        folder.path(),
        super::PIPELINE,
        "project in (SUPPORT, PRODUCT)",
        "project in (SUPPORT, PRODUCT) AND nosuchfield = x",
    );
    rewrite(
        folder.path(),
        super::PIPELINE,
        "LAST_TICKET_KEY:",
        "LAST_TICKET_KEYS:",
    );
    let json = flowline(folder.path(), &["check", "--sandbox", "--format", "json"]);
    assert_eq!(json.code, 3);
    let steps = steps(&Ran {
        code: json.code,
        stdout: json.out,
        stderr: json.err,
    });
    for (step, told) in [
        ("support jql", "pipelines/support-tickets.yaml:7:"),
        ("marketing attributes", "LAST_TICKET_KEYS"),
    ] {
        let row = of(&steps, step);
        assert_eq!(row["ok"], false, "{row}");
        assert!(row["detail"].as_str().unwrap().contains(told), "{row}");
    }
    assert_eq!(of(&steps, "support search")["ok"], true);
    let human = flowline(folder.path(), &["check", "--sandbox"]);
    assert!(human.err.contains("nosuchfield = x"), "{}", human.err);
    assert!(human.err.contains("refused"), "{}", human.err);
}

#[test]
fn unset_credentials_are_told_and_connections_that_are_not_there() {
    let folder = project();
    let ran = flowline(folder.path(), &["check", "marketing", "--format", "json"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let ran = flowline(folder.path(), &["check", "suport", "--sandbox"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `support`?"), "{}", ran.err);
}
