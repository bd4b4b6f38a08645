//! Where people and secrets may stand: marked values, looked for everywhere else.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use crate::e2e::world::{Project, Ran, World};

const QUICK: [&str; 4] = ["--no-limits", "--no-index-lag", "--issues", "20"];
const TOKEN: &str = "canary+token/7f3a==";
const KEY: &str = "xkeysib-canary&key?19c2";
const NAME: &str = "Canarina Featherstone";
const MAIL: &str = "canarina.featherstone@example.com";
const TEXT: &str = "the canary sang of its bank account";

/// A secret in every form in which it could leak.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let encoded: String = secret
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let pair = format!("reader@acme.example:{secret}");
    let mut forms = vec![secret.to_owned(), encoded.clone(), encoded.to_lowercase()];
    for text in [secret, pair.as_str()] {
        forms.push(STANDARD.encode(text).trim_end_matches('=').to_owned());
        forms.push(URL_SAFE.encode(text).trim_end_matches('=').to_owned());
    }
    forms
}

#[track_caller]
pub(crate) fn assert_without(what: &str, bytes: &[u8], marks: &[String]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for mark in marks {
        let short: String = text.chars().take(4_000).collect();
        let there = text.contains(&mark.to_lowercase());
        assert!(!there, "{mark} stands in {what}:\n{short}");
    }
}

fn secrets() -> Vec<String> {
    [TOKEN, KEY].into_iter().flat_map(forms).collect()
}

fn people() -> Vec<String> {
    let mut marks = vec![NAME.to_owned(), MAIL.to_owned(), TEXT.to_owned()];
    marks.extend(
        [
            "Canarina",
            "Featherstone",
            "canarina%2E",
            "canarina.featherstone%40",
        ]
        .map(str::to_owned),
    );
    marks
}

/// All files below a folder, but those that the test wrote itself.
pub(crate) fn kept(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found
}

pub(crate) const LOGS: [&str; 5] = [
    "--log-level",
    "trace",
    "--log-api-calls",
    "--log-format",
    "json",
];

fn logged(project: &Project, arguments: &[&str]) -> Ran {
    project.run(&[arguments, &LOGS].concat())
}

