//! The outbox: what waits for its delivery, with its payload until it is settled.

use rusqlite::{Row, params};

use super::super::stored::{read_operation, write_operation};
use super::super::{Delivery, Due, DueRow, Lease, RowState, Settlement, StateError};
use super::database::{Database, Fault};
use super::dead_letters;
use super::hash::Digest16;
use super::lanes;
use super::ledger::{self, DEAD, SENT};
use super::row::{Cell, Stored, digest, first, put, select};
use crate::operation::{Operation, Policy};

/// To be sent.
pub(super) const PENDING: i64 = 1;
/// Being sent.
pub(super) const SENDING: i64 = 2;
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

pub(super) struct OutboxRow {
    pub(super) id: i64,
    pub(super) lane_id: i64,
    pub(super) scope_id: i64,
    pub(super) hash: Digest16,
    subject: Option<Digest16>,
    sink_index: i64,
    pub(super) state: i64,
    pub(super) attempts: i64,
    pub(super) due_at: i64,
    sent_at: i64,
    pub(super) serial: i64,
    operation: String,
}

impl Stored for OutboxRow {
    const TABLE: &'static str = "outbox";
    const KEY: &'static str = "id";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "lane_id",
        "scope_id",
        "hash",
        "subject",
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
            self.id.into(),
            self.lane_id.into(),
            self.scope_id.into(),
            (&self.hash).into(),
            self.subject.as_ref().map_or(Cell::Null, Into::into),
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
            id: row.get(0)?,
            lane_id: row.get(1)?,
            scope_id: row.get(2)?,
            hash: digest(row, 3)?,
            subject: row.get(4)?,
            sink_index: row.get(5)?,
            state: row.get(6)?,
            attempts: row.get(7)?,
            due_at: row.get(8)?,
            sent_at: row.get(9)?,
            serial: row.get(10)?,
            operation: row.get(11)?,
        })
    }
}

impl OutboxRow {
    /// A row that waits to be sent.
    pub(super) fn new(
        database: &Database,
        id: i64,
        lane_id: i64,
        (scope_id, hash): (i64, Digest16),
        operation: &Operation,
        now: i64,
    ) -> Self {
        Self {
            id,
            lane_id,
            scope_id,
            hash,
            subject: operation
                .subject
                .as_ref()
                .map(|subject| database.keyed.hash(&[b"subject", subject.as_bytes()])),
            sink_index: i64::try_from(operation.sink_index).unwrap_or(i64::MAX),
            state: PENDING,
            attempts: 0,
            due_at: now,
            sent_at: 0,
            serial: ALWAYS,
            operation: write_operation(operation),
        }
    }

    pub(super) fn operation(&self) -> Result<Operation, Fault> {
        Ok(read_operation(&self.operation)?)
    }

    pub(super) fn set_operation(&mut self, operation: &Operation) {
        self.operation = write_operation(operation);
    }

    pub(super) fn remove(&self, database: &Database) -> Result<(), Fault> {
        database
            .connection
            .prepare_cached("DELETE FROM outbox WHERE id = ?")?
            .execute([self.id])?;
        Ok(())
    }

    fn delivery(&self) -> Result<Delivery, Fault> {
        Ok(Delivery {
            id: self.id,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            sent_at: self.sent_at,
            operation: self.operation()?,
        })
    }
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
        "WHERE scope_id = ? AND hash = ? AND lane_id = ? AND state BETWEEN ? AND ? \
         ORDER BY id DESC LIMIT 1",
        params![scope, hash, lane, states.0, states.1],
    )
}

