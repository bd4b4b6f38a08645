//! `flowline import`: a legacy connector file turned into a project.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Ended, flowline};

const LEGACY: &str = r#"# A connector file of the incumbent.
connectors:
  jira:
    enabled: true
    site_url: "https://Acme.atlassian.net/"
    auth_type: "basic"   # or "oauth2"
    email: bob@acme.example
    api_token: "ATATT3xFfGF0-canary-token"

    sync:
      issues: true
      projects: true
      worklogs: false

    projects:
      - key: "SUPPORT"
        sync_to_list: 22
      - { key: PRODUCT, sync_to_list: "23", colour: red }

    issue_types: [Bug, 'Support Request']

    field_mapping:
      # User fields
      accountId: JIRA_ACCOUNT_ID
      emailAddress: email
      displayName: FIRSTNAME
      issue_key: LAST_TICKET_KEY
      issue_created: LAST_TICKET_DATE
      resolution: LAST_TICKET_RESOLUTION
      customfield_10016: STORY_POINTS
      mood: MOOD

    debug: true
    log_level: verbose
"#;

fn imported(text: &str) -> (TempDir, Ended) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("connector.yaml"), text).unwrap();
    let ended = flowline(folder.path(), &["import", "connector.yaml"]);
    (folder, ended)
}

