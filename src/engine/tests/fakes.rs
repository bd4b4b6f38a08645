//! The fakes: each tells all that happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, FutureExt as _, ready};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::super::*;
use crate::connectors::{Applied, Cursor, Found, Outcome, Page, Source, Start, Writer};
use crate::http::{Class, Clock as _, Failure, ManualClock, SeededRandom};
use crate::operation::{Operation, Order, Place, Policy, Version};
use crate::record::{Happened, Identity, Record, Value};
use crate::state::{DatabaseTime, Fact, Group, SqliteStore, StateReader, Store};

/// When every test begins: epoch milliseconds.
pub(super) const BEGIN: i64 = 1_800_000_000_000;

/// A record of one contact with some events; `version` orders it.
pub(super) fn issue(
    number: i64,
    email: &str,
    version: i64,
    status: &str,
    events: &[i64],
) -> Record {
    let events: Vec<Value> = events.iter().map(|at| Value::from(*at)).collect();
    let mut members = crate::record::Object::new();
    members.insert("email", email);
    members.insert("version", version);
    members.insert("status", status);
    members.insert("list", number % 3);
    members.insert("events", events);
    Record {
        value: members.into(),
        identity: Some(Identity::of(number.to_string())),
        time: None,
        name: format!("SUP-{number}").into(),
        deleted: false,
        happened: Happened::default(),
    }
}

/// What the pages of a source hold; a cursor is the number of pages read.
#[derive(Default)]
pub(super) struct Pages {
    pub(super) pages: Vec<Vec<Record>>,
    /// Fails instead of giving this page.
    pub(super) fails_at: Option<usize>,
    pub(super) pulled: AtomicU64,
    /// Cancelled when this page is asked for.
    pub(super) cancels_at: Option<(usize, CancellationToken)>,
}

struct Opener(Arc<Pages>);

struct Reader {
    pages: Arc<Pages>,
    next: usize,
    left: Option<u64>,
}

impl OpenSource for Opener {
    fn open<'a>(
        &'a self,
        start: Start,
        _memory: &'a dyn crate::connectors::Memory,
    ) -> BoxFuture<'a, Result<Box<dyn Source + 'a>, Failure>> {
        let next = start.cursor.map_or(0, |cursor| cursor.0.parse().unwrap());
        let reader = Reader {
            pages: Arc::clone(&self.0),
            next,
            left: start.limit,
        };
        ready(Ok(Box::new(reader) as Box<dyn Source>)).boxed()
    }
}

impl Source for Reader {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        if self.pages.fails_at == Some(self.next) {
            let failure = Failure::new(Class::Authentication, "Jira does not know who asks");
            return ready(Err(failure)).boxed();
        }
        if let Some((at, cancel)) = &self.pages.cancels_at
            && *at == self.next
        {
            cancel.cancel();
        }
        let Some(records) = self.pages.pages.get(self.next).cloned() else {
            return ready(Ok(None)).boxed();
        };
        self.pages.pulled.fetch_add(1, Ordering::SeqCst);
        let mut records = records;
        let mut whole = true;
        if let Some(left) = &mut self.left {
            let taken = usize::try_from(*left).unwrap().min(records.len());
            if taken == 0 {
                return ready(Ok(None)).boxed();
            }
            whole = taken == records.len();
            records.truncate(taken);
            *left -= taken as u64;
        }
        self.next += 1;
        let page = Page {
            records,
            cursor: whole.then(|| Cursor(self.next.to_string())),
            ..Page::default()
        };
        ready(Ok(Some(page))).boxed()
    }
}

/// A contact and its events for each record; a status of `broken` is a trouble.
pub(super) struct FakeStages {
    pub(super) on_error: OnError,
    pub(super) notices: Vec<String>,
    /// Records held back until the sources have ended.
    pub(super) holds: Option<Vec<Record>>,
}

impl FakeStages {
    fn stage(&self, record: &Record, out: &mut Staged) {
        let at = Place {
            file: "pipelines/a.yaml".into(),
            line: 7,
            column: 3,
        };
        let text = |name: &str| {
            record
                .value
                .get(name)
                .and_then(Value::as_str)
                .unwrap()
                .to_owned()
        };
        let email = text("email");
        if email.is_empty() {
            out.kept += 1;
            out.unmatched += 1;
            return;
        }
        if text("status") == "broken" {
            out.troubles.push(Trouble {
                record: Arc::clone(&record.name),
                sink: None,
                class: "transform".into(),
                reason: "not a number".into(),
                at: Some(at),
                on_error: self.on_error,
            });
            return;
        }
        out.kept += 1;
        let number = |value: &Value| match value {
            Value::Number(number) => number.as_i64().unwrap(),
            other => panic!("{other:?}"),
        };
        let version = number(record.value.get("version").unwrap());
        let identity = record.identity.as_ref().unwrap().to_string();
        out.facts.push(Fact::Issue(identity.as_str().into()));
        let contact = Operation {
            sink: "brevo.contacts".into(),
            sink_index: 0,
            scope: "brevo.contacts/STATUS".into(),
            key: format!("email:{email}").into(),
            policy: Policy::Latest,
            version: Version {
                order: Order::Missing,
                time: Some(version),
            },
            payload: text("status").into(),
            unites: vec![record.value.get("list").unwrap().clone()],
            subject: Some(format!("email:{email}").into()),
            happened_at: None,
            record: Arc::clone(&record.name),
            at,
            receipt: None,
        };
        let events = record
            .value
            .get("events")
            .and_then(Value::as_array)
            .unwrap()
            .to_vec();
        out.operations.push(contact.clone());
        for event in events {
            let happened_at = number(&event);
            out.operations.push(Operation {
                sink: "brevo.events".into(),
                sink_index: 1,
                scope: "brevo.events/changed".into(),
                key: format!("{identity}-{happened_at}").into(),
                policy: Policy::Once,
                payload: email.clone().into(),
                unites: Vec::new(),
                happened_at: Some(happened_at),
                ..contact.clone()
            });
        }
    }
}

