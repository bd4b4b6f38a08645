//! Who is in a list: told in three forms, or not at all.

use std::sync::Arc;

use super::super::spec::{Identify, Members};
use super::super::{MemberWriter, Session};
use super::*;

fn member(id: u64, inside: bool) -> Operation {
    let payload = json!({ "identify": identified(id), "list": 22, "in": inside });
    operation("brevo.lists", &format!("22:{id}"), payload)
}

fn writer(session: Arc<Session>) -> MemberWriter {
    let sink = Members {
        identify: Identify::default(),
        add: None,
        remove: None,
        create_lists: false,
        folder: None,
    };
    MemberWriter::new(session, &account(), &sink)
}

#[tokio::test]
async fn who_was_taken_is_told_nested_flat_or_as_an_object_of_ids() {
    let taken = json!(["c1@acme.example", "c2@acme.example"]);
    for answer in [
        json!({ "contacts": { "success": taken, "failure": [] } }),
        json!({ "success": taken, "failure": [] }),
        json!({ "contacts": { "success": { "emails": taken, "total": 2 }, "failure": [] } }),
    ] {
        let script = Script::default();
        script.answer(201, answer);
        let writer = writer(script.session().await);
        let outcomes = writer.deliver(&[member(1, true), member(2, true)]).await;
        assert_all(&outcomes, &[UPDATED, UPDATED]);
        assert_eq!(script.calls().len(), 2, "nobody is asked for again");
    }
}

#[tokio::test]
async fn a_400_for_who_is_there_already_or_does_not_exist_says_neither() {
    let script = Script::default();
    script.answer(
        400,
        json!({ "code": "invalid_parameter", "message": "Contact already in list and/or does not exist" }),
    );
    script.answer(200, contact(1, &[22]));
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "Contact does not exist" }),
    );
    let writer = writer(script.session().await);
    let outcomes = writer.deliver(&[member(1, true), member(2, true)]).await;
    assert_all(&outcomes, &[UPDATED, Outcome::Unmatched]);
}

#[tokio::test]
async fn leaving_a_list_that_one_is_not_in_is_done() {
    let script = Script::default();
    script.answer(
        400,
        json!({ "code": "invalid_parameter", "message": "Contact already removed from list and/or does not exist" }),
    );
    script.answer(200, contact(1, &[23]));
    let writer = writer(script.session().await);
    assert_all(&writer.deliver(&[member(1, false)]).await, &[UPDATED]);
}

#[tokio::test]
async fn a_request_names_at_most_150_contacts() {
    let script = Script::default();
    for range in [0..150, 150..160] {
        let taken: Vec<String> = range.map(|id| format!("C{id}@acme.example")).collect();
        script.answer(
            201,
            json!({ "contacts": { "success": taken, "failure": [] } }),
        );
    }
    let writer = writer(script.session().await);
    let all: Vec<Operation> = (0..160).map(|id| member(id, true)).collect();
    let outcomes = writer.deliver(&all).await;
    assert!(
        outcomes
            .iter()
            .all(|one| matches!(one, Outcome::Applied(_)))
    );
    let sizes: Vec<usize> = script
        .bodies("POST /contacts/lists/22/contacts/add")
        .iter()
        .map(|body| body["emails"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [150, 10]);
}
