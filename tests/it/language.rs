//! The pipeline language, sentence by sentence: `language/*.txt` hold small cases, each under the
//! sentence of its contract, and the built command says whether it is kept.

mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value as Json;
use tempfile::TempDir;

use table::Case;

const PROJECT: &str = r#"
flowline: 1
vars: { n: 22, word: hello, list: [1, 2], map: { a: 1 }, path: $.w }
connections:
  support:
    jira: { site: acme.atlassian.net, auth: { token: "${JIRA_TOKEN}" } }
  marketing:
    brevo: { api_key: "${BREVO_KEY}" }
"#;

#[test]
fn every_sentence_about_values_is_kept() {
    hold("values.txt");
}

#[test]
fn every_sentence_about_conversions_and_numbers_is_kept() {
    hold("conversions.txt");
}

#[test]
fn every_sentence_about_templates_is_kept() {
    hold("templates.txt");
}

#[test]
fn every_sentence_about_conditions_is_kept() {
    hold("conditions.txt");
}

#[test]
fn every_sentence_about_transforms_is_kept() {
    hold("transforms.txt");
}

#[test]
fn every_sentence_about_records_is_kept() {
    hold("records.txt");
}

/// Runs all cases of a table in one project, and tells all that came out otherwise.
fn hold(file: &str) {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/language");
    let text = fs::read_to_string(table.join(file)).unwrap();
    let cases = table::read(file, &text);
    let project = project(&cases);
    let root = project.path();
    let diagnostics = diagnostics(root);
    let mut failures = Vec::new();
    let mut sound = Vec::new();
    for case in &cases {
        let none = Vec::new();
        let found = diagnostics.get(&case.name).unwrap_or(&none);
        match judge(case, found) {
            Ok(true) => sound.push(case),
            Ok(false) => {}
            Err(why) => failures.push(format!("{case}: {why}")),
        }
    }
    let dead = run(root, &sound);
    let snapshots = test(root, &sound);
    for case in sound {
        let none = Vec::new();
        let reasons = dead.get(&case.name).unwrap_or(&none);
        if let Err(why) = compare(root, case, reasons, snapshots.get(&case.name)) {
            failures.push(format!("{case}: {why}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases came out otherwise:\n\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n\n")
    );
}

/// A project with a pipeline for each case.
fn project(cases: &[Case]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("pipelines")).unwrap();
    fs::write(root.join("flowline.yaml"), PROJECT).unwrap();
    for case in cases {
        let name = &case.name;
        let pipeline = root.join(format!("pipelines/{name}.yaml"));
        fs::write(pipeline, case.pipeline()).unwrap();
        let given = case.lines("given").unwrap_or_default();
        fs::write(root.join(format!("{name}.jsonl")), given.join("\n") + "\n").unwrap();
        if case.says(&["sends"]) {
            let recorded = root.join("tests/pipelines").join(name);
            fs::create_dir_all(&recorded).unwrap();
            let records = given.join(",");
            let text = format!(r#"{{"clock":"2026-11-24T12:00:00Z","records":[{records}]}}"#);
            fs::write(recorded.join("case.json"), text).unwrap();
        }
    }
    folder
}

fn flowline(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowline"));
    command.env_clear().current_dir(root).args(arguments);
    command.env("JIRA_TOKEN", "set").env("BREVO_KEY", "set");
    command.output().unwrap()
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What is said of each pipeline.
fn diagnostics(root: &Path) -> BTreeMap<String, Vec<Json>> {
    let all = json(&flowline(root, &["validate", "--format", "json"]));
    let mut found: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for one in all["diagnostics"].as_array().unwrap() {
        let file = one["file"].as_str().unwrap_or_default();
        if let Some(name) = file
            .strip_prefix("pipelines/")
            .and_then(|name| name.strip_suffix(".yaml"))
        {
            found.entry(name.to_owned()).or_default().push(one.clone());
        } else {
            assert_eq!(one["severity"], "note", "{one}");
        }
    }
    found
}

/// True where the case is to be run; an error where its diagnostics are not as they should be.
fn judge(case: &Case, found: &[Json]) -> Result<bool, String> {
    let of = |severity: &str| -> Vec<&Json> {
        let found = found.iter();
        found.filter(|one| one["severity"] == severity).collect()
    };
    let (errors, warnings) = (of("error"), of("warning"));
    let says_all = |wanted: &[String], found: &[&Json]| {
        let text: String = found.iter().map(|one| words(one)).collect();
        if !found.is_empty() && wanted.iter().all(|part| text.contains(part.as_str())) {
            Ok(())
        } else {
            Err(format!("expected {wanted:?} to be said, but:\n{text}"))
        }
    };
    if let Some(wanted) = case.lines("refused") {
        says_all(wanted, &errors)?;
        // One mistake gives one diagnostic; what only follows from it is not told.
        if errors.len() != wanted.len().max(1) {
            return Err(errors.iter().map(|one| words(one)).collect());
        }
        return Ok(false);
    }
    if !errors.is_empty() {
        return Err(errors.iter().map(|one| words(one)).collect());
    }
    if let Some(wanted) = case.lines("warned") {
        says_all(wanted, &warnings)?;
    } else if !warnings.is_empty() {
        return Err(warnings.iter().map(|one| words(one)).collect());
    }
    Ok(true)
}

/// A diagnostic as one text.
fn words(diagnostic: &Json) -> String {
    let labels = diagnostic["labels"].as_array().unwrap().iter();
    let labels: Vec<&str> = labels.filter_map(|label| label["text"].as_str()).collect();
    let part = |name: &str| diagnostic[name].as_str().unwrap_or_default().to_owned();
    format!(
        "{} {}: {} | {} | {}\n",
        part("severity"),
        part("code"),
        part("message"),
        labels.join(" / "),
        part("help")
    )
}

/// Runs the cases that say what comes out; answers why records of each died.
fn run(root: &Path, cases: &[&Case]) -> BTreeMap<String, Vec<String>> {
    let names: Vec<&str> = cases
        .iter()
        .filter(|case| case.says(&["gives", "none", "dies"]))
        .map(|case| &*case.name)
        .collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let ended = flowline(root, &[&["run", "--quiet"][..], &names].concat());
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let listed = json(&flowline(
        root,
        &["dead-letters", "list", "--format", "json"],
    ));
    let mut dead: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for letter in listed.as_array().unwrap() {
        let text = |name: &str| letter[name].as_str().unwrap().to_owned();
        dead.entry(text("pipeline"))
            .or_default()
            .push(text("reason"));
    }
    dead
}

/// Tests the cases that say what is sent; answers the snapshot of each.
fn test(root: &Path, cases: &[&Case]) -> BTreeMap<String, String> {
    let sending = cases.iter().filter(|case| case.says(&["sends"]));
    let names: Vec<&str> = sending.map(|case| &*case.name).collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let ended = flowline(root, &[&["test", "--accept"][..], &names].concat());
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let snapshot = |name: &str| {
        let file = root.join(format!("tests/pipelines/{name}/case.snap"));
        fs::read_to_string(file).unwrap().replace(name, "CASE")
    };
    names
        .iter()
        .map(|name| ((*name).to_owned(), snapshot(name)))
        .collect()
}

fn compare(
    root: &Path,
    case: &Case,
    dead: &[String],
    snapshot: Option<&String>,
) -> Result<(), String> {
    let differs = |wanted: &[String], found: &[String]| {
        format!(
            "\n{}\n  but\n{}\n  dead letters: {dead:?}",
            wanted.join("\n"),
            found.join("\n")
        )
    };
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    if let (Some(wanted), Some(snapshot)) = (case.lines("sends"), snapshot) {
        let found = lines(snapshot);
        return (found == wanted)
            .then_some(())
            .ok_or_else(|| differs(wanted, &found));
    }
    if !case.says(&["gives", "none", "dies"]) {
        return Ok(());
    }
    let out = fs::read_to_string(root.join(format!("out/{}.jsonl", case.name)));
    let found = lines(&out.map_err(|error| error.to_string())?);
    let wanted = case.lines("gives").unwrap_or_default();
    if found != wanted {
        return Err(differs(wanted, &found));
    }
    let reasons = case.lines("dies").unwrap_or_default();
    let alike = reasons.len() == dead.len()
        && reasons
            .iter()
            .zip(dead)
            .all(|(part, reason)| reason.contains(part));
    alike
        .then_some(())
        .ok_or_else(|| format!("expected dead letters {reasons:?}, but {dead:?}"))
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once_before_anything_runs() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("pipelines")).unwrap();
    fs::write(root.join("flowline.yaml"), PROJECT).unwrap();
    let pipeline = |name: &str, text: &str| {
        fs::write(root.join(format!("pipelines/{name}.yaml")), text).unwrap();
    };
    pipeline(
        "one",
        "sources: [jira.issues: { jql: project = SUP }]
transforms:
  - keep: $.fields.statsu.name == 'é' && $.kee
  - set: { é: '{{uper fields.summary}}', n: { path: $.key, as: int } }
  - kep: $.key
sinks: [file: { path: out/one.jsonl }]
",
    );
    pipeline(
        "two",
        "sources: [file: { path: two.jsonl }]
sinks:
  - brevo.contacts: { identify: { email: '$.email[' } }
  - file: { path: ../out.jsonl }
",
    );
    pipeline(
        "good",
        "sources: [file: { path: good.jsonl }]\nsinks: [file: { path: out/good.jsonl }]\n",
    );
    fs::write(root.join("good.jsonl"), "{}\n").unwrap();
    let told = json(&flowline(root, &["validate", "--format", "json"]));
    let told = told["diagnostics"].as_array().unwrap();
    let places: Vec<String> = told
        .iter()
        .filter(|one| one["severity"] == "error")
        .map(|one| {
            let start = &one["labels"][0]["start"];
            let file = one["file"].as_str().unwrap();
            let code = one["code"].as_str().unwrap();
            format!("{file}:{}:{} {code}", start["line"], start["column"])
        })
        .collect();
    assert_eq!(
        places,
        [
            "pipelines/one.yaml:3:20 path.unknown_field",
            "pipelines/one.yaml:3:44 path.unknown_field",
            "pipelines/one.yaml:4:18 template.unknown_helper",
            "pipelines/one.yaml:4:64 value.unknown_conversion",
            "pipelines/one.yaml:5:5 form.unknown_step",
            "pipelines/two.yaml:3:50 path.unclosed_bracket",
            "pipelines/two.yaml:4:19 file.outside_project",
        ]
    );
    let ended = flowline(root, &["run", "one", "good"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(
        !root.join("out").exists(),
        "nothing runs where one is wrong"
    );
    assert!(!root.join(".flowline").exists(), "no state is made");
}
