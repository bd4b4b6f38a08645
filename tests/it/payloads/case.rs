//! Issues as the input of `flowline test`, by the built binary.

use std::fs;
use std::process::Command;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::issues::bodies;
use super::kinds::{Kind, kind};

const PIPELINE: &str = r"sources:
  - jira.issues:
      jql: project = SUP
transforms:
  - map: { id: $.id, key: $.key, changes: '$.changes[*].id' }
sinks:
  - file: { path: out.jsonl }
";

#[test]
fn every_issue_and_every_webhook_with_one_is_a_case_of_flowline_test() {
    let mut records = Vec::new();
    let mut ids = Vec::new();
    for body in bodies() {
        let given = match kind(&body.body) {
            Some(Kind::Fragment) => continue,
            Some(Kind::Webhook) => vec![body.body.clone()],
            _ => body.issues.clone(),
        };
        ids.extend(body.issues.iter().map(|issue| issue["id"].clone()));
        records.extend(given);
    }
    if records.is_empty() {
        return;
    }
    // Pages of fields alone have issues without an id, which `test` refuses by number.
    let (records, ids): (Vec<Json>, Vec<Json>) = records
        .into_iter()
        .zip(ids)
        .filter(|(_, id)| !id.is_null())
        .unzip();
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "flowline.yaml",
        "flowline: 1\nconnections:\n  support:\n    jira:\n      site: acme.atlassian.net\n      auth: { basic: { email: a@b.example, api_token: \"${T}\" } }\n",
    );
    write("pipelines/all.yaml", PIPELINE);
    let case = json!({ "clock": "2026-11-24T10:00:00Z", "records": records });
    write("tests/pipelines/all/recorded.json", &case.to_string());
    let output = Command::new(env!("CARGO_BIN_EXE_flowline"))
        .env_clear()
        .current_dir(folder.path())
        .args(["test", "--accept"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let snapshot = folder.path().join("tests/pipelines/all/recorded.snap");
    let snapshot = fs::read_to_string(snapshot).unwrap();
    // What was deleted comes too, and a sink passes it over unless it asks for it.
    let is_deleted = |record: &Json| record["webhookEvent"] == "jira:issue_deleted";
    let deleted = records.iter().filter(|record| is_deleted(record)).count();
    assert!(deleted > 0);
    assert_eq!(snapshot.matches("- file:").count(), records.len() - deleted);
    let expected: Vec<String> = ids
        .iter()
        .zip(&records)
        .filter(|(_, record)| !is_deleted(record))
        .map(|(id, _)| id.as_str().map_or_else(|| id.to_string(), str::to_owned))
        .collect();
    let found: Vec<&str> = snapshot
        .lines()
        .filter_map(|line| line.strip_prefix("  id: "))
        .map(|id| id.trim_matches('\''))
        .collect();
    assert_eq!(found, expected);
}