impl Stages for FakeStages {
    fn recall(&mut self, _groups: &[Group]) -> Result<(), String> {
        Ok(())
    }

    fn process(&mut self, record: Record, out: &mut Staged) -> Result<(), String> {
        if let Some(held) = &mut self.holds {
            held.push(record);
        } else {
            self.stage(&record, out);
        }
        Ok(())
    }

    fn release(&mut self, out: &mut Staged) -> Result<bool, String> {
        let held = self.holds.as_mut().filter(|held| !held.is_empty());
        let Some(record) = held.map(|held| held.remove(0)) else {
            return Ok(false);
        };
        self.stage(&record, out);
        Ok(true)
    }

    fn notices(&mut self) -> Vec<String> {
        self.notices.clone()
    }
}

/// What the destination does to the next operations, one trick each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trick {
    Apply,
    /// Applied, and the answer is lost.
    LoseAnswer,
    /// Not applied, and the answer is lost.
    LoseRequest,
    /// Certainly not applied.
    Refuse(Class),
    Reject,
    Unmatched,
}

/// The destination, which outlives every crash.
#[derive(Default)]
pub(super) struct Destination {
    pub(super) contacts: BTreeMap<String, (String, BTreeSet<String>)>,
    pub(super) events: BTreeMap<String, u32>,
    /// Everything in the order it was applied.
    pub(super) log: Vec<String>,
    pub(super) tricks: Vec<Trick>,
    pub(super) calls: u64,
    pub(super) finds: Vec<i64>,
    /// What may not be asked.
    pub(super) blind: bool,
    /// For how long a repetition is known, and has no effect.
    pub(super) known_for: Option<i64>,
}

impl Destination {
    fn apply(&mut self, operation: &Operation) -> Applied {
        self.log
            .push(format!("{} {}", operation.sink, operation.key));
        if operation.policy == Policy::Once {
            if self.known_for.is_some() && self.events.contains_key(&*operation.key) {
                return Applied::Sent;
            }
            *self.events.entry(operation.key.to_string()).or_default() += 1;
            return Applied::Sent;
        }
        let new = !self.contacts.contains_key(&*operation.key);
        let contact = self.contacts.entry(operation.key.to_string()).or_default();
        match &operation.payload {
            Value::String(status) => contact.0 = status.to_string(),
            // Only lists.
            Value::Null => {}
            payload => contact.0 = payload.to_json(),
        }
        contact
            .1
            .extend(operation.unites.iter().map(Value::to_json));
        if new {
            Applied::Created
        } else {
            Applied::Updated
        }
    }

    fn deliver(&mut self, operation: &Operation) -> Outcome {
        let failure = |class| Failure::new(class, "Brevo says no");
        let trick = if self.tricks.is_empty() {
            Trick::Apply
        } else {
            self.tricks.remove(0)
        };
        match trick {
            Trick::Apply => Outcome::Applied(self.apply(operation)),
            Trick::LoseAnswer => {
                self.apply(operation);
                Outcome::Unknown {
                    failure: failure(Class::Timeout),
                }
            }
            Trick::LoseRequest => Outcome::Unknown {
                failure: failure(Class::Timeout),
            },
            Trick::Refuse(class) => Outcome::NotApplied {
                failure: failure(class),
            },
            Trick::Reject => Outcome::Rejected {
                failure: failure(Class::Rejected),
            },
            Trick::Unmatched => Outcome::Unmatched,
        }
    }
}

struct FakeWriter {
    destination: Arc<Mutex<Destination>>,
    clock: Arc<ManualClock>,
}

impl Writer for FakeWriter {
    fn batch_size(&self) -> usize {
        3
    }

    fn deliver<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Outcome>> {
        let mut destination = self.destination.lock().unwrap();
        destination.calls += 1;
        let outcomes = operations
            .iter()
            .map(|one| destination.deliver(one))
            .collect();
        ready(outcomes).boxed()
    }

