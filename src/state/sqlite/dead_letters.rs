//! Dead letters: the same trouble of the same record at the same place is one.

use rusqlite::{Row, params};

use super::super::stored::{Unreadable, read_operation, read_place, write_operation, write_place};
use super::super::{DeadLetter, Lease, NewDeadLetter, Remains, RetriedRecord};
use super::database::{Database, Fault};
use super::fold;
use super::hash::Digest16;
use super::outbox::{OutboxRow, account_of};
use super::row::{Cell, Stored, digest, first, put, select};
use crate::record::{Record, Value};

/// Waits for a person.
const DEAD: i64 = 0;
/// Waits for the next run.
const RETRYING: i64 = 1;
/// Held back by a guard.
const HELD: i64 = 2;

/// Nothing is left.
const NOTHING: i64 = 0;
/// The record is left.
const RECORD: i64 = 1;
/// The operation is left.
const OPERATION: i64 = 2;

struct LetterRow {
    id: i64,
    lane_id: i64,
    trouble: Digest16,
    sink: Option<String>,
    account: String,
    key: String,
    record: String,
    class: String,
    reason: String,
    place: Option<String>,
    time: i64,
    attempts: i64,
    state: i64,
    remains: i64,
    content: String,
}

impl Stored for LetterRow {
    const TABLE: &'static str = "dead_letters";
    const KEY: &'static str = "id";
    const COLUMNS: &'static [&'static str] = &[
        "id", "lane_id", "trouble", "sink", "account", "key", "record", "class", "reason", "place",
        "time", "attempts", "state", "remains", "content",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.id.into(),
            self.lane_id.into(),
            (&self.trouble).into(),
            self.sink.as_deref().into(),
            self.account.as_str().into(),
            self.key.as_str().into(),
            self.record.as_str().into(),
            self.class.as_str().into(),
            self.reason.as_str().into(),
            self.place.as_deref().into(),
            self.time.into(),
            self.attempts.into(),
            self.state.into(),
            self.remains.into(),
            self.content.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            lane_id: row.get(1)?,
            trouble: digest(row, 2)?,
            sink: row.get(3)?,
            account: row.get(4)?,
            key: row.get(5)?,
            record: row.get(6)?,
            class: row.get(7)?,
            reason: row.get(8)?,
            place: row.get(9)?,
            time: row.get(10)?,
            attempts: row.get(11)?,
            state: row.get(12)?,
            remains: row.get(13)?,
            content: row.get(14)?,
        })
    }
}

/// Keeps what could not be read or transformed.
pub(super) fn of_record(
    database: &Database,
    lane: i64,
    letter: &NewDeadLetter,
    hold: bool,
    now: i64,
) -> Result<(), Fault> {
    let (remains, key, content) = match &letter.remains {
        Remains::Nothing => (NOTHING, &letter.record, String::new()),
        Remains::Record(record) => (RECORD, &letter.record, record.to_json()),
        Remains::Operation(operation) => (OPERATION, &operation.key, write_operation(operation)),
    };
    let row = LetterRow {
        id: 0,
        lane_id: lane,
        trouble: [0; 16],
        sink: letter.sink.as_deref().map(Into::into),
        account: String::new(),
        key: key.to_string(),
        record: letter.record.to_string(),
        class: letter.class.clone(),
        reason: letter.reason.clone(),
        place: letter.at.as_ref().map(write_place),
        time: now,
        attempts: 1,
        state: if hold { HELD } else { DEAD },
        remains,
        content,
    };
    keep(database, row)
}

/// Keeps what could not be delivered.
pub(super) fn of_delivery(
    database: &Database,
    row: &OutboxRow,
    class: &str,
    reason: &str,
    now: i64,
) -> Result<(), Fault> {
    let operation = row.operation(database)?;
    let account = account_of(database, row.scope_id)?.to_string();
    let letter = LetterRow {
        id: 0,
        lane_id: row.lane_id,
        trouble: [0; 16],
        sink: Some(operation.sink.to_string()),
        account,
        key: operation.key.to_string(),
        record: operation.record.to_string(),
        class: class.into(),
        reason: reason.into(),
        place: Some(write_place(&operation.at)),
        time: now,
        attempts: row.attempts,
        state: DEAD,
        remains: OPERATION,
        content: write_operation(&operation),
    };
    keep(database, letter)
}

