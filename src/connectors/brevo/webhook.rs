//! `brevo.webhook`: the inbox of a connection, read as records.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::spec::{Webhook, webhook_event};
use crate::connectors::{BadRecord, Delivered, Deliveries, Mark, Page, Source, Start};
use crate::expression::conversion::{read_time, write_datetime};
use crate::http::{Class, Failure};
use crate::record::{Happened, Identity, Object, Record, Value};

/// Deliveries of Brevo being read.
pub struct WebhookSource<'s> {
    spec: &'s Webhook,
    deliveries: &'s dyn Deliveries,
    mark: Mark,
    left: u64,
}

impl<'s> WebhookSource<'s> {
    /// Opens the source where it is to start.
    ///
    /// # Errors
    /// A cursor that is none of this source.
    pub fn open(
        spec: &'s Webhook,
        deliveries: &'s dyn Deliveries,
        start: &Start,
    ) -> Result<Self, Failure> {
        let mark = match &start.cursor {
            None => Mark::default(),
            Some(cursor) => Mark::read(&cursor.0).ok_or_else(|| {
                let message = format!("the cursor `{}` is no number of a webhook", cursor.0);
                Failure::new(Class::Rejected, message)
                    .help("see `flowline state show`; `flowline state reset` begins anew")
            })?,
        };
        Ok(Self {
            spec,
            deliveries,
            mark,
            left: start.limit.unwrap_or(u64::MAX),
        })
    }

    async fn page(&mut self) -> Result<Option<Page>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let delivered = self.deliveries.after(self.mark.number).await?;
        if delivered.is_empty() {
            return Ok(None);
        }
        let mut page = Page::default();
        let mut nameless = 0;
        for one in &delivered {
            let before = page.records.len() + page.bad.len();
            nameless += self.read(one, &mut page);
            self.mark.number = one.number;
            let read = page.records.len() + page.bad.len() - before;
            self.left = self.left.saturating_sub(read as u64);
            if self.left == 0 {
                break;
            }
        }
        if nameless > 0 {
            page.notices.push(format!(
                "{nameless} of Brevo's webhooks passed over: no event that a source yields"
            ));
        }
        page.cursor = Some(self.mark.cursor());
        Ok(Some(page))
    }

    /// Adds the records of a delivery; answers how many of its events are none of any source.
    fn read(&self, one: &Delivered, page: &mut Page) -> usize {
        let body = match Value::from_json(&one.body) {
            Ok(body) => body,
            Err(error) => {
                page.bad.push(BadRecord {
                    name: format!("webhook {}", one.number).into(),
                    reason: error.to_string(),
                });
                return 0;
            }
        };
        let mut nameless = 0;
        // A batched webhook has several.
        let events = match &body {
            Value::Array(events) => events.to_vec(),
            _ => vec![body.clone()],
        };
        for event in events {
            let name = event.get("event").and_then(Value::as_str);
            match name.and_then(webhook_event) {
                Some(name) if self.spec.events.contains(&name) => {
                    let records = records(name, &event, one.accepted_at);
                    if records.is_empty() {
                        page.bad.push(BadRecord {
                            name: format!("webhook {}", one.number).into(),
                            reason: format!("the event {name} names no address"),
                        });
                    }
                    page.records.extend(records);
                }
                Some(_) => {}
                None => nameless += 1,
            }
        }
        nameless
    }
}

impl Source for WebhookSource<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(self.page())
    }
}

/// The record of a recorded event: as the source yields it, or one of a webhook.
#[must_use]
pub fn recorded_event(given: &Value, number: u64) -> Record {
    let name = given
        .get("event")
        .and_then(Value::as_str)
        .and_then(webhook_event);
    let told = match (name, given.get("raw")) {
        (Some(name), None) => records(name, given, 0).into_iter().next(),
        _ => None,
    };
    told.unwrap_or_else(|| Record {
        value: given.clone(),
        identity: Some(Identity::of(format!("recorded-{number}"))),
        time: given
            .get("at")
            .and_then(|at| read_time(at, &TimeZone::UTC).ok()),
        name: format!("an event {number}").into(),
        deleted: false,
        happened: Happened::default(),
    })
}

/// The records of an event, one an address.
fn records(name: &'static str, event: &Value, accepted_at: i64) -> Vec<Record> {
    let at = time(event).or_else(|| Timestamp::from_millisecond(accepted_at).ok());
    let when = first(event, &["ts_event", "ts", "ts_epoch"]);
    let what = first(event, &["message-id", "camp_id"]);
    let reason = event
        .get("reason")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    addresses(event)
        .into_iter()
        .map(|email| {
            let mut members = Object::with_capacity(7);
            members.push("event".into(), name.into());
            members.push("email".into(), Arc::clone(&email).into());
            members.push("at".into(), at.map(write_datetime).into());
            members.push("reason".into(), reason.into());
            members.push("list_ids".into(), lists(event));
            members.push("campaign_id".into(), integer(event.get("camp_id")));
            members.push("raw".into(), event.clone());
            let identity = [&when, &what]
                .into_iter()
                .flatten()
                .fold(Identity::of(name).with(email), |identity, part| {
                    identity.with(Arc::clone(part))
                });
            Record {
                value: members.into(),
                identity: Some(identity),
                time: at,
                name: format!("an event {name}").into(),
                deleted: false,
                happened: Happened::default(),
            }
        })
        .collect()
}

