use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::ContactWriter;
use crate::connectors::brevo::account::tests::account;
use crate::connectors::brevo::testing::{Script, operation};
use crate::connectors::{Applied, Outcome, Writer as _};
use crate::http::{Class, Response, TransportTrouble};
use crate::operation::Operation;
use crate::record::Value;

async fn writer(script: &Script) -> ContactWriter {
    let session = script.session().await;
    ContactWriter::with(session, Arc::new(account()), None, TimeZone::UTC)
}

fn contact(payload: Json) -> Operation {
    operation("brevo.contacts", "email:jane@example.com", payload)
}

fn by_email(attributes: Json) -> Operation {
    contact(json!({ "identify": { "email": "jane@example.com" }, "attributes": attributes }))
}

/// Known by an external id, with an address for its creation.
fn by_ext_id() -> Operation {
    contact(json!({
        "identify": { "ext_id": "17", "email": "jane@example.com" }, "attributes": { "TEXT": "x" }
    }))
}

const BY_EXT_ID: &str = "PUT /contacts/17?identifierType=ext_id";

async fn one(script: &Script, operation: Operation) -> Outcome {
    let writer = writer(script).await;
    let mut outcomes = writer.deliver(&[operation]).await;
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

fn calls(script: &Script) -> Vec<String> {
    script.calls().split_off(1)
}

fn message(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Rejected { failure } => &failure.message,
        other => panic!("{other:?}"),
    }
}

fn duplicate(of: &str) -> Json {
    json!({ "code": "invalid_parameter", "message": "no", "metadata": { "duplicate_identifiers": [of] } })
}

fn missing() -> Json {
    json!({ "code": "document_not_found", "message": "Contact does not exist" })
}

#[tokio::test]
async fn an_upsert_says_so_as_the_default_would_refuse_who_is_there() {
    let script = Script::default();
    script.answer(201, json!({ "id": 5 }));
    let outcome = one(&script, by_email(json!({ "TEXT": 1, "ON": false }))).await;
    assert!(matches!(outcome, Outcome::Applied(Applied::Created)));
    assert_eq!(
        script.bodies("POST /contacts"),
        [json!({
            "email": "jane@example.com", "attributes": { "TEXT": "1", "ON": false }, "updateEnabled": true
        })]
    );
}

#[tokio::test]
async fn an_update_is_a_204_without_an_id() {
    let script = Script::default();
    script.answer(204, Json::Null);
    let outcome = one(&script, by_email(json!({}))).await;
    assert!(matches!(outcome, Outcome::Applied(Applied::Updated)));
}

#[tokio::test]
async fn a_page_with_200_is_tried_again_and_no_contact_written() {
    let script = Script::default();
    script.response(Response::new(200, "<html>Sign in</html>"));
    script.answer(425, Json::Null);
    script.trouble(TransportTrouble::Cut);
    script.answer(429, json!({ "message": "slow down" }));
    script.answer(524, Json::Null);
    script.answer(201, json!({ "id": 5 }));
    let outcome = one(&script, by_email(json!({}))).await;
    assert!(matches!(outcome, Outcome::Applied(Applied::Created)));
    assert_eq!(script.bodies("POST /contacts").len(), 6);
}

#[tokio::test]
async fn wrong_types_and_unknown_attributes_are_never_sent() {
    for (attributes, says) in [
        (
            json!({ "NUMBER": "42" }),
            "`NUMBER` takes a number, not text",
        ),
        (json!({ "DAY": "24/11/2026" }), "`DAY` takes a date"),
        (json!({ "NEW": "x" }), "no attribute `NEW`"),
        (
            json!({ "EMAIL": "other@example.com" }),
            "`EMAIL` is an identity",
        ),
    ] {
        let script = Script::default();
        let outcome = one(&script, by_email(attributes)).await;
        assert!(message(&outcome).contains(says), "{outcome:?}");
        assert!(calls(&script).is_empty());
    }
}

#[tokio::test]
async fn clearing_sends_what_empties_each_type() {
    let script = Script::default();
    script.answer(204, Json::Null);
    let clear = json!({
        "identify": { "email": "jane@example.com" }, "attributes": {},
        "clear": ["TEXT", "NUMBER", "DAY", "TAGS"]
    });
    one(&script, contact(clear)).await;
    assert_eq!(
        script.bodies("POST /contacts")[0]["attributes"],
        json!({ "TEXT": "", "NUMBER": "", "DAY": "", "TAGS": [] })
    );
}

