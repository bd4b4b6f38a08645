//! [`SqliteStore`]: the traits, each call handed to a thread.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};

use super::super::{
    Admin, Appended, Binding, Claim, Commit, Cursors, Decision, Delivery, Due, Group, GroupId,
    Guarded, Held, Inbox, InboxItem, InboxView, Lane, LaneView, Lease, Limit, Origin, Permit,
    Permits, Reset, RetriedRecord, RunRecord, ScopeOf, Settlement, StateError, Store,
};
use super::ballast::Ballast;
use super::database::{Database, DatabaseTime};
use super::worker::{Effect, Worker};
use super::{dead_letters, fold, groups, inbox, lanes, outbox, parts, permits};
use crate::connectors::{Cursor, Known};
use crate::operation::Receipt;

/// A state in one SQLite file; see the module.
pub struct SqliteStore {
    pub(super) writer: Worker,
    pub(super) reader: Worker,
}

impl SqliteStore {
    /// Opens a state for writing, or makes it, with the folders above it.
    ///
    /// # Errors
    /// Where the file is no state, is newer than this program, or cannot be opened.
    pub fn open(file: &Path, time: DatabaseTime) -> Result<Self, StateError> {
        let path: Arc<str> = file.display().to_string().into();
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| StateError::Storage {
                path: Arc::clone(&path),
                message: error.to_string(),
            })?;
        }
        // Who makes the file, or brings it up to date, does so alone: SQLite's own locks do not
        // cover the change to a write-ahead log.
        let opening = alone(file).map_err(|error| StateError::Storage {
            path: Arc::clone(&path),
            message: error.to_string(),
        })?;
        let writing = Database::open(file, &path, time.clone())?;
        let mut reading = Database::open(file, &path, time)?;
        reading.remembered = writing.remembered.shared();
        reading.keep_little(&path)?;
        drop(opening);
        Ok(Self {
            writer: Worker::start(writing, Some(Ballast::keep(file)))?,
            reader: Worker::start(reading, None)?,
        })
    }
}

/// Waits until no other process opens the state; theirs wait until the file is dropped.
pub(super) fn alone(file: &Path) -> std::io::Result<fs::File> {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    let lock = fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    lock.lock()?;
    Ok(lock)
}

impl Store for SqliteStore {
    fn claim<'a>(
        &'a self,
        lane: &'a Lane,
        holder: &'a str,
    ) -> BoxFuture<'a, Result<Claim, StateError>> {
        let (lane, holder) = (lane.clone(), holder.to_owned());
        let work = move |database: &Database| lanes::claim(database, &lane, &holder);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn extend<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| lanes::extend(database, &lease);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn begin<'a>(
        &'a self,
        lease: &'a Lease,
        origin: &'a Origin,
        scopes: &'a [ScopeOf],
        now: i64,
    ) -> BoxFuture<'a, Result<LaneView, StateError>> {
        let (lease, origin, scopes) = (lease.clone(), origin.clone(), scopes.to_vec());
        let work = move |database: &Database| {
            let lane = lanes::set_origin(database, &lease, &origin, &scopes)?;
            outbox::resume(database, lane.id, now)?;
            lanes::view(database, &lane, database.now()?)
        };
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn commit<'a>(
        &'a self,
        lease: &'a Lease,
        commit: Arc<Commit>,
    ) -> BoxFuture<'a, Result<Vec<Decision>, StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| fold::commit(database, &lease, &commit);
        self.writer.call(Effect::Adds, work).boxed()
    }

    fn guarded<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Vec<Guarded>, StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| fold::guarded(database, &lease);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn held<'a>(
        &'a self,
        lease: &'a Lease,
        held: Held,
        now: i64,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| fold::decide_held(database, &lease, &held, now);
        self.writer.call(Effect::Adds, work).boxed()
    }

    fn due<'a>(
        &'a self,
        lease: &'a Lease,
        now: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Due, StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| outbox::due(database, &lease, now, limit);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn unclaimed<'a>(
        &'a self,
        lease: &'a Lease,
        row: i64,
        receipts: Vec<Receipt>,
    ) -> BoxFuture<'a, Result<Vec<Receipt>, StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| outbox::unclaimed(database, &lease, row, &receipts);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn load<'a>(
        &'a self,
        lease: &'a Lease,
        rows: &'a [i64],
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StateError>> {
        let (lease, rows) = (lease.clone(), rows.to_vec());
        let work = move |database: &Database| outbox::load(database, &lease, &rows);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn sending<'a>(
        &'a self,
        lease: &'a Lease,
        rows: &'a [i64],
        now: i64,
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StateError>> {
        let (lease, rows) = (lease.clone(), rows.to_vec());
        let work = move |database: &Database| outbox::sending(database, &lease, &rows, now);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn settle<'a>(
        &'a self,
        lease: &'a Lease,
        settled: Vec<(i64, Settlement)>,
        now: i64,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| outbox::settle(database, &lease, &settled, now);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn retried_records<'a>(
        &'a self,
        lease: &'a Lease,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<RetriedRecord>, StateError>> {
        let lease = lease.clone();
        let work = move |database: &Database| {
            dead_letters::retried_records(database, &lease, after, limit)
        };
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn groups<'a>(
        &'a self,
        lease: &'a Lease,
        after: Option<GroupId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Group>, StateError>> {
        let lane = lease.number;
        let work = move |database: &Database| groups::after(database, lane, after, limit);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn known<'a>(
        &'a self,
        lease: &'a Lease,
        source: &'a str,
        owners: &'a [Arc<str>],
    ) -> BoxFuture<'a, Result<Vec<Known>, StateError>> {
        let (lane, source, owners) = (lease.number, source.to_owned(), owners.to_vec());
        let work = move |database: &Database| parts::known(database, lane, &source, &owners);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn finish<'a>(
        &'a self,
        lease: &'a Lease,
        run: &'a RunRecord,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let (lease, run) = (lease.clone(), run.clone());
        let work = move |database: &Database| lanes::finish(database, &lease, &run);
        self.writer.call(Effect::Drains, work).boxed()
    }
}

impl Admin for SqliteStore {
    fn bind<'a>(&'a self, bindings: &'a [Binding]) -> BoxFuture<'a, Result<(), StateError>> {
        let bindings = bindings.to_vec();
        let work = move |database: &Database| permits::bind(database, &bindings);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn retry_dead_letters<'a>(
        &'a self,
        ids: &'a [i64],
        now: i64,
    ) -> BoxFuture<'a, Result<u64, StateError>> {
        let ids = ids.to_vec();
        let work = move |database: &Database| dead_letters::retry(database, &ids, now);
        self.writer.call(Effect::Adds, work).boxed()
    }

    fn discard_dead_letters<'a>(
        &'a self,
        ids: &'a [i64],
    ) -> BoxFuture<'a, Result<u64, StateError>> {
        let ids = ids.to_vec();
        let work = move |database: &Database| dead_letters::discard(database, &ids);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn reset<'a>(
        &'a self,
        pipeline: &'a str,
        reset: Reset,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let pipeline = pipeline.to_owned();
        let forget = reset == Reset::ForgetSent;
        let work = move |database: &Database| lanes::reset(database, &pipeline, forget);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn set_cursor<'a>(
        &'a self,
        pipeline: &'a str,
        source: &'a str,
        cursor: &'a Cursor,
        now: i64,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let (pipeline, source, cursor) = (pipeline.to_owned(), source.to_owned(), cursor.clone());
        let work = move |database: &Database| {
            lanes::set_cursor(database, &pipeline, &source, &cursor, now)
        };
        self.writer.call(Effect::Drains, work).boxed()
    }
}

