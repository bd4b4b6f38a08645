//! Comments and worklogs in an issue, of which it holds only some.

use super::*;

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

#[tokio::test]
async fn internal_comments_are_left_out_of_an_issue_however_they_are_read() {
    let comments = json!([
        { "id": "1", "body": "for all" },
        { "id": "2", "body": "internal", "jsdPublic": false },
        { "id": "3", "body": "internal", "visibility": { "type": "role", "value": "Staff" } },
    ]);
    let mut rendered = comments.clone();
    rendered[1].as_object_mut().unwrap().remove("jsdPublic");
    for path in [
        "",
        "fields",
        "fields.comment",
        "fields.comment.comments.body",
        "renderedFields",
        "renderedFields.comment.comments.body",
    ] {
        let script = Script::default();
        let mut one = issue(1);
        one["fields"]["comment"] = json!({ "total": 3, "comments": comments });
        one["fields"]["worklog"] = json!({ "total": 1, "worklogs": [{ "comment": "internal", "visibility": { "type": "role" } }] });
        one["renderedFields"]["comment"] = json!({ "total": 3, "comments": rendered });
        one["changelog"] = json!({ "total": 0, "histories": [] });
        let reads = if path.is_empty() {
            script.answer(json!({ "serverTitle": "Acme" }));
            Projection::Whole
        } else {
            reads(&[path])
        };
        script.answer(json!({ "issues": [one] }));
        let pages = script.read(&issues(), &reads, &limited(1)).await.unwrap();
        let json = pages[0].records[0].value.to_json();
        assert!(!json.contains("internal"), "{path}: {json}");
        assert!(json.contains("for all"), "{path}: {json}");
        if path == "fields.comment" {
            assert!(json.contains(r#""total":1"#), "{json}");
        }
    }
}
