//! A plan as people and scripts read it.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::foresee::Shown;
use super::read::Read;
use crate::cli::output::Output;
use crate::connectors::brevo::FieldChange;
use crate::operation::Place;
use crate::plan::Plan;

/// Everything that was found.
pub(super) struct Planned<'a> {
    pub(super) plan: &'a Plan,
    pub(super) read: &'a Read,
    pub(super) operations: &'a [Shown],
    pub(super) calls: BTreeMap<&'static str, u64>,
    pub(super) estimate_s: u64,
}

/// How many characters of a value are shown to people.
const SHORT: usize = 60;

impl Planned<'_> {
    /// True where a run would send something.
    pub(super) fn has_changes(&self) -> bool {
        let sent = |one: &Shown| matches!(one.action, "create" | "update" | "send");
        self.operations.iter().any(sent)
    }

    /// How many messages would be marked as known without being sent.
    fn marked_known(&self) -> usize {
        self.operations.iter().filter(|one| one.too_old).count()
    }

    pub(super) fn to_json(&self) -> Json {
        let (plan, processed) = (self.plan, &self.read.processed);
        let sink_name = |index: usize| plan.sinks.get(index).map(|sink| &*sink.name);
        let mut operations: Vec<Json> = self.operations.iter().map(operation_json).collect();
        operations.extend(processed.unmatched.iter().map(|one| {
            let place = plan.sinks.get(one.sink).map(|sink| at(&sink.place));
            json!({
                "sink": sink_name(one.sink), "key": &*one.record, "action": "unmatched",
                "changes": {}, "at": place,
            })
        }));
        operations.extend(processed.troubles.iter().map(|one| {
            let place = one.trouble.place.as_ref();
            json!({
                "sink": one.sink.and_then(sink_name), "key": &*one.record.name,
                "action": "refused", "changes": {},
                "at": place.map(|(_, span)| at(&plan.place(*span))), "why": one.trouble.message,
            })
        }));
        operations.extend(self.read.bad.iter().map(|(name, why)| {
            json!({
                "sink": null, "key": &**name, "action": "refused", "changes": {}, "at": null,
                "why": why,
            })
        }));
        let dropped: Vec<Json> = processed
            .dropped
            .iter()
            .map(|one| {
                let place = plan.place(one.at);
                json!({ "key": &*one.record, "at": at(&place), "why": plan.line(one.at) })
            })
            .collect();
        json!({
            "pipeline": &*plan.name, "operations": operations, "dropped": dropped,
            "calls": self.calls, "estimate_s": self.estimate_s, "notes": self.read.notes,
            "marked_known": self.marked_known(),
        })
    }

    pub(super) fn print(&self, output: &Output) {
        let paint = |text: &str, code: &str| {
            if output.colour_results {
                format!("\u{1b}[{code}m{text}\u{1b}[0m")
            } else {
                text.to_owned()
            }
        };
        for one in self.operations {
            let operation = &one.operation;
            let (sign, colour) = match one.action {
                "create" | "send" => ("+", "32"),
                "update" => ("~", "33"),
                "refused" => ("!", "31"),
                "unmatched" => ("?", "33"),
                _ => ("=", "2"),
            };
            let what = match &one.why {
                Some(why) => format!("refused: {why}"),
                None if one.too_old => "too old to send".to_owned(),
                None => one.action.to_owned(),
            };
            output.result(&format!(
                "{} {} {} ({what}, from {}, {}:{})",
                paint(sign, colour),
                operation.sink,
                if one.action == "unchanged" {
                    operation.key.to_string()
                } else {
                    paint(&operation.key, "1")
                },
                operation.record,
                operation.at.file,
                operation.at.line
            ));
            for change in &one.changes {
                output.result(&format!("    {}", change_text(change, one.action)));
            }
            if one.action == "update" && one.changes.is_empty() {
                output.result("    nothing differs from what the contact has");
            }
        }
        let processed = &self.read.processed;
        for one in &processed.unmatched {
            let sink = self.plan.sinks.get(one.sink);
            let name = sink.map_or("", |sink| &*sink.name);
            output.result(&format!(
                "{} {name} {} (unmatched: no identity)",
                paint("?", "33"),
                one.record
            ));
        }
        for one in &processed.troubles {
            output.result(&format!(
                "{} {} (refused: {})",
                paint("!", "31"),
                one.record.name,
                one.trouble
            ));
        }
        for (name, reason) in &self.read.bad {
            output.result(&format!("{} {name} (refused: {reason})", paint("!", "31")));
        }
        if output.verbose > 0 {
            for one in &processed.dropped {
                let place = self.plan.place(one.at);
                let line = shortened(self.plan.line(one.at), SHORT);
                output.result(&format!(
                    "{} {} (dropped by {line}, {}:{})",
                    paint("-", "2"),
                    one.record,
                    place.file,
                    place.line
                ));
            }
        }
        output.result(&self.totals());
    }

    fn totals(&self) -> String {
        let count = |wanted: &str| {
            let same = self.operations.iter().filter(|one| one.action == wanted);
            same.count()
        };
        let processed = &self.read.processed;
        let parts = [
            (count("create"), "to create"),
            (count("update"), "to update"),
            (count("send"), "to send"),
            (count("unchanged") - self.marked_known(), "unchanged"),
            (
                self.marked_known(),
                "too old to send (they are marked as known; see `backfill`)",
            ),
            (processed.dropped.len(), "dropped"),
            (processed.unmatched.len() + count("unmatched"), "unmatched"),
            (
                processed.troubles.len() + self.read.bad.len() + count("refused"),
                "refused",
            ),
        ];
        let mut words = vec![format!("{} read", self.read.records)];
        let more = parts.iter().filter(|(count, _)| *count > 0);
        words.extend(more.map(|(count, word)| format!("{count} {word}")));
        let calls: u64 = self.calls.values().sum();
        let families: Vec<String> = self
            .calls
            .iter()
            .map(|(family, count)| format!("{family} {count}"))
            .collect();
        format!(
            "{}: {}. Nothing was written.\nA run makes {calls} calls ({}), about {} s by the services' limits.",
            self.plan.name,
            words.join(", "),
            families.join(", "),
            self.estimate_s
        )
    }
}

fn operation_json(one: &Shown) -> Json {
    let changes: Map<String, Json> = one
        .changes
        .iter()
        .map(|change| {
            let change_json = json!({ "old": change.old, "new": change.new });
            (change.name.clone(), change_json)
        })
        .collect();
    let operation = &one.operation;
    let mut members = json!({
        "sink": &*operation.sink, "key": &*operation.key, "action": one.action,
        "changes": changes, "at": at(&operation.at), "record": &*operation.record,
    });
    if let (Some(why), Some(members)) = (&one.why, members.as_object_mut()) {
        members.insert("why".to_owned(), why.as_str().into());
    }
    members
}

fn at(place: &Place) -> Json {
    json!({ "file": &*place.file, "line": place.line })
}

/// `NAME: new`, or `NAME: old → new` for what is there.
fn change_text(change: &FieldChange, action: &str) -> String {
    let text = |value: &Json| shortened(&value.to_string(), SHORT);
    let FieldChange { name, old, new } = change;
    if action == "update" {
        format!("{name}: {} → {}", text(old), text(new))
    } else {
        format!("{name}: {}", text(new))
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}
