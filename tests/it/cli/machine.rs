//! Shapes that scripts rely on: every key there, of the right type, null where unknown.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{PIPELINE, flowline, project, rewrite};

/// Panics where an object's names are others.
#[track_caller]
fn names(value: &Value, expected: &[&str]) {
    let found: Vec<&str> = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"))
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(found, expected);
}

fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

#[test]
fn a_run_tells_json_lines_and_its_summary_last() {
    let folder = project();
    let run = ["run", "support-tickets", "--sandbox", "--format", "json"];
    let ran = flowline(folder.path(), &run);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, events) = lines.split_last().unwrap();
    assert!(events.iter().all(|event| event["event"].is_string()));
    names(last, &["summary"]);
    let summary = &last["summary"];
    names(
        summary,
        &[
            "pipeline",
            "read",
            "kept",
            "dropped",
            "unmatched",
            "matched",
            "operations",
            "dead_letters",
            "unsettled",
            "cursor",
            "duration_ms",
        ],
    );
    names(
        &summary["matched"],
        &["email", "ext_id", "contact_id", "phone"],
    );
    for sink in ["brevo.contacts", "brevo.events"] {
        let counts = &summary["operations"][sink];
        names(counts, &["created", "updated", "unchanged", "sent"]);
    }
    assert!(is_time(&summary["cursor"]), "{summary}");
}

#[test]
fn a_status_has_every_key_before_and_after_the_first_run() {
    let folder = project();
    for ran in [false, true] {
        if ran {
            let run = ["run", "support-tickets", "--sandbox", "-q"];
            assert_eq!(flowline(folder.path(), &run).code, 0);
        }
        let status = flowline(folder.path(), &["status", "--sandbox", "--format", "json"]).json();
        names(
            &status,
            &[
                "connections",
                "pipelines",
                "last_sync",
                "issues_tracked",
                "projects_monitored",
                "users_linked",
            ],
        );
        for count in ["issues_tracked", "projects_monitored", "users_linked"] {
            assert_eq!(status[count].as_u64().unwrap() > 0, ran, "{count}");
        }
        assert_eq!(is_time(&status["last_sync"]), ran);
        for connection in ["support", "marketing"] {
            let connection = &status["connections"][connection];
            names(
                connection,
                &["kind", "connected", "account", "token_expires", "limits"],
            );
            assert_eq!(connection["account"].is_string(), ran);
            assert!(connection["limits"].is_array());
        }
        let pipeline = &status["pipelines"]["support-tickets"];
        names(
            pipeline,
            &[
                "enabled",
                "schedule",
                "last_run",
                "last_result",
                "next_run",
                "cursor",
                "lag_s",
                "dead_letters",
                "unsettled",
            ],
        );
        assert_eq!(pipeline["schedule"], "every 5 minutes");
        assert!(is_time(&pipeline["next_run"]));
        for unknown in ["last_run", "last_result", "cursor", "lag_s"] {
            assert_eq!(pipeline[unknown].is_null(), !ran, "{unknown}");
        }
    }
}

#[test]
fn a_plan_has_every_key_of_every_operation() {
    let folder = project();
    let planned = ["plan", "support-tickets", "--sandbox", "--format", "json"];
    let planned = flowline(folder.path(), &planned);
    assert_eq!(planned.err, "");
    let planned = planned.json();
    names(
        &planned,
        &[
            "pipeline",
            "operations",
            "dropped",
            "calls",
            "estimate_s",
            "notes",
            "marked_known",
        ],
    );
    let actions = [
        "create",
        "update",
        "send",
        "unchanged",
        "unmatched",
        "refused",
    ];
    for one in planned["operations"].as_array().unwrap() {
        for name in ["sink", "key", "action"] {
            assert!(one[name].is_string(), "{one}");
        }
        assert!(actions.contains(&one["action"].as_str().unwrap()), "{one}");
        names(&one["at"], &["file", "line"]);
        for (_, change) in one["changes"].as_object().unwrap() {
            names(change, &["old", "new"]);
        }
    }
    for one in planned["dropped"].as_array().unwrap() {
        names(&one["at"], &["file", "line"]);
        assert!(one["key"].is_string() && one["why"].is_string());
    }
}

