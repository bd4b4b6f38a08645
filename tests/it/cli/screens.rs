//! What people see: results on stdout, talk on stderr, colours and progress on terminals only.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use super::{PIPELINE, flowline, project, rewrite};

const COMMANDS: [&str; 15] = [
    "check",
    "init",
    "validate",
    "plan",
    "run",
    "test",
    "status",
    "state",
    "dead-letters",
    "fields",
    "query",
    "import",
    "schema",
    "sandbox",
    "completions",
];

#[test]
fn every_command_explains_itself_with_examples_that_it_takes() {
    let folder = project();
    for command in COMMANDS {
        let help = flowline(folder.path(), &[command, "--help"]);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{command}");
        let (_, examples) = help
            .out
            .split_once("Examples:\n")
            .unwrap_or_else(|| panic!("{command} has no examples"));
        assert!(
            examples
                .lines()
                .all(|line| line.starts_with("  ") && line.contains("flowline")),
            "{examples}"
        );
        assert!(
            examples.contains(&format!("flowline {command}")),
            "{examples}"
        );
        let short = flowline(folder.path(), &[command, "-h"]);
        assert!(short.out.lines().count() < help.out.lines().count());
    }
}

#[test]
fn a_misspelt_flag_or_command_is_answered_with_the_nearest() {
    let folder = project();
    for (arguments, near) in [
        (["run", "--snadbox"], "--sandbox"),
        (["valdiate", "-q"], "validate"),
        (["dead-leters", "list"], "dead-letters"),
    ] {
        let ended = flowline(folder.path(), &arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""));
        assert!(ended.err.contains(near), "{}", ended.err);
    }
    let fields = flowline(folder.path(), &["fields", "suport", "--sandbox"]);
    assert_eq!(fields.code, 2);
    assert!(
        fields.err.contains("did you mean `support`?"),
        "{}",
        fields.err
    );
}

#[test]
fn the_project_is_the_nearest_upwards_or_the_one_named() {
    let folder = project();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(flowline(&deep, &["status"]).code, 0);
    let elsewhere = tempfile::tempdir().unwrap();
    let none = flowline(elsewhere.path(), &["status"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no flowline.yaml"), "{}", none.err);
    let path = folder.path().display().to_string();
    let named = flowline(elsewhere.path(), &["status", "--project", &path]);
    assert_eq!(named.code, 0, "{}", named.err);
}

#[test]
fn quiet_says_only_what_went_wrong() {
    let folder = project();
    for arguments in [
        ["validate", "-q"].as_slice(),
        &["test", "-q"],
        &["run", "support-tickets", "--sandbox", "-q"],
    ] {
        let ended = flowline(folder.path(), arguments);
        let said = (ended.code, ended.out.as_str(), ended.err.as_str());
        assert_eq!(said, (0, "", ""), "{arguments:?}");
    }
    rewrite(folder.path(), PIPELINE, "order_by:", "oder_by:");
    let wrong = flowline(folder.path(), &["validate", "-q"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.out.contains("oder_by"), "{}", wrong.out);
    assert!(!wrong.out.contains("is not set"), "{}", wrong.out);
}

#[test]
fn nothing_but_a_terminal_gets_colours_or_progress() {
    let folder = project();
    for arguments in [
        ["run", "support-tickets", "--sandbox"].as_slice(),
        &["plan", "support-tickets", "--sandbox", "--full"],
        &["validate"],
        &["status", "--sandbox"],
        &["fields", "--sandbox"],
    ] {
        let ended = flowline(folder.path(), arguments);
        let all = format!("{}{}", ended.out, ended.err);
        assert!(!all.contains(['\u{1b}', '\r']), "{arguments:?}: {all}");
        for line in ended.out.lines() {
            assert_eq!(line, line.trim_end(), "{arguments:?}");
        }
    }
}

#[test]
fn a_pipeline_that_is_off_does_nothing_and_says_so() {
    let folder = project();
    rewrite(
        folder.path(),
        PIPELINE,
        "schedule: every",
        "enabled: false\nschedule: every",
    );
    let run = ["run", "support-tickets", "--sandbox"];
    let human = flowline(folder.path(), &run);
    assert_eq!((human.code, human.out.as_str()), (0, ""));
    assert!(human.err.contains("is off"), "{}", human.err);
    let json = flowline(folder.path(), &[&run[..], &["--format", "json"]].concat()).json();
    assert_eq!(json["summary"]["operations"]["brevo.events"]["sent"], 0);
}

#[test]
fn a_reader_that_goes_away_is_no_trouble_and_a_full_disk_is_said() {
    let folder = project();
    for arguments in [
        ["schema", "pipeline"].as_slice(),
        &["completions", "bash"],
        &["plan", "support-tickets", "--sandbox"],
        &["run", "support-tickets", "--sandbox", "--format", "json"],
    ] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_flowline"))
            .env_clear()
            .current_dir(folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::with_capacity(1, process.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let mut said = String::new();
        let mut talk = process.stderr.take().unwrap();
        talk.read_to_string(&mut said).unwrap();
        assert_eq!(
            process.wait().unwrap().code(),
            Some(0),
            "{arguments:?}: {said}"
        );
        assert!(!said.contains("panicked"), "{said}");
    }
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: this system has no /dev/full");
        return;
    };
    let ended = Command::new(env!("CARGO_BIN_EXE_flowline"))
        .env_clear()
        .args(["schema", "pipeline"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("the results could not be written"), "{said}");
}
