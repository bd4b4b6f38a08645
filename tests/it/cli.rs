//! The built command, as a user runs it: a cleared environment, a project in a folder of its own.

pub(crate) mod canary;
mod check;
mod import;
mod machine;
mod planning;
mod query;
mod refusals;
mod screens;
mod secrets;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value as Json;
use tempfile::TempDir;

/// A project as `init` makes it.
fn project() -> TempDir {
    let folder = TempDir::new().unwrap();
    let done = flowline(folder.path(), &["init", "--quiet"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    folder
}

pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    fn json(&self) -> Json {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }
}

pub(crate) fn flowline(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowline"));
    command.env_clear().current_dir(folder).args(arguments);
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn rewrite(folder: &Path, name: &str, from: &str, to: &str) {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

const PIPELINE: &str = "pipelines/support-tickets.yaml";
const SNAPSHOT: &str = "tests/pipelines/support-tickets/first-ticket.snap";
const CASE: &str = "tests/pipelines/support-tickets/first-ticket.json";

#[test]
fn a_new_project_validates_and_its_test_passes() {
    let folder = project();
    let validated = flowline(folder.path(), &["validate"]);
    assert_eq!(validated.code, 0, "{}", validated.out);
    let tested = flowline(folder.path(), &["test"]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
    assert_eq!(tested.out, "support-tickets/first-ticket … ok\n1 passed\n");
    assert_eq!(tested.err, "");
    let again = flowline(folder.path(), &["init", "--format", "json"]);
    assert_eq!(again.json()["written"], Json::Array(Vec::new()));
}

#[test]
fn validate_shows_a_misspelt_key_under_its_characters_and_exits_with_2() {
    let folder = project();
    rewrite(folder.path(), PIPELINE, "order_by:", "oder_by:");
    let human = flowline(folder.path(), &["validate", PIPELINE]);
    assert_eq!(human.code, 2);
    assert!(human.out.contains("oder_by"), "{}", human.out);
    assert!(human.out.contains("order_by"), "{}", human.out);
    let json = flowline(folder.path(), &["validate", PIPELINE, "--format", "json"]);
    assert_eq!(json.code, 2);
    let json = json.json();
    let found = json["diagnostics"].as_array().unwrap();
    let errors: Vec<&Json> = found
        .iter()
        .filter(|one| one["severity"] == "error")
        .collect();
    assert_eq!(errors.len(), 1, "{json}");
    assert_eq!(errors[0]["file"], PIPELINE);
    assert_eq!(errors[0]["labels"][0]["start"]["column"], 7);
    assert_eq!(errors[0]["labels"][0]["end"]["column"], 14);
}

#[test]
fn validate_of_what_is_not_there_is_a_mistake() {
    let folder = project();
    for path in ["pipelines/none.yaml", "/", ".env.example"] {
        let ended = flowline(folder.path(), &["validate", path]);
        assert_eq!(ended.code, 2, "{path}");
        assert!(ended.err.contains(path), "{}", ended.err);
    }
    // From a folder of the project, paths are those of that folder.
    let inside = folder.path().join("pipelines");
    let ended = flowline(&inside, &["validate", "support-tickets.yaml"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("in 1 file"), "{}", ended.out);
}

#[test]
fn test_shows_what_differs_and_takes_it_when_told() {
    let folder = project();
    rewrite(
        folder.path(),
        PIPELINE,
        "LAST_TICKET_KEY: $.key",
        "LAST_TICKET_KEY: $.id",
    );
    let before = fs::read_to_string(folder.path().join(SNAPSHOT)).unwrap();
    let differs = flowline(folder.path(), &["test"]);
    assert_eq!(differs.code, 1);
    for line in [
        "-    LAST_TICKET_KEY: SUPPORT-108",
        "+    LAST_TICKET_KEY: '73987'",
        "1 differ",
    ] {
        assert!(differs.out.contains(line), "{line} in\n{}", differs.out);
    }
    let after = fs::read_to_string(folder.path().join(SNAPSHOT)).unwrap();
    assert_eq!(before, after, "only --accept writes");
    let json = flowline(
        folder.path(),
        &["test", "support-tickets", "--format", "json"],
    );
    assert_eq!(json.code, 1);
    let json = json.json();
    assert_eq!(json["differs"], 1);
    assert_eq!(json["cases"][0]["case"], "first-ticket");
    assert_eq!(json["cases"][0]["result"], "differs");
    assert_eq!(flowline(folder.path(), &["test", "--accept"]).code, 0);
    assert_eq!(flowline(folder.path(), &["test"]).code, 0);
}

#[test]
fn a_case_without_snapshot_is_no_success_and_one_that_is_none_is_a_mistake() {
    let folder = project();
    fs::remove_file(folder.path().join(SNAPSHOT)).unwrap();
    let missing = flowline(folder.path(), &["test"]);
    assert_eq!(missing.code, 1);
    assert!(missing.out.contains("no snapshot"), "{}", missing.out);
    assert!(!folder.path().join(SNAPSHOT).exists());
    for (text, said) in [
        ("{", "is no JSON"),
        ("{\"records\":[]}", "has no `clock`"),
        (
            "{\"clock\":\"2026-01-01T00:00:00Z\",\"records\":[{\"key\":\"SUP-1\"}]}",
            "record 1 (SUP-1): the issue has no id",
        ),
    ] {
        fs::write(folder.path().join(CASE), text).unwrap();
        let broken = flowline(folder.path(), &["test"]);
        assert_eq!(broken.code, 2, "{text}");
        assert!(broken.out.contains(said), "{}", broken.out);
    }
}

#[test]
fn an_issue_as_jira_gives_it_tests_as_the_recorded_one_does() {
    let folder = project();
    let issue = r#"{"clock":"2026-01-01T00:00:00Z","records":[{
        "id":"7","key":"SUPPORT-7","self":"https://acme.atlassian.net/rest/api/3/issue/7",
        "fields":{"summary":"Help","created":"2026-01-01T00:00:00.000+0000","updated":"2026-01-02T00:00:00.000+0000",
          "project":{"id":"1","key":"SUPPORT","name":"Support"},"status":{"id":"1","name":"Done"},
          "reporter":{"accountId":"a","displayName":"Jane Doe","emailAddress":"jane@example.com"}},
        "changelog":{"histories":[{"id":"9","created":"2026-01-02T00:00:00.000+0000",
          "items":[{"field":"status","fieldId":"status","fromString":"Open","toString":"Done"}]}]}}]}"#;
    fs::write(folder.path().join(CASE), issue).unwrap();
    assert_eq!(flowline(folder.path(), &["test", "--accept"]).code, 0);
    let snapshot = fs::read_to_string(folder.path().join(SNAPSHOT)).unwrap();
    for line in [
        "- brevo.events: 7-9-status",
        "    from: Open",
        "    link: https://acme.atlassian.net/browse/SUPPORT-7",
    ] {
        assert!(snapshot.contains(line), "{line} in\n{snapshot}");
    }
}

#[test]
fn plan_and_test_show_each_line_that_run_writes_to_a_file() {
    let folder = project();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "pipelines/tags.yaml",
        "sources:\n  - file: { path: in.jsonl, id: $.id }\ntransforms:\n  - each: { tag: '$.tags[*]' }\n\
         sinks:\n  - file: { path: out.jsonl }\n",
    );
    let record = r#"{"id":"1","tags":["a","b"]}"#;
    write("in.jsonl", record);
    let case = format!(r#"{{"clock":"2026-01-01T00:00:00Z","records":[{record}]}}"#);
    write("tests/pipelines/tags/one.json", &case);
    write("tests/pipelines/gone/one.json", &case);
    assert_eq!(
        flowline(folder.path(), &["test", "tags", "--accept"]).code,
        0
    );
    let snapshot = fs::read_to_string(folder.path().join("tests/pipelines/tags/one.snap")).unwrap();
    assert_eq!(snapshot.matches("- file:").count(), 2, "{snapshot}");
    let plan = flowline(folder.path(), &["plan", "tags", "--format", "json"]).json();
    assert_eq!(plan["operations"].as_array().unwrap().len(), 2);
    assert!(!folder.path().join("out.jsonl").exists());
    assert_eq!(flowline(folder.path(), &["run", "tags"]).code, 0);
    let written = fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert_eq!(written.lines().count(), 2);
    // Cases that no pipeline belongs to are not passed over in silence.
    let all = flowline(folder.path(), &["test"]);
    assert!(all.err.contains("tests/pipelines/gone/"), "{}", all.err);
}

#[test]
fn a_misspelt_pipeline_is_named_with_the_nearest() {
    let folder = project();
    for arguments in [
        ["test", "suport-tickets", "-q"].as_slice(),
        &["state", "show", "suport-tickets"],
        &["state", "reset", "suport-tickets"],
    ] {
        let ended = flowline(folder.path(), arguments);
        assert_eq!(ended.code, 2, "{arguments:?}");
        assert!(
            ended.err.contains("did you mean `support-tickets`?"),
            "{}",
            ended.err
        );
    }
}

#[test]
fn reading_commands_say_that_there_is_nothing_and_make_no_file() {
    let folder = project();
    let letters = flowline(folder.path(), &["dead-letters", "list", "--format", "json"]);
    assert_eq!((letters.code, letters.out.as_str()), (0, "[]\n"));
    let human = flowline(folder.path(), &["dead-letters", "list"]);
    assert_eq!(human.code, 0);
    assert!(
        human.err.contains("there are no dead letters"),
        "{}",
        human.err
    );
    let show = flowline(folder.path(), &["dead-letters", "show", "1"]);
    assert_eq!(show.code, 2);
    assert!(
        show.err.contains("there is no dead letter 1"),
        "{}",
        show.err
    );
    let state = flowline(folder.path(), &["state", "show"]);
    assert_eq!(state.code, 0);
    assert!(state.out.contains("no state yet"), "{}", state.out);
    let reset = flowline(
        folder.path(),
        &["state", "reset", "support-tickets", "--yes"],
    );
    assert_eq!(reset.code, 2);
    assert!(reset.err.contains("it never ran"), "{}", reset.err);
    let status = flowline(folder.path(), &["status", "--format", "json"]);
    assert_eq!(status.code, 0);
    let status = status.json();
    assert_eq!(status["connections"]["support"]["kind"], "jira");
    assert_eq!(status["connections"]["support"]["connected"], false);
    assert_eq!(
        status["pipelines"]["support-tickets"]["last_run"],
        Json::Null
    );
    assert_eq!(status["last_sync"], Json::Null);
    assert!(!folder.path().join(".flowline").exists());
}

#[test]
fn credentials_in_dotenv_are_seen_and_never_shown() {
    let folder = project();
    let secrets = "JIRA_SITE=acme.atlassian.net\nJIRA_EMAIL=a@example.com\nJIRA_API_TOKEN=hush-1\nBREVO_API_KEY=hush-2\n";
    fs::write(folder.path().join(".env"), secrets).unwrap();
    for arguments in [["status", "-vv"], ["validate", "-vv"], ["test", "-vv"]] {
        let ended = flowline(folder.path(), &arguments);
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(!format!("{}{}", ended.out, ended.err).contains("hush"));
    }
    let status = flowline(folder.path(), &["status", "--format", "json"]).json();
    assert_eq!(status["connections"]["support"]["connected"], true);
    assert_eq!(status["connections"]["marketing"]["connected"], true);
}

#[test]
fn the_state_of_a_run_is_shown_moved_and_forgotten() {
    let folder = project();
    let run = |more: &[&str]| {
        let arguments = [
            &["run", "support-tickets", "--sandbox", "--format", "json"],
            more,
        ]
        .concat();
        let ended = flowline(folder.path(), &arguments);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let last = ended.out.lines().last().unwrap().to_owned();
        serde_json::from_str::<Json>(&last).unwrap()["summary"].clone()
    };
    let first = run(&[]);
    assert!(
        first["operations"]["brevo.events"]["sent"]
            .as_u64()
            .unwrap()
            > 0
    );
    let status = flowline(folder.path(), &["status", "--sandbox", "--format", "json"]).json();
    let pipeline = &status["pipelines"]["support-tickets"];
    assert_eq!(pipeline["last_result"], "done");
    assert!(pipeline["cursor"].as_str().unwrap().ends_with('Z'));
    assert!(pipeline["lag_s"].as_i64().unwrap() >= 0);
    // Webhooks bring some issues again: they are read twice and tracked once.
    let tracked = status["issues_tracked"].as_u64().unwrap();
    assert!(tracked > 0 && tracked <= first["read"].as_u64().unwrap());
    assert_eq!(
        status["users_linked"],
        first["operations"]["brevo.contacts"]["created"]
    );
    assert_eq!(pipeline["cursor"], first["cursor"]);
    assert_eq!(status["last_sync"], pipeline["last_run"]);
    let limits = status["connections"]["marketing"]["limits"]
        .as_array()
        .unwrap();
    assert!(
        limits
            .iter()
            .any(|one| one["limit"].is_i64() && one["remaining"].is_i64()),
        "{status}"
    );

    let set = ["state", "set", "support-tickets", "2020-01-01", "--sandbox"];
    assert_eq!(flowline(folder.path(), &set).code, 0);
    let shown = flowline(
        folder.path(),
        &["state", "show", "--sandbox", "--format", "json"],
    )
    .json();
    let shown = &shown["pipelines"]["support-tickets"];
    assert_eq!(shown["cursors"]["jira.issues"], "2020-01-01T00:00:00.000Z");

    // Without a terminal nobody is asked.
    let reset = ["state", "reset", "support-tickets", "--sandbox"];
    assert_eq!(flowline(folder.path(), &reset).code, 0);
    let shown = flowline(
        folder.path(),
        &["state", "show", "--sandbox", "--format", "json"],
    )
    .json();
    let shown = &shown["pipelines"]["support-tickets"];
    assert_eq!(shown["cursors"], serde_json::json!({}));
    assert!(shown["known"].as_u64().unwrap() > 0);
    let again = run(&[]);
    // What the inbox held was worked off by the first run.
    assert!(again["read"].as_u64().unwrap() >= tracked);
    assert_eq!(again["operations"]["brevo.events"]["sent"], 0);

    let forget = [
        "state",
        "reset",
        "support-tickets",
        "--sandbox",
        "--forget-sent",
    ];
    assert_eq!(flowline(folder.path(), &forget).code, 0);
    let anew = run(&[]);
    assert_eq!(
        anew["operations"]["brevo.events"]["sent"],
        first["operations"]["brevo.events"]["sent"]
    );
}

#[test]
fn dead_letters_are_listed_shown_retried_and_discarded() {
    let folder = project();
    // Every record breaks the contract, each with a dead letter at its line.
    rewrite(
        folder.path(),
        PIPELINE,
        "  - keep: $.fields.reporter.emailAddress",
        "  - expect: { condition: $.fields.nothing_like_this, message: an issue like no other }",
    );
    rewrite(
        folder.path(),
        PIPELINE,
        "$.fields.nothing_like_this",
        "$.key == \"X\"",
    );
    let run = ["run", "support-tickets", "--sandbox", "--limit", "3", "-q"];
    assert_eq!(flowline(folder.path(), &run).code, 1);
    let list = |more: &[&str]| {
        let arguments = [
            &["dead-letters", "list", "--sandbox", "--format", "json"],
            more,
        ]
        .concat();
        flowline(folder.path(), &arguments)
            .json()
            .as_array()
            .unwrap()
            .clone()
    };
    let letters = list(&[]);
    assert_eq!(letters.len(), 3);
    let names: Vec<&String> = letters[0].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "id", "pipeline", "sink", "key", "class", "reason", "at", "time", "attempts"
        ]
    );
    assert_eq!(letters[0]["at"]["file"], PIPELINE);
    assert_eq!(letters[0]["at"]["line"], 12);
    let other = [
        "dead-letters",
        "list",
        "suport-tickets",
        "--sandbox",
        "--format",
        "json",
    ];
    let other = flowline(folder.path(), &other);
    assert_eq!(other.code, 2, "a name that is none is no empty list");
    assert!(other.err.contains("did you mean `support-tickets`?"));

    let id = letters[0]["id"].to_string();
    let shown = flowline(folder.path(), &["dead-letters", "show", &id, "--sandbox"]);
    assert!(
        shown.out.contains("an issue like no other"),
        "{}",
        shown.out
    );
    let retry = [
        "dead-letters",
        "retry",
        &id,
        "--sandbox",
        "--format",
        "json",
    ];
    assert_eq!(flowline(folder.path(), &retry).json()["retried"], 1);
    let unknown = flowline(
        folder.path(),
        &["dead-letters", "discard", &id, "999", "--sandbox"],
    );
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.err.contains("nothing was changed"),
        "{}",
        unknown.err
    );
    let discard = ["dead-letters", "discard", &id, "--sandbox", "--yes"];
    assert_eq!(
        flowline(folder.path(), &discard).out,
        "1 dead letter discarded\n"
    );
    assert_eq!(list(&[]).len(), 2);
    let all = [
        "dead-letters",
        "discard",
        "--all",
        "--sandbox",
        "--format",
        "json",
    ];
    assert_eq!(flowline(folder.path(), &all).json()["discarded"], 2);
    assert!(list(&[]).is_empty());
}

