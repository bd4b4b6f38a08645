use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::EventWriter;
use crate::connectors::brevo::account::tests::account;
use crate::connectors::brevo::testing::{Script, operation};
use crate::connectors::{Applied, Found, Outcome, Writer as _};
use crate::http::{Response, TransportTrouble};
use crate::operation::{Operation, Policy};
use crate::record::Value;

const BATCHES: &str = "POST /events/batch";
const SINGLES: &str = "POST /events";

fn event(id: &str) -> Operation {
    let payload = json!({
        "event_name": "moved", "event_date": "2026-11-20T10:00:00.000Z",
        "identify": { "email": format!("{id}@example.com") }, "properties": { "event_id": id }
    });
    Operation {
        policy: Policy::Once,
        happened_at: Some(1_795_168_800_000),
        subject: Some(format!("email:{id}@example.com").into()),
        ..operation("brevo.events", id, payload)
    }
}

fn events(count: usize) -> Vec<Operation> {
    (0..count).map(|at| event(&format!("e{at}"))).collect()
}

async fn writer(script: &Script) -> EventWriter {
    EventWriter::new(script.session().await, Arc::new(account()), TimeZone::UTC)
}

/// A writer whose account states its quota in the headers of its first answer.
async fn with_quota(script: &Script, remaining: &str) -> EventWriter {
    let session = script
        .session_with(vec![
            ("x-sib-ratelimit-limit", "100"),
            ("x-sib-ratelimit-remaining", remaining),
            ("x-sib-ratelimit-reset", "3000"),
        ])
        .await;
    EventWriter::new(session, Arc::new(account()), TimeZone::UTC)
}

async fn sent(script: &Script, operations: &[Operation]) -> Vec<Outcome> {
    writer(script).await.deliver(operations).await
}

/// One letter an outcome.
fn letters(outcomes: &[Outcome]) -> String {
    let letter = |outcome: &Outcome| match outcome {
        Outcome::Applied(Applied::Sent) => 's',
        Outcome::Rejected { .. } => 'r',
        Outcome::NotApplied { .. } => 'n',
        Outcome::Unknown { .. } => 'u',
        _ => '?',
    };
    outcomes.iter().map(letter).collect()
}

#[tokio::test]
async fn events_go_as_an_object_of_events_with_identifiers_that_brevo_knows() {
    let script = Script::default();
    script.answer(202, json!({ "message": "queued", "count": 1 }));
    let payload = json!({
        "event_name": "moved", "event_date": "2026-11-20T10:00:00.000Z",
        "identify": { "phone": "+4930" }, "properties": { "event_id": "a", "n": 1.5 },
        "contact_attributes": { "number": 3, "DAY": "2026-11-20T10:00:00Z" }
    });
    let outcomes = sent(&script, &[operation("brevo.events", "a", payload)]).await;
    assert_eq!(letters(&outcomes), "s");
    assert_eq!(
        script.bodies(BATCHES),
        [json!({ "events": [{
            "event_name": "moved", "event_date": "2026-11-20T10:00:00.000Z",
            "identifiers": { "phone_id": "+4930" },
            "event_properties": { "event_id": "a", "n": 1.5 },
            "contact_properties": { "NUMBER": 3, "DAY": "2026-11-20" }
        }] })]
    );
}

#[tokio::test]
async fn attributes_of_the_wrong_type_are_never_sent_with_an_event() {
    let script = Script::default();
    script.answer(202, json!({ "count": 1 }));
    for attributes in [
        json!({ "NUMBER": "3" }),
        json!({ "TAGS": ["News"] }),
        json!({ "NEW": 1 }),
    ] {
        let mut payload = serde_json::to_value(&event("a").payload).unwrap();
        payload["contact_attributes"] = attributes;
        let bad = operation("brevo.events", "a", payload);
        let script = Script::default();
        script.answer(202, json!({ "count": 1 }));
        assert_eq!(letters(&sent(&script, &[bad, event("b")]).await), "rs");
    }
}

