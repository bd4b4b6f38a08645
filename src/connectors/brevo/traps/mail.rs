//! E-mails and campaigns: sent once, by keys and states that Brevo knows.

use std::sync::Arc;

use super::super::{CampaignWriter, EmailWriter};
use super::*;

fn email(key: &str) -> Operation {
    let payload = json!({ "template": 7, "to": "jane@acme.example", "params": {} });
    operation("brevo.email", key, payload)
}

fn campaign(receipt: Option<&str>) -> Operation {
    let payload = json!({ "name": "1.0", "template": 7, "lists": [] });
    Operation {
        receipt: receipt.map(Into::into),
        ..operation("brevo.campaigns", "7", payload)
    }
}

async fn campaigns(script: &Script) -> CampaignWriter {
    CampaignWriter::new(script.session().await, Arc::new(account()))
}

#[tokio::test]
async fn the_idempotency_key_is_a_uuid_among_the_bodys_headers() {
    let script = Script::default();
    for _ in 0..3 {
        script.answer(201, json!({ "messageId": "<1@x>" }));
    }
    let writer = EmailWriter::new(script.session().await);
    let outcomes = writer.deliver(&[email("a"), email("a"), email("b")]).await;
    assert_all(&outcomes, &[SENT, SENT, SENT]);
    let keys: Vec<String> = script
        .bodies("POST /smtp/email")
        .iter()
        .map(|body| {
            body["headers"]["idempotencyKey"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(keys[0], keys[1], "the same message has the same key");
    assert_ne!(keys[0], keys[2]);
    let form: String = keys[0]
        .chars()
        .map(|one| if one.is_ascii_hexdigit() { 'x' } else { one })
        .collect();
    assert_eq!(form, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

#[tokio::test]
async fn a_repeated_key_is_an_email_that_is_sent_already() {
    let script = Script::default();
    let body = json!({ "code": "duplicate_parameter", "message": "Key is already used" });
    script.answer(400, body);
    let writer = EmailWriter::new(script.session().await);
    assert_all(&writer.deliver(&[email("a")]).await, &[SENT]);
}

#[tokio::test]
async fn an_email_whose_answer_is_lost_is_repeated_only_while_its_key_is_known() {
    let script = Script::default();
    script.answer(500, Json::Null);
    let writer = EmailWriter::new(script.session().await);
    let outcomes = writer.deliver(&[email("a")]).await;
    assert!(matches!(&outcomes[0], Outcome::Unknown { .. }));
    assert_eq!(script.bodies("POST /smtp/email").len(), 1);
    assert_eq!(writer.repeatable_for(), Some(30 * 60_000));
}

#[tokio::test]
async fn a_campaigns_id_is_kept_before_it_is_sent_and_its_state_asked_before_that() {
    let script = Script::default();
    script.answer(
        200,
        json!({ "subject": "News", "sender": { "id": 1, "email": "a@acme.example" } }),
    );
    script.answer(201, json!({ "id": 31 }));
    let writer = campaigns(&script).await;
    let receipt = "31".into();
    let made = writer.deliver(&[campaign(None)]).await;
    assert_all(&made, &[Outcome::Begun { receipt }]);
    // Brevo takes a sender by its id or its address, not both.
    let body = &script.bodies("POST /emailCampaigns")[0];
    assert_eq!(body["sender"], json!({ "email": "a@acme.example" }));

    for status in ["sent", "queued", "archive", "in_process"] {
        script.answer(200, json!({ "id": 31, "status": status }));
        let outcomes = writer.deliver(&[campaign(Some("31"))]).await;
        assert_all(&outcomes, &[SENT]);
    }
    assert!(!script.calls().iter().any(|call| call.contains("sendNow")));
}

#[tokio::test]
async fn a_campaign_is_never_told_to_be_sent_a_second_time_by_itself() {
    for lost in [Response::new(500, ""), Response::new(200, "<html></html>")] {
        let script = Script::default();
        script.answer(200, json!({ "id": 31, "status": "draft" }));
        script.response(lost);
        let writer = campaigns(&script).await;
        let outcomes = writer.deliver(&[campaign(Some("31"))]).await;
        assert!(
            matches!(&outcomes[0], Outcome::Unknown { .. }),
            "{outcomes:?}"
        );
        let calls = script.calls();
        assert_eq!(
            calls.iter().filter(|call| call.contains("sendNow")).count(),
            1
        );
    }
}

#[tokio::test]
async fn without_credits_nothing_is_sent_and_the_run_ends() {
    let script = Script::default();
    script.answer(200, json!({ "id": 31, "status": "draft" }));
    script.answer(
        402,
        json!({ "code": "not_enough_credits", "message": "No credits" }),
    );
    let writer = campaigns(&script).await;
    let outcomes = writer.deliver(&[campaign(Some("31"))]).await;
    let Outcome::NotApplied { failure } = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert!(failure.class == Class::Payment && failure.ends_the_run());
}