#[test]
fn schemas_are_those_that_are_committed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut schemas = vec![
        (
            vec!["schema", "pipeline"],
            "pipeline.schema.json".to_owned(),
        ),
        (vec!["schema", "project"], "project.schema.json".to_owned()),
    ];
    let kinds = flowline::plan::RECORD_KINDS.map(|(kind, _)| kind);
    for kind in kinds {
        let file = format!("records/{kind}.schema.json");
        schemas.push((vec!["schema", "records", kind], file));
    }
    for (arguments, file) in schemas {
        let printed = flowline(root, &arguments);
        assert_eq!(printed.code, 0);
        let committed = fs::read_to_string(root.join("schemas").join(&file)).unwrap();
        assert!(
            printed.out.trim_end() == committed.trim_end(),
            "{file} differs"
        );
    }
    // Every committed schema of a record is one of a kind, and all are printed as one document.
    let files = fs::read_dir(root.join("schemas/records")).unwrap();
    assert_eq!(files.count(), kinds.len());
    let all = flowline(root, &["schema", "records"]).json();
    let names: Vec<&str> = all
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, kinds);
    let unknown = flowline(root, &["schema", "records", "jira.coment"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.err.contains("did you mean `jira.comment`?"),
        "{}",
        unknown.err
    );
}