#[tokio::test]
async fn a_207_names_its_events_in_arrays_of_places() {
    let script = Script::default();
    script.answer(
        207,
        json!({ "status": "partiallyQueued", "total_events": 5, "successful_events": 2, "failed_events": 3,
                "errors": [{ "eventIndex": [1, 3], "message": "undefined event_name" },
                           { "eventIndex": 4, "message": "jane@example.com is none" }, { "eventIndex": [99] }] }),
    );
    let outcomes = sent(&script, &events(5)).await;
    assert_eq!(letters(&outcomes), "srsrr");
    let Outcome::Rejected { failure } = &outcomes[1] else {
        unreachable!()
    };
    assert!(
        failure.message.contains("undefined event_name"),
        "{failure}"
    );
    let Outcome::Rejected { failure } = &outcomes[4] else {
        unreachable!()
    };
    assert!(!failure.message.contains("jane"), "{failure}");
}

#[tokio::test]
async fn a_207_that_does_not_say_who_leaves_the_rest_unknown() {
    for (errors, expected) in [
        (json!([{ "eventIndex": [1], "message": "x" }]), "uru"),
        (json!([]), "uuu"),
        (json!("?"), "uuu"),
    ] {
        let script = Script::default();
        script.answer(
            207,
            json!({ "total_events": 3, "successful_events": 1, "failed_events": 2, "errors": errors }),
        );
        assert_eq!(letters(&sent(&script, &events(3)).await), expected);
    }
    for body in ["<html>", "", "{\"a\":"] {
        let script = Script::default();
        script.response(Response::new(207, body));
        assert_eq!(letters(&sent(&script, &events(2)).await), "uu", "{body}");
    }
}

#[tokio::test]
async fn a_202_that_counts_fewer_leaves_all_unknown() {
    let script = Script::default();
    script.answer(202, json!({ "message": "queued", "count": 2 }));
    assert_eq!(letters(&sent(&script, &events(3)).await), "uuu");
}

#[tokio::test]
async fn a_400_without_code_names_its_events_and_the_others_go_again() {
    let script = Script::default();
    let failed = |places: Json| {
        json!({ "status": "failed", "total_events": 3, "successful_events": 0, "failed_events": 3,
                "errors": [{ "eventIndex": places, "message": "invalid event_date" }] })
    };
    script.answer(400, failed(json!([0, 2])));
    script.answer(202, json!({ "count": 1 }));
    assert_eq!(letters(&sent(&script, &events(3)).await), "rsr");
    let again = script.bodies(BATCHES);
    assert_eq!(again.len(), 2);
    assert_eq!(again[1]["events"][0]["event_properties"]["event_id"], "e1");
    let script = Script::default();
    script.answer(400, failed(json!([0, 1, 2])));
    assert_eq!(letters(&sent(&script, &events(3)).await), "rrr");
}

#[tokio::test]
async fn a_refused_batch_is_split_down_to_the_bad_event() {
    for body in [
        json!({ "code": "invalid_parameter", "message": "no" }),
        json!({ "status": "failed", "errors": [] }),
    ] {
        let script = Script::default();
        script.answer(400, body);
        script.answer(204, Json::Null);
        script.answer(
            400,
            json!({ "code": "invalid_parameter", "message": "bad" }),
        );
        script.answer(204, Json::Null);
        // Of one contact, so that they come in order.
        let mut operations = events(3);
        for operation in &mut operations {
            operation.subject = Some("a".into());
        }
        assert_eq!(letters(&sent(&script, &operations).await), "srs");
        assert_eq!(script.bodies(SINGLES).len(), 3);
    }
}

#[tokio::test]
async fn an_account_without_batches_gets_single_events_from_then_on() {
    for status in [404, 405] {
        let script = Script::default();
        script.answer(status, json!({ "code": "x", "message": "x" }));
        for _ in 0..4 {
            script.answer(204, Json::Null);
        }
        let writer = writer(&script).await;
        assert_eq!(letters(&writer.deliver(&events(2)).await), "ss");
        assert_eq!(letters(&writer.deliver(&events(2)).await), "ss");
        assert_eq!(script.bodies(BATCHES).len(), 1);
    }
}

