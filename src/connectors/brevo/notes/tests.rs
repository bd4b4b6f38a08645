use serde_json::{Value as Json, json};

use super::NoteWriter;
use crate::connectors::brevo::testing::{Script, letters, operation};
use crate::connectors::{Found, Outcome, Writer as _};
use crate::http::TransportTrouble;
use crate::operation::{Operation, Policy};

const CONTACT: &str = "GET /contacts/jane%40example.com?identifierType=email_id";
const NOTES: &str = "POST /crm/notes";
const HERS: &str = "GET /crm/notes?entity=contacts&entityIds=5&limit=50&offset=0&sort=desc";

fn note(id: &str, text: &str) -> Operation {
    let payload = json!({ "identify": { "email": "jane@example.com" }, "text": text });
    Operation {
        policy: Policy::Edited,
        ..operation("brevo.notes", id, payload)
    }
}

fn known(receipt: &str, operation: Operation) -> Operation {
    Operation {
        receipt: Some(receipt.into()),
        ..operation
    }
}

fn deletion(id: &str) -> Operation {
    Operation {
        policy: Policy::Edited,
        ..operation("brevo.notes", id, json!({ "deleted": true }))
    }
}

async fn deliver(script: &Script, operations: &[Operation]) -> Vec<Outcome> {
    NoteWriter::new(script.session().await)
        .deliver(operations)
        .await
}

async fn find(script: &Script, operation: Operation) -> Option<Found> {
    let writer = NoteWriter::new(script.session().await);
    writer.find(&[operation]).await.remove(0)
}

/// The calls after the one that opens the session.
fn calls(script: &Script) -> Vec<String> {
    script.calls().split_off(1)
}

fn jane(script: &Script) {
    script.answer(200, json!({ "id": 5, "email": "jane@example.com" }));
}

fn refused() -> Json {
    json!({ "code": "invalid_parameter", "message": "text is not valid" })
}

fn missing() -> Json {
    json!({ "code": "document_not_found", "message": "not found" })
}

