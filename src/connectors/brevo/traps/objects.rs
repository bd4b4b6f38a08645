//! Objects: taken with 202, and judged in the background.

use super::super::ObjectWriter;
use super::*;

fn object(id: usize) -> Operation {
    let payload = json!({ "type": "ticket", "ext_id": id.to_string(), "attributes": { "a": 1 } });
    operation("brevo.objects", &id.to_string(), payload)
}

#[tokio::test]
async fn a_202_is_no_success_until_its_process_is_at_its_end() {
    for (status, fine) in [("completed", true), ("failed", false), ("cancelled", false)] {
        let script = Script::default();
        script.answer(202, json!({ "processId": 9, "message": "accepted" }));
        script.answer(200, json!({ "id": 9, "status": "queued" }));
        script.answer(200, json!({ "id": 9, "status": "in_process" }));
        script.answer(200, json!({ "id": 9, "status": status }));
        let writer = ObjectWriter::new(script.session().await);
        let outcomes = writer.deliver(&[object(1)]).await;
        match &outcomes[0] {
            Outcome::Applied(_) => assert!(fine, "{status}"),
            Outcome::Rejected { failure } => {
                assert!(!fine && failure.message.contains(status), "{failure}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(script.calls()[2..], ["GET /processes/9"; 3]);
    }
}

#[tokio::test]
async fn a_batch_holds_a_thousand_objects() {
    let script = Script::default();
    for process in [9, 10] {
        script.answer(202, json!({ "processId": process }));
        script.answer(200, json!({ "status": "completed" }));
    }
    let writer = ObjectWriter::new(script.session().await);
    let all: Vec<Operation> = (0..1_010).map(object).collect();
    let outcomes = writer.deliver(&all).await;
    assert!(
        outcomes
            .iter()
            .all(|one| matches!(one, Outcome::Applied(_)))
    );
    let sizes: Vec<usize> = script
        .bodies("POST /objects/ticket/batch/upsert")
        .iter()
        .map(|body| body["records"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [1_000, 10]);
}

#[tokio::test]
async fn an_object_cannot_create_a_contact_so_one_of_nobody_is_not_sent() {
    let script = Script::default();
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "no" }),
    );
    let writer = ObjectWriter::new(script.session().await);
    let payload = json!({ "type": "ticket", "ext_id": "1", "contacts": [identified(1)] });
    let of_nobody = operation("brevo.objects", "1", payload);
    let outcomes = writer.deliver(&[of_nobody]).await;
    assert_all(&outcomes, &[Outcome::Unmatched]);
    assert_eq!(script.calls().len(), 2);
}