/// Logs are JSON a line; what else is on stderr is talk.
pub(crate) fn assert_logs(ran: &Ran) {
    let lines = ran.stderr.lines().filter(|line| line.starts_with('{'));
    for line in lines {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[test]
fn secrets_that_are_refused_stand_nowhere() {
    let world = World::start(&QUICK);
    let right = Project::of(&world);
    let (key_taken, token_taken) = right.credentials();
    for (token, key) in [(TOKEN, key_taken), (token_taken, KEY)] {
        for dotenv in [false, true] {
            let mut project = Project::of(&world).with_key(key).with_token(token);
            if dotenv {
                project.write(
                    ".env",
                    &format!("JIRA_API_TOKEN=\"{token}\"\nBREVO_API_KEY=\"{key}\"\n"),
                );
                project = project.without_variables();
            }
            for arguments in [
                ["run", "support-tickets"].as_slice(),
                &["run", "support-tickets", "--format", "json"],
                &["plan", "support-tickets"],
                &["fields"],
                &["query", "project = SUPPORT"],
                &["query", "project = SUPPORT", "--format", "csv"],
                &["check"],
                &["check", "--format", "json"],
                &["fields", "--save"],
                &["status", "--format", "json"],
                &["validate", "--format", "json"],
                &["state", "show"],
                &["dead-letters", "list"],
            ] {
                let ran = logged(&project, arguments);
                assert_logs(&ran);
                let what = format!("{arguments:?}");
                assert_without(&what, ran.stdout.as_bytes(), &secrets());
                assert_without(&what, ran.stderr.as_bytes(), &secrets());
            }
            for folder in [".flowline", "catalog"] {
                for (name, bytes) in kept(&project.path(folder)) {
                    assert_without(&name, &bytes, &secrets());
                }
            }
        }
    }
}

#[test]
fn a_legacy_files_secrets_and_addresses_are_neither_written_nor_shown() {
    for lines in [
        format!("    email: {MAIL}\n    api_token: \"{TOKEN}\"\n"),
        format!(
            "    # {MAIL} has {TOKEN}\n    auth: {{ client_secret: '{TOKEN}', client_id: '{KEY}' }}\n    auth_type: oauth2\n"
        ),
        format!("    api_token: |\n      {TOKEN}\n    other_secret: {KEY}\n    debug: true\n"),
        format!("    api_token: \"{TOKEN}\"\n    api_token: \"{KEY}\"\n"),
        format!("    api_token: \"{TOKEN}\n  x: [\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("connectors:\n  jira:\n    site_url: acme.atlassian.net\n{lines}");
        fs::write(folder.path().join("old.yaml"), text).unwrap();
        for arguments in [
            ["import", "old.yaml", "--project", "a", "--format", "human"],
            ["import", "old.yaml", "--project", "b", "--format", "json"],
        ] {
            let ended = super::flowline(folder.path(), &[&arguments[..], &LOGS].concat());
            for text in [&ended.out, &ended.err] {
                assert_without("import", text.as_bytes(), &secrets());
                assert_without("import", text.as_bytes(), &people());
            }
        }
        for (name, bytes) in kept(&folder.path().join("a")) {
            assert_without(&name, &bytes, &secrets());
            assert_without(&name, &bytes, &people());
        }
    }
}

#[test]
fn who_is_asked_about_stands_on_no_stderr() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    for reporter in [MAIL, NAME] {
        for format in ["table", "json", "csv"] {
            let query = [
                "query",
                "project = SUPPORT",
                "--reporter",
                reporter,
                "--format",
                format,
            ];
            assert_nobody_in(&project, &query, true);
        }
    }
    for arguments in [
        ["check", "--format", "json"],
        ["check", "--format", "human"],
    ] {
        // A busy machine may need more than the two seconds of a step.
        let code = assert_nobody_in(&project, &arguments, true);
        assert!([0, 3].contains(&code), "{code}");
    }
}

/// A pipeline from a file of people to Brevo.
const PEOPLE: &str = r#"sources:
  - file: { path: people.jsonl, id: $.id }
sinks:
  - brevo.contacts:
      identify: { email: $.mail }
      attributes: { FIRSTNAME: $.name, LAST_TICKET_TEXT: $.text, LAST_TICKET_DATE: { path: $.day, as: date } }
  - brevo.events:
      name: person_seen
      at: $.at
      backfill: 9000 days
      identify: { email: $.mail }
      properties: { name: $.name, text: $.text }
"#;

fn people_of(world: &World, day: &str) -> Project {
    let project = Project::of(world);
    project.write("pipelines/people.yaml", PEOPLE);
    project.write("people.jsonl", &person(day));
    project
}

fn person(day: &str) -> String {
    format!(
        "{{\"id\":\"1\",\"mail\":\"{MAIL}\",\"name\":\"{NAME}\",\"text\":\"{TEXT}\",\"day\":\"{day}\",\"at\":\"2026-01-01T00:00:00Z\"}}\n"
    )
}

#[track_caller]
fn assert_nobody_in(project: &Project, arguments: &[&str], stdout_too: bool) -> i32 {
    let ran = logged(project, arguments);
    assert_logs(&ran);
    let what = format!("{arguments:?}");
    assert_without(&what, ran.stderr.as_bytes(), &people());
    assert_without(&what, ran.stderr.as_bytes(), &secrets());
    if stdout_too {
        assert_without(&what, ran.stdout.as_bytes(), &people());
    }
    ran.code
}

#[test]
fn people_stand_in_no_log_and_after_settling_in_no_byte_of_the_state() {
    let world = World::start(&QUICK);
    let project = people_of(&world, "2026-01-31");
    assert_eq!(assert_nobody_in(&project, &["plan", "people"], false), 0);
    assert_eq!(
        assert_nobody_in(&project, &["run", "people", "-v"], true),
        0
    );
    assert_eq!(assert_nobody_in(&project, &["plan", "people"], false), 0);
    assert_eq!(assert_nobody_in(&project, &["status"], true), 0);
    assert_eq!(assert_nobody_in(&project, &["state", "show"], true), 0);
    let state = kept(&project.path(".flowline"));
    assert!(state.iter().any(|(name, _)| name.ends_with("state.db")));
    for (name, bytes) in state {
        assert_without(&name, &bytes, &people());
        assert_without(&name, &bytes, &secrets());
    }
}

#[test]
fn people_of_dead_letters_stand_on_stdout_and_are_gone_once_discarded() {
    let world = World::start(&QUICK);
    // A day that is none, made of what a person wrote.
    let project = people_of(&world, TEXT);
    assert_eq!(assert_nobody_in(&project, &["plan", "people"], false), 0);
    assert_eq!(
        assert_nobody_in(&project, &["run", "people", "-v"], true),
        1
    );
    assert_eq!(
        assert_nobody_in(&project, &["run", "people", "--format", "json"], true),
        1
    );
    let list = ["dead-letters", "list", "--format", "json"];
    let listed: Value = serde_json::from_str(&project.run(&list).stdout).unwrap();
    let id = listed[0]["id"].to_string();
    let shown = project.run(&["dead-letters", "show", &id]);
    assert!(shown.stdout.contains(MAIL), "{}", shown.stdout);
    assert_eq!(
        assert_nobody_in(&project, &["dead-letters", "show", &id], false),
        0
    );
    let discard = ["dead-letters", "discard", "--all", "--yes"];
    assert_eq!(assert_nobody_in(&project, &discard, true), 0);
    for (name, bytes) in kept(&project.path(".flowline")) {
        assert_without(&name, &bytes, &people());
    }
}

#[test]
fn people_stand_on_no_stderr_when_the_services_fail() {
    let world = World::start(&QUICK);
    for kind in ["unauthorized", "html", "too_early", "server_error"] {
        let project = people_of(&world, "2026-01-31");
        let rule = serde_json::json!({ "rules": [
            { "kind": kind, "service": "brevo", "path": "/contacts", "method": "POST", "first": 1 },
            { "kind": kind, "service": "brevo", "path": "/contacts", "method": "PUT", "first": 1 },
        ] });
        world.ask("PUT", "faults", &rule);
        let code = assert_nobody_in(&project, &["run", "people", "-v"], true);
        assert!([0, 3].contains(&code), "{kind}: {code}");
    }
}

#[test]
fn a_state_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::start(&QUICK);
    let project = people_of(&world, "2026-01-31");
    assert_eq!(project.run(&["run", "people", "-q"]).code, 0);
    let facts = fs::metadata(project.path(".flowline/state.db")).unwrap();
    assert_eq!(facts.permissions().mode() & 0o077, 0);
}
