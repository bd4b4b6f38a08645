//! The search: its pages, its fields, its dates.

use super::*;

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
