//! The groups of the last run, sealed before they come here.

use rusqlite::{Row, params};

use super::super::{Group, GroupId, Seal};
use super::database::{Database, Fault};
use super::row::{Cell, Stored, digest, first, put, select};

/// It is known.
const KNOWN: i64 = 0;
/// Held back by a guard.
const HELD: i64 = 1;

/// Added to a state while groups are sealed anew.
const MOVED: i64 = 2;

/// How many rows are changed at once.
const AT_ONCE: i64 = 500;

struct GroupRow {
    lane_id: i64,
    group: Group,
    state: i64,
}

impl Stored for GroupRow {
    const TABLE: &'static str = "groups";
    const KEY: &'static str = "lane_id, id";
    const COLUMNS: &'static [&'static str] = &["lane_id", "id", "sealed", "state"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.lane_id.into(),
            (&self.group.id).into(),
            Cell::Blob(&self.group.sealed),
            self.state.into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lane_id: row.get(0)?,
            group: Group {
                id: digest(row, 1)?,
                sealed: row.get(2)?,
            },
            state: row.get(3)?,
        })
    }
}

/// Keeps groups that were not known; one that is known stays as it is.
pub(super) fn keep(
    database: &Database,
    lane: i64,
    groups: &[Group],
    hold: bool,
) -> Result<(), Fault> {
    for group in groups {
        let known: Option<GroupRow> = first(
            &database.connection,
            "WHERE lane_id = ? AND id = ?",
            params![lane, group.id],
        )?;
        if known.is_none() {
            let row = GroupRow {
                lane_id: lane,
                group: group.clone(),
                state: if hold { HELD } else { KNOWN },
            };
            put(&database.connection, &row)?;
        }
    }
    Ok(())
}

/// Seals all groups under another key, by which they also get other ids.
pub(super) fn seal_anew(database: &Database, from: &Seal, to: &Seal) -> Result<(), Fault> {
    let connection = &database.connection;
    let mut after: Option<(i64, GroupId)> = None;
    loop {
        let (lane, id) = after.map_or((-1, [0; 16]), |(lane, id)| (lane, id));
        let rows: Vec<GroupRow> = select(
            connection,
            "WHERE (lane_id, id) > (?1, ?2) AND state < 2 ORDER BY lane_id, id LIMIT ?3",
            params![lane, id, AT_ONCE],
        )?;
        let Some(last) = rows.last() else { break };
        after = Some((last.lane_id, last.group.id));
        for row in rows {
            connection.execute(
                "DELETE FROM groups WHERE lane_id = ? AND id = ?",
                params![row.lane_id, row.group.id],
            )?;
            // One that an older key sealed is told as unreadable by the next run, as before.
            let Some(text) = from.open(&row.group.id, &row.group.sealed) else {
                continue;
            };
            let id = to.id(&text);
            let sealed = to.seal(&id, &text).map_err(Fault::Damaged)?;
            // Out of the way of what is still to be read.
            let moved = GroupRow {
                group: Group { id, sealed },
                state: row.state + MOVED,
                ..row
            };
            put(connection, &moved)?;
        }
    }
    loop {
        let rows: Vec<GroupRow> = select(connection, "WHERE state >= 2 LIMIT ?", [AT_ONCE])?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            row.state -= MOVED;
            put(connection, &row)?;
        }
    }
}

/// Forgets groups that are gone.
pub(super) fn forget(database: &Database, lane: i64, ids: &[GroupId]) -> Result<(), Fault> {
    let mut statement = database
        .connection
        .prepare_cached("DELETE FROM groups WHERE lane_id = ? AND id = ?")?;
    for id in ids {
        statement.execute(params![lane, id])?;
    }
    Ok(())
}

/// Forgets all groups of a lane.
pub(super) fn forget_all(database: &Database, lane: i64) -> Result<(), Fault> {
    database
        .connection
        .execute("DELETE FROM groups WHERE lane_id = ?", [lane])?;
    Ok(())
}

/// The next known groups of a lane, by id.
pub(super) fn after(
    database: &Database,
    lane: i64,
    after: Option<GroupId>,
    limit: usize,
) -> Result<Vec<Group>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<GroupRow> = select(
        &database.connection,
        "WHERE lane_id = ?1 AND state = 0 AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3",
        params![lane, after, limit],
    )?;
    Ok(rows.into_iter().map(|row| row.group).collect())
}

/// What a guard held back is known from now on.
pub(super) fn deliver_held(database: &Database, lane: i64) -> Result<(), Fault> {
    loop {
        let rows: Vec<GroupRow> = select(
            &database.connection,
            "WHERE lane_id = ? AND state = 1 LIMIT ?",
            [lane, AT_ONCE],
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            row.state = KNOWN;
            put(&database.connection, &row)?;
        }
    }
}

/// What a guard held back never was.
pub(super) fn discard_held(database: &Database, lane: i64) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM groups WHERE lane_id = ? AND state = 1")?
        .execute([lane])?;
    Ok(())
}
