//! Batches: what their answers say of each event.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Encoded, EventWriter, Outcomes, all};
use crate::connectors::brevo::session::OTHER;
use crate::connectors::{Applied, Outcome};
use crate::http::{Class, Effect, Failure, Method, Response, Safety, without_addresses};

const CALL: &str = "POST /events/batch";

/// What became of a batch.
pub(super) enum Verdict {
    /// Each has its outcome.
    Settled(Outcomes),
    /// None was taken: these never will be, the others may be without them.
    NoneTaken(Outcomes),
}

/// What an answer says that is more than yes. Read tolerantly: a member of another form counts as
/// absent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    count: Json,
    total_events: Json,
    successful_events: Json,
    failed_events: Json,
    errors: Json,
}

impl Said {
    fn by(answer: &Response) -> Option<Self> {
        if answer.body.is_empty() {
            return Some(Self::default());
        }
        serde_json::from_slice(&answer.body).ok()
    }

    /// The places of events that were refused, each with the reason.
    fn refused(&self, count: usize) -> HashMap<usize, String> {
        let place = |value: &Json| {
            let place = value
                .as_u64()
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))?;
            usize::try_from(place).ok().filter(|place| *place < count)
        };
        let mut refused = HashMap::new();
        for error in self.errors.as_array().into_iter().flatten() {
            let reason = error.get("message").and_then(Json::as_str);
            let reason = without_addresses(reason.unwrap_or("refused"));
            // An array of places, or one.
            let places: Vec<usize> = match error.get("eventIndex") {
                Some(Json::Array(places)) => places.iter().filter_map(place).collect(),
                Some(one) => place(one).into_iter().collect(),
                None => Vec::new(),
            };
            for at in places {
                refused.entry(at).or_insert_with(|| reason.clone());
            }
        }
        refused
    }

    /// How many were refused, as far as it is said.
    fn failed(&self, count: usize) -> Option<usize> {
        let number = |value: &Json| {
            value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
        };
        let taken = number(&self.successful_events).or_else(|| number(&self.count));
        number(&self.failed_events)
            .or_else(|| taken.map(|taken| count.saturating_sub(taken)))
            .or_else(|| number(&self.total_events).map(|total| count.saturating_sub(total)))
    }
}

impl EventWriter {
    /// Sends a batch.
    pub(super) async fn batch(&self, events: &[Encoded<'_>]) -> Verdict {
        let size: usize = events.iter().map(|event| event.json.len() + 1).sum();
        let mut body = String::with_capacity(size + 16);
        body.push_str("{\"events\":[");
        for (place, event) in events.iter().enumerate() {
            if place > 0 {
                body.push(',');
            }
            body.push_str(&event.json);
        }
        body.push_str("]}");
        let answer = self
            .session
            .send(
                Method::Post,
                OTHER,
                "/events/batch",
                Some(body.into_bytes()),
                Safety::Once,
            )
            .await;
        match answer {
            Ok(answer) => answered(events, &answer),
            Err(failure) if failure.effect() == Effect::Unknown => {
                Verdict::Settled(all(events, &Outcome::Unknown { failure }))
            }
            Err(failure) if failure.is_retryable() || failure.ends_the_run() => {
                Verdict::Settled(all(events, &Outcome::NotApplied { failure }))
            }
            Err(failure) => {
                if failure.class == Class::NotFound || failure.status == Some(405) {
                    // The account's plan has none.
                    self.no_batches
                        .store(true, std::sync::atomic::Ordering::Relaxed);
                }
                // Refused as a whole: one by one, each has its own answer.
                Verdict::NoneTaken(Vec::new())
            }
        }
    }
}

fn answered(events: &[Encoded<'_>], answer: &Response) -> Verdict {
    let unclear = |what: &str| {
        let failure = Failure::new(
            Class::BrokenAnswer,
            format!("Brevo: {CALL}: {}: {what}", answer.status),
        )
        .help("the events are looked for in Brevo before any is sent again");
        Outcome::Unknown { failure }
    };
    let Some(said) = Said::by(answer) else {
        let outcome = unclear("an answer that is not understood");
        return Verdict::Settled(all(events, &outcome));
    };
    let refused = said.refused(events.len());
    let rejected = |place: usize| {
        let reason = refused.get(&place)?;
        let failure = self::refused(CALL, answer.status, Some(reason));
        Some(Outcome::Rejected { failure })
    };
    if !answer.is_success() {
        let named = events.iter().enumerate();
        let named = named.filter_map(|(place, event)| Some((event.index, rejected(place)?)));
        return Verdict::NoneTaken(named.collect());
    }
    // An answer of 207 that names nobody leaves open who it was.
    let failed = said
        .failed(events.len())
        .unwrap_or(usize::from(answer.status == 207));
    let rest = if failed > refused.len() {
        unclear("some were refused, and it does not say which")
    } else {
        Outcome::Applied(Applied::Sent)
    };
    let outcomes = events
        .iter()
        .enumerate()
        .map(|(place, event)| (event.index, rejected(place).unwrap_or_else(|| rest.clone())));
    Verdict::Settled(outcomes.collect())
}

/// An event that was refused.
pub(super) fn refused(call: &str, status: u16, reason: Option<&str>) -> Failure {
    let reason = reason.map(|reason| format!(": {reason}"));
    let mut failure = Failure::new(
        Class::Rejected,
        format!("Brevo: {call}: {status}{}", reason.unwrap_or_default()),
    )
    .help("check the record and the sink");
    failure.status = Some(status);
    failure
}