impl Inbox for SqliteStore {
    fn append<'a>(
        &'a self,
        connection: &'a str,
        identifier: &'a str,
        body: &'a str,
        now: i64,
    ) -> BoxFuture<'a, Result<Appended, StateError>> {
        let (connection, identifier, body) = (
            connection.to_owned(),
            identifier.to_owned(),
            body.to_owned(),
        );
        let work = move |database: &Database| {
            inbox::append(database, &connection, &identifier, &body, now)
        };
        self.writer.call(Effect::Adds, work).boxed()
    }

    fn worked_off<'a>(
        &'a self,
        connection: &'a str,
        up_to: i64,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let connection = connection.to_owned();
        let work = move |database: &Database| inbox::worked_off(database, &connection, up_to);
        self.writer.call(Effect::Drains, work).boxed()
    }
}

impl InboxView for SqliteStore {
    fn inbox_after<'a>(
        &'a self,
        connection: &'a str,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<InboxItem>, StateError>> {
        let connection = connection.to_owned();
        let work = move |database: &Database| inbox::after(database, &connection, after, limit);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn inbox_depths(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StateError>> {
        self.reader.call(Effect::Drains, inbox::depths).boxed()
    }

    fn cursors<'a>(&'a self, pipeline: &'a str) -> BoxFuture<'a, Result<Cursors, StateError>> {
        let lane = Lane::of(pipeline);
        let work = move |database: &Database| lanes::cursors(database, &lane);
        self.reader.call(Effect::Drains, work).boxed()
    }
}

impl Permits for SqliteStore {
    fn permit<'a>(
        &'a self,
        family: &'a str,
        interval_us: i64,
        calls: u32,
    ) -> BoxFuture<'a, Result<Permit, StateError>> {
        let family = family.to_owned();
        let work =
            move |database: &Database| permits::permit(database, &family, interval_us, calls);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn pause<'a>(&'a self, family: &'a str, for_ms: i64) -> BoxFuture<'a, Result<(), StateError>> {
        let family = family.to_owned();
        let work = move |database: &Database| permits::pause(database, &family, for_ms);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn saw_limit<'a>(
        &'a self,
        connection: &'a str,
        limit: Limit,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let connection = connection.to_owned();
        let work = move |database: &Database| permits::saw_limit(database, &connection, &limit);
        self.writer.call(Effect::Drains, work).boxed()
    }
}