fn of_lane(database: &Database, lease: &Lease, id: i64) -> Result<Option<OutboxRow>, Fault> {
    first(
        &database.connection,
        "WHERE id = ? AND lane_id = ?",
        params![id, lease.number],
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
         AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.scope_id = o.scope_id \
             AND e.hash = o.hash AND e.lane_id = ?1 AND e.id < o.id AND e.state IN (1, 2, 3)) \
         AND (o.subject IS NULL OR NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane_id = ?1 \
             AND e.subject = o.subject AND e.sink_index < o.sink_index AND e.id < o.id \
             AND e.state IN (1, 2, 3))) \
         ORDER BY o.id LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut due = Due::default();
    let mut rows = statement.query(params![lease.number, now, limit])?;
    while let Some(row) = rows.next()? {
        due.rows.push(DueRow {
            id: row.get(0)?,
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
                 WHERE lane_id = ?1 AND state IN (1, 2, 3)",
            )?
            .query_row(params![lease.number, now], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        due.next_at = next_at;
        due.unsettled = u64::try_from(unsettled).unwrap_or(0);
    }
    Ok(due)
}

pub(super) fn load(
    database: &Database,
    lease: &Lease,
    rows: &[i64],
) -> Result<Vec<Delivery>, Fault> {
    let mut found = Vec::with_capacity(rows.len());
    for id in rows {
        if let Some(row) = of_lane(database, lease, *id)? {
            found.push(row.delivery()?);
        }
    }
    Ok(found)
}

pub(super) fn sending(
    database: &Database,
    lease: &Lease,
    rows: &[i64],
    now: i64,
) -> Result<Vec<Delivery>, Fault> {
    lanes::check(database, lease)?;
    let mut sending = Vec::with_capacity(rows.len());
    for id in rows {
        let Some(mut row) = of_lane(database, lease, *id)? else {
            continue;
        };
        if row.state != PENDING {
            continue;
        }
        if row.serial != ALWAYS
            && let Some(known) = ledger::find(database, row.scope_id, &row.hash)?
            && known.serial != row.serial
        {
            // The newer state is queued with every member that this one had.
            row.remove(database)?;
            continue;
        }
        sending.push(row.delivery()?);
        row.state = SENDING;
        row.attempts += 1;
        row.sent_at = now;
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
    for (id, settlement) in settled {
        let Some(row) = of_lane(database, lease, *id)? else {
            let what = format!("row {id} of the outbox is not there");
            return Err(StateError::NotFound { what }.into());
        };
        settle_one(database, row, settlement, now)?;
    }
    Ok(())
}

fn settle_one(
    database: &Database,
    mut row: OutboxRow,
    settlement: &Settlement,
    now: i64,
) -> Result<(), Fault> {
    let status = match settlement {
        Settlement::Again { at } | Settlement::Ask { at } => {
            let asks = matches!(settlement, Settlement::Ask { .. });
            row.state = if asks { UNKNOWN } else { PENDING };
            row.due_at = *at;
            return put(&database.connection, &row);
        }
        Settlement::Applied => Some(SENT),
        Settlement::Unmatched => None,
        Settlement::Skipped => Some(DEAD),
        Settlement::Dead { class, reason } => {
            dead_letters::of_delivery(database, &row, class, reason, now)?;
            Some(DEAD)
        }
    };
    row.remove(database)?;
    let Some(mut known) = ledger::find(database, row.scope_id, &row.hash)? else {
        return Ok(());
    };
    if known.serial != row.serial {
        return Ok(());
    }
    match status {
        Some(status) => {
            known.status = status;
            known.last_at = now;
            put(&database.connection, &known)
        }
        None => ledger::remove(database, &known),
    }
}

/// After a crash: what was held back never was; what was being sent is to be settled. Contacts
/// and their like are just sent again.
pub(super) fn resume(database: &Database, lane: i64, now: i64) -> Result<(), Fault> {
    discard_held(database, lane)?;
    let rows: Vec<OutboxRow> = select(
        &database.connection,
        "WHERE lane_id = ? AND state = 2 ORDER BY id",
        [lane],
    )?;
    for mut row in rows {
        if row.operation()?.policy == Policy::Once {
            row.state = UNKNOWN;
            row.due_at = row.sent_at + FIRST_ASK;
        } else {
            row.state = PENDING;
            row.due_at = now;
        }
        put(&database.connection, &row)?;
    }
    // A new run tries at once what the last one had put off.
    let rows: Vec<OutboxRow> = select(
        &database.connection,
        "WHERE lane_id = ?1 AND state IN (1, 3) AND due_at > max(?2, sent_at + ?3) ORDER BY id",
        params![lane, now, FIRST_ASK],
    )?;
    for mut row in rows {
        row.due_at = now;
        put(&database.connection, &row)?;
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
    Ok(())
}
