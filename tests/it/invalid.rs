//! Every mistake that a file can have, as a person sees it.
//!
//! `fixtures/invalid/NAME.yaml` is a pipeline in the project of `fixtures/project`;
//! `fixtures/invalid/NAME/` is a whole project (its `env` stands for `.env`). What is shown for
//! each is the snapshot beside it. A new fixture is just a new file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use flowline::diagnostic::{Diagnostics, RenderOptions, Severity, render, to_json};
use flowline::project::{Opened, Request, open};

/// Codes that no fixture can have, and why.
const WITHOUT_FIXTURE: &[(&str, &str)] = &[
    (
        "config.form",
        "a gap between a schema and its type: a defect of ours",
    ),
    ("form.other", "a keyword of schemas that ours do not use"),
    ("import.not_one", "of a legacy file, not of a project"),
    ("jql.refused", "of the command line: Jira's own refusal"),
    ("jql.refused_by_site", "of `check`: Jira's own refusal"),
    ("record.aggregate", "a record's, not a file's"),
    ("record.contract", "a record's, not a file's"),
    ("record.conversion", "a record's, not a file's"),
    ("record.missing", "a record's, not a file's"),
    ("record.not_found", "a record's, not a file's"),
    ("record.too_large", "a record's, not a file's"),
    ("record.unmatched", "a record's, not a file's"),
    ("record.wrong_kind", "a record's, not a file's"),
    (
        "template.too_long",
        "a fixture of 64 kibibytes: made in a test below",
    ),
    (
        "yaml.too_large",
        "a fixture of a mebibyte: made in a test below",
    ),
    (
        "environment.unknown",
        "of the command line: in a test below",
    ),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(fixtures().join("invalid"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let name = entry.file_name().unwrap();
        let name = if name == "env" { ".env".as_ref() } else { name };
        if entry.is_dir() {
            copy(&entry, &to.join(name));
        } else {
            fs::copy(&entry, to.join(name)).unwrap();
        }
    }
}

fn opened(root: &Path, env: Option<&str>) -> Opened {
    let environment = ["JIRA_EMAIL", "JIRA_API_TOKEN", "BREVO_API_KEY"]
        .map(|name| (name.to_owned(), "set".to_owned()))
        .into();
    open(&Request {
        root,
        environment: &environment,
        env,
        env_file: None,
    })
}

fn diagnostics(name: &str) -> Diagnostics {
    let project = tempfile::tempdir().unwrap();
    let folder = fixtures().join("invalid").join(name);
    if folder.is_dir() {
        copy(&folder, project.path());
    } else {
        copy(&fixtures().join("project"), project.path());
        let pipelines = project.path().join("pipelines");
        fs::create_dir_all(&pipelines).unwrap();
        fs::copy(
            folder.with_extension("yaml"),
            pipelines.join(format!("{name}.yaml")),
        )
        .unwrap();
    }
    opened(project.path(), None).diagnostics
}

fn shown(diagnostics: &Diagnostics) -> String {
    let options = RenderOptions {
        colour: false,
        width: 110,
    };
    render(diagnostics, &options)
}

#[test]
fn each_mistake_is_shown_under_its_characters() {
    insta::with_settings!({
        snapshot_path => fixtures().join("invalid"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for name in names() {
            let diagnostics = diagnostics(&name);
            assert!(!diagnostics.is_empty(), "{name} has no mistake");
            insta::assert_snapshot!(name.as_str(), shown(&diagnostics));
        }
    });
}

#[test]
fn each_mistake_says_where_it_is_and_what_to_do() {
    let mut unhelpful = Vec::new();
    for name in names() {
        for one in &diagnostics(&name) {
            let placed = one.source.is_none() || !one.labels.is_empty();
            let expected = one
                .labels
                .first()
                .is_some_and(|label| !label.text.is_empty());
            if (one.help.is_none() && !expected) || !placed {
                unhelpful.push(format!("{name}: {} {}", one.code.as_str(), one.message));
            }
            assert!(!one.message.ends_with('.'), "{name}: {}", one.message);
        }
    }
    assert_eq!(unhelpful, Vec::<String>::new());
}

/// Every `Code::new("…")` of the sources with the files that have it.
fn codes() -> BTreeMap<String, Vec<PathBuf>> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, Vec<PathBuf>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for part in text.split("Code::new(\"").skip(1) {
                let code = part.split('"').next().unwrap().to_owned();
                found.entry(code).or_default().push(path.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    found
}

#[test]
fn each_code_is_written_once_and_has_a_fixture() {
    let codes = codes();
    for (code, files) in &codes {
        assert_eq!(files.len(), 1, "{code} stands in {files:?}");
    }
    let seen: BTreeSet<String> = names()
        .iter()
        .flat_map(|name| diagnostics(name))
        .map(|one| one.code.as_str().to_owned())
        .collect();
    let excused: BTreeSet<&str> = WITHOUT_FIXTURE.iter().map(|(code, _)| *code).collect();
    let missing: Vec<&String> = codes
        .keys()
        .filter(|code| !seen.contains(*code) && !excused.contains(code.as_str()))
        .collect();
    assert_eq!(missing, Vec::<&String>::new(), "codes without a fixture");
    for (code, _) in WITHOUT_FIXTURE {
        assert!(codes.contains_key(*code), "{code} is excused, and is none");
        assert!(
            !seen.contains(*code),
            "{code} is excused, and has a fixture"
        );
    }
}

fn of_pipeline(text: &str) -> Diagnostics {
    let project = tempfile::tempdir().unwrap();
    copy(&fixtures().join("project"), project.path());
    let pipelines = project.path().join("pipelines");
    fs::create_dir_all(&pipelines).unwrap();
    fs::write(pipelines.join("a.yaml"), text).unwrap();
    opened(project.path(), None).diagnostics
}

#[test]
fn files_beyond_measure_are_refused() {
    let large = format!("description: {}\n", "x".repeat(1 << 20));
    let many = format!("description: [{}]\n", "a,".repeat(100_001));
    let long = format!(
        "sources: [file: {{ path: a.csv }}]\nsinks: [file: {{ path: b.csv, transforms: [set: {{ a: '{{{{x}}}}{}' }}] }}]\n",
        "x".repeat(65 << 10)
    );
    for (text, code) in [
        (large, "yaml.too_large"),
        (many, "yaml.too_many_nodes"),
        (long, "template.too_long"),
    ] {
        let found: Vec<&str> = of_pipeline(&text)
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        assert_eq!(found, [code]);
    }
}

#[test]
fn an_environment_that_is_not_there_is_told_with_the_nearest() {
    let project = tempfile::tempdir().unwrap();
    copy(&fixtures().join("project"), project.path());
    let file = project.path().join("flowline.yaml");
    let text = fs::read_to_string(&file).unwrap() + "environments: { production: {} }\n";
    fs::write(&file, text).unwrap();
    let found = opened(project.path(), Some("prodution")).diagnostics;
    let one = found.iter().next().unwrap();
    assert_eq!(one.code.as_str(), "environment.unknown");
    assert_eq!(
        one.help.as_deref(),
        Some("did you mean `--env production`?")
    );
}

#[test]
fn secrets_written_into_a_file_are_nowhere_shown() {
    let found = diagnostics("project-secret-literal");
    assert!(
        found
            .iter()
            .any(|one| one.code.as_str() == "secret.literal")
    );
    for text in [shown(&found), to_json(&found)] {
        assert!(!text.contains("1234567890"), "{text}");
    }
}

#[test]
fn json_counts_lines_and_columns_from_one() {
    let json: serde_json::Value =
        serde_json::from_str(&to_json(&diagnostics("yaml-bom-and-crlf"))).unwrap();
    let all = json["diagnostics"].as_array().unwrap();
    let one = all
        .iter()
        .find(|one| one["code"] == "path.unknown_field")
        .unwrap();
    assert_eq!(one["severity"], "error");
    assert_eq!(one["file"], "pipelines/yaml-bom-and-crlf.yaml");
    let label = &one["labels"][0];
    assert_eq!(label["primary"], true);
    assert_eq!(label["start"]["line"], 6);
    let line = "      attributes: { Ä: 日本, FIRSTNAME: $.fields.reportr.displayName }";
    let column = line.split("reportr").next().unwrap().chars().count() + 1;
    assert_eq!(label["start"]["column"], column);
    assert_eq!(label["end"]["column"], column + 7);
    assert_eq!(
        label["end"]["byte"].as_u64().unwrap() - label["start"]["byte"].as_u64().unwrap(),
        7
    );
}

#[test]
fn the_worst_of_a_fixture_is_no_note_but_where_that_is_its_point() {
    let mild: Vec<String> = names()
        .into_iter()
        .filter(|name| {
            diagnostics(name)
                .iter()
                .all(|one| one.severity == Severity::Note)
        })
        .collect();
    assert_eq!(mild, ["project-no-catalog"]);
}
