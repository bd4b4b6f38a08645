//! The suite that every store passes, and what is SQLite's own.

mod file;
mod folding;
mod keeping;
mod outbox;
mod parts;
mod receipts;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::operation::{Operation, Order, Place, Policy, Version};
use crate::record::Value;

/// A store in a folder of its own, with a clock that stands.
pub(super) struct Bench {
    pub(super) store: SqliteStore,
    pub(super) folder: tempfile::TempDir,
    pub(super) time: Arc<AtomicI64>,
}

impl Bench {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let time = Arc::new(AtomicI64::new(1_000_000));
        let store = SqliteStore::open(&folder.path().join("state.db"), given(&time)).unwrap();
        Self {
            store,
            folder,
            time,
        }
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("state.db")
    }

    /// Closes and opens the file, as another process would after a crash.
    pub(super) fn reopen(self) -> Self {
        let Self {
            store,
            folder,
            time,
        } = self;
        drop(store);
        let store = SqliteStore::open(&folder.path().join("state.db"), given(&time)).unwrap();
        Self {
            store,
            folder,
            time,
        }
    }

    pub(super) fn reader(&self) -> StateReader {
        StateReader::open_existing(&self.path()).unwrap().unwrap()
    }

    pub(super) fn pass(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
    }

    /// A lease of a pipeline, its run begun.
    pub(super) async fn run(&self, pipeline: &str) -> Lease {
        let lease = self.claim(pipeline).await;
        let origin = Origin {
            floor: None,
            first_run: 500,
            taken_over_from: None,
        };
        self.store.begin(&lease, &origin, &[], 0).await.unwrap();
        lease
    }

    pub(super) async fn claim(&self, pipeline: &str) -> Lease {
        match self
            .store
            .claim(&Lane::of(pipeline), "a test")
            .await
            .unwrap()
        {
            Claim::Granted(lease) => lease,
            Claim::Held { holder, .. } => panic!("held by {holder}"),
        }
    }

    pub(super) async fn commit(&self, lease: &Lease, operations: Vec<Operation>) -> Vec<Decision> {
        let commit = Commit {
            operations,
            sinks: sinks(None),
            ..Commit::default()
        };
        self.store.commit(lease, Arc::new(commit)).await.unwrap()
    }

    pub(super) async fn due(&self, lease: &Lease, now: i64) -> Vec<i64> {
        let due = self.store.due(lease, now, 1000).await.unwrap();
        due.rows.iter().map(|row| row.id).collect()
    }

    /// Sends everything that is due and settles it alike; answers what was sent.
    pub(super) async fn deliver(&self, lease: &Lease, settlement: &Settlement) -> Vec<Operation> {
        let mut sent = Vec::new();
        loop {
            let rows = self.due(lease, 0).await;
            if rows.is_empty() {
                return sent;
            }
            let deliveries = self.store.sending(lease, &rows, 0).await.unwrap();
            let settled = deliveries
                .iter()
                .map(|one| (one.id, settlement.clone()))
                .collect();
            self.store.settle(lease, settled, 0).await.unwrap();
            sent.extend(deliveries.into_iter().map(|one| one.operation));
        }
    }
}

pub(super) fn given(time: &Arc<AtomicI64>) -> DatabaseTime {
    let time = Arc::clone(time);
    DatabaseTime::Given(Arc::new(move || time.load(Ordering::SeqCst)))
}

pub(super) fn sinks(known_before: Option<i64>) -> Arc<[SinkTerms]> {
    let terms = |known_before| SinkTerms {
        account: "acme".into(),
        known_before,
    };
    Arc::new([terms(None), terms(known_before)])
}

pub(super) fn contact(key: &str, order: i32, status: &str, lists: &[i64]) -> Operation {
    Operation {
        sink: "brevo.contacts".into(),
        sink_index: 0,
        scope: "brevo.contacts/STATUS".into(),
        key: format!("email:{key}").into(),
        policy: Policy::Latest,
        version: Version {
            order: Order::Number(order.into()),
            time: None,
        },
        payload: Value::from_json(&format!(r#"{{"attributes":{{"STATUS":"{status}"}}}}"#)).unwrap(),
        unites: lists.iter().map(|list| Value::from(*list)).collect(),
        subject: Some(key.into()),
        happened_at: None,
        record: "SUP-1".into(),
        receipt: None,
        at: Place {
            file: "pipelines/a.yaml".into(),
            line: 3,
            column: 5,
        },
    }
}

pub(super) fn event(key: &str, id: &str, happened_at: i64) -> Operation {
    Operation {
        sink: "brevo.events".into(),
        sink_index: 1,
        scope: "brevo.events/ticket_status_changed".into(),
        key: id.into(),
        policy: Policy::Once,
        happened_at: Some(happened_at),
        ..contact(key, 0, "event", &[])
    }
}