#[tokio::test]
async fn what_may_have_been_taken_is_unknown_and_never_sent_again() {
    for trouble in [TransportTrouble::Cut, TransportTrouble::Timeout] {
        let script = Script::default();
        script.trouble(trouble);
        assert_eq!(letters(&sent(&script, &events(2)).await), "uu");
        assert_eq!(script.bodies(BATCHES).len(), 1);
    }
    for response in [
        Response::new(200, "<html>Sign in</html>"),
        Response::new(500, ""),
        Response::new(524, "error code: 524"),
    ] {
        let script = Script::default();
        script.response(response);
        assert_eq!(letters(&sent(&script, &events(2)).await), "uu");
        assert_eq!(script.bodies(BATCHES).len(), 1);
    }
}

#[tokio::test]
async fn what_was_certainly_not_taken_goes_again() {
    let script = Script::default();
    script.answer(429, Json::Null);
    script.trouble(TransportTrouble::Connect);
    script.answer(202, json!({ "count": 2 }));
    assert_eq!(letters(&sent(&script, &events(2)).await), "ss");
    let script = Script::default();
    script.answer(401, json!({ "message": "Key not found" }));
    assert_eq!(letters(&sent(&script, &events(2)).await), "nn");
}

#[tokio::test]
async fn batches_hold_at_most_200_events_and_512_kb() {
    let script = Script::default();
    script.answer(202, Json::Null);
    script.answer(202, Json::Null);
    assert_eq!(letters(&sent(&script, &events(201)).await), "s".repeat(201));
    let sizes: Vec<usize> = script
        .bodies(BATCHES)
        .iter()
        .map(|body| body["events"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [200, 1]);
    let script = Script::default();
    for _ in 0..3 {
        script.answer(202, Json::Null);
    }
    let large: Vec<Operation> = (0..25)
        .map(|at| {
            let mut payload = serde_json::to_value(&event("x").payload).unwrap();
            payload["properties"]["text"] = json!("é".repeat(24_000));
            operation("brevo.events", &format!("e{at}"), payload)
        })
        .collect();
    assert_eq!(letters(&sent(&script, &large).await), "s".repeat(25));
    for body in script.bodies(BATCHES) {
        assert!(body.to_string().len() <= 512_000);
    }
}

#[tokio::test]
async fn few_events_spare_the_quota_of_batches() {
    let script = Script::default();
    for _ in 0..5 {
        script.answer(204, Json::Null);
    }
    let writer = with_quota(&script, "99").await;
    assert_eq!(letters(&writer.deliver(&events(5)).await), "sssss");
    assert_eq!(script.bodies(SINGLES).len(), 5);
    let single = &script.bodies(SINGLES)[0];
    assert!(single.get("events").is_none() && single["event_name"] == "moved");
}

#[tokio::test]
async fn few_events_go_in_a_batch_where_batches_are_plenty() {
    let script = Script::default();
    script.answer(202, json!({ "count": 3 }));
    let session = script
        .session_with(vec![
            ("x-sib-ratelimit-limit", "1000000"),
            ("x-sib-ratelimit-remaining", "1000000"),
            ("x-sib-ratelimit-reset", "1"),
        ])
        .await;
    let writer = EventWriter::new(session, Arc::new(account()), TimeZone::UTC);
    assert_eq!(letters(&writer.deliver(&events(3)).await), "sss");
    assert_eq!(script.bodies(BATCHES).len(), 1);
}

#[tokio::test]
async fn many_events_go_in_batches_while_the_hours_quota_lasts() {
    let script = Script::default();
    script.answer(202, json!({ "count": 150 }));
    let writer = with_quota(&script, "99").await;
    assert_eq!(
        letters(&writer.deliver(&events(150)).await),
        "s".repeat(150)
    );
    assert_eq!(script.bodies(BATCHES).len(), 1);
}

#[tokio::test]
async fn a_spent_quota_of_batches_is_not_waited_for_where_single_events_are_sooner() {
    let script = Script::default();
    for _ in 0..150 {
        script.answer(204, Json::Null);
    }
    let writer = with_quota(&script, "0").await;
    assert_eq!(
        letters(&writer.deliver(&events(150)).await),
        "s".repeat(150)
    );
    assert_eq!(script.bodies(SINGLES).len(), 150);
}

#[tokio::test]
async fn single_events_of_one_contact_keep_their_order() {
    let script = Script::default();
    for _ in 0..6 {
        script.answer(204, Json::Null);
    }
    let mut operations = events(6);
    for (at, operation) in operations.iter_mut().enumerate() {
        operation.subject = Some(if at % 2 == 0 { "a" } else { "b" }.into());
    }
    with_quota(&script, "0").await.deliver(&operations).await;
    let sent: Vec<usize> = script
        .bodies(SINGLES)
        .iter()
        .map(|body| {
            let id = body["event_properties"]["event_id"].as_str().unwrap();
            id.trim_start_matches('e').parse().unwrap()
        })
        .collect();
    for remainder in [0, 1] {
        let of: Vec<usize> = sent
            .iter()
            .copied()
            .filter(|at| at % 2 == remainder)
            .collect();
        assert!(of.is_sorted(), "{sent:?}");
    }
}

#[tokio::test]
async fn a_dead_key_stops_single_events() {
    let script = Script::default();
    for _ in 0..8 {
        script.answer(401, json!({ "message": "Key not found" }));
    }
    let writer = with_quota(&script, "0").await;
    assert_eq!(letters(&writer.deliver(&events(50)).await), "n".repeat(50));
    assert!(script.bodies(SINGLES).len() <= 8);
}

fn seen(ids: &[&str], count: usize) -> Json {
    let events: Vec<Json> = ids
        .iter()
        .map(|id| json!({ "event_name": "moved", "event_properties": { "event_id": id } }))
        .collect();
    json!({ "count": count, "events": events })
}

#[tokio::test]
async fn one_question_settles_all_unknowns_of_a_name_and_time() {
    let script = Script::default();
    script.answer(200, seen(&["e0", "e2", "other"], 3));
    let found = writer(&script).await.find(&events(3)).await;
    assert_eq!(
        found,
        [Some(Found::There), Some(Found::Absent), Some(Found::There)]
    );
    let asked = script.calls();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[1],
        "GET /events?event_name=moved&startDate=2026-11-19&endDate=2026-11-21&limit=10000&offset=0"
    );
}

