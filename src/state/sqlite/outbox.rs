//! The outbox: what waits for its delivery, with its payload until it is settled.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Row, params};

use super::super::stored::{read_operation, write_operation};
use super::super::{Delivery, Due, DueRow, Lease, RowState, Settlement, StateError};
use super::database::{Database, Fault};
use super::dead_letters;
use super::hash::Digest16;
use super::lanes;
use super::ledger::{self, DEAD};
use super::receipts;
use super::row::{Cell, Stored, digest, first, put, select};
use crate::operation::{Operation, Policy, Receipt};

/// To be sent; on its way where a [`SendingRow`] names it.
pub(super) const PENDING: i64 = 1;
/// Sent, with an unknown outcome.
pub(super) const UNKNOWN: i64 = 3;
/// Held back by a guard.
pub(super) const HELD: i64 = 4;
/// Held back by a guard, and only the ledger is to know it.
pub(super) const HELD_KNOWN: i64 = 5;

/// The serial of rows that nothing overtakes.
pub(super) const ALWAYS: i64 = 0;

/// How long after sending a crash's unknown outcome is first asked after, in milliseconds.
const FIRST_ASK: i64 = 5_000;

/// A row of the outbox.
pub(super) struct OutboxRow {
    pub(super) lane_id: i64,
    pub(super) id: i64,
    pub(super) scope_id: i64,
    pub(super) hash: Digest16,
    /// A hash of scope and key, where a second operation of the key may come.
    folds: Option<i64>,
    subject: Option<i64>,
    /// As `subject`, where operations of later sinks wait for this one.
    blocks: Option<i64>,
    sink_index: i64,
    pub(super) state: i64,
    pub(super) attempts: i64,
    due_at: i64,
    sent_at: i64,
    pub(super) serial: i64,
    operation: String,
}

impl Stored for OutboxRow {
    const TABLE: &'static str = "outbox";
    const KEY: &'static str = "lane_id, id";
    const COLUMNS: &'static [&'static str] = &[
        "lane_id",
        "id",
        "scope_id",
        "hash",
        "folds",
        "subject",
        "blocks",
        "sink_index",
        "state",
        "attempts",
        "due_at",
        "sent_at",
        "serial",
        "operation",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.lane_id.into(),
            self.id.into(),
            self.scope_id.into(),
            (&self.hash).into(),
            self.folds.into(),
            self.subject.into(),
            self.blocks.into(),
            self.sink_index.into(),
            self.state.into(),
            self.attempts.into(),
            self.due_at.into(),
            self.sent_at.into(),
            self.serial.into(),
            self.operation.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lane_id: row.get(0)?,
            id: row.get(1)?,
            scope_id: row.get(2)?,
            hash: digest(row, 3)?,
            folds: row.get(4)?,
            subject: row.get(5)?,
            blocks: row.get(6)?,
            sink_index: row.get(7)?,
            state: row.get(8)?,
            attempts: row.get(9)?,
            due_at: row.get(10)?,
            sent_at: row.get(11)?,
            serial: row.get(12)?,
            operation: row.get(13)?,
        })
    }
}

/// Rows that are on their way together and must not be sent twice: one row here before the
/// request, instead of one change for each of them.
struct SendingRow {
    lane_id: i64,
    id: i64,
    sent_at: i64,
    numbers: String,
}

impl Stored for SendingRow {
    const TABLE: &'static str = "sendings";
    const KEY: &'static str = "lane_id, id";
    const COLUMNS: &'static [&'static str] = &["lane_id", "id", "sent_at", "numbers"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.lane_id.into(),
            self.id.into(),
            self.sent_at.into(),
            self.numbers.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lane_id: row.get(0)?,
            id: row.get(1)?,
            sent_at: row.get(2)?,
            numbers: row.get(3)?,
        })
    }
}

impl SendingRow {
    fn numbers(&self) -> impl Iterator<Item = i64> {
        self.numbers.split(' ').filter_map(|one| one.parse().ok())
    }
}

/// What of a lane is on its way, and since when.
pub(super) struct InFlight(HashMap<i64, i64>);