fn made(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Made { receipt } => receipt,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_note_needs_the_contacts_number() {
    let script = Script::default();
    jane(&script);
    script.answer(200, json!({ "id": "61a5cd07" }));
    let outcomes = deliver(&script, &[note("c1", "<p>a</p>")]).await;
    assert_eq!(made(&outcomes[0]), "61a5cd07");
    assert_eq!(calls(&script), [CONTACT, NOTES]);
    let body = json!({ "text": "<p>a</p>", "contactIds": [5] });
    assert_eq!(script.bodies(NOTES), [body]);
}

#[tokio::test]
async fn a_contact_that_brevo_lacks_is_unmatched_and_never_made() {
    let script = Script::default();
    script.answer(404, missing());
    assert_eq!(letters(&deliver(&script, &[note("c1", "a")]).await), "-");
    assert_eq!(calls(&script), [CONTACT]);
}

#[tokio::test]
async fn one_that_is_refused_leaves_the_others_alone() {
    let script = Script::default();
    jane(&script);
    script.answer(400, refused());
    jane(&script);
    script.answer(200, json!({ "id": "2" }));
    let outcomes = deliver(&script, &[note("c1", "a"), note("c2", "b")]).await;
    assert_eq!(letters(&outcomes), "rm");
    let Outcome::Rejected { failure } = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert!(failure.message.contains("text is not valid"), "{failure}");
}

#[tokio::test]
async fn too_many_requests_are_waited_for_as_nothing_was_done() {
    let script = Script::default();
    jane(&script);
    script.answer(429, json!({ "message": "slow down" }));
    script.answer(200, json!({ "id": "1" }));
    let outcomes = deliver(&script, &[note("c1", "a")]).await;
    assert_eq!(letters(&outcomes), "m");
    assert_eq!(script.bodies(NOTES).len(), 2);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_note_not_sent_again() {
    type Answers = fn(&Script);
    let answers: [Answers; 5] = [
        |script| script.trouble(TransportTrouble::Cut),
        |script| script.trouble(TransportTrouble::Timeout),
        |script| script.answer(500, Json::Null),
        |script| script.answer(524, Json::Null),
        |script| script.answer(200, json!({})),
    ];
    for answer in answers {
        let script = Script::default();
        jane(&script);
        answer(&script);
        assert_eq!(letters(&deliver(&script, &[note("c1", "a")]).await), "u");
        assert_eq!(script.bodies(NOTES).len(), 1);
    }
}

#[tokio::test]
async fn what_every_call_would_meet_ends_the_batch() {
    let script = Script::default();
    jane(&script);
    script.answer(
        401,
        json!({ "code": "unauthorized", "message": "Key not found" }),
    );
    let outcomes = deliver(&script, &[note("c1", "a"), note("c2", "b")]).await;
    assert_eq!(letters(&outcomes), "nn");
    assert_eq!(calls(&script), [CONTACT, NOTES]);
}

#[tokio::test]
async fn an_edit_may_be_repeated() {
    let script = Script::default();
    script.trouble(TransportTrouble::Cut);
    script.answer(500, Json::Null);
    script.answer(204, Json::Null);
    let outcomes = deliver(&script, &[known("61", note("c1", "b"))]).await;
    assert_eq!(letters(&outcomes), "a");
}

#[tokio::test]
async fn a_deletion_deletes_and_what_is_gone_already_is_done() {
    let script = Script::default();
    script.answer(204, Json::Null);
    script.answer(404, missing());
    let all = [
        known("61", deletion("c1")),
        known("62", deletion("c2")),
        deletion("c3"),
    ];
    assert_eq!(letters(&deliver(&script, &all).await), "ggg");
    let deleted = ["DELETE /crm/notes/61", "DELETE /crm/notes/62"];
    assert_eq!(calls(&script), deleted);
}

#[tokio::test]
async fn what_brevo_called_a_note_stays_within_its_path() {
    let script = Script::default();
    for receipt in ["../contacts/5", ""] {
        let outcomes = deliver(&script, &[known(receipt, deletion("c1"))]).await;
        assert_eq!(letters(&outcomes), "r");
        assert_eq!(
            calls(&script)
                .iter()
                .filter(|call| call.contains("DELETE"))
                .count(),
            0
        );
    }
}

#[tokio::test]
async fn an_unknown_note_is_one_of_those_of_the_contact_that_have_its_text() {
    let script = Script::default();
    jane(&script);
    let notes = json!([
        { "id": "3", "text": "a" }, { "id": "2", "text": "b" }, { "id": "1", "text": "a" }
    ]);
    script.answer(200, notes);
    let made = |receipt: &str| Found::Made {
        receipt: receipt.into(),
    };
    let found = find(&script, note("c1", "a")).await;
    assert_eq!(found, Some(Found::Among(vec![made("3"), made("1")])));
    assert_eq!(calls(&script), [CONTACT, HERS]);

    let script = Script::default();
    jane(&script);
    script.answer(200, json!([]));
    assert_eq!(
        find(&script, note("c1", "a")).await,
        Some(Found::Among(Vec::new()))
    );
}

#[tokio::test]
async fn all_pages_of_a_contacts_notes_are_looked_through() {
    let script = Script::default();
    jane(&script);
    let page: Vec<Json> = (0..50)
        .map(|id| json!({ "id": id.to_string(), "text": "b" }))
        .collect();
    script.answer(200, page.into());
    script.answer(200, json!([{ "id": "99", "text": "a" }]));
    let receipt = "99".into();
    let found = find(&script, note("c1", "a")).await;
    assert_eq!(found, Some(Found::Among(vec![Found::Made { receipt }])));
    assert_eq!(calls(&script)[2], HERS.replace("offset=0", "offset=50"));
}

#[tokio::test]
async fn an_unknown_edit_is_found_by_what_brevo_called_the_note() {
    for (text, found) in [("b", Found::There), ("a", Found::Absent)] {
        let script = Script::default();
        script.answer(200, json!({ "id": "61", "text": text }));
        assert_eq!(
            find(&script, known("61", note("c1", "b"))).await,
            Some(found)
        );
        assert_eq!(calls(&script), ["GET /crm/notes/61"]);
    }
    // A deletion does no harm when it is done again.
    let script = Script::default();
    let gone = known("61", deletion("c1"));
    assert_eq!(find(&script, gone).await, Some(Found::Absent));
}

#[tokio::test]
async fn what_could_not_be_asked_is_no_absence() {
    let script = Script::default();
    script.answer(
        401,
        json!({ "code": "unauthorized", "message": "Key not found" }),
    );
    assert_eq!(find(&script, note("c1", "a")).await, None);
}