    fn find<'a>(&'a self, operations: &'a [Operation]) -> BoxFuture<'a, Vec<Option<Found>>> {
        let mut destination = self.destination.lock().unwrap();
        destination
            .finds
            .push(self.clock.now().as_millisecond() - BEGIN);
        let answers = operations
            .iter()
            .map(|one| {
                match (
                    destination.blind,
                    destination.events.contains_key(&*one.key),
                ) {
                    (true, _) => None,
                    (_, true) => Some(Found::There),
                    (_, false) => Some(Found::Absent),
                }
            })
            .collect();
        ready(answers).boxed()
    }

    fn repeatable_for(&self) -> Option<i64> {
        self.destination.lock().unwrap().known_for
    }
}

#[derive(Default)]
pub(super) struct Log(Mutex<Vec<RunEvent>>);

impl Observer for Log {
    fn told(&self, event: RunEvent) {
        self.0.lock().unwrap().push(event);
    }
}

/// Everything that a run needs.
pub(super) struct Rig {
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) destination: Arc<Mutex<Destination>>,
    pub(super) pages: Arc<Pages>,
    pub(super) cancel: CancellationToken,
    pub(super) guard: Option<Guard>,
    pub(super) on_error: OnError,
    pub(super) notices: Vec<String>,
    pub(super) limit: Option<u64>,
    pub(super) full: bool,
    pub(super) reads_whole: bool,
    /// Records are held until the sources have ended.
    pub(super) holds: bool,
    pub(super) backfill_ms: i64,
    /// The pipeline was edited: another sink stands first.
    pub(super) edited: bool,
    pub(super) events: Log,
}

impl Rig {
    pub(super) fn new(pages: Vec<Vec<Record>>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::at(Timestamp::from_millisecond(BEGIN).unwrap())),
            destination: Arc::default(),
            pages: Arc::new(Pages {
                pages,
                ..Pages::default()
            }),
            cancel: CancellationToken::new(),
            guard: None,
            on_error: OnError::DeadLetter,
            notices: Vec::new(),
            limit: None,
            full: false,
            reads_whole: false,
            holds: false,
            backfill_ms: i64::MAX / 4,
            edited: false,
            events: Log::default(),
        }
    }

    pub(super) fn pages(&mut self, pages: Vec<Vec<Record>>) {
        self.pages = Arc::new(Pages {
            pages,
            ..Pages::default()
        });
    }

    pub(super) fn tricks(&self, tricks: Vec<Trick>) {
        self.destination.lock().unwrap().tricks = tricks;
    }

    pub(super) fn store(&self) -> SqliteStore {
        let clock = Arc::clone(&self.clock);
        let time = Arc::new(move || clock.now().as_millisecond());
        SqliteStore::open(
            &self.folder.path().join("state.db"),
            DatabaseTime::Given(time),
        )
        .unwrap()
    }

    pub(super) fn reader(&self) -> StateReader {
        StateReader::open_existing(&self.folder.path().join("state.db"))
            .unwrap()
            .unwrap()
    }

    fn job(&self) -> Job {
        let sink = |name: &str, contacts| JobSink {
            name: name.into(),
            account: "acme".into(),
            route: Route::Outbox(Box::new(FakeWriter {
                destination: Arc::clone(&self.destination),
                clock: Arc::clone(&self.clock),
            })),
            on_error: self.on_error,
            backfill_ms: self.backfill_ms,
            visible_after_ms: 60_000,
            once_scopes: if contacts {
                vec![]
            } else {
                vec!["brevo.events/changed".into()]
            },
            contacts,
        };
        Job {
            pipeline: "a".into(),
            holder: "a test".into(),
            patience_ms: 60_000,
            sources: vec![JobSource {
                name: "jira.issues".into(),
                since: Since::Beginning,
                open: Box::new(Opener(Arc::clone(&self.pages))),
            }],
            lookups: None,
            sinks: if self.edited {
                vec![sink("brevo.notes", false), sink("brevo.contacts", true)]
            } else {
                vec![sink("brevo.contacts", true), sink("brevo.events", false)]
            },
            by_day: None,
            guard: self.guard,
            reads_whole: self.reads_whole,
            holds: self.holds,
            full: self.full,
            since: None,
            narrow: None,
            limit: self.limit,
        }
    }

    pub(super) async fn run_on(&self, store: &dyn Store) -> Finished {
        let mut stages = FakeStages {
            on_error: self.on_error,
            notices: self.notices.clone(),
            holds: self.holds.then(Vec::new),
        };
        self.run_with(&mut stages, store).await
    }

    pub(super) async fn run_with(&self, stages: &mut dyn Stages, store: &dyn Store) -> Finished {
        let random = SeededRandom::new(7);
        let context = Context {
            clock: &*self.clock,
            random: &random,
            observer: &self.events,
            cancel: &self.cancel,
        };
        run(self.job(), stages, store, &context).await
    }

    pub(super) async fn run(&self) -> Finished {
        self.run_on(&self.store()).await
    }

    /// What was told so far; the next call tells only what is new.
    pub(super) fn told(&self) -> Vec<RunEvent> {
        std::mem::take(&mut self.events.0.lock().unwrap())
    }

    pub(super) fn told_notices(&self) -> Vec<String> {
        let notice = |event| match event {
            RunEvent::Notice { message } => Some(message),
            _ => None,
        };
        self.told().into_iter().filter_map(notice).collect()
    }
}
