use serde_json::{Value as Json, json};

use super::ObjectWriter;
use crate::connectors::Writer as _;
use crate::connectors::brevo::testing::{Script, letters, operation};
use crate::http::TransportTrouble;
use crate::operation::Operation;

const UPSERT: &str = "POST /objects/ticket/batch/upsert";

fn object(id: &str) -> Operation {
    let payload = json!({ "type": "ticket", "ext_id": id, "attributes": { "text": "x" } });
    operation("brevo.objects", id, payload)
}

async fn deliver(script: &Script, operations: &[Operation]) -> String {
    let writer = ObjectWriter::new(script.session().await);
    letters(&writer.deliver(operations).await)
}

fn started(script: &Script) {
    script.answer(202, json!({ "processId": 3, "message": "accepted" }));
}

fn process(script: &Script, status: &str) {
    script.answer(200, json!({ "id": 3, "status": status }));
}

fn bad() -> Json {
    json!({ "code": "invalid_parameter", "message": "attribute is not valid" })
}

#[tokio::test]
async fn objects_of_a_type_go_in_one_request_and_are_done_when_their_process_is() {
    let script = Script::default();
    started(&script);
    process(&script, "queued");
    process(&script, "processing");
    process(&script, "completed");
    assert_eq!(deliver(&script, &[object("a"), object("b")]).await, "aa");
    let record =
        |id: &str| json!({ "identifiers": { "ext_id": id }, "attributes": { "text": "x" } });
    let body = json!({ "records": [record("a"), record("b")] });
    assert_eq!(script.bodies(UPSERT), [body]);
}

#[tokio::test]
async fn a_process_that_failed_is_no_success() {
    for status in ["failed", "cancelled"] {
        let script = Script::default();
        started(&script);
        process(&script, status);
        assert_eq!(deliver(&script, &[object("a")]).await, "r", "{status}");
    }
    let script = Script::default();
    started(&script);
    for _ in 0..10 {
        process(&script, "in_process");
    }
    assert_eq!(deliver(&script, &[object("a")]).await, "n");
}

#[tokio::test]
async fn one_bad_object_leaves_the_others_alone() {
    let script = Script::default();
    script.answer(400, bad());
    script.answer(400, bad());
    started(&script);
    process(&script, "completed");
    assert_eq!(deliver(&script, &[object("a"), object("b")]).await, "ra");
}

#[tokio::test]
async fn a_type_that_brevo_lacks_is_refused_once() {
    let script = Script::default();
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "no such object" }),
    );
    assert_eq!(deliver(&script, &[object("a"), object("b")]).await, "rr");
    assert_eq!(script.bodies(UPSERT).len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_no_harm_as_writing_twice_is_writing_once() {
    let script = Script::default();
    script.trouble(TransportTrouble::Cut);
    script.answer(429, json!({ "message": "slow down" }));
    started(&script);
    process(&script, "completed");
    assert_eq!(deliver(&script, &[object("a")]).await, "a");
    assert_eq!(script.bodies(UPSERT).len(), 3);
}

#[tokio::test]
async fn an_object_of_contacts_that_brevo_lacks_is_unmatched() {
    let script = Script::default();
    let of = |emails: &[&str]| {
        let contacts: Vec<Json> = emails
            .iter()
            .map(|email| json!({ "email": email }))
            .collect();
        let payload =
            json!({ "type": "ticket", "ext_id": "a", "attributes": {}, "contacts": contacts });
        operation("brevo.objects", "a", payload)
    };
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "no" }),
    );
    assert_eq!(deliver(&script, &[of(&["a@example.com"])]).await, "-");
    let script = Script::default();
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "no" }),
    );
    script.answer(200, json!({ "id": 5, "email": "b@example.com" }));
    started(&script);
    process(&script, "completed");
    assert_eq!(
        deliver(&script, &[of(&["a@example.com", "b@example.com"])]).await,
        "a"
    );
    let associations = &script.bodies(UPSERT)[0]["records"][0]["associations"];
    let records = json!([{ "identifiers": { "id": 5 } }]);
    assert_eq!(
        *associations,
        json!([{ "object_type": "contact", "records": records }])
    );
}
