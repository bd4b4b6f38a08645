//! Records into operations, each clause of the contract by a test.

use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::config::{IfMissing, Strings};
use crate::diagnostic::{Diagnostics, Source};
use crate::expression::{Compiling, Expression, Place as For, Trouble};
use crate::operation::{Order, Place, Policy};
use crate::record::{Happened, Identity as RecordIdentity, Object, Record, Value};

fn expression(yaml: &str, place: For) -> Expression {
    expression_in(yaml, place, TimeZone::UTC)
}

fn expression_in(yaml: &str, place: For, zone: TimeZone) -> Expression {
    let source = Source::new("pipelines/a.yaml", yaml);
    let (node, _) = crate::syntax::parse(&source);
    let mut diagnostics = Diagnostics::new();
    let mut compiling = Compiling {
        source: &source,
        strings: &Strings::default(),
        zone,
        place,
        diagnostics: &mut diagnostics,
    };
    Expression::compile(&node.unwrap(), &mut compiling).unwrap()
}

fn to(yaml: &str) -> Expression {
    expression(yaml, For::Destination)
}

fn part(yaml: &str) -> Option<Expression> {
    Some(expression(yaml, For::LeftOut))
}

fn by_all() -> Identify {
    Identify {
        contact_id: part("$.contact"),
        ext_id: part("$.ext"),
        email: part("$.email"),
        phone: part("$.phone"),
    }
}

fn contacts() -> Contacts {
    Contacts {
        identify: by_all(),
        attributes: Vec::new(),
        lists: None,
        unlink_lists: None,
        order_by: None,
        mode: Mode::default(),
        create_attributes: false,
        create_lists: false,
        folder: None,
        consent: Consent::default(),
        if_missing: IfMissing::Keep,
    }
}

fn events() -> Events {
    Events {
        name: expression("moved", For::LeftOut),
        at: None,
        identify: by_all(),
        properties: Vec::new(),
        contact_attributes: Vec::new(),
        id: None,
        backfill_ms: 0,
        zone: TimeZone::UTC,
        at_key: at(),
    }
}

fn at() -> Place {
    Place {
        file: "pipelines/a.yaml".into(),
        line: 3,
        column: 5,
    }
}

fn record(value: serde_json::Value) -> Record {
    Record {
        value: Value::from(value),
        identity: Some(RecordIdentity::of("10001").with("20002-status")),
        time: Some("2026-11-24T10:15:30.123Z".parse().unwrap()),
        name: "SUP-1".into(),
        deleted: false,
        happened: Happened::default(),
    }
}

fn contact(sink: &Contacts, value: serde_json::Value) -> crate::operation::Operation {
    match sink.operation(&record(value), 0, &at()).unwrap() {
        Made::Operation(operation) => *operation,
        other => panic!("{other:?}"),
    }
}

fn event(sink: &Events, value: serde_json::Value) -> Result<crate::operation::Operation, Trouble> {
    Ok(match sink.operation(&record(value), 0, &at())? {
        Made::Operation(operation) => *operation,
        other => panic!("{other:?}"),
    })
}

#[test]
fn the_first_identity_present_is_the_key_in_the_contracts_order() {
    let all =
        json!({ "contact": 7, "ext": 17, "email": "Jane@Example.com", "phone": "+49 30-1234" });
    let keys: Vec<String> = (0..4)
        .map(|gone| {
            let mut value = all.clone();
            for name in ["contact", "ext", "email"].iter().take(gone) {
                value[*name] = json!(null);
            }
            contact(&contacts(), value).key.to_string()
        })
        .collect();
    assert_eq!(
        keys,
        [
            "contact_id:7",
            "ext_id:17",
            "email:jane@example.com",
            "phone:+49301234"
        ]
    );
    let payload = contact(&contacts(), all).payload;
    assert_eq!(
        payload.get("identify").unwrap().to_json(),
        r#"{"contact_id":7,"ext_id":"17","email":"jane@example.com","phone":"+49301234"}"#
    );
    let nobody = contacts().operation(&record(json!({ "email": null })), 0, &at());
    assert!(matches!(nobody, Ok(Made::Unmatched)));
}

#[test]
fn phone_numbers_are_one_in_every_way_of_writing_them() {
    for (written, key) in [
        ("+49 (30) 123-456", "phone:+4930123456"),
        ("004930123456", "phone:+4930123456"),
        ("49.30.123456", "phone:+4930123456"),
    ] {
        assert_eq!(&*contact(&contacts(), json!({ "phone": written })).key, key);
    }
    for bad in ["none", "+49 ext 5", "12", ""] {
        let made = contacts().operation(&record(json!({ "phone": bad })), 0, &at());
        assert!(made.is_err(), "{bad}");
    }
}