/// The addresses: one, several, or those of what changed.
fn addresses(event: &Value) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    let mut add = |value: &Value| {
        if let Value::String(email) = value
            && !email.trim().is_empty()
            && !found.contains(email)
        {
            found.push(Arc::clone(email));
        }
    };
    match event.get("email") {
        Some(Value::Array(emails)) => emails.iter().for_each(&mut add),
        Some(email) if !email.is_null() => add(email),
        _ => {
            let changed = event
                .get("content")
                .and_then(Value::as_array)
                .unwrap_or_default();
            changed
                .iter()
                .filter_map(|one| one.get("email"))
                .for_each(add);
        }
    }
    found
}

/// When it happened. `date` has no zone of its own, unless it says so; `ts` was hours wrong where
/// `ts_epoch` was right.
fn time(event: &Value) -> Option<Timestamp> {
    let number = |name: &str| match event.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let seconds = |name| number(name).and_then(|seconds| Timestamp::from_second(seconds).ok());
    seconds("ts_event")
        .or_else(|| number("ts_epoch").and_then(|ms| Timestamp::from_millisecond(ms).ok()))
        .or_else(|| seconds("ts"))
        .or_else(|| {
            let date = event.get("date")?;
            let zoned = date.as_str()?.ends_with('Z');
            zoned
                .then(|| read_time(date, &TimeZone::UTC).ok())
                .flatten()
        })
}

fn lists(event: &Value) -> Value {
    match event.get("list_id") {
        Some(Value::Array(ids)) => ids
            .iter()
            .map(|id| integer(Some(id)))
            .filter(|id| !id.is_null())
            .collect::<Vec<_>>()
            .into(),
        one => match integer(one) {
            Value::Null => Value::Null,
            id => vec![id].into(),
        },
    }
}

/// A whole number, also where it comes as text.
fn integer(value: Option<&Value>) -> Value {
    match value {
        Some(number @ Value::Number(_)) => number.clone(),
        Some(Value::String(text)) => text.parse::<i64>().map_or(Value::Null, Value::from),
        _ => Value::Null,
    }
}

/// The first of these members that is a text or number, as text.
fn first(event: &Value, names: &[&str]) -> Option<Arc<str>> {
    names.iter().find_map(|name| match event.get(name)? {
        Value::String(text) if !text.is_empty() => Some(Arc::clone(text)),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Vec<Record> {
        let event = Value::from_json(json).unwrap();
        let name = webhook_event(event.get("event").unwrap().as_str().unwrap()).unwrap();
        records(name, &event, 0)
    }

    fn shown(record: &Record) -> String {
        let mut members = record.value.as_object().unwrap().clone();
        members.remove("raw");
        Value::from(members).to_json()
    }

    #[test]
    fn an_unsubscription_says_who_when_and_from_what() {
        let records = of(
            r#"{"id":9,"event":"unsubscribe","email":"a@x.example","camp_id":12,"list_id":[3,42],"date":"2026-08-25 11:05:00","ts":1787655900}"#,
        );
        assert_eq!(
            shown(&records[0]),
            r#"{"event":"unsubscribed","email":"a@x.example","at":"2026-08-25T11:05:00.000Z","reason":null,"list_ids":[3,42],"campaign_id":12}"#
        );
        // The payload's `id` is the webhook's and no part of it.
        assert_eq!(
            records[0].identity.as_ref().unwrap().to_string(),
            "unsubscribed-a@x.example-1787655900-12"
        );
    }

    #[test]
    fn a_deletion_names_several_addresses_and_an_update_of_2021_none_of_its_own() {
        let records = of(
            r#"{"event":"contact_deleted","email":["a@x.example","b@x.example","a@x.example"],"date":"2026-08-25T11:04:17.82511Z"}"#,
        );
        assert_eq!(records.len(), 2);
        assert!(shown(&records[1]).contains(r#""at":"2026-08-25T11:04:17.825Z""#));
        let records = of(
            r#"{"event":"contactUpdated","content":[{"email":"c@x.example","emailBlacklist":true}]}"#,
        );
        assert_eq!(records.len(), 1);
        assert!(shown(&records[0]).contains("c@x.example"));
    }

    #[test]
    fn ts_was_hours_wrong_where_ts_epoch_was_right() {
        let records = of(
            r#"{"event":"hard_bounce","email":"a@x.example","ts":1520331023,"ts_epoch":1520363423000,"message-id":"<1@x>","reason":"no such user"}"#,
        );
        assert!(
            shown(&records[0])
                .contains(r#""at":"2018-03-06T19:10:23.000Z","reason":"no such user""#)
        );
        assert_eq!(
            records[0].identity.as_ref().unwrap().to_string(),
            "hard_bounce-a@x.example-1520331023-<1@x>"
        );
    }

    #[test]
    fn a_date_without_a_zone_is_no_time() {
        let records = of(r#"{"event":"click","email":"a@x.example","date":"2026-08-25 11:05:00"}"#);
        assert!(
            shown(&records[0]).contains("1970-01-01"),
            "when it was accepted"
        );
    }
}