#[test]
fn a_dead_letter_that_is_mended_and_tried_again_is_delivered() {
    let folder = project();
    let broken = "{ path: $.fields.summary, as: date }";
    rewrite(
        folder.path(),
        PIPELINE,
        "{ path: $.fields.created, as: date }",
        broken,
    );
    let run = |more: &[&str]| {
        let arguments = [
            &["run", "support-tickets", "--sandbox", "--format", "json"],
            more,
        ];
        flowline(folder.path(), &arguments.concat())
    };
    assert_eq!(run(&["--limit", "5"]).code, 1);
    let list = ["dead-letters", "list", "--sandbox", "--format", "json"];
    let letters = flowline(folder.path(), &list).json();
    let first = &letters[0];
    names(&first["at"], &["file", "line", "column"]);
    assert!(is_time(&first["time"]) && first["attempts"].is_u64() && first["id"].is_i64());
    // Not mended: tried again, it is one again.
    let retry = ["dead-letters", "retry", "--all", "--sandbox"];
    assert_eq!(flowline(folder.path(), &retry).code, 0);
    let count = letters.as_array().unwrap().len();
    assert_eq!(run(&["--limit", "0"]).code, 1);
    let again = flowline(folder.path(), &list).json();
    assert_eq!(again.as_array().unwrap().len(), count);

    rewrite(
        folder.path(),
        PIPELINE,
        broken,
        "{ path: $.fields.created, as: date }",
    );
    assert_eq!(flowline(folder.path(), &retry).code, 0);
    let ran = run(&["--limit", "0"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let summary: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    let created = summary["summary"]["operations"]["brevo.contacts"]["created"].as_u64();
    assert!(created.unwrap() > 0, "{summary}");
    assert_eq!(flowline(folder.path(), &list).out, "[]\n");
}

#[test]
fn what_fields_saves_is_what_validate_checks_against() {
    let folder = project();
    let saved = flowline(
        folder.path(),
        &["fields", "--sandbox", "--save", "--format", "json"],
    );
    assert_eq!(saved.code, 0, "{}", saved.err);
    let saved = saved.json();
    for connection in ["support", "marketing"] {
        let file = folder.path().join(format!("catalog/{connection}.json"));
        let text = fs::read_to_string(file).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            saved[connection]
        );
    }
    assert_eq!(saved["marketing"]["kind"], "brevo");
    assert_eq!(saved["support"]["kind"], "jira");
    let validated = flowline(folder.path(), &["validate", "--format", "json"]);
    assert_eq!(validated.code, 0, "{}", validated.out);
    let validated = validated.json();
    let of_catalog = |one: &Value| one["code"].as_str().unwrap().starts_with("catalog.");
    assert!(
        !validated["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .any(of_catalog)
    );
    rewrite(
        folder.path(),
        PIPELINE,
        "LAST_TICKET_KEY:",
        "LAST_TICKET_KEI:",
    );
    assert_eq!(flowline(folder.path(), &["validate"]).code, 2);
}

#[test]
fn completion_scripts_are_taken_by_their_shells() {
    let folder = project();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = flowline(folder.path(), &["completions", shell]);
        assert_eq!((script.code, script.err.as_str()), (0, ""));
        assert!(script.out.contains("dead-letters"));
        let file = folder.path().join(format!("completion.{shell}"));
        fs::write(&file, &script.out).unwrap();
        let Ok(ended) = Command::new(shell).arg(check).arg(&file).output() else {
            println!("skipped: there is no {shell}");
            continue;
        };
        assert!(ended.status.success(), "{shell}: {ended:?}");
    }
    let completing = "source completion.bash; COMP_WORDS=(flowline dead-letters re); COMP_CWORD=2; \
                      _flowline flowline re dead-letters; echo \"${COMPREPLY[@]}\"";
    let completed = Command::new("bash")
        .args(["-c", completing])
        .current_dir(folder.path())
        .output();
    if let Ok(completed) = completed {
        assert_eq!(String::from_utf8_lossy(&completed.stdout), "retry\n");
    }
}

#[test]
fn a_mistake_of_a_file_is_json_for_every_command_that_meets_it() {
    let folder = project();
    rewrite(folder.path(), PIPELINE, "order_by:", "oder_by:");
    for command in ["validate", "plan", "run"] {
        let mut arguments = vec![command, "--format", "json", "--sandbox"];
        if command != "validate" {
            arguments.push("support-tickets");
        }
        let ended = flowline(folder.path(), &arguments);
        assert_eq!(ended.code, 2, "{command}");
        let found = ended.json()["diagnostics"].clone();
        let errors = found.as_array().unwrap().iter();
        let errors: Vec<&Value> = errors.filter(|one| one["severity"] == "error").collect();
        assert_eq!(errors.len(), 1, "{command}: {found}");
        assert_eq!(errors[0]["file"], json!(PIPELINE));
    }
}