#[tokio::test]
async fn an_answer_that_holds_not_all_is_read_on_and_a_question_that_fails_settles_nothing() {
    let script = Script::default();
    script.answer(200, seen(&["e1"], 2));
    script.answer(200, seen(&["e0"], 2));
    let found = writer(&script).await.find(&events(2)).await;
    assert_eq!(found, [Some(Found::There), Some(Found::There)]);
    let script = Script::default();
    script.answer(403, json!({ "message": "no" }));
    assert_eq!(writer(&script).await.find(&events(2)).await, [None, None]);
}

#[tokio::test]
async fn a_span_with_more_than_an_answer_holds_is_asked_by_halves() {
    let script = Script::default();
    let mut operations = events(2);
    let later = operations[1].payload.to_json();
    let later = later.replace("2026-11-20T", "2026-12-10T");
    operations[1].payload = Value::from_json(&later).unwrap();
    script.answer(200, seen(&["x"], 20_000));
    script.answer(200, seen(&["e0"], 1));
    script.answer(200, seen(&[], 0));
    let found = writer(&script).await.find(&operations).await;
    assert_eq!(found, [Some(Found::There), Some(Found::Absent)]);
    let asked = script.calls();
    assert!(asked[2].contains("startDate=2026-11-19&endDate=2026-11-21"));
    assert!(asked[3].contains("startDate=2026-12-09&endDate=2026-12-11"));
}