impl InFlight {
    pub(super) fn of(database: &Database, lane: i64) -> Result<Self, Fault> {
        let sendings: Vec<SendingRow> = select(&database.connection, "WHERE lane_id = ?", [lane])?;
        let mut since = database.remembered.on_their_way();
        for sending in sendings {
            since.extend(sending.numbers().map(|id| (id, sending.sent_at)));
        }
        Ok(Self(since))
    }

    pub(super) fn holds(&self, id: i64) -> bool {
        self.0.contains_key(&id)
    }
}

/// What a new row is made with.
pub(super) struct Made {
    pub(super) id: i64,
    pub(super) lane: i64,
    pub(super) key: (i64, Digest16),
    pub(super) now: i64,
    pub(super) hold: bool,
    pub(super) sinks: usize,
}

impl OutboxRow {
    /// A row that waits to be sent.
    pub(super) fn new(database: &Database, made: &Made, operation: &Operation) -> Self {
        let subject = operation
            .subject
            .as_ref()
            .map(|subject| half(&database.keyed.hash(&[b"subject", subject.as_bytes()])));
        let folds = made.hold || operation.policy != Policy::Once;
        let blocks = operation.sink_index.saturating_add(1) < made.sinks;
        Self {
            lane_id: made.lane,
            id: made.id,
            scope_id: made.key.0,
            hash: made.key.1,
            folds: folds.then(|| half(&made.key.1)),
            subject,
            blocks: subject.filter(|_| blocks),
            sink_index: i64::try_from(operation.sink_index).unwrap_or(i64::MAX),
            state: PENDING,
            attempts: 0,
            due_at: made.now,
            sent_at: 0,
            serial: ALWAYS,
            operation: String::new(),
        }
    }

    pub(super) fn operation(&self, database: &Database) -> Result<Operation, Fault> {
        match database.remembered.operation(self.id) {
            Some(operation) => Ok(operation),
            None => Ok(read_operation(&self.operation)?),
        }
    }

    /// Writes the row with this operation.
    pub(super) fn put_with(
        &mut self,
        database: &Database,
        operation: &Operation,
    ) -> Result<(), Fault> {
        self.operation = write_operation(operation);
        put(&database.connection, self)?;
        database.remembered.keep(self.id, operation);
        Ok(())
    }

    pub(super) fn remove(&self, database: &Database) -> Result<(), Fault> {
        remove(database, self.lane_id, self.id)
    }
}

/// What of a row is asked before its operation is sent.
struct Waiting {
    id: i64,
    scope_id: i64,
    hash: Digest16,
    folds: bool,
    state: i64,
    attempts: i64,
    sent_at: i64,
    serial: i64,
    operation: Operation,
}

impl Waiting {
    fn of(database: &Database, row: &OutboxRow) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id,
            scope_id: row.scope_id,
            hash: row.hash,
            folds: row.folds.is_some(),
            state: row.state,
            attempts: row.attempts,
            sent_at: row.sent_at,
            serial: row.serial,
            operation: row.operation(database)?,
        })
    }

    fn delivery(self, database: &Database) -> Result<Delivery, Fault> {
        Ok(Delivery {
            id: self.id,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            sent_at: self.sent_at,
            account: account_of(database, self.scope_id)?,
            operation: match self.operation.policy {
                Policy::Latest => self.operation,
                Policy::Once | Policy::Edited => Operation {
                    receipt: receipts::find(database, self.scope_id, &self.hash)?,
                    ..self.operation
                },
            },
        })
    }
}

/// The account that a scope lies in.
pub(super) fn account_of(database: &Database, scope: i64) -> Result<Arc<str>, Fault> {
    database.remembered.account(scope, || {
        let account: String = database
            .connection
            .prepare_cached("SELECT account FROM scopes WHERE id = ?")?
            .query_row([scope], |found| found.get(0))?;
        Ok(account.into())
    })
}

/// Removes a row, where it is there.
fn remove(database: &Database, lane: i64, id: i64) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM outbox WHERE lane_id = ? AND id = ?")?
        .execute([lane, id])?;
    Ok(())
}

/// Half of a hash: small in an index, and telling enough there.
fn half(hash: &Digest16) -> i64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(hash) {
        *to = *from;
    }
    i64::from_le_bytes(bytes)
}

