//! What one sink would do for one key: data that can be printed, compared and kept.
//!
//! Snapshots, plans, the ledger, dead letters and deliveries are all made of operations.

use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::record::{Object, Value, canonical_json};

/// What one sink would do for one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The sink's kind as the pipeline writes it: `brevo.contacts`.
    pub sink: Arc<str>,
    /// The place of the sink among the pipeline's sinks, from 0: they deliver in this order.
    pub sink_index: usize,
    /// Within one remote account, what the key is unique in: `brevo.events/NAME`,
    /// `brevo.contacts/ATTRIBUTES`. Names no pipeline, so that renaming one sends nothing again.
    pub scope: Arc<str>,
    /// The key: the contact's identity (`email:jane@example.com`), the event's id.
    pub key: Arc<str>,
    /// What becomes of a second operation of the same scope and key.
    pub policy: Policy,
    /// Which of two operations is newer.
    pub version: Version,
    /// The whole wished state or the whole message, as the connector's `spec` documents it.
    pub payload: Value,
    /// Members of a set that unites over all operations of the key (a contact's lists).
    pub unites: Vec<Value>,
    /// Whom it concerns: operations of one subject are delivered in the order of the sinks.
    pub subject: Option<Arc<str>>,
    /// When what it tells happened, in epoch milliseconds; what is older than the pipeline's
    /// first run is subject to `backfill`.
    pub happened_at: Option<i64>,
    /// The record that it was made of, as a person knows it (an issue's key).
    pub record: Arc<str>,
    /// The line of the pipeline that asks for it.
    pub at: Place,
    /// What came of an earlier operation of the key, as the ledger keeps it: given to what
    /// delivers, never written by what makes operations.
    pub receipt: Option<Receipt>,
}

/// What a service calls that which an operation made: a note's id, a created issue's key. Written
/// and read by the sink alone, and no person's data: the ledger keeps it as it is.
pub type Receipt = Arc<str>;

/// A place in a pipeline file, for messages that outlive the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the project.
    #[serde(with = "shared_text")]
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in Unicode scalar values, from 1.
    pub column: usize,
}

/// What becomes of a second operation of the same scope and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The newest counts whole; one that changes nothing is not sent (contacts, objects).
    Latest,
    /// The first counts; there is no second (events, campaigns).
    Once,
    /// The first creates, and is sent once; a newer one that differs edits what the first made, or
    /// deletes it (notes).
    Edited,
}

/// Orders operations of one key: by `order_by`, then by the record's time; of equals the later
/// one read is the newer.
#[derive(Clone, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Version {
    /// The value of `order_by`, or the record's time.
    pub order: Order,
    /// The record's time in epoch milliseconds.
    pub time: Option<i64>,
}

/// A value that operations are ordered by; missing comes first, then numbers and times, then text.
#[derive(Clone, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Nothing to order by.
    #[default]
    Missing,
    /// A number, or a time in epoch milliseconds.
    Number(f64),
    /// Any other text.
    Text(String),
}

impl Version {
    /// True where `self` replaces `known`: it is at least as new.
    #[must_use]
    pub fn replaces(&self, known: &Self) -> bool {
        self.partial_cmp(known)
            .is_none_or(std::cmp::Ordering::is_ge)
    }
}

/// The first half of SHA-256 over the canonical JSON of payload and united set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 16]);

impl Operation {
    /// Equal for operations that ask for the same, whatever the order of members.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.payload, &self.unites)
    }

    /// Joins two operations of one key: the newer payload whole, the sets united.
    #[must_use]
    pub fn fold(self, other: Self) -> Self {
        let (mut newer, older) = if other.version.replaces(&self.version) {
            (other, self)
        } else {
            (self, other)
        };
        newer.unites = unite(older.unites, std::mem::take(&mut newer.unites));
        newer
    }

    /// True where what an earlier operation of the key made is to go.
    #[must_use]
    pub fn deletes(&self) -> bool {
        self.policy == Policy::Edited
            && matches!(self.payload.get("deleted"), Some(Value::Bool(true)))
    }

    /// False for the lines of a file: each is written, however equal their names are.
    #[must_use]
    pub fn has_key(&self) -> bool {
        &*self.sink != "file"
    }

    /// The operation as a person reads it in snapshots and plans, and as dead letters keep it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members = Object::with_capacity(5);
        members.insert("sink", Arc::clone(&self.sink));
        members.insert("key", Arc::clone(&self.key));
        members.insert("record", Arc::clone(&self.record));
        members.insert("payload", self.payload.clone());
        if !self.unites.is_empty() {
            members.insert("unites", self.unites.clone());
        }
        members.into()
    }
}