fn keep(database: &Database, mut row: LetterRow) -> Result<(), Fault> {
    row.trouble = database.keyed.hash(&[
        b"trouble",
        row.sink.as_deref().unwrap_or_default().as_bytes(),
        row.key.as_bytes(),
        row.record.as_bytes(),
        row.class.as_bytes(),
        row.place.as_deref().unwrap_or_default().as_bytes(),
    ]);
    let same: Option<LetterRow> = first(
        &database.connection,
        "WHERE lane_id = ? AND trouble = ? AND state <> ?",
        params![
            row.lane_id,
            row.trouble,
            if row.state == HELD { DEAD } else { HELD }
        ],
    )?;
    match same {
        Some(known) => {
            row.id = known.id;
            row.attempts = known.attempts.saturating_add(1).max(row.attempts);
        }
        None => row.id = database.number("dead_letters", 1)?,
    }
    put(&database.connection, &row)
}

pub(super) fn remove(database: &Database, id: i64) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM dead_letters WHERE id = ?")?
        .execute([id])?;
    Ok(())
}

/// The record went through again. Where it broke again in the same way, that was kept before
/// and this leaves it.
pub(super) fn retried(database: &Database, id: i64) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM dead_letters WHERE id = ? AND state = 1")?
        .execute([id])?;
    Ok(())
}

/// What a guard held back is dead after all.
pub(super) fn release(database: &Database, lane: i64) -> Result<(), Fault> {
    let rows: Vec<LetterRow> = select(
        &database.connection,
        "WHERE lane_id = ? AND state = 2 ORDER BY id",
        [lane],
    )?;
    for mut row in rows {
        remove(database, row.id)?;
        row.state = DEAD;
        keep(database, row)?;
    }
    Ok(())
}

pub(super) fn list(database: &Database, pipeline: Option<&str>) -> Result<Vec<DeadLetter>, Fault> {
    let rows: Vec<LetterRow> = select(
        &database.connection,
        "WHERE state <> 2 AND (?1 IS NULL OR lane_id IN \
         (SELECT id FROM lanes WHERE pipeline = ?1)) ORDER BY id",
        [pipeline],
    )?;
    let mut letters = Vec::with_capacity(rows.len());
    for row in rows {
        let pipeline: String = database
            .connection
            .prepare_cached("SELECT pipeline FROM lanes WHERE id = ?")?
            .query_row([row.lane_id], |found| found.get(0))?;
        let payload = match row.remains {
            RECORD => Record::from_json(&row.content).ok_or(Unreadable)?.value,
            OPERATION => read_operation(&row.content)?.to_value(),
            _ => Value::Null,
        };
        letters.push(DeadLetter {
            id: row.id,
            pipeline: pipeline.into(),
            sink: row.sink.map(Into::into),
            key: row.key.into(),
            record: row.record.into(),
            class: row.class,
            reason: row.reason,
            at: row.place.as_deref().map(read_place).transpose()?,
            time: row.time,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            retrying: row.state == RETRYING,
            payload,
        });
    }
    Ok(letters)
}

fn get(database: &Database, id: i64) -> Result<LetterRow, Fault> {
    first(&database.connection, "WHERE id = ? AND state <> 2", [id])?
        .ok_or_else(|| fold::no_such_letter(id))
}

pub(super) fn retry(database: &Database, ids: &[i64], now: i64) -> Result<u64, Fault> {
    let mut retried = 0;
    for id in ids {
        let mut row = get(database, *id)?;
        match row.remains {
            OPERATION => {
                let operation = read_operation(&row.content)?;
                remove(database, row.id)?;
                let queued = fold::queue_again(
                    database,
                    row.lane_id,
                    &row.account,
                    &operation,
                    row.attempts,
                    now,
                )?;
                retried += u64::from(queued);
            }
            RECORD => {
                row.state = RETRYING;
                put(&database.connection, &row)?;
                retried += 1;
            }
            // It could not be read; only reading again helps.
            _ => {}
        }
    }
    Ok(retried)
}

pub(super) fn discard(database: &Database, ids: &[i64]) -> Result<u64, Fault> {
    for id in ids {
        remove(database, get(database, *id)?.id)?;
    }
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}

pub(super) fn retried_records(
    database: &Database,
    lease: &Lease,
    after: i64,
    limit: usize,
) -> Result<Vec<RetriedRecord>, Fault> {
    let rows: Vec<LetterRow> = select(
        &database.connection,
        "WHERE lane_id = ? AND state = 1 AND id > ? ORDER BY id LIMIT ?",
        params![
            lease.number,
            after,
            i64::try_from(limit).unwrap_or(i64::MAX)
        ],
    )?;
    rows.into_iter()
        .map(|row| {
            let record = Record::from_json(&row.content).ok_or(Unreadable)?;
            Ok(RetriedRecord { id: row.id, record })
        })
        .collect()
}