/// All files of the new project together.
fn written(folder: &Path) -> String {
    let mut all = fs::read_to_string(folder.join("flowline.yaml")).unwrap_or_default();
    let pipelines = fs::read_dir(folder.join("pipelines"));
    for entry in pipelines.into_iter().flatten() {
        all += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    all
}

#[track_caller]
fn assert_accounted(old: &str, new: &str) {
    for (place, line) in old.lines().enumerate() {
        let number = place + 1;
        if !line.trim().is_empty() {
            assert!(
                new.contains(&format!("# line {number}: ")),
                "line {number} is nowhere:\n{new}"
            );
        }
    }
}

#[test]
fn a_legacy_file_becomes_a_project_that_validates_and_runs() {
    let (folder, ended) = imported(LEGACY);
    assert_eq!((ended.code, ended.out.as_str()), (0, ""), "{}", ended.err);
    let new = written(folder.path());
    assert_accounted(LEGACY, &new);
    for line in [
        "      site: acme.atlassian.net\n",
        "basic: { email: \"${JIRA_EMAIL}\", api_token: \"${JIRA_API_TOKEN}\" }",
        "api_key: \"${BREVO_API_KEY}\"",
        "jql: 'project in (SUPPORT, PRODUCT) AND issuetype in (Bug, \"Support Request\")'",
        "lookup: { SUPPORT: 22, PRODUCT: 23 }",
        "        # line 24: accountId: JIRA_ACCOUNT_ID\n        JIRA_ACCOUNT_ID: $.fields.reporter.accountId\n",
        "        LAST_TICKET_DATE: { path: $.fields.created, as: date }\n",
        "        customfield_10016: customfield_10016\n",
        "# line 18: - { key: PRODUCT, sync_to_list: \"23\", colour: red }",
        "# line 13: worklogs: false",
    ] {
        assert!(new.contains(line), "{line} is nowhere:\n{new}");
    }
    for (line, text) in [
        (31, "mood: MOOD"),
        (33, "debug: true"),
        (34, "log_level: verbose"),
    ] {
        let told = format!("line {line}: {text}  (not taken over: ");
        assert!(new.contains(&format!("# {told}")), "{new}");
        assert!(ended.err.contains(&told), "{}", ended.err);
    }
    for text in [new.as_str(), &ended.err] {
        assert!(
            !text.contains("canary-token") && !text.contains("bob@"),
            "{text}"
        );
    }
    assert_eq!(flowline(folder.path(), &["validate"]).code, 0);
    for pipeline in ["support-tickets", "issue-events", "status-changes"] {
        let ran = flowline(folder.path(), &["run", pipeline, "--sandbox"]);
        assert_eq!(ran.code, 0, "{pipeline}: {}", ran.err);
    }
    let again = flowline(folder.path(), &["import", "connector.yaml"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("project already"), "{}", again.err);
}

#[test]
fn every_way_of_writing_a_legacy_file_is_read() {
    for (text, expected, absent) in [
        // Nothing but the site: its issues are synced, all of them.
        (
            "connectors: { jira: { site_url: acme.atlassian.net } }\n",
            &["site: acme.atlassian.net", "identify: { email:"][..],
            &["jql:", "lists:", "attributes:"][..],
        ),
        (
            "connectors:\n  jira:\n    auth_type: oauth2\n    client_id: 'abc'\n    client_secret: s3cr3t-canary\n    cloud_id: 5a4d-3c2b\n    site_url: acme.atlassian.net\n",
            &[
                "oauth2: { client_id: \"${JIRA_CLIENT_ID}\", client_secret: \"${JIRA_CLIENT_SECRET}\" }",
                "cloud_id:",
            ],
            &["s3cr3t-canary", "abc"],
        ),
        // Off, and by lists of names.
        (
            "connectors:\n  jira:\n    enabled: false\n    site_url: acme.atlassian.net\n    projects: [OPS, 'SUPPORT']\n    sync: [issues]\n",
            &["enabled: false", "jql: 'project in (OPS, SUPPORT)'"],
            &["lists:"],
        ),
        (
            "connectors:\n  jira:\n    site_url: acme.atlassian.net\n    projects:\n      SUPPORT: { sync_to_list: [22, Leads] }\n      OPS: 23\n  brevo:\n    api_key: xkeysib-canary\n",
            &[
                "lookup: { SUPPORT: 22, OPS: 23 }",
                "lookup: { SUPPORT: Leads }",
            ],
            &["xkeysib-canary"],
        ),
        (
            "connectors:\r\n  jira:\r\n    site_url: acme.atlassian.net\r\n    jql: text ~ \"it's\" ORDER BY key\r\n    schedule: every 10 minutes\r\n    field_mapping: { accountId: ext_id, user: { displayName: nick } }\r\n",
            &[
                "jql: 'text ~ \"it''s\"'",
                "schedule: every 10 minutes",
                "ext_id: $.fields.reporter.accountId",
                "NICK: $.fields.reporter.displayName",
            ],
            &[],
        ),
    ] {
        let (folder, ended) = imported(text);
        assert_eq!(ended.code, 0, "{text}: {}", ended.err);
        let new = written(folder.path());
        assert_accounted(text, &new);
        for line in expected {
            assert!(new.contains(line), "{line} is nowhere:\n{new}");
        }
        for line in absent {
            assert!(!new.contains(line), "{line} stands in\n{new}");
            assert!(
                !ended.err.contains(line) || line.ends_with(':'),
                "{}",
                ended.err
            );
        }
        let validated = flowline(folder.path(), &["validate"]);
        assert_eq!(validated.code, 0, "{}", validated.out);
    }
}

#[test]
fn nothing_comes_of_what_is_not_synced() {
    let text = "connectors:\n  jira:\n    site_url: acme.atlassian.net\n    sync:\n      issues: false\n    projects:\n      - key: SUPPORT\n        sync_to_list: 22\n    field_mapping:\n      accountId: ID\n";
    let (folder, ended) = imported(text);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_accounted(text, &written(folder.path()));
    assert!(!folder.path().join("pipelines").exists());
    assert!(ended.err.contains("no pipeline"), "{}", ended.err);
}

#[test]
fn what_is_no_legacy_file_is_refused_with_its_line() {
    for (text, line) in [
        ("a: 1\n", "connector.yaml:1:1"),
        ("x: 1\nconnectors:\n  slack: {}\n", "connector.yaml:2:1"),
        ("connectors:\n  jira: 7\n", "connector.yaml:2:3"),
        (
            "connectors:\n  jira:\n    api_token: canary-s3cret\n   bad: [\n",
            "connector.yaml:",
        ),
        (
            "connectors:\n  jira:\n    api_token: canary-s3cret\n    api_token: canary-s3cret\n",
            "connector.yaml:4:5",
        ),
    ] {
        let (folder, ended) = imported(text);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{text}");
        assert!(ended.err.contains(line), "{}", ended.err);
        assert!(!ended.err.contains("canary-s3cret"), "{}", ended.err);
        assert!(!folder.path().join("flowline.yaml").exists());
    }
    let none = flowline(TempDir::new().unwrap().path(), &["import", "none.yaml"]);
    assert_eq!(none.code, 2);
}

#[test]
fn each_kind_of_record_that_is_synced_has_its_pipeline() {
    let text = std::fs::read_to_string(
        env!("CARGO_MANIFEST_DIR").to_owned() + "/tests/it/cli/legacy.yaml",
    )
    .unwrap();
    let (folder, ended) = imported(&text);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let new = written(folder.path());
    assert_accounted(&text, &new);
    for (flag, pipelines) in [
        (
            "issues",
            &["support-tickets", "issue-events", "status-changes"][..],
        ),
        ("comments", &["comments"]),
        ("worklogs", &["team-capacity-hours"]),
        ("users", &["people"]),
    ] {
        for pipeline in pipelines {
            let file = format!("pipelines/{pipeline}.yaml");
            let of_it = fs::read_to_string(folder.path().join(&file)).unwrap();
            assert!(of_it.contains(&format!(": {flag}: true\n")), "{of_it}");
            let ran = flowline(folder.path(), &["run", pipeline, "--sandbox", "--yes"]);
            // One of the seeded people has an address that is none.
            let odd = *pipeline == "people" && ran.err.contains("the e-mail is none");
            assert_eq!(ran.code, i32::from(odd), "{pipeline}: {}", ran.err);
        }
        let (without, ended) =
            imported(&text.replace(&format!(" {flag}: true"), &format!(" {flag}: false")));
        assert_eq!(ended.code, 0, "{}", ended.err);
        for pipeline in pipelines {
            let file = without.path().join(format!("pipelines/{pipeline}.yaml"));
            assert!(!file.exists(), "{pipeline}");
        }
        assert_eq!(flowline(without.path(), &["validate"]).code, 0);
    }
    let (folder, _) = imported(
        "connectors:\n  jira:\n    site_url: a.atlassian.net\n    sync: { projects: true }\n",
    );
    assert!(
        folder
            .path()
            .join("pipelines/people-projects.yaml")
            .exists()
    );
    let ran = flowline(folder.path(), &["run", "people-projects", "--sandbox"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn odd_files_become_projects_that_validate() {
    for (body, expected) in [
        (
            "projects:\n      - key: A\n        sync_to_list: 1\n      - key: A\n        sync_to_list: 2\n      - key: a\n      - B\n",
            &["project in (A, B)", "lookup: { A: 1 }", "lookup: { A: 2 }"][..],
        ),
        (
            "projects: []\n    issue_types: []\n    field_mapping: {}\n    sync:\n",
            &["since: 30 days ago"],
        ),
        (
            "projects:\n    issue_types:\n    field_mapping:\n",
            &["since: 30 days ago"],
        ),
        (
            "issue_types: ['C++', 'Say \"hi\"', \"It's: a # type\", Überfall, 'a,b']\n",
            &[r#"issuetype in ("C++", "Say \"hi\"", "It''s: a # type", "Überfall", "a,b")"#],
        ),
        (
            "projects:\n      - key: NO   # Norway\n        sync_to_list: \"Kunden: 'alle' # 1\"\n      - { key: ORDER, sync_to_list: 5 }\n",
            &[
                "lookup: { \"NO\": \"Kunden: 'alle' # 1\", ORDER: 5 }",
                "project in (NO, \"ORDER\")",
            ],
        ),
        (
            "auth_type: oauth2\n    redirect_uri: http://localhost:9000/callback\n    cloud_id: \"abc-123\"\n",
            &[
                "redirect_uri: \"http://localhost:9000/callback\"",
                "cloud_id:",
            ],
        ),
        (
            "auth_type: basic\n    redirect_uri: http://localhost:9000/callback\n    cloud_id: \"abc-123\"\n",
            &["not taken over: the way in", "basic: {"],
        ),
        (
            "field_mapping:\n      emailAddress: CONTACT_MAIL\n      issue_key: ext_id\n      displayName: 'a b'\n      reporter: ''\n      priority: P1\n      status: P1\n",
            &[
                "CONTACT_MAIL: $.fields.reporter.emailAddress",
                "not taken over: a contact's ext_id",
                "P1: {",
            ],
        ),
        (
            "sync: { issues: true, sprints: true, moods: 1, 'comments': 'yes' }\n",
            &["comments"],
        ),
        (
            "sync: &all { issues: true }\n    extra: *all\n    webhook: { events: ['a'] }\n",
            &["not taken over: this setting"],
        ),
        (
            "enabled:\tyes\n    log_level:\t'verbose'\t# loud\n",
            &["enabled: true"],
        ),
        (
            "jql: >\n      project = X\n      AND text ~ \"a  b\"\n",
            &["project = X AND text ~ \"a  b\""],
        ),
    ] {
        for plain in [
            format!("connectors:\n  jira:\n    site_url: acme.atlassian.net\n    {body}"),
            format!(
                "\u{feff}connectors:\n  slack:\n    token: canary-s3cret\n  jira:\n    site_url: 'https://acme.atlassian.net/jira?x#y'\n    {body}version: 2\n"
            ),
        ] {
            for text in [plain.clone(), plain.replace('\n', "\r\n")] {
                let (folder, ended) = imported(&text);
                assert_eq!(ended.code, 0, "{text}: {}", ended.err);
                let new = written(folder.path());
                assert_accounted(&text, &new);
                for line in expected {
                    assert!(new.contains(line), "{line} is nowhere:\n{new}");
                }
                assert!(
                    !new.contains("s3cret") && !ended.err.contains("s3cret"),
                    "{new}"
                );
                for told in new
                    .lines()
                    .filter(|line| line.contains("(not taken over: "))
                {
                    let told = told.trim_start_matches("# ");
                    assert!(ended.err.contains(told), "{told}\n{}", ended.err);
                }
                let validated = flowline(folder.path(), &["validate"]);
                assert_eq!(
                    validated.code, 0,
                    "{new}\n{}{}",
                    validated.out, validated.err
                );
            }
        }
    }
}

#[test]
fn the_sandbox_knows_the_projects_types_and_lists_of_a_users_own_files() {
    let text = "connectors:\n  jira:\n    site_url: acme.atlassian.net\n    projects:\n      - key: HELPDESK\n        sync_to_list: 7\n      - key: SHOP\n        sync_to_list: 8\n    issue_types: ['C++ \"bug\"', Incident]\n    field_mapping: { displayName: FIRSTNAME, issue_key: LAST_TICKET_KEY }\n";
    let (folder, ended) = imported(text);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let plan = ["plan", "support-tickets", "--sandbox", "--format", "json"];
    let plan = flowline(folder.path(), &plan);
    assert_eq!(plan.code, 0, "{}", plan.err);
    for (key, list) in [("HELPDESK-", 7), ("SHOP-", 8)] {
        let plan = plan.json();
        let mut operations = plan["operations"].as_array().unwrap().iter();
        assert!(
            operations.any(|one| one["action"] == "create"
                && one["changes"]["LAST_TICKET_KEY"]["new"]
                    .as_str()
                    .is_some_and(|new| new.starts_with(key))
                && one["changes"].to_string().contains(&list.to_string())),
            "{plan:#}"
        );
    }
    let run = ["run", "support-tickets", "--sandbox", "--format", "json"];
    let summary = |ended: &Ended| {
        let last = ended.out.lines().last().unwrap();
        serde_json::from_str::<serde_json::Value>(last).unwrap()["summary"].clone()
    };
    let first = flowline(folder.path(), &run);
    assert_eq!(first.code, 0, "{}", first.err);
    let first = summary(&first);
    assert!(first["read"].as_u64().unwrap() >= 8, "{first}");
    assert!(
        first["operations"]["brevo.contacts"]["created"]
            .as_u64()
            .unwrap()
            > 2,
        "{first}"
    );
    // What was read and written is still there at the second run, and nothing else.
    let again = summary(&flowline(folder.path(), &run));
    assert_eq!(
        again["operations"]["brevo.contacts"]["created"], 0,
        "{again}"
    );
    let check = flowline(folder.path(), &["check", "--sandbox"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
}
