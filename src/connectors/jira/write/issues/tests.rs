use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::IssueWriter;
use crate::connectors::jira::testing::{Script, letters, operation};
use crate::connectors::{Found, Outcome, Writer as _};
use crate::http::{Response, TransportTrouble};
use crate::operation::Operation;

const CREATE: &str = "POST /rest/api/3/issue";
const SEARCH: &str = "POST /rest/api/3/search/jql";

fn issue(key: &str) -> Operation {
    let payload = json!({
        "project": "SUP", "type": "Task", "fields": { "summary": "a\nb", "description": "c" }
    });
    operation("jira.issue", key, payload)
}

fn fields(script: &Script) {
    let text = |id: &str, name: &str| json!({ "id": id, "name": name, "schema": { "type": "string", "system": id } });
    script.answer(json!([
        text("summary", "Summary"),
        text("description", "Description")
    ]));
}

fn created(script: &Script, key: &str) {
    let body = json!({ "id": "1", "key": key });
    script.response(Response::new(201, body.to_string()));
}

fn refused(status: u16, errors: Json) -> Response {
    let body = json!({ "errorMessages": [], "errors": errors });
    Response::new(status, body.to_string())
}

async fn deliver(script: &Script, operations: &[Operation]) -> Vec<Outcome> {
    let writer = IssueWriter::new(Arc::new(script.session().await));
    writer.deliver(operations).await
}

async fn find(script: &Script, operations: &[Operation]) -> Vec<Option<Found>> {
    let writer = IssueWriter::new(Arc::new(script.session().await));
    writer.find(operations).await
}

#[tokio::test]
async fn an_issue_is_created_as_jira_takes_it_and_carries_its_key() {
    let script = Script::default();
    fields(&script);
    created(&script, "SUP-7");
    created(&script, "SUP-8");
    let outcomes = deliver(&script, &[issue("i1"), issue("i2")]).await;
    assert_eq!(letters(&outcomes), "mm");
    assert!(matches!(&outcomes[1], Outcome::Made { receipt } if &**receipt == "SUP-8"));
    let body = &script.bodies(CREATE)[0];
    assert_eq!(
        body["properties"],
        json!([{ "key": "flowline", "value": "i1" }])
    );
    assert_eq!(body["fields"]["summary"], "a b");
    assert_eq!(body["fields"]["description"]["type"], "doc");
    assert_eq!(body["fields"]["project"], json!({ "key": "SUP" }));
    // What the fields take is asked once.
    assert_eq!(script.calls(), ["GET /rest/api/3/field", CREATE, CREATE]);
}

#[tokio::test]
async fn a_refused_one_leaves_the_others_alone_and_is_told_in_jiras_words() {
    let script = Script::default();
    fields(&script);
    script.response(refused(400, json!({ "priority": "Priority is required." })));
    created(&script, "SUP-8");
    let outcomes = deliver(&script, &[issue("i1"), issue("i2")]).await;
    assert_eq!(letters(&outcomes), "rm");
    let Outcome::Rejected { failure } = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert!(
        failure.message.contains("Priority is required."),
        "{failure}"
    );
}

#[tokio::test]
async fn a_field_that_the_site_lacks_is_never_sent() {
    let script = Script::default();
    fields(&script);
    let payload = json!({ "project": "SUP", "type": "Task", "fields": { "sumary": "a" } });
    let outcomes = deliver(&script, &[operation("jira.issue", "i1", payload)]).await;
    let Outcome::Rejected { failure } = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert!(
        failure.message.contains("did you mean `summary`?"),
        "{failure}"
    );
    assert!(script.bodies(CREATE).is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_issue_not_created_again() {
    type Answers = fn(&Script);
    let answers: [Answers; 4] = [
        |script| script.trouble(TransportTrouble::Cut),
        |script| script.trouble(TransportTrouble::Timeout),
        |script| script.response(Response::new(502, "<html></html>")),
        |script| script.response(Response::new(201, "{}")),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let script = Script::default();
        fields(&script);
        answer(&script);
        assert_eq!(
            letters(&deliver(&script, &[issue("i1")]).await),
            "u",
            "{number}"
        );
        assert_eq!(script.bodies(CREATE).len(), 1);
    }
}

#[tokio::test]
async fn where_the_fields_could_not_be_asked_for_nothing_was_sent() {
    let script = Script::default();
    script.response(refused(401, json!({})));
    let outcomes = deliver(&script, &[issue("i1"), issue("i2")]).await;
    assert_eq!(letters(&outcomes), "nn");
    assert!(script.bodies(CREATE).is_empty());
}

#[tokio::test]
async fn too_many_requests_are_waited_for_as_nothing_was_done() {
    let script = Script::default();
    fields(&script);
    script.response(refused(429, json!({})));
    created(&script, "SUP-7");
    assert_eq!(letters(&deliver(&script, &[issue("i1")]).await), "m");
    assert_eq!(script.bodies(CREATE).len(), 2);
}

#[tokio::test]
async fn an_unknown_one_is_found_by_the_key_that_it_carries_on_whichever_page() {
    let script = Script::default();
    let carrying = |key: &str, id: &str| json!({ "key": key, "properties": { "flowline": id } });
    script.answer(json!({
        "issues": [carrying("SUP-9", "i9"), { "key": "SUP-8" }], "nextPageToken": "t"
    }));
    script.answer(json!({ "issues": [carrying("SUP-7", "i1")] }));
    let found = find(&script, &[issue("i1"), issue("i2")]).await;
    let receipt = "SUP-7".into();
    assert_eq!(found, [Some(Found::Made { receipt }), Some(Found::Absent)]);
    let searches = script.bodies(SEARCH);
    assert_eq!(searches.len(), 2);
    assert_eq!(
        searches[0]["jql"],
        "creator = currentUser() AND project = \"SUP\" ORDER BY created DESC, id DESC"
    );
    assert_eq!(searches[1]["nextPageToken"], "t");
}

#[tokio::test]
async fn what_could_not_be_asked_is_no_absence() {
    let script = Script::default();
    script.response(refused(401, json!({})));
    assert_eq!(find(&script, &[issue("i1")]).await, [None]);
    // The same page for ever is no end.
    let script = Script::default();
    for _ in 0..2 {
        script.answer(json!({ "issues": [], "nextPageToken": "t" }));
    }
    assert_eq!(find(&script, &[issue("i1")]).await, [None]);
}
