//! What cannot be done is said in one place, with the exit code that the contract gives it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{PIPELINE, flowline, project, rewrite};
use crate::e2e::world::{Project, World};

const QUICK: [&str; 4] = ["--no-limits", "--no-index-lag", "--issues", "20"];
const COMMANDS: [[&str; 2]; 2] = [["run", "support-tickets"], ["plan", "support-tickets"]];

/// A service that answers everything alike.
fn service(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let read = stream.read(&mut request).unwrap_or(0);
            let path = String::from_utf8_lossy(&request[..read]).into_owned();
            let answer = match answer {
                "account" if path.contains("/account") => {
                    "HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{\"organization_id\":\"another\"}  "
                }
                other => other,
            };
            stream.write_all(answer.as_bytes()).unwrap_or_default();
        }
    });
    address
}

fn refusal(status: &str) -> &'static str {
    let body = "{\"message\":\"not for jane.doe@example.com\"}";
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .leak()
}

#[test]
fn every_refusal_is_exit_3_with_a_help_and_no_address_of_a_person() {
    let world = World::start(&QUICK);
    for status in [
        "400 Bad",
        "401 No",
        "402 Pay",
        "403 No",
        "404 None",
        "410 Gone",
        "302 Found",
        "451 Law",
    ] {
        let address = service(refusal(status));
        for (what, replaced) in [
            ("jira", address.clone()),
            ("brevo", format!("{address}/v3")),
        ] {
            let project = Project::of(&world);
            project.edit("flowline.yaml", world.address(what), &replaced);
            let ran = project.run(&["run", "support-tickets"]);
            assert_eq!(ran.code, 3, "{what} {status}: {}", ran.stderr);
            assert!(
                ran.stderr.contains("help: "),
                "{what} {status}: {}",
                ran.stderr
            );
            assert!(ran.stderr.contains(&status[..3]), "{what}: {}", ran.stderr);
            assert!(!ran.stderr.contains("jane.doe"), "{}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
    }
}

#[test]
fn a_name_that_does_not_resolve_and_plain_text_instead_of_tls_are_exit_3() {
    let world = World::start(&QUICK);
    let port = world.address("jira").rsplit(':').next().unwrap();
    for (address, said) in [
        (
            "https://no-such-host.invalid".to_owned(),
            "does not resolve",
        ),
        (
            format!("https://127.0.0.1:{port}"),
            "no trusted TLS connection",
        ),
    ] {
        let project = Project::of(&world);
        project.edit("flowline.yaml", world.address("jira"), &address);
        let ran = project.run(&["run", "support-tickets"]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

#[test]
fn all_that_is_not_set_is_named_at_once() {
    let folder = project();
    for arguments in COMMANDS {
        let ended = flowline(folder.path(), &arguments);
        assert_eq!(ended.code, 2);
        assert!(
            ended.err.contains(
                "error: `BREVO_API_KEY`, `JIRA_SITE`, `JIRA_EMAIL` and `JIRA_API_TOKEN` are not set"
            ),
            "{}",
            ended.err
        );
    }
    // A pipeline's own names are needed as soon as it is carried out.
    rewrite(
        folder.path(),
        PIPELINE,
        "project in",
        "project = ${TEAM} AND project in",
    );
    assert_eq!(flowline(folder.path(), &["validate"]).code, 0);
    for [command, pipeline] in COMMANDS {
        let ended = flowline(folder.path(), &[command, pipeline, "--sandbox"]);
        assert_eq!(ended.code, 2);
        assert!(ended.err.contains("`TEAM` is not set"), "{}", ended.err);
    }
}

#[test]
fn the_state_of_another_account_is_refused_by_run_and_plan() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    assert_eq!(project.run(&["run", "support-tickets", "-q"]).code, 0);
    let other = format!("{}/v3", service("account"));
    project.edit("flowline.yaml", world.address("brevo"), &other);
    for arguments in COMMANDS {
        let ran = project.run(&arguments);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("`marketing` is account another"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("help: give the other account a state"));
    }
}

#[test]
fn a_state_that_is_newer_damaged_or_none_is_refused_with_what_to_do() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    assert_eq!(project.run(&["run", "support-tickets", "-q"]).code, 0);
    let file = project.path(".flowline/state.db");
    let good = fs::read(&file).unwrap();
    let mut newer = good.clone();
    // The version of SQLite's header for the application, at its documented place.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = good.clone();
    for byte in damaged.iter_mut().skip(4096).step_by(97) {
        *byte ^= 0xff;
    }
    for (bytes, said) in [
        (newer, "format 99"),
        (damaged, "is damaged"),
        (b"no database".to_vec(), "is not a state of flowline"),
    ] {
        fs::write(&file, &bytes).unwrap();
        for arguments in [
            &COMMANDS[0][..],
            &COMMANDS[1],
            &["status"],
            &["state", "show"],
            &["dead-letters", "list"],
        ] {
            let ran = project.run(arguments);
            assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
            assert!(
                ran.stderr.contains("help: "),
                "{arguments:?}: {}",
                ran.stderr
            );
        }
        assert_eq!(fs::read(&file).unwrap(), bytes, "it stays as it is");
    }
    // What a crash left empty is made anew.
    fs::write(&file, "").unwrap();
    assert_eq!(project.run(&["status"]).code, 0);
    assert_eq!(project.run(&["run", "support-tickets", "-q"]).code, 0);
}

#[test]
fn each_environment_has_a_state_of_its_own_also_beside_a_named_path() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let path = |env: &[&str]| {
        let arguments = [&["state", "show", "--format", "json"], env].concat();
        let ran = project.run(&arguments);
        let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
        shown["path"].as_str().unwrap().to_owned()
    };
    let text = fs::read_to_string(project.path("flowline.yaml")).unwrap();
    let with = |more: &str| project.write("flowline.yaml", &format!("{text}{more}"));
    with("environments: { production: {} }\n");
    assert_eq!(path(&[]), ".flowline/state.db");
    assert_eq!(
        path(&["--env", "production"]),
        ".flowline/state-production.db"
    );
    with("environments: { production: {} }\nstate: { sqlite: { path: kept/s.db } }\n");
    assert_eq!(path(&[]), "kept/s.db");
    assert_eq!(path(&["--env", "production"]), "kept/s-production.db");
    with("environments: { production: { state: { sqlite: { path: p.db } } } }\n");
    assert_eq!(path(&["--env", "production"]), "p.db");
}

#[test]
fn two_runs_at_once_wait_for_each_other_and_say_for_whom() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let slow = json!({ "rules": [{ "kind": "slow", "service": "jira", "path": "search", "delay_ms": 3000, "first": 1 }] });
    world.ask("PUT", "faults", &slow);
    let first = project
        .command(&["run", "support-tickets", "-q"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let held = || {
        project
            .run(&["state", "show"])
            .stdout
            .contains("is being run by")
    };
    assert!((0..100).any(|_| held()), "the first run never began");
    let second = project.run(&["run", "support-tickets"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    let said = format!("waits for flowline run, process {}", first.id());
    assert!(second.stderr.contains(&said), "{}", second.stderr);
    assert!(first.wait_with_output().unwrap().status.success());
}

#[test]
fn two_runs_in_one_sandbox_wait_for_each_other() {
    let folder = project();
    let run = ["run", "support-tickets", "--sandbox"];
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| flowline(folder.path(), &run)))
            .collect();
        for run in runs {
            let ended = run.join().unwrap();
            assert_eq!(ended.code, 0, "{}", ended.err);
        }
    });
}
