//! What has been seen to go wrong with Jira's issues: each trap has a test named after it.

use serde_json::{Value as Json, json};

use super::spec::{Issues, Jql};
use super::testing::{Script, beginning, issues, reads};
use super::{Basic, Entrance, Session, Site};
use crate::connectors::{Cursor, Page, Start};
use crate::http::{Class, Response, Secret};
use crate::record::Value;

fn issue(id: u64) -> Json {
    json!({ "id": id.to_string(), "key": format!("SUP-{id}"),
            "fields": { "updated": "2026-11-24T10:00:00.000+0100" } })
}

fn keys(pages: &[Page]) -> Vec<&str> {
    let records = pages.iter().flat_map(|page| &page.records);
    records.map(|record| &*record.name).collect()
}

fn from(cursor: i64) -> Start {
    Start {
        cursor: Some(Cursor(cursor.to_string())),
        ..beginning()
    }
}

fn changes_of(page: &Page) -> Vec<&str> {
    let changes = page.records[0].value.get("changes");
    let changes = changes.and_then(Value::as_array).unwrap();
    let ids = changes.iter().map(|change| change.get("id").unwrap());
    ids.map(|id| id.as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_removed_search_is_never_called_and_fields_are_always_asked_for() {
    let script = Script::default();
    script.answer(json!({ "issues": [issue(1)] }));
    script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap();
    assert_eq!(script.calls(), ["POST /rest/api/3/search/jql"]);
    let body = &script.searches()[0];
    assert_eq!(body["fields"], json!(["updated"]), "the default is `id`");
    assert!(body.get("startAt").is_none() && body.get("validateQuery").is_none());
}

#[tokio::test]
async fn expand_is_one_text_with_commas_for_a_search() {
    let script = Script::default();
    script.answer(json!({ "issues": [] }));
    let reads = reads(&["changes", "names", "renderedFields.description"]);
    script.read(&issues(), &reads, &beginning()).await.unwrap();
    assert_eq!(
        script.searches()[0]["expand"],
        "changelog,names,renderedFields"
    );
}

#[tokio::test]
async fn what_a_pipeline_reads_by_name_is_asked_for_and_kept() {
    let script = Script::default();
    let mut whole = issue(1);
    whole["transitions"] = json!([{ "id": "11" }]);
    whole["changelog"] = json!({ "total": 0, "histories": [] });
    script.answer(json!({ "issues": [whole], "schema": { "status": { "type": "status" } } }));
    let reads = reads(&["changes", "changelog.total", "transitions", "schema.status"]);
    let pages = script.read(&issues(), &reads, &beginning()).await.unwrap();
    assert_eq!(
        script.searches()[0]["expand"],
        "changelog,schema,transitions"
    );
    let value = &pages[0].records[0].value;
    for path in [
        &["changelog", "total"][..],
        &["transitions"],
        &["schema", "status", "type"],
    ] {
        assert!(value.at(path).is_some(), "{path:?}: {}", value.to_json());
    }
}

#[tokio::test]
async fn the_last_page_is_told_by_the_lack_of_a_token_alone() {
    for end in [
        json!({}),
        json!({ "nextPageToken": null }),
        json!({ "nextPageToken": "" }),
        json!({ "isLast": false }),
    ] {
        let script = Script::default();
        // No total, a page with a token and fewer issues than asked for, and one with none at all.
        script.answer(json!({ "issues": [issue(1)], "nextPageToken": "t1", "isLast": false }));
        script.answer(json!({ "issues": [], "nextPageToken": "t2" }));
        let mut last = json!({ "issues": [issue(2)] });
        last.as_object_mut()
            .unwrap()
            .extend(end.as_object().unwrap().clone());
        script.answer(last);
        let pages = script
            .read(&issues(), &reads(&["key"]), &beginning())
            .await
            .unwrap();
        assert_eq!(keys(&pages), ["SUP-1", "SUP-2"]);
        let tokens: Vec<Json> = script
            .searches()
            .iter()
            .map(|body| body["nextPageToken"].clone())
            .collect();
        assert_eq!(tokens, [Json::Null, json!("t1"), json!("t2")]);
    }
}

#[tokio::test]
async fn a_token_that_comes_again_ends_the_search_with_an_error() {
    for tokens in [&["a", "a"][..], &["a", "b", "a"], &["a", "b", "c", "b"]] {
        let script = Script::default();
        for token in tokens {
            script.answer(json!({ "issues": [issue(1)], "nextPageToken": token }));
        }
        let failure = script
            .read(&issues(), &reads(&["key"]), &beginning())
            .await
            .unwrap_err();
        assert_eq!(failure.class, Class::BrokenAnswer, "{tokens:?}");
        assert!(
            failure.message.contains("the same page comes again"),
            "{failure}"
        );
        assert_eq!(script.searches().len(), tokens.len());
    }
}

#[tokio::test]
async fn a_page_without_a_list_of_issues_is_an_error_and_not_the_end() {
    for body in [
        "{}",
        r#"{"warningMessages":["?"]}"#,
        "[]",
        "",
        r#"{"issues":{}}"#,
    ] {
        let script = Script::default();
        script.response(Response::new(200, body));
        let failure = script
            .read(&issues(), &reads(&["key"]), &beginning())
            .await
            .unwrap_err();
        assert_eq!(failure.class, Class::BrokenAnswer, "{body}");
    }
}

#[tokio::test]
async fn jql_dates_are_epoch_milliseconds_whatever_the_zone_of_the_account() {
    let script = Script::default();
    script.answer(json!({ "issues": [] }));
    let spec = Issues {
        jql: Some(Jql::asked("project = SUP")),
        ..issues()
    };
    script
        .read(&spec, &reads(&["key"]), &from(1_800_000_000_000))
        .await
        .unwrap();
    // Five minutes before the cursor, since the index lags; no upper bound, since clocks differ.
    assert_eq!(
        script.searches()[0]["jql"],
        "(project = SUP) AND updated >= 1799999700000 ORDER BY updated ASC, key ASC"
    );
}

#[tokio::test]
async fn the_cursor_never_goes_back_over_what_the_overlap_reads_again() {
    let script = Script::default();
    let old = json!({ "id": "1", "key": "SUP-1", "fields": { "updated": "2020-01-01T00:00:00.000+0000" } });
    script.answer(json!({ "issues": [old], "nextPageToken": "t" }));
    script.answer(json!({ "issues": [{ "id": "2", "key": "SUP-2", "fields": {} }] }));
    let pages = script
        .read(&issues(), &reads(&["key"]), &from(1_800_000_000_000))
        .await
        .unwrap();
    for page in &pages {
        assert_eq!(page.cursor, Some(Cursor("1800000000000".to_owned())));
    }
    assert_eq!(
        keys(&pages),
        ["SUP-1", "SUP-2"],
        "without `updated` it is a record too"
    );
}

#[tokio::test]
async fn fields_may_be_missing_null_or_no_object() {
    let script = Script::default();
    script.answer(json!({ "issues": [
        { "id": "1" }, { "id": 2, "key": "SUP-2", "fields": null }, { "key": "SUP-3" }, 4, null,
        { "id": "", "key": "SUP-5", "fields": {} }, { "id": "6", "key": "SUP-6", "fields": { "updated": "soon" } }
    ] }));
    let spec = Issues {
        custom_fields: vec![("points".into(), "customfield_1".to_owned())],
        ..issues()
    };
    let other = Script::default();
    other.answer(json!([{ "id": "customfield_1", "name": "Story Points" }]));
    other.response(Response::new(
        200,
        json!({ "issues": [{ "id": "1" }, { "id": 2, "key": "SUP-2", "fields": null }] })
            .to_string(),
    ));
    let pages = other
        .read(&spec, &reads(&["custom.points"]), &beginning())
        .await
        .unwrap();
    for record in &pages[0].records {
        assert_eq!(record.value.at(&["custom", "points"]), Some(&Value::Null));
    }

    let pages = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap();
    let page = &pages[0];
    assert_eq!(
        page.records.len() + page.bad.len(),
        7,
        "no row is lost: {page:?}"
    );
    let ids = page
        .records
        .iter()
        .map(|record| format!("{:?}", record.identity));
    assert_eq!(ids.count(), 3);
    let told: Vec<&str> = page.bad.iter().map(|bad| &*bad.reason).collect();
    assert_eq!(
        told,
        [
            "the issue has no id",
            "the issue is no object",
            "the issue is no object",
            "the issue has no id"
        ]
    );
}

#[tokio::test]
async fn an_error_in_the_place_of_a_value_is_nothing() {
    let script = Script::default();
    script.answer(json!([{ "id": "customfield_10018", "name": "Parent Link" }]));
    let mut one = issue(1);
    one["fields"]["customfield_10018"] = json!({
        "hasEpicLinkFieldDependency": false, "showField": false,
        "nonEditableReason": { "reason": "EPIC_LINK_SHOULD_BE_USED", "message": "要将长篇故事设为父级" }
    });
    script.answer(json!({ "issues": [one] }));
    let spec = Issues {
        custom_fields: vec![("parent".into(), "Parent Link".to_owned())],
        ..issues()
    };
    let pages = script
        .read(&spec, &reads(&["custom.parent"]), &beginning())
        .await
        .unwrap();
    let parent = pages[0].records[0].value.at(&["custom", "parent"]);
    assert_eq!(parent, Some(&Value::Null));
}

#[tokio::test]
async fn a_custom_field_is_named_by_the_sites_own_list_of_fields() {
    let fields = json!([
        { "id": "customfield_1", "name": "Story Points" }, { "id": "customfield_2", "name": "Team" },
        { "id": "customfield_3", "name": "Team" }
    ]);
    for (wanted, message, help) in [
        (
            "Story points",
            "no field `Story points`",
            "did you mean `Story Points`?",
        ),
        (
            "Team",
            "several fields `Team`",
            "one of customfield_2, customfield_3",
        ),
    ] {
        let script = Script::default();
        script.answer(fields.clone());
        let spec = Issues {
            custom_fields: vec![("it".into(), wanted.to_owned())],
            ..issues()
        };
        let failure = script
            .read(&spec, &reads(&["custom.it"]), &beginning())
            .await
            .unwrap_err();
        assert!(failure.message.contains(message), "{failure}");
        assert!(failure.help.unwrap().contains(help));
    }
}

#[tokio::test]
async fn an_e_mail_that_is_null_absent_or_empty_is_nothing_and_no_error() {
    let script = Script::default();
    let mut one = issue(1);
    one["fields"]["reporter"] = json!({ "accountId": "a", "emailAddress": null });
    one["fields"]["creator"] = json!({ "accountId": "a", "emailAddress": "" });
    one["fields"]["created"] = json!("2026-11-01T10:00:00.000+0100");
    one["changelog"] = json!({ "total": 1, "histories": [
        { "id": "9", "author": { "accountId": "b" }, "created": "2026-11-02T10:00:00.000+0100", "items": [{ "field": "status" }] }
    ] });
    script.answer(json!({ "issues": [one] }));
    let reads = reads(&["changes", "fields.reporter.emailAddress"]);
    let pages = script.read(&issues(), &reads, &beginning()).await.unwrap();
    let value = &pages[0].records[0].value;
    assert_eq!(
        value.at(&["fields", "reporter", "emailAddress"]),
        Some(&Value::Null)
    );
    for change in value.get("changes").unwrap().as_array().unwrap() {
        assert_eq!(change.at(&["actor", "emailAddress"]), Some(&Value::Null));
    }
}

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
async fn comments_beyond_the_embedded_ones_are_read_and_internal_ones_left_out() {
    let script = Script::default();
    let comment = |id: usize| json!({ "id": id.to_string(), "body": null, "jsdPublic": id != 7 });
    let mut one = issue(1);
    one["fields"]["comment"] = json!({ "total": 150, "comments": [comment(0)] });
    one["fields"]["worklog"] =
        json!({ "total": 1, "worklogs": [{ "id": "1", "visibility": { "type": "role" } }] });
    script.answer(json!({ "issues": [one] }));
    let first: Vec<Json> = (0..100).map(comment).collect();
    script.answer(json!({ "startAt": 0, "total": 150, "comments": first }));
    let rest: Vec<Json> = (100..150).map(comment).collect();
    script.answer(json!({ "startAt": 100, "total": 150, "comments": rest }));
    let spec = Issues {
        comments: true,
        worklogs: true,
        ..issues()
    };
    let pages = script
        .read(&spec, &reads(&["key"]), &limited(1))
        .await
        .unwrap();
    let value = &pages[0].records[0].value;
    let comments = value
        .at(&["fields", "comment", "comments"])
        .and_then(Value::as_array)
        .unwrap();
    assert_eq!(comments.len(), 149);
    assert!(
        comments
            .iter()
            .all(|comment| comment.get("id").unwrap().as_str() != Some("7"))
    );
    let worklogs = value.at(&["fields", "worklog", "worklogs"]);
    assert_eq!(worklogs, Some(&Value::from(Vec::new())));
}

fn limited(limit: u64) -> Start {
    Start {
        limit: Some(limit),
        ..beginning()
    }
}

#[tokio::test]
async fn a_comment_nested_deeper_than_any_stack_is_read() {
    let script = Script::default();
    let mut one = issue(1);
    one["fields"]["comment"] = json!({ "total": 1, "comments": [] });
    script.answer(json!({ "issues": [one] }));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    script.response(Response::new(
        200,
        format!(r#"{{"total":1,"comments":[{{"id":"1","body":{deep}}}]}}"#),
    ));
    let spec = Issues {
        comments: true,
        ..issues()
    };
    let pages = script
        .read(&spec, &reads(&["fields.comment"]), &beginning())
        .await
        .unwrap();
    assert!(pages[0].records[0].value.to_json().contains(&deep));
}

#[tokio::test]
async fn a_dead_credential_that_is_answered_with_nothing_is_an_error() {
    let script = Script::default();
    let mut nothing = Response::new(200, r#"{"issues":[]}"#);
    nothing.headers = [("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")]
        .into_iter()
        .collect();
    script.response(nothing);
    let failure = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap_err();
    assert_eq!(failure.class, Class::Authentication);
    assert!(failure.help.unwrap().contains("JIRA_API_TOKEN"));
}

#[tokio::test]
async fn the_credential_is_tried_before_anything_is_searched() {
    let script = Script::default();
    script.response(Response::new(401, "Client must be authenticated"));
    let failure = script
        .open("https://acme.atlassian.net")
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, Class::Authentication);
    assert_eq!(script.calls(), ["GET /rest/api/3/myself"]);

    // Somebody else's page, or Jira's for nobody: 200 proves nothing without an account.
    let script = Script::default();
    script.answer(json!({ "displayName": "Anonymous" }));
    let failure = script
        .open("https://acme.atlassian.net")
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, Class::BrokenAnswer);
    assert!(failure.message.contains("accountId"), "{failure}");
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_site_is_no_part_of_any_address() {
    let script = Script::default();
    script.answer(json!({ "accountId": "a" }));
    script.answer(json!({ "cloudId": "c1" }));
    let session = script.open("https://acme.atlassian.net/").await.unwrap();
    assert_eq!(
        script.calls(),
        ["GET /rest/api/3/myself", "GET /_edge/tenant_info"]
    );
    let site = session.site(false).await.unwrap();
    assert_eq!(
        site.to_json(),
        r#"{"id":"c1","url":"https://acme.atlassian.net","host":"acme.atlassian.net","name":null}"#
    );
}

#[tokio::test]
async fn a_429_that_is_a_page_is_waited_for_like_any_other() {
    let script = Script::default();
    let page = "<html><title>Oops - an error has occurred</title></html>";
    script.response(Response::new(429, page));
    let mut later = Response::new(
        429,
        r#"{"errorMessages":["The request has been rate-limited."],"errors":{},"status":429}"#,
    );
    later.headers = [("retry-after", "7")].into_iter().collect();
    script.response(later);
    let mut reset = Response::new(429, "");
    reset.headers = [
        ("Date", "Tue, 24 Nov 2026 10:00:10 GMT"),
        ("X-RateLimit-Reset", "2026-11-24T10:01Z"),
    ]
    .into_iter()
    .collect();
    script.response(reset);
    script.answer(json!({ "issues": [issue(1)] }));
    let pages = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap();
    assert_eq!(keys(&pages), ["SUP-1"]);
    let waits: Vec<u64> = script
        .waits()
        .iter()
        .map(std::time::Duration::as_secs)
        .collect();
    assert!(waits.contains(&7) && waits.contains(&50), "{waits:?}");
}

#[tokio::test]
async fn a_login_page_with_200_is_no_answer() {
    let script = Script::default();
    for _ in 0..8 {
        script.response(Response::new(
            200,
            "<!DOCTYPE html><title>Log in with Atlassian account</title>",
        ));
    }
    let failure = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap_err();
    assert_eq!(failure.class, Class::BrokenAnswer);
    assert!(failure.help.unwrap().contains("not Jira's API"));
}

#[tokio::test]
async fn a_site_that_is_not_cloud_says_what_it_is() {
    // By e-mail and token: a Data Center site has no such API.
    let script = Script::default();
    let nothing = Response::new(404, r#"{"message":"null for uri","status-code":404}"#);
    script.response(nothing.clone());
    script.answer(json!({ "baseUrl": "https://jira.acme.example", "deploymentType": "Server" }));
    let failure = script
        .open("https://jira.acme.example")
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, Class::Rejected);
    assert!(failure.message.contains("not Jira Cloud"), "{failure}");
    assert!(failure.message.contains("Server"), "{failure}");
    assert_eq!(
        script.calls(),
        ["GET /rest/api/3/myself", "GET /rest/api/2/serverInfo"]
    );

    // Through the gateway: it has no cloud id either.
    let script = Script::default();
    script.response(nothing);
    script.answer(json!({ "deploymentType": "DataCenter" }));
    let entrance = Entrance {
        gateway: Some("https://api.atlassian.com".parse().unwrap()),
        ..Entrance::basic(
            &Site {
                url: "https://jira.acme.example".parse().unwrap(),
            },
            &Basic {
                email: "me@acme.example".to_owned(),
                token: Secret::new("token"),
            },
        )
    };
    let failure = Session::enter(script.parts(), entrance)
        .await
        .err()
        .unwrap();
    assert!(failure.message.contains("DataCenter"), "{failure}");
    assert_eq!(
        script.calls(),
        ["GET /_edge/tenant_info", "GET /rest/api/2/serverInfo"]
    );

    // Cloud that answers 404 keeps its own words.
    let script = Script::default();
    script.response(Response::new(
        404,
        r#"{"errorMessages":["Site temporarily gone"]}"#,
    ));
    script.answer(json!({ "deploymentType": "Cloud" }));
    let failure = script
        .open("https://acme.atlassian.net")
        .await
        .err()
        .unwrap();
    assert!(failure.message.contains("temporarily gone"), "{failure}");
}
