//! The three answers.

use super::{Answer, Filter, IssueView};
use crate::connectors::jira::jql::{Text, parse};
use crate::record::Value;
use jiff::tz::TimeZone;

const ISSUE: &str = r#"{
    "id": "10001", "key": "SUP-7",
    "names": { "customfield_1": "Story Points", "customfield_2": "Team", "customfield_3": "Team",
        "customfield_4": "Target", "customfield_5": "Ask", "customfield_6": "Region" },
    "fields": {
        "project": { "id": "1", "key": "SUP", "name": "Customer Support" },
        "issuetype": { "id": "10004", "name": "Bug" },
        "status": { "id": "3", "name": "In Progress",
            "statusCategory": { "id": 4, "key": "indeterminate", "name": "In Progress" } },
        "priority": null, "resolution": null,
        "assignee": { "accountId": "me", "displayName": "Ann Lee" },
        "labels": ["VIP", "billing"],
        "components": [], "fixVersions": [{ "id": "9", "name": "1.2" }],
        "parent": { "id": "10000", "key": "SUP-1" },
        "summary": "Exports fail after login", "description": null,
        "created": "2026-11-24T08:30:30.000+0000", "duedate": "2026-11-24",
        "customfield_1": 5, "customfield_2": { "id": "1", "value": "Red" }, "customfield_3": null,
        "customfield_4": "2026-12-01", "customfield_5": "some free text",
        "customfield_6": { "value": "Europe", "child": { "value": "France" } }
    }
}"#;

fn judge(jql: &str) -> Answer {
    let text = Text::new(jql);
    let query = parse(text).unwrap_or_else(|problems| panic!("{jql}: {problems:?}"));
    let filter =
        Filter::compile(&query, text).unwrap_or_else(|problems| panic!("{jql}: {problems:?}"));
    filter.judge(&IssueView {
        record: &Value::from_json(ISSUE).unwrap(),
        current_user: Some("me"),
        now: "2026-11-24T10:00:00Z".parse().unwrap(),
        zone: TimeZone::get("Europe/Paris").unwrap(),
    })
}

#[test]
fn values_are_names_keys_and_ids_in_any_case() {
    for yes in [
        "project = sup AND project = 1 AND project = \"customer support\" AND space = SUP",
        "issuetype = bug AND type in (10004)",
        "status = 3 AND statusCategory = indeterminate AND statusCategory != Done",
        "assignee = currentUser() AND assignee = me AND assignee = \"ann lee\"",
        "labels = vip AND labels in (x, billing) AND labels != y",
        "fixVersion = 1.2 AND fixVersion not in (1.3) AND component is EMPTY",
        "parent = sup-1 AND parent in (10000)",
        "key = sup-7 AND id = 10001 AND issue in (SUP-7) AND key > SUP-6 AND key <= SUP-7",
        "resolution = Unresolved AND priority is null AND priority = EMPTY AND priority in (EMPTY, High)",
        "cf[1] = 5 AND \"Story Points\" >= 4.5 AND \"story points[Number]\" < 6",
        "Region = Europe AND Region = france",
        "Ask ~ \"free text\" AND Ask = \"Some Free Text\"",
        "Target > 2026-11-30 AND Target = \"2026/12/01\" AND Target <= 8d",
    ] {
        assert_eq!(judge(yes), Answer::Yes, "{yes}");
        assert_eq!(judge(&format!("NOT ({yes})")), Answer::No, "{yes}");
    }
}

#[test]
fn what_is_empty_is_left_out_by_both_of_two_opposites() {
    for no in [
        "priority = High",
        "priority != High",
        "NOT priority = High",
        "priority not in (High)",
        "priority not in (EMPTY, High)",
        "component != x",
        "description ~ x",
        "key > OTHER-1",
    ] {
        assert_eq!(judge(no), Answer::No, "{no}");
    }
}

#[test]
fn what_the_record_lacks_cannot_be_told() {
    for open in [
        "reporter = ann",
        "NOT reporter = ann",
        "cf[99] is EMPTY",
        "\"No Such\" = 1",
        "comment ~ x",
        "text ~ absent",
        "assignee = \"ann@acme.example\"",
        "description !~ x",
        "Ask > a",
        "Team = Red",
        "reporter = ann AND project = SUP",
        "reporter = ann OR project = X",
    ] {
        assert_eq!(judge(open), Answer::CannotTell, "{open}");
    }
    assert_eq!(judge("reporter = ann AND project = X"), Answer::No);
    assert_eq!(judge("reporter = ann OR project = SUP"), Answer::Yes);
    assert_eq!(judge("text ~ login"), Answer::Yes);
    assert!(Answer::CannotTell.lets_through() && !Answer::No.lets_through());
}

#[test]
fn times_are_those_of_the_account() {
    for (jql, answer) in [
        ("created >= -2h", Answer::Yes),
        ("created >= -1h", Answer::No),
        ("created > \"2026-11-24 09:30\"", Answer::Yes),
        ("created >= \"2026-11-24 09:31\"", Answer::No),
        ("created >= startOfDay() AND created < now()", Answer::Yes),
        (
            "created < startOfDay(-1) OR created > endOfDay()",
            Answer::No,
        ),
        ("created = \"2026-11-24 09:30\"", Answer::CannotTell),
        ("created = 2026-11-23", Answer::No),
        ("created in (2026-11-23, 1795509030000)", Answer::Yes),
        (
            "due = 2026-11-24 AND due <= now() AND due < 1d",
            Answer::Yes,
        ),
        ("due < now()", Answer::No),
    ] {
        assert_eq!(judge(jql), answer, "{jql}");
    }
}
