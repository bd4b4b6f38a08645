//! What stands in the place of values.

use super::*;

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
async fn a_custom_field_is_whatever_the_site_makes_of_it() {
    // The same id on other sites: sprints as objects and as Java's text, a rank, time in status.
    for value in [
        json!([{ "id": 1, "name": "S", "state": "active" }]),
        json!([
            "com.atlassian.greenhopper.service.sprint.Sprint@5d2af540[id=1255,state=ACTIVE,completeDate=<null>]"
        ]),
        json!("3_*:*_1_*:*_78475_*|*_10000"),
        json!("0|i00007:"),
        json!(13.0),
        json!("{}"),
        json!("{repository={count=1, dataType=repository}, json={\"cachedValue\":{}}}"),
        Json::Null,
    ] {
        let script = Script::default();
        script.answer(json!([{ "id": "customfield_10020", "name": "Sprint" }]));
        let mut one = issue(1);
        one["fields"]["customfield_10020"] = value.clone();
        script.answer(json!({ "issues": [one] }));
        let spec = Issues {
            custom_fields: vec![("it".into(), "Sprint".to_owned())],
            ..issues()
        };
        let pages = script
            .read(&spec, &reads(&["custom.it"]), &beginning())
            .await
            .unwrap();
        let read = pages[0].records[0].value.at(&["custom", "it"]).unwrap();
        let read: Json = serde_json::from_str(&read.to_json()).unwrap();
        assert_eq!(read, value);
    }
}

#[tokio::test]
async fn a_number_beyond_what_an_integer_holds_is_kept() {
    for text in [
        "9223372036854775807",
        "9223372036854776000",
        "18446744073709551615",
    ] {
        let script = Script::default();
        let page = json!({ "issues": [issue(1)] }).to_string().replace(
            "\"fields\":{",
            &format!("\"fields\":{{\"workratio\":{text},"),
        );
        script.response(Response::new(200, page));
        let pages = script
            .read(&issues(), &reads(&["fields.workratio"]), &beginning())
            .await
            .unwrap();
        let ratio = pages[0].records[0].value.at(&["fields", "workratio"]);
        assert_eq!(ratio.unwrap().to_json(), text);
    }
}

#[tokio::test]
async fn dates_have_offsets_without_a_colon_and_other_forms() {
    for (text, time) in [
        ("2026-11-24T18:00:00.000+0800", Some("2026-11-24T10:00:00Z")),
        ("2026-11-24T10:00:00.000Z", Some("2026-11-24T10:00:00Z")),
        ("2026-11-24T10:00:00.000+0000", Some("2026-11-24T10:00:00Z")),
        ("04/2월/18 6:07 오후", None),
        ("", None),
    ] {
        let script = Script::default();
        let mut one = issue(1);
        one["fields"]["updated"] = json!(text);
        script.answer(json!({ "issues": [one] }));
        let pages = script
            .read(&issues(), &reads(&["key"]), &beginning())
            .await
            .unwrap();
        let read = pages[0].records[0].time.map(|time| time.to_string());
        assert_eq!(read.as_deref(), time, "{text}");
    }
}