/// The last row of a key in a lane, of states between two.
pub(super) fn of_key(
    database: &Database,
    lane: i64,
    scope: i64,
    hash: &Digest16,
    states: (i64, i64),
) -> Result<Option<OutboxRow>, Fault> {
    first(
        &database.connection,
        "WHERE folds = ? AND scope_id = ? AND hash = ? AND lane_id = ? \
         AND state BETWEEN ? AND ? ORDER BY id DESC LIMIT 1",
        params![half(hash), scope, hash, lane, states.0, states.1],
    )
}

/// Numbers as runs of which each follows the one before: rows of a page lie together.
fn runs(ids: &[i64]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*id) => *last = *id,
            _ => runs.push((*id, *id)),
        }
    }
    runs
}

/// The rows of a lane with these numbers, in their order.
fn rows_of(database: &Database, lease: &Lease, ids: &[i64]) -> Result<Vec<Waiting>, Fault> {
    let mut rows = Vec::with_capacity(ids.len());
    for (first, last) in runs(ids) {
        if database.remembered.has_all(first..=last) {
            remembered(database, lease, (first, last), &mut rows)?;
            continue;
        }
        let run: Vec<OutboxRow> = select(
            &database.connection,
            "WHERE lane_id = ? AND id BETWEEN ? AND ? ORDER BY id",
            [lease.number, first, last],
        )?;
        for row in run {
            rows.push(Waiting::of(database, &row)?);
        }
    }
    Ok(rows)
}

/// Rows whose operations are still at hand: these are neither read nor checked again.
fn remembered(
    database: &Database,
    lease: &Lease,
    (first, last): (i64, i64),
    rows: &mut Vec<Waiting>,
) -> Result<(), Fault> {
    let mut statement = database.connection.prepare_cached(
        "SELECT id, scope_id, hash, folds IS NOT NULL, state, attempts, sent_at, serial \
         FROM outbox WHERE lane_id = ? AND id BETWEEN ? AND ? ORDER BY id",
    )?;
    let mut found = statement.query([lease.number, first, last])?;
    while let Some(row) = found.next()? {
        let id = row.get(0)?;
        if let Some(operation) = database.remembered.operation(id) {
            rows.push(Waiting {
                id,
                scope_id: row.get(1)?,
                hash: digest(row, 2)?,
                folds: row.get(3)?,
                state: row.get(4)?,
                attempts: row.get(5)?,
                sent_at: row.get(6)?,
                serial: row.get(7)?,
                operation,
            });
        }
    }
    Ok(())
}

fn of_lane(database: &Database, lease: &Lease, id: i64) -> Result<Option<OutboxRow>, Fault> {
    first(
        &database.connection,
        "WHERE lane_id = ? AND id = ?",
        [lease.number, id],
    )
}

