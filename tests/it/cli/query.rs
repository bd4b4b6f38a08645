//! `flowline query`: issues as a table, JSON or CSV.

use serde_json::Value as Json;

use super::{flowline, project};
use crate::e2e::world::{Project, World};

const QUICK: [&str; 4] = ["--no-limits", "--no-index-lag", "--issues", "300"];

#[test]
fn one_customers_issues_are_a_table_json_and_csv() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let all = project.run(&[
        "query",
        "project = SUPPORT",
        "--fields",
        "reporter,summary",
        "--format",
        "json",
    ]);
    assert_eq!(all.code, 0, "{}", all.stderr);
    let all: Vec<Json> = serde_json::from_str(&all.stdout).unwrap();
    assert!(all.len() > 100, "all pages are read");
    let address = all
        .iter()
        .find_map(|issue| issue["fields"]["reporter"]["emailAddress"].as_str())
        .unwrap()
        .to_owned();
    let account = |issue: &Json| issue["fields"]["reporter"]["accountId"].clone();
    let of_address = |issue: &&Json| {
        let shown = issue["fields"]["reporter"]["emailAddress"].as_str();
        shown == Some(address.as_str())
    };
    let expected: Vec<String> = all
        .iter()
        .filter(of_address)
        .map(|issue| issue["key"].as_str().unwrap().to_owned())
        .collect();
    let id = account(all.iter().find(of_address).unwrap());
    for reporter in [
        address.as_str(),
        &address.to_uppercase(),
        id.as_str().unwrap(),
    ] {
        let ran = project.run(&[
            "query",
            "project = OPS OR project = SUPPORT ORDER BY key",
            "--reporter",
            reporter,
            "--fields",
            "summary,project",
            "--format",
            "json",
        ]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let found: Vec<Json> = serde_json::from_str(&ran.stdout).unwrap();
        let mut keys: Vec<String> = found
            .iter()
            .filter(|issue| issue["fields"]["project"]["key"] == "SUPPORT")
            .map(|issue| issue["key"].as_str().unwrap().to_owned())
            .collect();
        let mut expected = expected.clone();
        keys.sort();
        expected.sort();
        assert_eq!(keys, expected, "{reporter}");
        let members: Vec<&String> = found[0]["fields"].as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            ["summary", "project"],
            "the fields asked for and no others"
        );
        assert_eq!(found[0].as_object().unwrap().len(), 2);
        assert!(!ran.stderr.contains(reporter), "{}", ran.stderr);
    }
    let csv = project.run(&[
        "query",
        "project = SUPPORT",
        "--limit",
        "3",
        "--fields",
        "status,reporter,Story Points,labels",
        "--format",
        "csv",
    ]);
    let lines: Vec<&str> = csv.stdout.split("\r\n").collect();
    assert_eq!(lines[0], "key,status,reporter,Story Points,labels");
    assert_eq!((lines.len(), lines[4]), (5, ""), "{}", csv.stdout);
    assert!(!lines[1].contains('{'), "{}", lines[1]);
    let table = project.run(&["query", "project = SUPPORT", "--limit", "3"]);
    let header: Vec<&str> = table
        .stdout
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(header, ["key", "summary", "status", "priority", "created"]);
    assert_eq!(table.stdout.lines().count(), 4);
    assert_eq!(table.stderr, "");
}

#[test]
fn a_table_fits_the_terminal_and_rich_text_is_text() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let output = project
        .command(&[
            "query",
            "project = SUPPORT",
            "--limit",
            "20",
            "--fields",
            "summary,description,status",
        ])
        .env("COLUMNS", "64")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.lines().all(|line| line.chars().count() <= 64),
        "{text}"
    );
    assert!(text.contains('…') && !text.contains("\"type\""), "{text}");
}

#[test]
fn no_issue_is_no_mistake() {
    let folder = project();
    for (format, expected) in [
        ("table", ""),
        ("json", "[]\n"),
        ("csv", "key,summary,status,priority,created\r\n"),
    ] {
        let ran = flowline(
            folder.path(),
            &["query", "created > 1d", "--sandbox", "--format", format],
        );
        assert_eq!((ran.code, ran.out.as_str()), (0, expected), "{}", ran.err);
        assert_eq!(ran.err, "no issue\n");
    }
    let quiet = flowline(folder.path(), &["query", "created > 1d", "--sandbox", "-q"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
}

#[test]
fn a_query_that_is_refused_is_shown_under_its_characters() {
    let folder = project();
    for (jql, code, start, end) in [
        ("projekt = SUPPORT", "jql.refused", 1, 8),
        ("project = NOPE ORDER BY key", "jql.refused", 11, 15),
        ("project = = SUPPORT", "jql.unknown_operator", 9, 12),
        ("order by key", "jql.refused", 1, 13),
    ] {
        let ran = flowline(
            folder.path(),
            &["query", jql, "--sandbox", "--format", "json"],
        );
        assert_eq!(ran.code, 2, "{jql}: {}", ran.err);
        let one = &ran.json()["diagnostics"][0];
        let label = &one["labels"][0];
        assert_eq!(one["code"], code, "{jql}");
        assert_eq!(label["start"]["column"], start, "{one}");
        assert_eq!(label["end"]["column"], end, "{one}");
    }
    let human = flowline(folder.path(), &["query", "projekt = SUPPORT", "--sandbox"]);
    assert_eq!((human.code, human.out.as_str()), (2, ""));
    assert!(
        human.err.contains("Field 'projekt' does not exist"),
        "{}",
        human.err
    );
}

#[test]
fn a_reporter_is_an_address_or_an_account_id() {
    let folder = project();
    for reporter in [
        "Jane Porter",
        "jane",
        "x\" OR project = OPS OR summary ~ \"",
        "a@b c.de",
    ] {
        let ran = flowline(
            folder.path(),
            &[
                "query",
                "project = SUPPORT",
                "--sandbox",
                "--reporter",
                reporter,
            ],
        );
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{reporter}");
        assert!(ran.err.contains("--reporter"), "{}", ran.err);
        let named = reporter != "jane" && ran.err.contains(reporter);
        assert!(!named, "{}", ran.err);
    }
    let nobody = flowline(
        folder.path(),
        &[
            "query",
            "project = SUPPORT",
            "--sandbox",
            "--reporter",
            "nobody@example.com",
        ],
    );
    assert_eq!(nobody.code, 2, "{}", nobody.err);
    assert!(!nobody.err.contains("nobody@example.com"), "{}", nobody.err);
}

#[test]
fn fields_and_connections_that_are_not_there_are_told_with_the_nearest() {
    let folder = project();
    for (arguments, near) in [
        (["--fields", "sumary"], "summary"),
        (["--fields", "Story Point"], "Story Points"),
        (["--connection", "suport"], "support"),
        (["--limit", "0"], "--limit"),
        (["--format", "xml"], "csv"),
    ] {
        let all = [
            &["query", "project = SUPPORT", "--sandbox"],
            arguments.as_slice(),
        ]
        .concat();
        let ran = flowline(folder.path(), &all);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(near), "{}", ran.err);
    }
}
