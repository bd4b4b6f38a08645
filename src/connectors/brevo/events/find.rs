//! Which events are there, asked once for each name and span of time.

use std::collections::{BTreeMap, HashSet};

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value as Json;

use super::EventWriter;
use crate::connectors::Found;
use crate::connectors::brevo::session::OTHER;
use crate::operation::Operation;
use crate::record::Value;

/// How many events one answer holds at most.
const ASKED: usize = 10_000;
/// How many pages of one day are read: more cannot be asked for within the hour's quota.
const PAGES: usize = 20;
/// A day in milliseconds.
const DAY: i64 = 86_400_000;
/// The longest span that one question is asked for, in milliseconds.
const SPAN: i64 = 30 * DAY;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    events: Vec<Seen>,
    count: Option<usize>,
}

#[derive(Deserialize)]
struct Seen {
    #[serde(default)]
    event_properties: Json,
}

/// The ids that are there; none where it could not be asked.
type Ids = Option<HashSet<String>>;

impl EventWriter {
    /// Which of the operations are there.
    pub(super) async fn look(&self, operations: &[Operation]) -> Vec<Option<Found>> {
        let mut by_name: BTreeMap<&str, Vec<(i64, usize)>> = BTreeMap::new();
        for (index, operation) in operations.iter().enumerate() {
            let text = |name: &str| operation.payload.get(name).and_then(Value::as_str);
            let at = text("event_date").and_then(|at| at.parse::<jiff::Timestamp>().ok());
            if let (Some(name), Some(at)) = (text("event_name"), at) {
                let at = at.as_millisecond();
                by_name.entry(name).or_default().push((at, index));
            }
        }
        let mut found = vec![None; operations.len()];
        for (name, mut wanted) in by_name {
            wanted.sort_unstable();
            let mut rest = wanted.as_slice();
            while let Some((first, _)) = rest.first() {
                let within = rest.partition_point(|(at, _)| at - first <= SPAN);
                let (span, after) = rest.split_at(within);
                self.span(name, span, operations, &mut found).await;
                rest = after;
            }
        }
        found
    }

    /// Settles what happened in one span, by halves where it holds more than one answer does.
    fn span<'a>(
        &'a self,
        name: &'a str,
        wanted: &'a [(i64, usize)],
        operations: &'a [Operation],
        found: &'a mut [Option<Found>],
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (Some((from, _)), Some((to, _))) = (wanted.first(), wanted.last()) else {
                return;
            };
            let narrow = to - from < DAY;
            let pages = if narrow { PAGES } else { 1 };
            match self.seen(name, *from, *to, pages).await {
                Asked::All(ids) => {
                    for (_, index) in wanted {
                        let there = |ids: &HashSet<String>| {
                            let operation = operations.get(*index)?;
                            Some(if ids.contains(&*operation.key) {
                                Found::There
                            } else {
                                Found::Absent
                            })
                        };
                        if let Some(place) = found.get_mut(*index) {
                            *place = ids.as_ref().and_then(there);
                        }
                    }
                }
                Asked::TooMany if narrow => {}
                Asked::TooMany => {
                    let middle = from + (to - from) / 2;
                    let left = wanted.partition_point(|(at, _)| *at <= middle);
                    let (left, right) = wanted.split_at(left);
                    self.span(name, left, operations, found).await;
                    self.span(name, right, operations, found).await;
                }
            }
        })
    }

    /// Asks for the events of a name and span.
    async fn seen(&self, name: &str, from: i64, to: i64, pages: usize) -> Asked {
        let date = |ms: i64| {
            jiff::Timestamp::from_millisecond(ms)
                .ok()
                .map(|time| time.strftime("%Y-%m-%d").to_string())
        };
        // Days around it: the account's zone may be another.
        let (Some(start), Some(end)) = (date(from - DAY), date(to + DAY)) else {
            return Asked::All(None);
        };
        let mut ids = HashSet::new();
        let mut read = 0;
        for _ in 0..pages {
            let path = format!(
                "/events?event_name={name}&startDate={start}&endDate={end}&limit={ASKED}&offset={read}"
            );
            let page: Page = match self.session.get(OTHER, &path).await {
                Ok(page) => page,
                Err(_) => return Asked::All(None),
            };
            let here = page.events.len();
            read += here;
            ids.extend(page.events.iter().filter_map(id));
            // Newest first: what comes meanwhile moves known ones to the next page, never past it.
            let more = here >= ASKED || page.count.is_some_and(|count| count > read);
            if here == 0 || !more {
                return Asked::All(Some(ids));
            }
        }
        Asked::TooMany
    }
}

/// What a question gave.
enum Asked {
    /// All ids of the span; none where it could not be asked.
    All(Ids),
    /// There are more than can be read.
    TooMany,
}

fn id(event: &Seen) -> Option<String> {
    match event.event_properties.get("event_id")? {
        Json::String(id) => Some(id.clone()),
        Json::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