pub(super) fn due(
    database: &Database,
    lease: &Lease,
    now: i64,
    limit: usize,
) -> Result<Due, Fault> {
    let connection = &database.connection;
    let mut statement = connection.prepare_cached(
        "SELECT o.id, o.sink_index, o.state FROM outbox o \
         WHERE o.lane_id = ?1 AND o.state IN (1, 3) AND o.due_at <= ?2 \
         AND (o.folds IS NULL OR NOT EXISTS (SELECT 1 FROM outbox e WHERE e.folds = o.folds \
             AND e.lane_id = ?1 AND e.id < o.id AND e.state IN (1, 3))) \
         AND (o.subject IS NULL OR o.sink_index = 0 OR NOT EXISTS (SELECT 1 FROM outbox e \
             WHERE e.blocks = o.subject AND e.lane_id = ?1 AND e.sink_index < o.sink_index \
             AND e.id < o.id AND e.state IN (1, 3))) \
         ORDER BY o.id LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let in_flight = InFlight::of(database, lease.number)?;
    let mut due = Due::default();
    let mut rows = statement.query(params![lease.number, now, limit])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        if in_flight.holds(id) {
            continue;
        }
        due.rows.push(DueRow {
            id,
            sink_index: usize::try_from(row.get::<_, i64>(1)?).unwrap_or(usize::MAX),
            state: if row.get::<_, i64>(2)? == UNKNOWN {
                RowState::Unknown
            } else {
                RowState::Pending
            },
        });
    }
    if due.rows.is_empty() {
        let (next_at, unsettled): (Option<i64>, i64) = connection
            .prepare_cached(
                "SELECT min(CASE WHEN due_at > ?2 THEN due_at END), count(*) FROM outbox \
                 WHERE lane_id = ?1 AND state IN (1, 3)",
            )?
            .query_row(params![lease.number, now], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        due.next_at = next_at;
        due.unsettled = u64::try_from(unsettled).unwrap_or(0);
    }
    Ok(due)
}

pub(super) fn unclaimed(
    database: &Database,
    lease: &Lease,
    row: i64,
    receipts: &[Receipt],
) -> Result<Vec<Receipt>, Fault> {
    let mut free = Vec::with_capacity(receipts.len());
    for row in rows_of(database, lease, &[row])? {
        for receipt in receipts {
            if !receipts::is_anothers(database, row.scope_id, &row.hash, receipt)? {
                free.push(receipt.clone());
            }
        }
    }
    Ok(free)
}

pub(super) fn load(
    database: &Database,
    lease: &Lease,
    rows: &[i64],
) -> Result<Vec<Delivery>, Fault> {
    let rows = rows_of(database, lease, rows)?;
    rows.into_iter().map(|row| row.delivery(database)).collect()
}

pub(super) fn sending(
    database: &Database,
    lease: &Lease,
    rows: &[i64],
    now: i64,
) -> Result<Vec<Delivery>, Fault> {
    lanes::check(database, lease)?;
    let in_flight = InFlight::of(database, lease.number)?;
    let mut sending: Vec<Delivery> = Vec::with_capacity(rows.len());
    for row in rows_of(database, lease, rows)? {
        if row.state != PENDING || in_flight.holds(row.id) {
            continue;
        }
        // What is sent once has one serial for ever.
        if row.serial != ALWAYS
            && row.folds
            && let Some(known) = ledger::find(database, row.scope_id, &row.hash)?
            && known.serial != row.serial
        {
            // The newer state is queued with every member that this one had.
            remove(database, lease.number, row.id)?;
            continue;
        }
        sending.push(row.delivery(database)?);
    }
    let mut once = Vec::new();
    for one in &sending {
        match one.operation.policy {
            Policy::Once | Policy::Edited => once.push(one.id),
            Policy::Latest => database.remembered.departed(one.id, now),
        }
    }
    if let Some(first) = once.first() {
        let numbers: Vec<String> = once.iter().map(ToString::to_string).collect();
        let row = SendingRow {
            lane_id: lease.number,
            id: *first,
            sent_at: now,
            numbers: numbers.join(" "),
        };
        put(&database.connection, &row)?;
    }
    Ok(sending)
}

pub(super) fn settle(
    database: &Database,
    lease: &Lease,
    settled: &[(i64, Settlement)],
    now: i64,
) -> Result<(), Fault> {
    lanes::check(database, lease)?;
    let in_flight = InFlight::of(database, lease.number)?;
    let missing = |id: i64| -> Fault {
        let what = format!("row {id} of the outbox is not there");
        StateError::NotFound { what }.into()
    };
    let mut applied = Vec::with_capacity(settled.len());
    for (id, settlement) in settled {
        // The ledger has known it since it was queued.
        if matches!(settlement, Settlement::Applied) {
            applied.push(*id);
            continue;
        }
        let row = of_lane(database, lease, *id)?.ok_or_else(|| missing(*id))?;
        settle_one(database, row, settlement, &in_flight, now)?;
    }
    for (first, last) in runs(&applied) {
        let gone = database
            .connection
            .prepare_cached("DELETE FROM outbox WHERE lane_id = ? AND id BETWEEN ? AND ?")?
            .execute([lease.number, first, last])?;
        if i64::try_from(gone).ok() != Some(last - first + 1) {
            return Err(missing(first));
        }
    }
    arrived(database, lease.number, settled)
}

/// What is settled is no longer on its way.
fn arrived(database: &Database, lane: i64, settled: &[(i64, Settlement)]) -> Result<(), Fault> {
    let settled: HashSet<i64> = settled.iter().map(|(id, _)| *id).collect();
    for id in &settled {
        database.remembered.arrived(*id);
    }
    let sendings: Vec<SendingRow> = select(&database.connection, "WHERE lane_id = ?", [lane])?;
    for mut sending in sendings {
        let left: Vec<String> = sending
            .numbers()
            .filter(|id| !settled.contains(id))
            .map(|id| id.to_string())
            .collect();
        if left.is_empty() {
            forget_sending(database, &sending)?;
        } else {
            sending.numbers = left.join(" ");
            put(&database.connection, &sending)?;
        }
    }
    Ok(())
}

fn forget_sending(database: &Database, sending: &SendingRow) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM sendings WHERE lane_id = ? AND id = ?")?
        .execute([sending.lane_id, sending.id])?;
    Ok(())
}

