use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::CampaignWriter;
use crate::connectors::brevo::account::tests::account;
use crate::connectors::brevo::testing::{Script, letters, operation};
use crate::connectors::{Found, Outcome, Writer as _};
use crate::http::TransportTrouble;
use crate::operation::{Operation, Policy};

const CAMPAIGNS: &str = "POST /emailCampaigns";
const SEND: &str = "POST /emailCampaigns/7/sendNow";
const STATUS: &str = "GET /emailCampaigns/7";

fn campaign(receipt: Option<&str>) -> Operation {
    let payload = json!({
        "name": "v1 released", "template": 12, "subject": "v1 is out",
        "sender": { "email": "news@acme.example" }, "lists": []
    });
    Operation {
        policy: Policy::Once,
        receipt: receipt.map(Into::into),
        ..operation("brevo.campaigns", "v1", payload)
    }
}

async fn writer(script: &Script) -> CampaignWriter {
    CampaignWriter::new(script.session().await, Arc::new(account()))
}

async fn deliver(script: &Script, operation: Operation) -> Outcome {
    writer(script).await.deliver(&[operation]).await.remove(0)
}

async fn find(script: &Script, operation: Operation) -> Option<Found> {
    writer(script).await.find(&[operation]).await.remove(0)
}

fn calls(script: &Script) -> Vec<String> {
    script.calls().split_off(1)
}

fn is(status: &str) -> Json {
    json!({ "id": 7, "name": "v1 released", "status": status })
}

#[tokio::test]
async fn a_draft_is_made_and_its_id_kept_before_anything_is_sent() {
    let script = Script::default();
    script.answer(201, json!({ "id": 7 }));
    let outcome = deliver(&script, campaign(None)).await;
    assert!(
        matches!(&outcome, Outcome::Begun { receipt } if &**receipt == "7"),
        "{outcome:?}"
    );
    assert_eq!(calls(&script), [CAMPAIGNS]);
    let body = json!({
        "name": "v1 released", "templateId": 12, "subject": "v1 is out",
        "sender": { "email": "news@acme.example" }, "recipients": { "listIds": [] }
    });
    assert_eq!(script.bodies(CAMPAIGNS), [body]);
}

#[tokio::test]
async fn a_draft_alone_is_sent_and_its_status_asked_first() {
    let script = Script::default();
    script.answer(200, is("draft"));
    script.answer(204, Json::Null);
    assert_eq!(letters(&[deliver(&script, campaign(Some("7"))).await]), "a");
    assert_eq!(calls(&script), [STATUS, SEND]);
    for status in ["sent", "queued", "in_process", "archive"] {
        let script = Script::default();
        script.answer(200, is(status));
        assert_eq!(letters(&[deliver(&script, campaign(Some("7"))).await]), "a");
        assert_eq!(calls(&script), [STATUS], "{status}");
    }
    let script = Script::default();
    script.answer(200, is("suspended"));
    assert_eq!(letters(&[deliver(&script, campaign(Some("7"))).await]), "r");
}

#[tokio::test]
async fn send_now_is_never_tried_again_by_itself() {
    type Answers = fn(&Script);
    let answers: [Answers; 3] = [
        |script| script.trouble(TransportTrouble::Cut),
        |script| script.answer(500, Json::Null),
        |script| script.answer(524, Json::Null),
    ];
    for answer in answers {
        let script = Script::default();
        script.answer(200, is("draft"));
        answer(&script);
        assert_eq!(letters(&[deliver(&script, campaign(Some("7"))).await]), "u");
        assert_eq!(calls(&script), [STATUS, SEND]);
    }
}

#[tokio::test]
async fn no_credits_end_the_run_and_the_draft_stays() {
    let script = Script::default();
    script.answer(200, is("draft"));
    script.answer(
        402,
        json!({ "code": "not_enough_credits", "message": "no credits" }),
    );
    let outcome = deliver(&script, campaign(Some("7"))).await;
    let Outcome::NotApplied { failure } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(failure.ends_the_run(), "{failure}");
}

#[tokio::test]
async fn a_draft_that_somebody_deleted_is_not_made_again() {
    let script = Script::default();
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "no" }),
    );
    let outcome = deliver(&script, campaign(Some("7"))).await;
    assert_eq!(letters(std::slice::from_ref(&outcome)), "r");
    assert_eq!(calls(&script), [STATUS]);
}

#[tokio::test]
async fn too_many_requests_are_waited_for_and_what_brevo_refuses_is_rejected() {
    let script = Script::default();
    script.answer(429, json!({ "message": "slow down" }));
    script.answer(201, json!({ "id": 7 }));
    assert_eq!(letters(&[deliver(&script, campaign(None)).await]), "b");
    let script = Script::default();
    script.answer(
        400,
        json!({ "code": "invalid_parameter", "message": "Sender is invalid" }),
    );
    assert_eq!(letters(&[deliver(&script, campaign(None)).await]), "r");
    let script = Script::default();
    script.trouble(TransportTrouble::Timeout);
    assert_eq!(letters(&[deliver(&script, campaign(None)).await]), "u");
    assert_eq!(calls(&script), [CAMPAIGNS]);
}

#[tokio::test]
async fn an_unknown_one_is_settled_by_name_then_by_status() {
    let script = Script::default();
    let named =
        |id: u64, name: &str, status: &str| json!({ "id": id, "name": name, "status": status });
    script.answer(
        200,
        json!({ "count": 3, "campaigns": [
            named(9, "v1 released", "draft"), named(8, "v2 released", "sent"), named(7, "v1 released", "sent")
        ] }),
    );
    let found = find(&script, campaign(None)).await;
    let among = vec![
        Found::Begun {
            receipt: "9".into(),
        },
        Found::Sent {
            receipt: "7".into(),
        },
    ];
    assert_eq!(found, Some(Found::Among(among)));
    for (status, found) in [
        ("draft", Found::Absent),
        ("queued", Found::There),
        ("sent", Found::There),
    ] {
        let script = Script::default();
        script.answer(200, is(status));
        assert_eq!(find(&script, campaign(Some("7"))).await, Some(found));
    }
    // Without campaigns Brevo names no list of them.
    let script = Script::default();
    script.answer(200, json!({ "count": 0 }));
    assert_eq!(
        find(&script, campaign(None)).await,
        Some(Found::Among(Vec::new()))
    );
    let script = Script::default();
    script.answer(
        401,
        json!({ "code": "unauthorized", "message": "Key not found" }),
    );
    assert_eq!(find(&script, campaign(None)).await, None);
}
