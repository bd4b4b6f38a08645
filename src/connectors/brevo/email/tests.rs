use serde_json::{Value as Json, json};

use super::EmailWriter;
use crate::connectors::brevo::testing::{Script, letters, operation};
use crate::connectors::{Outcome, Writer as _};
use crate::http::TransportTrouble;
use crate::operation::{Operation, Policy};

const EMAIL: &str = "POST /smtp/email";

fn email(key: &str) -> Operation {
    let payload = json!({ "template": 7, "to": "jane@example.com", "params": { "n": 1 } });
    Operation {
        policy: Policy::Once,
        ..operation("brevo.email", key, payload)
    }
}

async fn deliver(script: &Script, operations: &[Operation]) -> Vec<Outcome> {
    EmailWriter::new(script.session().await)
        .deliver(operations)
        .await
}

fn sent(script: &Script) {
    script.answer(201, json!({ "messageId": "<1@relay>" }));
}

fn keys(script: &Script) -> Vec<String> {
    let of = |body: &Json| {
        body["headers"]["idempotencyKey"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    script.bodies(EMAIL).iter().map(of).collect()
}

#[tokio::test]
async fn the_key_of_an_email_is_a_uuid_in_the_bodys_headers_and_the_same_each_time() {
    let script = Script::default();
    for _ in 0..3 {
        sent(&script);
    }
    let outcomes = deliver(&script, &[email("a"), email("a"), email("b")]).await;
    assert_eq!(letters(&outcomes), "aaa");
    let keys = keys(&script);
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
    let lengths: Vec<usize> = keys[0].split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    let mut body = script.bodies(EMAIL).remove(0);
    body.as_object_mut().unwrap().remove("headers");
    let expected = json!({
        "templateId": 7, "to": [{ "email": "jane@example.com" }], "params": { "n": 1 }
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_repeated_key_is_an_email_that_was_sent() {
    let script = Script::default();
    script.answer(
        400,
        json!({ "code": "duplicate_parameter", "message": "Idempotency key" }),
    );
    assert_eq!(letters(&deliver(&script, &[email("a")]).await), "a");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_a_refusal_is_one_and_too_many_are_waited_for() {
    for (trouble, letter) in [
        (TransportTrouble::Cut, "u"),
        (TransportTrouble::Timeout, "u"),
    ] {
        let script = Script::default();
        script.trouble(trouble);
        assert_eq!(letters(&deliver(&script, &[email("a")]).await), letter);
        assert_eq!(script.bodies(EMAIL).len(), 1);
    }
    let script = Script::default();
    script.answer(
        400,
        json!({ "code": "invalid_parameter", "message": "email is not valid" }),
    );
    sent(&script);
    let outcomes = deliver(&script, &[email("a"), email("b")]).await;
    assert_eq!(letters(&outcomes), "ra");
    let script = Script::default();
    script.answer(429, json!({ "message": "slow down" }));
    sent(&script);
    assert_eq!(letters(&deliver(&script, &[email("a")]).await), "a");
    let keys = keys(&script);
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn nobody_can_be_asked_after_an_email_but_its_key_is_known_for_half_an_hour() {
    let script = Script::default();
    let writer = EmailWriter::new(script.session().await);
    assert_eq!(writer.find(&[email("a")]).await, [None]);
    assert_eq!(writer.repeatable_for(), Some(30 * 60 * 1000));
}
