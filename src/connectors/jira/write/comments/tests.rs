use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::CommentWriter;
use crate::connectors::jira::testing::{Script, letters, operation};
use crate::connectors::{Found, Outcome, Writer as _};
use crate::http::{Response, TransportTrouble};
use crate::operation::Operation;

const COMMENT: &str = "POST /rest/api/3/issue/SUP-1/comment";

fn comment(key: &str) -> Operation {
    operation(
        "jira.comment",
        key,
        json!({ "issue": "SUP-1", "body": "a\n\nb" }),
    )
}

async fn deliver(script: &Script, operations: &[Operation]) -> Vec<Outcome> {
    let writer = CommentWriter::new(Arc::new(script.session().await));
    writer.deliver(operations).await
}

async fn find(script: &Script, operations: &[Operation]) -> Vec<Option<Found>> {
    let writer = CommentWriter::new(Arc::new(script.session().await));
    writer.find(operations).await
}

fn refused(status: u16, message: &str) -> Response {
    let body = json!({ "errorMessages": [message], "errors": {} });
    Response::new(status, body.to_string())
}

#[tokio::test]
async fn a_comment_is_a_document_and_carries_its_key() {
    let script = Script::default();
    script.response(Response::new(201, json!({ "id": "10" }).to_string()));
    let outcomes = deliver(&script, &[comment("c1")]).await;
    assert!(matches!(&outcomes[0], Outcome::Made { receipt } if &**receipt == "10"));
    let body = &script.bodies(COMMENT)[0];
    assert_eq!(
        body["properties"],
        json!([{ "key": "flowline", "value": "c1" }])
    );
    assert_eq!(body["body"]["content"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_refused_one_leaves_the_others_alone_and_a_missing_issue_is_one() {
    let script = Script::default();
    script.response(refused(400, "Comment body is not valid!"));
    script.response(refused(
        404,
        "Issue does not exist or you do not have permission to see it.",
    ));
    script.response(Response::new(201, json!({ "id": "10" }).to_string()));
    let outcomes = deliver(&script, &[comment("c1"), comment("c2"), comment("c3")]).await;
    assert_eq!(letters(&outcomes), "rrm");
    let Outcome::Rejected { failure } = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert!(failure.message.contains("not valid"), "{failure}");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_comment_not_sent_again() {
    type Answers = fn(&Script);
    let answers: [Answers; 5] = [
        |script| script.trouble(TransportTrouble::Cut),
        |script| script.trouble(TransportTrouble::Timeout),
        |script| script.response(Response::new(500, "")),
        |script| script.response(Response::new(201, "{\"id\":")),
        |script| script.response(Response::new(200, "<html>Log in</html>")),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let script = Script::default();
        answer(&script);
        let outcomes = deliver(&script, &[comment("c1")]).await;
        assert_eq!(letters(&outcomes), "u", "{number}");
        assert_eq!(script.bodies(COMMENT).len(), 1);
    }
}

#[tokio::test]
async fn too_many_requests_are_waited_for_as_nothing_was_done() {
    let script = Script::default();
    let mut busy = refused(429, "The request has been rate-limited");
    busy.headers = [
        ("Retry-After", "3"),
        ("RateLimit-Reason", "jira-per-issue-on-write"),
    ]
    .into_iter()
    .collect();
    script.response(busy);
    script.response(Response::new(201, json!({ "id": "10" }).to_string()));
    assert_eq!(letters(&deliver(&script, &[comment("c1")]).await), "m");
    assert_eq!(script.bodies(COMMENT).len(), 2);
    assert!(script.waits().iter().any(|wait| wait.as_secs() >= 3));
}

#[tokio::test]
async fn what_every_call_would_meet_ends_the_batch() {
    let script = Script::default();
    script.response(refused(401, "Client must be authenticated"));
    let outcomes = deliver(&script, &[comment("c1"), comment("c2")]).await;
    assert_eq!(letters(&outcomes), "nn");
    assert_eq!(script.bodies(COMMENT).len(), 1);
}

/// What Jira has: the user, the issue's comments, and what those of the user carry.
fn has(script: &Script, carried: &Json) {
    script.answer(json!({ "accountId": "me" }));
    let by = |id: &str, who: &str| json!({ "id": id, "author": { "accountId": who } });
    script.answer(
        json!({ "total": 3, "comments": [by("3", "me"), by("2", "other"), by("1", "me")] }),
    );
    script.answer(json!({ "values": carried }));
}

#[tokio::test]
async fn an_unknown_one_is_found_by_the_key_that_it_carries() {
    let script = Script::default();
    let carrying = |id: &str, key: &str| {
        json!({ "id": id, "properties": [
            { "key": "other", "value": "c2" }, { "key": "flowline", "value": key }
        ] })
    };
    has(&script, &json!([carrying("3", "c1"), { "id": "1" }]));
    let found = find(&script, &[comment("c1"), comment("c2")]).await;
    let receipt = "3".into();
    assert_eq!(found, [Some(Found::Made { receipt }), Some(Found::Absent)]);
    // Only one's own are asked for: others' cannot be what was sent.
    let listed = script.bodies("POST /rest/api/3/comment/list?expand=properties");
    assert_eq!(listed, [json!({ "ids": [3, 1] })]);
}

#[tokio::test]
async fn an_issue_that_is_gone_has_no_comments_and_what_could_not_be_asked_is_no_absence() {
    let script = Script::default();
    script.answer(json!({ "accountId": "me" }));
    script.response(refused(404, "Issue does not exist"));
    assert_eq!(find(&script, &[comment("c1")]).await, [Some(Found::Absent)]);
    let script = Script::default();
    script.answer(json!({ "accountId": "me" }));
    script.response(refused(401, "Client must be authenticated"));
    assert_eq!(find(&script, &[comment("c1")]).await, [None]);
}