#[tokio::test]
async fn consent_flags_are_sent_only_where_mapped() {
    let script = Script::default();
    script.answer(204, Json::Null);
    script.answer(204, Json::Null);
    one(&script, by_email(json!({}))).await;
    let plain = script.bodies("POST /contacts").remove(0);
    for member in ["emailBlacklisted", "smsBlacklisted", "forceMerge"] {
        assert!(plain.get(member).is_none(), "{plain}");
    }
    let script = Script::default();
    script.answer(204, Json::Null);
    let mapped = json!({
        "identify": { "email": "jane@example.com" }, "attributes": {},
        "consent": { "email_blacklisted": true }
    });
    one(&script, contact(mapped)).await;
    let body = script.bodies("POST /contacts").remove(0);
    assert_eq!(body["emailBlacklisted"], true);
    assert!(body.get("smsBlacklisted").is_none());
}

#[tokio::test]
async fn who_is_there_keeps_the_address_as_a_new_one_would_resubscribe() {
    let script = Script::default();
    script.answer(204, Json::Null);
    let outcome = one(&script, by_ext_id()).await;
    assert!(matches!(outcome, Outcome::Applied(Applied::Updated)));
    assert_eq!(calls(&script), [BY_EXT_ID]);
    assert_eq!(
        script.bodies(BY_EXT_ID),
        [json!({ "attributes": { "TEXT": "x" } })]
    );
}

#[tokio::test]
async fn who_is_not_there_is_created_with_all_identities() {
    let script = Script::default();
    script.answer(404, missing());
    script.answer(201, json!({ "id": 9 }));
    let outcome = one(&script, by_ext_id()).await;
    assert!(matches!(outcome, Outcome::Applied(Applied::Created)));
    assert_eq!(
        script.bodies("POST /contacts"),
        [json!({
            "email": "jane@example.com", "ext_id": "17", "attributes": { "TEXT": "x" },
            "updateEnabled": false
        })]
    );
}

#[tokio::test]
async fn a_contact_with_one_of_the_others_gets_the_key_and_keeps_its_opt_out() {
    let script = Script::default();
    script.answer(404, missing());
    script.answer(400, duplicate("email"));
    script.answer(
        200,
        json!({ "id": 9, "email": "jane@example.com", "emailBlacklisted": true, "attributes": {} }),
    );
    script.answer(204, Json::Null);
    let outcome = one(&script, by_ext_id()).await;
    assert!(matches!(outcome, Outcome::Applied(Applied::Updated)));
    assert_eq!(
        script.bodies("PUT /contacts/9?identifierType=contact_id"),
        [json!({ "attributes": { "TEXT": "x" }, "ext_id": "17", "emailBlacklisted": true })]
    );
}

#[tokio::test]
async fn a_contact_with_another_key_is_a_conflict_whatever_the_code_says() {
    for refusal in [
        duplicate("email"),
        json!({ "code": "duplicate_parameter", "message": "x", "metadata": { "duplicate_identifiers": ["email"] } }),
        json!({ "code": "invalid_parameter", "message": "Contact already exist" }),
    ] {
        let script = Script::default();
        script.answer(404, missing());
        script.answer(400, refusal);
        script.answer(
            200,
            json!({ "id": 9, "email": "jane@example.com", "attributes": { "EXT_ID": "18" } }),
        );
        let outcome = one(&script, by_ext_id()).await;
        let message = message(&outcome);
        assert!(
            message.contains("with this email has another ext_id"),
            "{message}"
        );
        assert!(!message.contains("jane"), "{message}");
        assert_eq!(calls(&script).len(), 3);
    }
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_found_and_updated() {
    let script = Script::default();
    script.answer(404, missing());
    script.trouble(TransportTrouble::Cut);
    script.answer(400, duplicate("ext_id"));
    script.answer(
        200,
        json!({ "id": 9, "email": "jane@example.com", "ext_id": "17" }),
    );
    script.answer(204, Json::Null);
    let outcome = one(&script, by_ext_id()).await;
    assert!(matches!(outcome, Outcome::Applied(Applied::Updated)));
}

#[tokio::test]
async fn lists_to_leave_go_by_an_update_as_an_upsert_cannot() {
    let script = Script::default();
    script.answer(204, Json::Null);
    let mut leaves = contact(json!({
        "identify": { "email": "jane@example.com" }, "attributes": {}, "unlink_lists": [23]
    }));
    leaves.unites = vec![Value::from("Support")];
    one(&script, leaves).await;
    let call = "PUT /contacts/jane%40example.com?identifierType=email_id";
    assert_eq!(
        script.bodies(call),
        [json!({ "attributes": {}, "listIds": [22], "unlinkListIds": [23] })]
    );
}

#[tokio::test]
async fn a_list_that_the_account_lacks_is_a_dead_letter() {
    for (list, says) in [
        (Value::from("Leads"), "no list `Leads`"),
        (Value::from(7_i64), "no list 7"),
    ] {
        let script = Script::default();
        let mut operation = by_email(json!({}));
        operation.unites = vec![list];
        let outcome = one(&script, operation).await;
        assert!(message(&outcome).contains(says), "{outcome:?}");
        assert!(calls(&script).is_empty());
    }
}

#[tokio::test]
async fn a_lacking_list_is_created_once_where_the_sink_says_so() {
    let script = Script::default();
    script.answer(
        200,
        json!({ "count": 1, "folders": [{ "id": 3, "name": "Jira" }] }),
    );
    script.answer(201, json!({ "id": 60 }));
    script.answer(204, Json::Null);
    script.answer(204, Json::Null);
    let writer = ContactWriter::with(
        script.session().await,
        Arc::new(account()),
        Some(None),
        TimeZone::UTC,
    );
    let mut operation = by_email(json!({}));
    operation.unites = vec![Value::from("Leads")];
    let outcomes = writer.deliver(&[operation.clone(), operation]).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Applied(_)))
    );
    assert_eq!(
        script.bodies("POST /contacts/lists"),
        [json!({ "name": "Leads", "folderId": 3 })]
    );
    assert!(
        script
            .bodies("POST /contacts")
            .iter()
            .all(|body| body["listIds"] == json!([60]))
    );
}

