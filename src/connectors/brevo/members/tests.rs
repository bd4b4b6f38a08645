use serde_json::{Value as Json, json};

use super::MemberWriter;
use crate::connectors::Writer as _;
use crate::connectors::brevo::account::tests::account;
use crate::connectors::brevo::contacts::ListBook;
use crate::connectors::brevo::testing::{Script, letters, operation};
use crate::http::TransportTrouble;
use crate::operation::Operation;

const ADD: &str = "POST /contacts/lists/22/contacts/add";
const REMOVE: &str = "POST /contacts/lists/22/contacts/remove";

fn member(identities: Json, inside: bool) -> Operation {
    let payload = json!({ "identify": identities, "list": 22, "in": inside });
    operation("brevo.lists", "22", payload)
}

fn by_email(who: &str) -> Operation {
    member(json!({ "email": format!("{who}@example.com") }), true)
}

async fn deliver(script: &Script, operations: &[Operation]) -> String {
    let session = script.session().await;
    let writer = MemberWriter {
        lists: ListBook::new(session.clone(), account().lists, None),
        session,
    };
    letters(&writer.deliver(operations).await)
}

fn calls(script: &Script) -> Vec<String> {
    script.calls().split_off(1)
}

fn contact(id: u64, lists: &[u64]) -> Json {
    json!({ "id": id, "email": "a@example.com", "listIds": lists })
}

#[tokio::test]
async fn contacts_of_a_list_go_in_one_request_for_each_way_of_naming_them() {
    let script = Script::default();
    // The definition nests what the example has at the top: both are taken.
    script.answer(
        201,
        json!({ "contacts": { "success": ["a@example.com", "B@example.com"] } }),
    );
    script.answer(201, json!({ "success": [9], "failure": [] }));
    script.answer(201, json!({ "contacts": { "success": ["x1"] } }));
    let all = [
        by_email("a"),
        member(json!({ "contact_id": 9 }), true),
        by_email("b"),
        member(json!({ "ext_id": "x1" }), false),
    ];
    assert_eq!(deliver(&script, &all).await, "aaaa");
    assert_eq!(
        script.bodies(ADD),
        [
            json!({ "emails": ["a@example.com", "b@example.com"] }),
            json!({ "ids": [9] })
        ]
    );
    assert_eq!(script.bodies(REMOVE), [json!({ "extIds": ["x1"] })]);
}

#[tokio::test]
async fn one_that_failed_is_named_by_its_number_before_it_is_given_up() {
    let script = Script::default();
    script.answer(
        201,
        json!({ "contacts": { "success": [], "failure": ["a@example.com"] } }),
    );
    script.answer(200, contact(5, &[]));
    script.answer(201, json!({ "contacts": { "success": [5] } }));
    assert_eq!(deliver(&script, &[by_email("a")]).await, "a");
    assert_eq!(script.bodies(ADD)[1], json!({ "ids": [5] }));
    let script = Script::default();
    script.answer(
        201,
        json!({ "contacts": { "success": [], "failure": ["a@example.com"] } }),
    );
    script.answer(200, contact(5, &[]));
    script.answer(
        201,
        json!({ "contacts": { "success": [], "failure": [5] } }),
    );
    assert_eq!(deliver(&script, &[by_email("a")]).await, "r");
}

#[tokio::test]
async fn one_bad_contact_leaves_the_others_alone() {
    let script = Script::default();
    let bad = || json!({ "code": "invalid_parameter", "message": "email is not valid" });
    // All four, the first two, then one by one; the other two.
    script.answer(400, bad());
    script.answer(400, bad());
    script.answer(201, json!({ "contacts": { "success": ["a@example.com"] } }));
    script.answer(400, bad());
    script.answer(
        201,
        json!({ "contacts": { "success": ["c@example.com", "d@example.com"] } }),
    );
    let all = ["a", "b", "c", "d"].map(by_email);
    assert_eq!(deliver(&script, &all).await, "araa");
}

#[tokio::test]
async fn a_lost_answer_is_no_harm_as_being_in_a_list_twice_is_being_in_it_once() {
    let script = Script::default();
    script.trouble(TransportTrouble::Cut);
    script.answer(429, json!({ "message": "slow down" }));
    script.answer(201, json!({ "contacts": { "success": ["a@example.com"] } }));
    assert_eq!(deliver(&script, &[by_email("a")]).await, "a");
    assert_eq!(calls(&script), [ADD, ADD, ADD]);
}

#[tokio::test]
async fn a_list_that_is_gone_and_a_key_that_is_refused_are_told_apart() {
    let script = Script::default();
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "List ID does not exist" }),
    );
    assert_eq!(
        deliver(&script, &[by_email("a"), by_email("b")]).await,
        "rr"
    );
    let script = Script::default();
    script.answer(
        401,
        json!({ "code": "unauthorized", "message": "Key not found" }),
    );
    let other = member(json!({ "ext_id": "x" }), true);
    assert_eq!(deliver(&script, &[by_email("a"), other]).await, "nn");
    assert_eq!(calls(&script), [ADD]);
}
