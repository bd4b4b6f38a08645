//! Changelogs: cut, reversed, moving while they are read.

use super::*;

/// Histories `from..to`, a day apart, each with one item.
fn histories(days: impl Iterator<Item = usize>) -> Vec<Json> {
    days.map(|day| {
        json!({ "id": (100 + day).to_string(), "created": format!("2026-11-{:02}T10:00:00.000+0000", day + 1),
                "items": [{ "field": "status", "fieldId": "status", "to": "1" }] })
    })
    .collect()
}

#[tokio::test]
async fn a_changelog_that_comes_newest_first_is_told_oldest_first() {
    let script = Script::default();
    let mut one = issue(1);
    one["changelog"] = json!({ "total": 3, "histories": histories((0..3).rev()) });
    script.answer(json!({ "issues": [one] }));
    let pages = script
        .read(&issues(), &reads(&["changes"]), &beginning())
        .await
        .unwrap();
    assert_eq!(
        changes_of(&pages[0]),
        ["100-status", "101-status", "102-status"]
    );
}

#[tokio::test]
async fn a_changelog_that_is_cut_or_not_there_is_read_from_its_own_endpoint() {
    for changelog in [
        json!({ "total": 3, "maxResults": 1, "histories": histories(2..3) }),
        json!({ "histories": histories(2..3) }),
        Json::Null,
    ] {
        let script = Script::default();
        let mut one = issue(1);
        one["changelog"] = changelog;
        script.answer(json!({ "issues": [one] }));
        script.answer(json!({ "total": 3, "isLast": false, "values": histories(0..2) }));
        script.answer(json!({ "total": 3, "isLast": true, "values": histories(2..3) }));
        let pages = script
            .read(&issues(), &reads(&["changes"]), &beginning())
            .await
            .unwrap();
        assert_eq!(
            changes_of(&pages[0]),
            ["100-status", "101-status", "102-status"]
        );
        assert_eq!(pages[0].notices, [] as [&str; 0]);
        assert_eq!(
            script.calls()[1..],
            [
                "GET /rest/api/3/issue/1/changelog?startAt=0&maxResults=100",
                "GET /rest/api/3/issue/1/changelog?startAt=2&maxResults=100",
            ]
        );
    }
}

#[tokio::test]
async fn a_list_that_starts_over_or_is_none_ends_with_an_error() {
    for (second, message) in [
        (
            json!({ "total": 300, "values": histories(0..2) }),
            "the same page comes again",
        ),
        (json!({ "total": 300 }), "it has no list `values`"),
    ] {
        let script = Script::default();
        let mut one = issue(1);
        one["changelog"] = json!({ "total": 300, "histories": [] });
        script.answer(json!({ "issues": [one] }));
        script.answer(json!({ "total": 300, "values": histories(0..2) }));
        script.answer(second);
        let failure = script
            .read(&issues(), &reads(&["changes"]), &beginning())
            .await
            .unwrap_err();
        assert!(failure.message.contains(message), "{failure}");
    }
}

#[tokio::test]
async fn what_moves_to_a_later_page_while_reading_comes_once() {
    let script = Script::default();
    let mut one = issue(1);
    one["changelog"] = json!({ "total": 3, "histories": [] });
    script.answer(json!({ "issues": [one] }));
    script.answer(json!({ "total": 3, "values": histories(0..2) }));
    script.answer(json!({ "total": 4, "values": histories(1..3) }));
    let pages = script
        .read(&issues(), &reads(&["changes"]), &beginning())
        .await
        .unwrap();
    assert_eq!(
        changes_of(&pages[0]),
        ["100-status", "101-status", "102-status"]
    );
}

#[tokio::test]
async fn what_jira_keeps_back_of_a_list_is_told() {
    let script = Script::default();
    let mut one = issue(1);
    one["changelog"] = json!({ "total": 3, "histories": [] });
    script.answer(json!({ "issues": [one] }));
    script.answer(json!({ "total": 3, "isLast": true, "values": histories(0..1) }));
    let pages = script
        .read(&issues(), &reads(&["changes"]), &beginning())
        .await
        .unwrap();
    assert_eq!(
        pages[0].notices,
        ["changes of SUP-1 are not complete: Jira gave 1 of 3"]
    );
}

#[tokio::test]
async fn changes_lack_ids_of_fields_and_are_named_in_the_sites_language() {
    let script = Script::default();
    let mut one = issue(1);
    let item = |field: Json, id: Json| json!({ "field": field, "fieldId": id, "from": "", "fromString": null, "to": "3", "toString": "" });
    one["changelog"] = json!({ "total": 1, "histories": [{ "id": "100", "created": "2026-11-01T10:00:00.000+0000",
        "items": [
            item(json!("Статус"), json!("status")),
            item(json!("IssueParentAssociation"), Json::Null),
            item(json!("Link"), json!("")),
            item(Json::Null, Json::Null),
        ] }] });
    script.answer(json!({ "issues": [one] }));
    let pages = script
        .read(&issues(), &reads(&["changes"]), &beginning())
        .await
        .unwrap();
    assert_eq!(
        changes_of(&pages[0]),
        ["100-status", "100-IssueParentAssociation", "100-Link"]
    );
    let changes = pages[0].records[0].value.get("changes").unwrap();
    for change in changes.as_array().unwrap() {
        assert_eq!(change.get("from_id"), Some(&Value::Null));
        assert_eq!(change.get("to"), Some(&Value::Null));
        assert_eq!(change.get("to_id").and_then(Value::as_str), Some("3"));
    }
}