/// Folds operations of one scope and key into one, in the order of first appearance: what a
/// delivery window, a plan and a snapshot are made of.
#[must_use]
pub fn fold_all(operations: Vec<Operation>) -> Vec<Operation> {
    let mut folded: IndexMap<(usize, Arc<str>, Arc<str>), Operation> =
        IndexMap::with_capacity(operations.len());
    for (number, operation) in operations.into_iter().enumerate() {
        let key = if operation.has_key() {
            Arc::clone(&operation.key)
        } else {
            number.to_string().into()
        };
        let key = (operation.sink_index, Arc::clone(&operation.scope), key);
        match folded.entry(key) {
            Entry::Vacant(place) => {
                place.insert(operation);
            }
            Entry::Occupied(mut place) => {
                if operation.policy != Policy::Once {
                    let known = place.get().clone();
                    place.insert(known.fold(operation));
                }
            }
        }
    }
    folded.into_values().collect()
}

/// The operations of a page as a run keeps them: a page's records of one contact are one operation,
/// and, as sinks deliver one after the other, what goes together lies together.
#[must_use]
pub fn as_delivered(page: Vec<Operation>) -> Vec<Operation> {
    let mut operations = fold_all(page);
    operations.sort_by_key(|operation| operation.sink_index);
    operations
}

/// Equal for equal payloads and sets.
#[must_use]
pub fn fingerprint(payload: &Value, unites: &[Value]) -> Fingerprint {
    let mut set: Vec<String> = unites.iter().map(canonical_json).collect();
    set.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(canonical_json(payload));
    for member in set {
        hash.update([0]);
        hash.update(member);
    }
    let digest = hash.finalize();
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    Fingerprint(half)
}

/// Both sets, each member once, the first set's order first.
#[must_use]
pub fn unite(mut known: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    for member in more {
        if !known.contains(&member) {
            known.push(member);
        }
    }
    known
}

/// Shared text is written and read like any other.
mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(from).map(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(order: f64, status: &str, lists: &[i64]) -> Operation {
        Operation {
            sink: "brevo.contacts".into(),
            sink_index: 0,
            scope: "brevo.contacts/STATUS".into(),
            key: "email:jane@example.com".into(),
            policy: Policy::Latest,
            version: Version {
                order: Order::Number(order),
                time: None,
            },
            payload: Value::from_json(&format!(r#"{{"attributes":{{"STATUS":"{status}"}}}}"#))
                .unwrap(),
            unites: lists.iter().map(|list| Value::from(*list)).collect(),
            subject: None,
            happened_at: None,
            record: "SUP-1".into(),
            at: Place {
                file: "pipelines/a.yaml".into(),
                line: 1,
                column: 1,
            },
            receipt: None,
        }
    }

    #[test]
    fn the_newest_counts_whole_and_lists_unite_whatever_the_order() {
        let one = operation(2.0, "Done", &[22]).fold(operation(1.0, "Open", &[23]));
        let other = operation(1.0, "Open", &[23]).fold(operation(2.0, "Done", &[22]));
        assert_eq!(one.payload, operation(2.0, "Done", &[]).payload);
        assert_eq!(one.payload, other.payload);
        assert_eq!(one.fingerprint(), other.fingerprint());
        assert_ne!(
            one.fingerprint(),
            operation(2.0, "Done", &[22]).fingerprint()
        );
    }

    #[test]
    fn lines_of_a_file_are_not_folded_however_they_are_named() {
        let line = |status: &str| Operation {
            sink: "file".into(),
            ..operation(1.0, status, &[])
        };
        let lines = vec![line("Open"), line("Done")];
        assert_eq!(fold_all(lines.clone()), lines);
        let contacts = vec![operation(1.0, "Open", &[]), operation(2.0, "Done", &[])];
        assert_eq!(fold_all(contacts).len(), 1);
    }

    #[test]
    fn of_equals_the_one_read_last_counts() {
        let folded = operation(1.0, "Open", &[]).fold(operation(1.0, "Done", &[]));
        assert_eq!(folded.payload, operation(1.0, "Done", &[]).payload);
    }
}