#[test]
fn an_email_that_is_none_is_trouble_and_no_missing_one() {
    for bad in [json!("?"), json!(""), json!("x at y dot com"), json!(5)] {
        let made = contacts().operation(&record(json!({ "email": bad })), 0, &at());
        assert!(made.is_err(), "{bad}");
    }
}

#[test]
fn what_is_missing_is_kept_or_cleared_as_the_file_says() {
    let sink = Contacts {
        attributes: vec![
            ("KEPT".into(), to("$.gone")),
            ("CLEARED".into(), to("{ path: $.gone, if_missing: clear }")),
            ("SET".into(), to("$.there")),
        ],
        ..contacts()
    };
    let payload = contact(&sink, json!({ "email": "a@b.de", "there": false })).payload;
    assert_eq!(
        payload.to_json(),
        r#"{"identify":{"email":"a@b.de"},"attributes":{"SET":false},"clear":["CLEARED"]}"#
    );
    let whole = Contacts {
        if_missing: IfMissing::Clear,
        attributes: vec![
            ("A".into(), to("$.gone")),
            ("B".into(), to("{ path: $.gone, if_missing: keep }")),
        ],
        ..contacts()
    };
    let payload = contact(&whole, json!({ "email": "a@b.de" })).payload;
    assert_eq!(payload.get("clear").unwrap().to_json(), r#"["A"]"#);
}

#[test]
fn lists_pass_over_missing_entries_and_count_a_list_as_its_entries() {
    let sink = Contacts {
        lists: Some(Lists {
            value: expression(
                "[22, Leads, { name: \"22\" }, $.gone, $.more, 22]",
                For::LeftOut,
            ),
        }),
        unlink_lists: Some(Lists {
            value: expression("[$.gone]", For::LeftOut),
        }),
        ..contacts()
    };
    let made = contact(
        &sink,
        json!({ "email": "a@b.de", "more": [41, null, "Leads"] }),
    );
    assert_eq!(
        Value::from(made.unites).to_json(),
        r#"[22,"Leads",{"name":"22"},41]"#
    );
    assert!(made.payload.get("unlink_lists").is_none());
    let bad = sink.operation(
        &record(json!({ "email": "a@b.de", "more": true })),
        0,
        &at(),
    );
    assert!(bad.is_err());
}

#[test]
fn the_newer_is_told_by_order_by_or_the_records_time() {
    let time = 1_795_515_330_123.0;
    let by_time = contact(&contacts(), json!({ "email": "a@b.de" })).version;
    assert_eq!(by_time.order, Order::Number(time));
    let ordered = Contacts {
        order_by: part("$.created"),
        ..contacts()
    };
    for (value, order) in [
        (json!("2026-11-24T10:15:30.123+0000"), Order::Number(time)),
        (json!(3), Order::Number(3.0)),
        (json!("b"), Order::Text("b".to_owned())),
        (json!(null), Order::Missing),
    ] {
        let version = contact(&ordered, json!({ "email": "a@b.de", "created": value })).version;
        assert_eq!(
            (version.order, version.time),
            (order, Some(1_795_515_330_123))
        );
    }
}

#[test]
fn a_date_alone_orders_by_midnight_in_the_pipelines_zone() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let ordered = Contacts {
        order_by: Some(expression_in("$.day", For::LeftOut, zone)),
        ..contacts()
    };
    let order = |day: &str| {
        contact(&ordered, json!({ "email": "a@b.de", "day": day }))
            .version
            .order
    };
    assert_eq!(order("2026-11-24"), order("2026-11-23T23:00:00Z"));
}

#[test]
fn the_scope_is_the_attribute_set_whatever_its_order() {
    let of = |names: [&str; 2]| {
        let attributes = names
            .map(|name| (name.into(), to("x")))
            .into_iter()
            .collect();
        Contacts {
            attributes,
            ..contacts()
        }
        .scope()
    };
    assert_eq!(&*of(["B", "A"]), "brevo.contacts/A,B");
    assert_eq!(of(["B", "A"]), of(["A", "B"]));
}

