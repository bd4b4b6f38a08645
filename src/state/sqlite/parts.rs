//! What sources keep of things that cannot be asked for what changed.

use std::sync::Arc;

use rusqlite::{Row, params};

use super::super::SourceKnown;
use super::database::{Database, Fault};
use super::row::{Cell, Stored, first, put, select};
use crate::connectors::Known;

/// It is known.
const KNOWN: i64 = 0;
/// It is known once what was made of it is where it goes.
const HELD: i64 = 1;

/// How many rows are changed at once.
const AT_ONCE: i64 = 500;

struct PartsRow {
    lane_id: i64,
    source: String,
    owner: String,
    state: i64,
    parts: String,
}

impl Stored for PartsRow {
    const TABLE: &'static str = "parts";
    const KEY: &'static str = "lane_id, source, owner, state";
    const COLUMNS: &'static [&'static str] = &["lane_id", "source", "owner", "state", "parts"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.lane_id.into(),
            self.source.as_str().into(),
            self.owner.as_str().into(),
            self.state.into(),
            self.parts.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lane_id: row.get(0)?,
            source: row.get(1)?,
            owner: row.get(2)?,
            state: row.get(3)?,
            parts: row.get(4)?,
        })
    }
}

/// Keeps what sources told; `hold` where it is not known for good yet.
pub(super) fn keep(
    database: &Database,
    lane: i64,
    known: &[SourceKnown],
    hold: bool,
) -> Result<(), Fault> {
    for SourceKnown { source, known } in known {
        let row = PartsRow {
            lane_id: lane,
            source: source.to_string(),
            owner: known.owner.to_string(),
            state: if hold { HELD } else { KNOWN },
            parts: known.parts.join(","),
        };
        if known.parts.is_empty() && !hold {
            remove(database, &row)?;
        } else {
            put(&database.connection, &row)?;
        }
    }
    Ok(())
}

fn remove(database: &Database, row: &PartsRow) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached(
            "DELETE FROM parts WHERE lane_id = ? AND source = ? AND owner = ? AND state = ?",
        )?
        .execute(params![row.lane_id, row.source, row.owner, row.state])?;
    Ok(())
}

/// What is known of each of these, in order.
pub(super) fn known(
    database: &Database,
    lane: i64,
    source: &str,
    owners: &[Arc<str>],
) -> Result<Vec<Known>, Fault> {
    let mut all = Vec::with_capacity(owners.len());
    for owner in owners {
        let row: Option<PartsRow> = first(
            &database.connection,
            "WHERE lane_id = ? AND source = ? AND owner = ? AND state = 0",
            params![lane, source, &**owner],
        )?;
        let parts = row.map(|row| row.parts).unwrap_or_default();
        let parts = parts.split(',').filter(|part| !part.is_empty());
        all.push(Known {
            owner: Arc::clone(owner),
            parts: parts.map(Arc::from).collect(),
        });
    }
    Ok(all)
}

/// What was held back is known from now on.
pub(super) fn deliver_held(database: &Database, lane: i64) -> Result<(), Fault> {
    loop {
        let rows: Vec<PartsRow> = select(
            &database.connection,
            "WHERE lane_id = ? AND state = 1 LIMIT ?",
            params![lane, AT_ONCE],
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            remove(database, &row)?;
            row.state = KNOWN;
            if row.parts.is_empty() {
                remove(database, &row)?;
            } else {
                put(&database.connection, &row)?;
            }
        }
    }
}

/// What was held back never was.
pub(super) fn discard_held(database: &Database, lane: i64) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM parts WHERE lane_id = ? AND state = 1")?
        .execute([lane])?;
    Ok(())
}

/// Forgets all of a lane.
pub(super) fn forget_all(database: &Database, lane: i64) -> Result<(), Fault> {
    database
        .connection
        .execute("DELETE FROM parts WHERE lane_id = ?", [lane])?;
    Ok(())
}