#[test]
fn the_shipped_cases_pass_and_completions_know_the_commands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tested = flowline(root, &["test"]);
    assert_eq!(tested.code, 0, "{}", tested.out);
    assert!(tested.out.ends_with("16 passed\n"), "{}", tested.out);
    let script = flowline(root, &["completions", "bash"]);
    assert!(script.out.contains("dead-letters"), "{}", script.code);
}

#[test]
fn plan_lists_what_run_counts_as_dropped_and_test_shows_the_same() {
    let folder = project();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "pipelines/two.yaml",
        "sources:\n  - file: { path: in.jsonl, id: $.id }\ntransforms:\n  - keep: $.a\nsinks:\n  \
         - file: { path: one.jsonl, when: $.b }\n  - file:\n      path: two.jsonl\n      \
         transforms:\n        - each: { c: '$.c[*]' }\n",
    );
    let records = [
        r#"{"id":"1"}"#,
        r#"{"id":"2","a":1,"b":1}"#,
        r#"{"id":"3","a":1,"c":[1,2]}"#,
        r#"{"id":"4","a":1,"c":[]}"#,
    ];
    write("in.jsonl", &records.join("\n"));
    let plan = flowline(folder.path(), &["plan", "two", "--format", "json"]).json();
    let at = |line: u64| serde_json::json!({ "file": "pipelines/two.yaml", "line": line });
    assert_eq!(
        plan["dropped"],
        serde_json::json!([
            { "key": "1", "at": at(4), "why": "keep: $.a" },
            { "key": "4", "at": at(6), "why": "file: { path: one.jsonl, when: $.b }" },
        ])
    );
    let text = flowline(folder.path(), &["plan", "two", "-v"]).out;
    assert!(
        text.contains("- 1 (dropped by keep: $.a, pipelines/two.yaml:4)"),
        "{text}"
    );
    assert!(text.contains("2 dropped"), "{text}");
    let summary = flowline(folder.path(), &["run", "two", "--format", "json"]).out;
    let summary: Json = serde_json::from_str(summary.lines().last().unwrap()).unwrap();
    assert_eq!(summary["summary"]["dropped"], 2, "{summary}");
    assert_eq!(summary["summary"]["kept"], 2, "{summary}");
    let case = format!(
        r#"{{"clock":"2026-01-01T00:00:00Z","records":[{}]}}"#,
        records.join(",")
    );
    write("tests/pipelines/two/all.json", &case);
    flowline(folder.path(), &["test", "two", "--accept"]);
    let snapshot = fs::read_to_string(folder.path().join("tests/pipelines/two/all.snap")).unwrap();
    assert!(
        snapshot.contains(
            "dropped:\n- record: '1'\n  at: pipelines/two.yaml:4\n- record: '4'\n  at: pipelines/two.yaml:6\n"
        ),
        "{snapshot}"
    );
}

#[test]
fn a_mistake_in_jql_of_the_command_line_is_shown_under_its_characters() {
    let folder = project();
    for command in [&["run"][..], &["run", "--dry-run"], &["plan"]] {
        let mut arguments = command.to_vec();
        arguments.extend(["support-tickets", "--sandbox", "--jql", "key == SUPPORT-1"]);
        let done = flowline(folder.path(), &arguments);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains("jql.unknown_operator"), "{}", done.err);
        assert!(done.err.contains("[--jql:1:5]"), "{}", done.err);
        assert!(done.err.contains("help: write `=`"), "{}", done.err);
    }
}