#[test]
fn consent_is_written_only_where_mapped_and_only_as_true_or_false() {
    let sink = Contacts {
        consent: Consent {
            email_blacklisted: part("$.out"),
            sms_blacklisted: None,
        },
        ..contacts()
    };
    let consent = |value| {
        contact(&sink, value)
            .payload
            .get("consent")
            .map(Value::to_json)
    };
    assert_eq!(consent(json!({ "email": "a@b.de" })), None);
    assert_eq!(
        consent(json!({ "email": "a@b.de", "out": false })).as_deref(),
        Some(r#"{"email_blacklisted":false}"#)
    );
    let odd = sink.operation(&record(json!({ "email": "a@b.de", "out": "no" })), 0, &at());
    assert!(odd.is_err());
}

#[test]
fn an_event_is_known_by_name_and_identity() {
    let sink = Events {
        properties: vec![
            ("from".into(), expression("$.from", For::LeftOut)),
            ("to".into(), expression("$.to", For::LeftOut)),
        ],
        ..events()
    };
    let made = event(
        &sink,
        json!({ "email": "A@b.de", "from": null, "to": { "a": null, "b": [1, null] } }),
    )
    .unwrap();
    assert_eq!(
        (&*made.scope, &*made.key),
        ("brevo.events/moved", "10001-20002-status")
    );
    assert_eq!(made.policy, Policy::Once);
    assert_eq!(made.happened_at, Some(1_795_515_330_123));
    assert_eq!(made.subject.as_deref(), Some("email:a@b.de"));
    assert_eq!(
        made.payload.to_json(),
        r#"{"event_name":"moved","event_date":"2026-11-24T10:15:30.123Z","identify":{"email":"a@b.de"},"properties":{"event_id":"10001-20002-status","to":{"b":[1]}}}"#
    );
}

#[test]
fn times_of_events_are_utc_in_milliseconds() {
    for (written, sent) in [
        (
            json!("2026-11-24T10:15:30.123+0200"),
            "2026-11-24T08:15:30.123Z",
        ),
        (json!("2026-11-24"), "2026-11-24T00:00:00.000Z"),
        (json!(1_795_515_330_123_i64), "2026-11-24T10:15:30.123Z"),
    ] {
        let sink = Events {
            at: part("$.at"),
            ..events()
        };
        let made = event(&sink, json!({ "email": "a@b.de", "at": written })).unwrap();
        assert_eq!(
            made.payload.get("event_date").and_then(Value::as_str),
            Some(sent)
        );
    }
    let sink = Events {
        at: part("$.at"),
        ..events()
    };
    assert!(event(&sink, json!({ "email": "a@b.de" })).is_err());
    assert!(event(&sink, json!({ "email": "a@b.de", "at": "24/11/2026" })).is_err());
}

#[test]
fn an_event_without_an_id_is_trouble() {
    let sink = Events {
        id: part("$.id"),
        ..events()
    };
    for bad in [json!(null), json!(""), json!("  "), json!([1]), json!({})] {
        assert!(
            event(&sink, json!({ "email": "a@b.de", "id": bad })).is_err(),
            "{bad}"
        );
    }
    let made = event(&sink, json!({ "email": "a@b.de", "id": 17 })).unwrap();
    assert_eq!(&*made.key, "17");
    let mut nameless = record(json!({ "email": "a@b.de" }));
    nameless.identity = None;
    assert!(events().operation(&nameless, 0, &at()).is_err());
}

#[test]
fn names_that_brevo_takes_have_no_colon() {
    for good in ["a", "ticket_status-changed", "A1"] {
        assert!(is_event_name(good));
    }
    for bad in ["", "jira:issue_updated", "a b", "é", &"a".repeat(256)] {
        assert!(!is_event_name(bad), "{bad}");
    }
    let sink = Events {
        name: expression("$.name", For::LeftOut),
        ..events()
    };
    assert!(event(&sink, json!({ "email": "a@b.de", "name": "jira:x" })).is_err());
    assert!(event(&sink, json!({ "email": "a@b.de" })).is_err());
}

#[test]
fn properties_of_more_than_50_kb_are_trouble() {
    let sink = Events {
        properties: vec![("text".into(), expression("$.text", For::LeftOut))],
        ..events()
    };
    let of = |bytes: usize| {
        event(
            &sink,
            json!({ "email": "a@b.de", "text": "x".repeat(bytes) }),
        )
    };
    assert!(of(51_000).is_ok());
    assert!(of(51_200).is_err());
}

#[test]
fn an_event_says_who_by_its_key_alone() {
    let made = event(&events(), json!({ "ext": "17", "email": "a@b.de" })).unwrap();
    let identify: &Object = made
        .payload
        .get("identify")
        .and_then(Value::as_object)
        .unwrap();
    assert_eq!(
        Value::from(identify.clone()).to_json(),
        r#"{"ext_id":"17"}"#
    );
}