#[tokio::test]
async fn update_creates_nobody_and_create_changes_nobody() {
    let script = Script::default();
    script.answer(404, missing());
    let update =
        json!({ "identify": { "email": "jane@example.com" }, "mode": "update", "attributes": {} });
    assert!(matches!(
        one(&script, contact(update)).await,
        Outcome::Unmatched
    ));
    let script = Script::default();
    script.answer(400, duplicate("email"));
    let create =
        json!({ "identify": { "email": "jane@example.com" }, "mode": "create", "attributes": {} });
    assert!(matches!(
        one(&script, contact(create)).await,
        Outcome::Unmatched
    ));
    assert_eq!(script.bodies("POST /contacts")[0]["updateEnabled"], false);
}

#[tokio::test]
async fn what_only_adds_to_lists_names_the_contact_by_its_key_and_creates_nobody() {
    for (key, call) in [
        (
            "email:a:b@x.de",
            "PUT /contacts/a%3Ab%40x.de?identifierType=email_id",
        ),
        ("ext_id:17", "PUT /contacts/17?identifierType=ext_id"),
        (
            "contact_id:17",
            "PUT /contacts/17?identifierType=contact_id",
        ),
        (
            "phone:+4930",
            "PUT /contacts/%2B4930?identifierType=phone_id",
        ),
    ] {
        let script = Script::default();
        script.answer(404, missing());
        let mut lists = operation("brevo.contacts", key, Json::Null);
        lists.unites = vec![Value::from(22_i64)];
        assert!(matches!(one(&script, lists).await, Outcome::Unmatched));
        assert_eq!(
            script.bodies(call),
            [json!({ "attributes": {}, "listIds": [22] })]
        );
    }
}

#[tokio::test]
async fn a_contact_id_that_is_not_there_is_a_dead_letter() {
    let script = Script::default();
    script.answer(404, missing());
    let outcome = one(
        &script,
        contact(json!({ "identify": { "contact_id": 4 }, "attributes": {} })),
    )
    .await;
    assert!(
        message(&outcome).contains("Brevo alone gives them"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_dead_key_is_asked_once_and_nothing_more_is_sent() {
    let script = Script::default();
    for _ in 0..8 {
        script.answer(
            401,
            json!({ "code": "unauthorized", "message": "Key not found" }),
        );
    }
    let writer = writer(&script).await;
    let operations = vec![by_email(json!({})); 40];
    let outcomes = writer.deliver(&operations).await;
    assert_eq!(outcomes.len(), 40);
    for outcome in &outcomes {
        let Outcome::NotApplied { failure } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(failure.class, Class::Authentication);
    }
    assert!(calls(&script).len() <= 8);
}

#[tokio::test]
async fn a_page_with_404_is_nobodys_absence() {
    let script = Script::default();
    script.response(Response::new(404, "<html>Page Unavailable</html>"));
    let outcome = one(&script, by_ext_id()).await;
    let Outcome::NotApplied { failure } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(failure.ends_the_run());
}

#[tokio::test]
async fn outcomes_come_in_the_order_of_the_operations() {
    let script = Script::default();
    script.answer(201, json!({ "id": 1 }));
    script.answer(204, Json::Null);
    let bad = by_email(json!({ "NUMBER": "x" }));
    let operations = [by_email(json!({})), bad, by_email(json!({}))];
    let outcomes = writer(&script).await.deliver(&operations).await;
    assert!(matches!(outcomes[0], Outcome::Applied(Applied::Created)));
    assert!(matches!(outcomes[1], Outcome::Rejected { .. }));
    assert!(matches!(outcomes[2], Outcome::Applied(Applied::Updated)));
}
