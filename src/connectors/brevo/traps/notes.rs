//! Notes: linked by numbers, edited by ids, and nothing that keeps one from coming twice.

use super::super::NoteWriter;
use super::*;
use crate::operation::Policy;
use crate::record::Value;

fn note(receipt: Option<&str>) -> Operation {
    let payload = json!({ "identify": identified(247), "text": "<p>Hello</p>" });
    Operation {
        receipt: receipt.map(Into::into),
        ..operation("brevo.notes", "10200", payload)
    }
}

#[tokio::test]
async fn a_note_names_its_contacts_by_their_numbers() {
    let script = Script::default();
    script.answer(200, contact(247, &[]));
    script.answer(200, json!({ "id": "6650a1b2c3d4e5f6a7b8c9d0" }));
    let writer = NoteWriter::new(script.session().await);
    let outcomes = writer.deliver(&[note(None)]).await;
    let receipt = "6650a1b2c3d4e5f6a7b8c9d0".into();
    assert_all(&outcomes, &[Outcome::Made { receipt }]);
    assert_eq!(
        script.bodies("POST /crm/notes"),
        [json!({ "text": "<p>Hello</p>", "contactIds": [247] })]
    );
}

#[tokio::test]
async fn an_edit_edits_the_note_and_makes_it_anew_where_somebody_deleted_it() {
    let script = Script::default();
    script.answer(204, Json::Null);
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "no" }),
    );
    script.answer(200, contact(247, &[]));
    script.answer(200, json!({ "id": "b2" }));
    let writer = NoteWriter::new(script.session().await);
    let outcomes = writer.deliver(&[note(Some("a1")), note(Some("a1"))]).await;
    let receipt = "b2".into();
    assert_all(&outcomes, &[UPDATED, Outcome::Made { receipt }]);
    assert_eq!(script.calls()[1..3], ["PATCH /crm/notes/a1"; 2]);
}

#[tokio::test]
async fn deleting_a_note_that_is_gone_is_done() {
    for status in [204, 404] {
        let script = Script::default();
        let body = match status {
            204 => Json::Null,
            _ => json!({ "code": "document_not_found", "message": "no" }),
        };
        script.answer(status, body);
        let writer = NoteWriter::new(script.session().await);
        let deletion = Operation {
            payload: Value::from(json!({ "deleted": true })),
            policy: Policy::Edited,
            receipt: Some("a1".into()),
            ..note(None)
        };
        assert!(deletion.deletes());
        assert_all(&writer.deliver(&[deletion]).await, &[Outcome::Gone]);
    }
}

#[tokio::test]
async fn a_note_whose_answer_names_none_or_is_lost_is_unknown_and_made_once() {
    for lost in [
        Response::new(200, "{}"),
        Response::new(200, "<html></html>"),
        Response::new(502, ""),
        Response::new(524, "<html>a timeout occurred</html>"),
    ] {
        let script = Script::default();
        script.answer(200, contact(247, &[]));
        script.response(lost);
        let writer = NoteWriter::new(script.session().await);
        let outcomes = writer.deliver(&[note(None)]).await;
        assert!(
            matches!(&outcomes[0], Outcome::Unknown { .. }),
            "{outcomes:?}"
        );
        assert_eq!(script.bodies("POST /crm/notes").len(), 1);
    }
}
