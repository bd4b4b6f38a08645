//! Writing: how often one issue takes it, and in what form.

use super::super::CommentWriter;
use super::*;
use crate::connectors::{Outcome, Writer as _};
use crate::operation::{Operation, Place, Policy, Version};

fn comment(issue: &str) -> Operation {
    Operation {
        sink: "jira.comment".into(),
        sink_index: 0,
        scope: "jira.comment".into(),
        key: "k1".into(),
        policy: Policy::Latest,
        version: Version::default(),
        payload: Value::from(json!({ "issue": issue, "body": "a\nb" })),
        unites: Vec::new(),
        subject: None,
        happened_at: None,
        record: "SUP-1".into(),
        receipt: None,
        at: Place {
            file: "pipelines/a.yaml".into(),
            line: 1,
            column: 1,
        },
    }
}

fn refused(reason: &str, seconds: &str) -> Response {
    let mut response = refusal(429, "The request has been rate-limited.");
    response.headers = [("retry-after", seconds), ("RateLimit-Reason", reason)]
        .into_iter()
        .collect();
    response
}

/// How far apart calls of both families are after this refusal, in microseconds.
async fn apart(reason: &str) -> [u128; 2] {
    let script = Script::default();
    script.response(refused(reason, "2"));
    script.answer(json!({ "id": "10200" }));
    let session = Arc::new(script.session().await);
    let writer = CommentWriter::new(Arc::clone(&session));
    let outcomes = writer.deliver(&[comment("SUP-1")]).await;
    assert!(matches!(&outcomes[0], Outcome::Made { receipt } if &**receipt == "10200"));
    assert!(script.waits().iter().any(|wait| wait.as_secs() >= 2));
    ["jira", "jira writes"].map(|family| {
        let of = |calls| session.forecast(family, calls).as_micros();
        of(2) - of(1)
    })
}

#[tokio::test]
async fn a_limit_holds_back_what_it_is_about_an_issue_an_endpoint_or_everything() {
    let [reading, writing] = apart("jira-per-issue-on-write").await;
    assert_eq!([reading, writing], [10_204, 10_204], "that issue alone");
    let [reading, writing] = apart("jira-burst-based").await;
    assert!(reading < 10_300 && writing > 19_000, "{reading} {writing}");
    let [reading, writing] = apart("jira-quota-tenant-based").await;
    assert!(reading > 19_000 && writing > 19_000, "{reading} {writing}");
    // A limit that nobody has told of is one of its endpoint.
    let [reading, writing] = apart("jira-something-new").await;
    assert!(reading < 10_300 && writing > 19_000, "{reading} {writing}");
}

#[tokio::test]
async fn a_comment_is_a_document_and_carries_its_key_as_nothing_keeps_it_from_coming_twice() {
    let script = Script::default();
    script.answer(json!({ "id": "1" }));
    let session = Arc::new(script.session().await);
    let writer = CommentWriter::new(session);
    writer.deliver(&[comment("SUP-1")]).await;
    let body = &script.bodies("POST /rest/api/3/issue/SUP-1/comment")[0];
    assert_eq!(body["body"]["type"], "doc");
    assert_eq!(
        body["properties"],
        json!([{ "key": "flowline", "value": "k1" }])
    );
}

#[tokio::test]
async fn an_answer_that_was_lost_is_unknown_and_not_sent_again() {
    for lost in [
        Response::new(500, ""),
        Response::new(504, "<html></html>"),
        Response::new(201, "<html></html>"),
        Response::new(201, ""),
    ] {
        let script = Script::default();
        script.response(lost);
        let session = Arc::new(script.session().await);
        let writer = CommentWriter::new(session);
        let outcomes = writer.deliver(&[comment("SUP-1")]).await;
        assert!(
            matches!(&outcomes[0], Outcome::Unknown { .. }),
            "{outcomes:?}"
        );
        assert_eq!(script.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_post_says_that_it_is_no_browsers_forgery() {
    let script = Script::default();
    script.answer(json!({ "id": "1" }));
    script.answer(json!({ "issues": [] }));
    script.answer(json!({ "webhookRegistrationResult": [{ "createdWebhookId": 1 }] }));
    script.answer(json!([]));
    let session = Arc::new(script.session().await);
    let writer = CommentWriter::new(Arc::clone(&session));
    writer.deliver(&[comment("SUP-1")]).await;
    super::super::search(&session, "project = SUP", &reads(&["key"]))
        .await
        .unwrap();
    let added = session.add_dynamic_webhook("https://x.example", &[], "");
    added.await.unwrap().unwrap();
    session.admin_webhooks().await.unwrap();
    let waived: Vec<bool> = script
        .headers()
        .iter()
        .map(|headers| {
            let mut headers = headers.iter();
            headers.any(|(name, value)| name == "x-atlassian-token" && value == "no-check")
        })
        .collect();
    assert_eq!(waived, [true, true, true, false]);
}

#[tokio::test]
async fn a_search_for_what_was_created_that_goes_in_circles_settles_nothing() {
    let script = Script::default();
    for token in ["a", "b", "a"] {
        script.answer(json!({ "issues": [{ "key": "SUP-1" }], "nextPageToken": token }));
    }
    let session = Arc::new(script.session().await);
    let writer = super::super::IssueWriter::new(session);
    let operation = Operation {
        payload: Value::from(json!({ "project": "SUP", "type": "Task", "fields": {} })),
        ..comment("SUP-1")
    };
    let found = writer.find(&[operation]).await;
    assert!(found[0].is_none(), "{found:?}");
    assert_eq!(script.calls().len(), 3);
}