fn settle_one(
    database: &Database,
    mut row: OutboxRow,
    settlement: &Settlement,
    in_flight: &InFlight,
    now: i64,
) -> Result<(), Fault> {
    if let Some(sent_at) = in_flight.0.get(&row.id) {
        row.attempts += 1;
        row.sent_at = *sent_at;
    }
    let dead = match settlement {
        Settlement::Again { at } | Settlement::Ask { at } => {
            let asks = matches!(settlement, Settlement::Ask { .. });
            row.state = if asks { UNKNOWN } else { PENDING };
            row.due_at = *at;
            return put(&database.connection, &row);
        }
        Settlement::Begun { receipt } => {
            receipts::keep(database, row.scope_id, row.hash, receipt)?;
            row.state = PENDING;
            row.due_at = now;
            return put(&database.connection, &row);
        }
        Settlement::Applied => return row.remove(database),
        Settlement::Made { receipt } => {
            receipts::keep(database, row.scope_id, row.hash, receipt)?;
            return row.remove(database);
        }
        Settlement::Gone => {
            receipts::forget(database, row.scope_id, &row.hash)?;
            return row.remove(database);
        }
        Settlement::Unmatched => false,
        Settlement::Skipped => true,
        Settlement::Dead { class, reason } => {
            dead_letters::of_delivery(database, &row, class, reason, now)?;
            true
        }
    };
    row.remove(database)?;
    let known = ledger::find(database, row.scope_id, &row.hash)?;
    let Some(mut known) = known.filter(|known| known.serial == row.serial) else {
        return Ok(());
    };
    if dead {
        known.status = DEAD;
        known.last_at = now;
        put(&database.connection, &known)
    } else {
        ledger::remove(database, &known)
    }
}

/// After a crash: what was held back never was; what was being sent is to be settled. Contacts
/// and their like are just sent again.
pub(super) fn resume(database: &Database, lane: i64, now: i64) -> Result<(), Fault> {
    discard_held(database, lane)?;
    let connection = &database.connection;
    let sendings: Vec<SendingRow> = select(connection, "WHERE lane_id = ?", [lane])?;
    for sending in sendings {
        for id in sending.numbers() {
            let row: Option<OutboxRow> =
                first(connection, "WHERE lane_id = ? AND id = ?", [lane, id])?;
            let Some(mut row) = row else {
                continue;
            };
            row.attempts += 1;
            row.sent_at = sending.sent_at;
            if row.folds.is_none() || row.operation(database)?.policy == Policy::Edited {
                row.state = UNKNOWN;
                row.due_at = row.sent_at + FIRST_ASK;
            } else {
                row.due_at = now;
            }
            put(connection, &row)?;
        }
        forget_sending(database, &sending)?;
    }
    // A new run tries at once what the last one had put off.
    let rows: Vec<OutboxRow> = select(
        connection,
        "WHERE lane_id = ?1 AND state IN (1, 3) AND due_at > max(?2, sent_at + ?3) ORDER BY id",
        params![lane, now, FIRST_ASK],
    )?;
    for mut row in rows {
        row.due_at = now;
        put(connection, &row)?;
    }
    Ok(())
}

/// What a guard held back never was.
pub(super) fn discard_held(database: &Database, lane: i64) -> Result<(), Fault> {
    let connection = &database.connection;
    connection
        .prepare_cached("DELETE FROM outbox WHERE lane_id = ? AND state IN (4, 5)")?
        .execute([lane])?;
    connection
        .prepare_cached("DELETE FROM dead_letters WHERE lane_id = ? AND state = 2")?
        .execute([lane])?;
    super::parts::discard_held(database, lane)?;
    super::groups::discard_held(database, lane)
}
