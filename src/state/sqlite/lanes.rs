//! Lanes, their cursors, scopes and runs.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Row, params};

use super::super::{
    Claim, Lane, LaneView, Lease, Origin, RunRecord, ScopeOf, Standing, StateError,
};
use super::database::{Database, Fault};
use super::row::{Cell, Stored, first, put, select};
use crate::connectors::Cursor;

/// How long a lease holds after it was claimed or extended, in milliseconds.
const LEASE: i64 = 60_000;

/// How many runs of a lane are kept.
const RUNS_KEPT: i64 = 100;

pub(super) struct LaneRow {
    pub(super) id: i64,
    pub(super) pipeline: String,
    shard: i64,
    fence: i64,
    holder: Option<String>,
    lease_until: i64,
    pub(super) floor: Option<i64>,
    pub(super) first_run: Option<i64>,
    taken_over_from: Option<String>,
}

impl Stored for LaneRow {
    const TABLE: &'static str = "lanes";
    const KEY: &'static str = "id";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "pipeline",
        "shard",
        "fence",
        "holder",
        "lease_until",
        "floor",
        "first_run",
        "taken_over_from",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.id.into(),
            self.pipeline.as_str().into(),
            self.shard.into(),
            self.fence.into(),
            self.holder.as_deref().into(),
            self.lease_until.into(),
            self.floor.into(),
            self.first_run.into(),
            self.taken_over_from.as_deref().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            pipeline: row.get(1)?,
            shard: row.get(2)?,
            fence: row.get(3)?,
            holder: row.get(4)?,
            lease_until: row.get(5)?,
            floor: row.get(6)?,
            first_run: row.get(7)?,
            taken_over_from: row.get(8)?,
        })
    }
}

impl LaneRow {
    fn origin(&self) -> Option<Origin> {
        self.first_run.map(|first_run| Origin {
            floor: self.floor,
            first_run,
            taken_over_from: self.taken_over_from.clone(),
        })
    }

    /// The process that runs it now.
    fn holder_at(&self, now: i64) -> Option<&str> {
        self.holder.as_deref().filter(|_| self.lease_until > now)
    }
}

struct CursorRow {
    lane_id: i64,
    source: String,
    cursor: String,
    moved_at: i64,
}

impl Stored for CursorRow {
    const TABLE: &'static str = "cursors";
    const KEY: &'static str = "lane_id, source";
    const COLUMNS: &'static [&'static str] = &["lane_id", "source", "cursor", "moved_at"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.lane_id.into(),
            self.source.as_str().into(),
            self.cursor.as_str().into(),
            self.moved_at.into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lane_id: row.get(0)?,
            source: row.get(1)?,
            cursor: row.get(2)?,
            moved_at: row.get(3)?,
        })
    }
}

struct RunRow {
    id: i64,
    lane_id: i64,
    run: RunRecord,
}

impl Stored for RunRow {
    const TABLE: &'static str = "runs";
    const KEY: &'static str = "id";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "lane_id",
        "started_at",
        "ended_at",
        "result",
        "records",
        "incremental",
        "summary",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.id.into(),
            self.lane_id.into(),
            self.run.started_at.into(),
            self.run.ended_at.into(),
            self.run.result.as_str().into(),
            i64::try_from(self.run.read).unwrap_or(i64::MAX).into(),
            i64::from(self.run.incremental).into(),
            self.run.summary.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            lane_id: row.get(1)?,
            run: RunRecord {
                started_at: row.get(2)?,
                ended_at: row.get(3)?,
                result: row.get(4)?,
                read: u64::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
                incremental: row.get::<_, i64>(6)? != 0,
                summary: row.get(7)?,
            },
        })
    }
}

struct ScopeRow {
    id: i64,
    account: String,
    scope: String,
}

impl Stored for ScopeRow {
    const TABLE: &'static str = "scopes";
    const KEY: &'static str = "id";
    const COLUMNS: &'static [&'static str] = &["id", "account", "scope"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.id.into(),
            self.account.as_str().into(),
            self.scope.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            account: row.get(1)?,
            scope: row.get(2)?,
        })
    }
}

struct LaneScopeRow {
    lane_id: i64,
    scope_id: i64,
}

impl Stored for LaneScopeRow {
    const TABLE: &'static str = "lane_scopes";
    const KEY: &'static str = "lane_id, scope_id";
    const COLUMNS: &'static [&'static str] = &["lane_id", "scope_id"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![self.lane_id.into(), self.scope_id.into()]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lane_id: row.get(0)?,
            scope_id: row.get(1)?,
        })
    }
}

/// The numbers of scopes, looked up once a transaction.
pub(super) struct Scopes {
    lane: i64,
    known: HashMap<(Arc<str>, Arc<str>), i64>,
}

impl Scopes {
    pub(super) fn of_lane(lane: i64) -> Self {
        Self {
            lane,
            known: HashMap::new(),
        }
    }

    /// The scope's number; from now on it is one of the lane's.
    pub(super) fn number(
        &mut self,
        database: &Database,
        account: &Arc<str>,
        scope: &Arc<str>,
    ) -> Result<i64, Fault> {
        let name = (Arc::clone(account), Arc::clone(scope));
        if let Some(number) = self.known.get(&name) {
            return Ok(*number);
        }
        let id = match scope_number(database, account, scope)? {
            Some(id) => id,
            None => {
                let id = database.number("scopes", 1)?;
                let row = ScopeRow {
                    id,
                    account: account.to_string(),
                    scope: scope.to_string(),
                };
                put(&database.connection, &row)?;
                id
            }
        };
        let linked: Option<LaneScopeRow> = first(
            &database.connection,
            "WHERE lane_id = ? AND scope_id = ?",
            [self.lane, id],
        )?;
        if linked.is_none() {
            let link = LaneScopeRow {
                lane_id: self.lane,
                scope_id: id,
            };
            put(&database.connection, &link)?;
        }
        self.known.insert(name, id);
        Ok(id)
    }
}

/// A scope's number, where it has one.
pub(super) fn scope_number(
    database: &Database,
    account: &str,
    scope: &str,
) -> Result<Option<i64>, Fault> {
    let found: Option<ScopeRow> = first(
        &database.connection,
        "WHERE account = ? AND scope = ?",
        params![account, scope],
    )?;
    Ok(found.map(|row| row.id))
}

/// The scopes of a lane with their numbers.
pub(super) fn scopes_of(database: &Database, lane: i64) -> Result<Vec<(i64, ScopeOf)>, Fault> {
    let rows: Vec<ScopeRow> = select(
        &database.connection,
        "WHERE id IN (SELECT scope_id FROM lane_scopes WHERE lane_id = ?) ORDER BY id",
        [lane],
    )?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let scope = ScopeOf {
                account: row.account.into(),
                scope: row.scope.into(),
            };
            (row.id, scope)
        })
        .collect())
}

/// A lane's row, where it has one.
pub(super) fn find(database: &Database, lane: &Lane) -> Result<Option<LaneRow>, Fault> {
    first(
        &database.connection,
        "WHERE pipeline = ? AND shard = ?",
        params![&*lane.pipeline, lane.shard],
    )
}

pub(super) fn claim(database: &Database, lane: &Lane, holder: &str) -> Result<Claim, Fault> {
    // Another process may have had the lane since.
    database.remembered.begin();
    let now = database.now()?;
    let mut row = match find(database, lane)? {
        Some(row) => row,
        None => LaneRow {
            id: database.number("lanes", 1)?,
            pipeline: lane.pipeline.to_string(),
            shard: lane.shard.into(),
            fence: 0,
            holder: None,
            lease_until: 0,
            floor: None,
            first_run: None,
            taken_over_from: None,
        },
    };
    if let Some(other) = row.holder_at(now) {
        return Ok(Claim::Held {
            holder: other.into(),
            remaining_ms: row.lease_until - now,
        });
    }
    row.fence += 1;
    row.holder = Some(holder.into());
    row.lease_until = now + LEASE;
    put(&database.connection, &row)?;
    Ok(Claim::Granted(Lease {
        lane: lane.clone(),
        number: row.id,
        fence: row.fence,
    }))
}

/// The lane's row, where the lease still counts.
pub(super) fn check(database: &Database, lease: &Lease) -> Result<LaneRow, Fault> {
    let row: Option<LaneRow> = first(&database.connection, "WHERE id = ?", [lease.number])?;
    row.filter(|row| row.fence == lease.fence).ok_or_else(|| {
        Fault::State(StateError::LeaseLost {
            pipeline: Arc::clone(&lease.lane.pipeline),
        })
    })
}

pub(super) fn extend(database: &Database, lease: &Lease) -> Result<(), Fault> {
    let mut row = check(database, lease)?;
    row.lease_until = database.now()? + LEASE;
    put(&database.connection, &row)
}

/// Gives the lane an origin where it has none.
pub(super) fn set_origin(
    database: &Database,
    lease: &Lease,
    origin: &Origin,
    scopes: &[ScopeOf],
) -> Result<LaneRow, Fault> {
    let mut row = check(database, lease)?;
    if row.first_run.is_none() {
        let taken = takeover(database, &lease.lane, scopes)?;
        let origin = taken.as_ref().unwrap_or(origin);
        row.floor = origin.floor;
        row.first_run = Some(origin.first_run);
        row.taken_over_from.clone_from(&origin.taken_over_from);
        put(&database.connection, &row)?;
    }
    let mut numbers = Scopes::of_lane(row.id);
    for scope in scopes {
        numbers.number(database, &scope.account, &scope.scope)?;
    }
    Ok(row)
}

/// The earliest origin of another pipeline whose keys of these scopes the ledger knows.
pub(super) fn takeover(
    database: &Database,
    lane: &Lane,
    scopes: &[ScopeOf],
) -> Result<Option<Origin>, Fault> {
    let mut earliest: Option<Origin> = None;
    for scope in scopes {
        let Some(number) = scope_number(database, &scope.account, &scope.scope)? else {
            continue;
        };
        let others: Vec<LaneRow> = select(
            &database.connection,
            "WHERE first_run IS NOT NULL AND pipeline <> ?1 \
             AND id IN (SELECT lane_id FROM lane_scopes WHERE scope_id = ?2) \
             AND EXISTS (SELECT 1 FROM ledger WHERE scope_id = ?2)",
            params![&*lane.pipeline, number],
        )?;
        for other in others {
            let Some(first_run) = other.first_run else {
                continue;
            };
            if earliest
                .as_ref()
                .is_none_or(|known| first_run < known.first_run)
            {
                earliest = Some(Origin {
                    floor: other.floor,
                    first_run,
                    taken_over_from: Some(other.pipeline),
                });
            }
        }
    }
    Ok(earliest)
}

/// Where a lane began or would begin.
pub(super) fn origin(
    database: &Database,
    lane: &Lane,
    scopes: &[ScopeOf],
) -> Result<Option<Origin>, Fault> {
    match find(database, lane)?.and_then(|row| row.origin()) {
        Some(known) => Ok(Some(known)),
        None => takeover(database, lane, scopes),
    }
}

/// The cursors of a lane; none where there is no such lane.
pub(super) fn cursors(database: &Database, lane: &Lane) -> Result<Vec<(Arc<str>, Cursor)>, Fault> {
    let Some(row) = find(database, lane)? else {
        return Ok(Vec::new());
    };
    let cursors: Vec<CursorRow> = select(&database.connection, "WHERE lane_id = ?", [row.id])?;
    Ok(cursors
        .into_iter()
        .map(|row| (row.source.into(), Cursor(row.cursor)))
        .collect())
}

pub(super) fn put_cursors(
    database: &Database,
    lane: i64,
    cursors: &[(Arc<str>, Cursor)],
    now: i64,
) -> Result<(), Fault> {
    for (source, cursor) in cursors {
        let row = CursorRow {
            lane_id: lane,
            source: source.to_string(),
            cursor: cursor.0.clone(),
            moved_at: now,
        };
        put(&database.connection, &row)?;
    }
    Ok(())
}

/// Keeps a run and gives the lane back.
pub(super) fn finish(database: &Database, lease: &Lease, run: &RunRecord) -> Result<(), Fault> {
    let mut lane = check(database, lease)?;
    lane.holder = None;
    lane.lease_until = 0;
    put(&database.connection, &lane)?;
    let row = RunRow {
        id: database.number("runs", 1)?,
        lane_id: lane.id,
        run: run.clone(),
    };
    put(&database.connection, &row)?;
    database
        .connection
        .prepare_cached(
            "DELETE FROM runs WHERE lane_id = ?1 AND id <= (SELECT id FROM runs \
             WHERE lane_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![lane.id, RUNS_KEPT])?;
    Ok(())
}

/// Gives back the lanes of a holder that has given up its runs; a call of theirs that is still on
/// its way changes nothing.
pub(super) fn give_up(database: &Database, holder: &str) -> Result<u64, Fault> {
    let connection = &database.connection;
    let now = database.now()?;
    let rows: Vec<LaneRow> = select(connection, "WHERE holder = ?", [holder])?;
    let mut given = 0;
    for mut row in rows {
        if row.holder_at(now).is_some() {
            row.fence += 1;
            row.holder = None;
            row.lease_until = 0;
            put(connection, &row)?;
            given += 1;
        }
    }
    Ok(given)
}

/// A lane as a person sees it.
pub(super) fn view(database: &Database, row: &LaneRow, now: i64) -> Result<LaneView, Fault> {
    let connection = &database.connection;
    let cursors: Vec<CursorRow> =
        select(connection, "WHERE lane_id = ? ORDER BY source", [row.id])?;
    let run: Option<RunRow> = first(
        connection,
        "WHERE lane_id = ? ORDER BY id DESC LIMIT 1",
        [row.id],
    )?;
    let count = |sql: &str| -> Result<u64, Fault> {
        let counted: i64 = connection
            .prepare_cached(sql)?
            .query_row([row.id], |found| found.get(0))?;
        Ok(u64::try_from(counted).unwrap_or(0))
    };
    Ok(LaneView {
        lane: Lane {
            pipeline: row.pipeline.as_str().into(),
            shard: u32::try_from(row.shard).unwrap_or(0),
        },
        origin: row.origin(),
        moved_at: cursors.iter().map(|cursor| cursor.moved_at).max(),
        cursors: cursors
            .into_iter()
            .map(|cursor| (cursor.source.into(), Cursor(cursor.cursor)))
            .collect(),
        holder: row.holder_at(now).map(Into::into),
        unsettled: count("SELECT count(*) FROM outbox WHERE lane_id = ? AND state IN (1, 3)")?,
        dead_letters: count("SELECT count(*) FROM dead_letters WHERE lane_id = ? AND state <> 2")?,
        known: count(
            "SELECT count(*) FROM ledger WHERE scope_id IN \
             (SELECT scope_id FROM lane_scopes WHERE lane_id = ?)",
        )?,
        last_run: run.map(|row| row.run),
    })
}

/// Where a pipeline stands, as a server needs it: nothing is counted that grows with what is known.
pub(super) fn stand(
    database: &Database,
    pipeline: &str,
    standing: &mut Standing,
) -> Result<(), Fault> {
    let connection = &database.connection;
    let now = database.now()?;
    let rows: Vec<LaneRow> = select(connection, "WHERE pipeline = ? ORDER BY shard", [pipeline])?;
    let count = |sql: &str, lane: i64| -> Result<u64, Fault> {
        let counted: i64 = connection
            .prepare_cached(sql)?
            .query_row([lane], |found| found.get(0))?;
        Ok(u64::try_from(counted).unwrap_or(0))
    };
    for row in rows {
        let cursors: Vec<CursorRow> =
            select(connection, "WHERE lane_id = ? ORDER BY source", [row.id])?;
        let run: Option<RunRow> = first(
            connection,
            "WHERE lane_id = ? ORDER BY id DESC LIMIT 1",
            [row.id],
        )?;
        standing.holder = row
            .holder_at(now)
            .map(Into::into)
            .or(standing.holder.take());
        standing.cursors.extend(
            cursors
                .into_iter()
                .map(|cursor| (cursor.source.into(), Cursor(cursor.cursor))),
        );
        let well: Option<RunRow> = first(
            connection,
            "WHERE lane_id = ? AND result IN ('done', 'dead_letters') ORDER BY id DESC LIMIT 1",
            [row.id],
        )?;
        let well = well.map(|row| row.run.ended_at);
        standing.last_well = well.max(standing.last_well);
        let run = run.map(|row| (row.run.started_at, row.run.result));
        standing.last_run = run.max(standing.last_run.take());
        standing.unsettled += count(
            "SELECT count(*) FROM outbox WHERE lane_id = ? AND state IN (1, 3)",
            row.id,
        )?;
        standing.dead_letters += count(
            "SELECT count(*) FROM dead_letters WHERE lane_id = ? AND state <> 2",
            row.id,
        )?;
    }
    Ok(())
}

/// Every lane, by name.
pub(super) fn views(database: &Database) -> Result<Vec<LaneView>, Fault> {
    let now = database.now()?;
    let rows: Vec<LaneRow> = select(&database.connection, "ORDER BY pipeline, shard", [])?;
    rows.iter().map(|row| view(database, row, now)).collect()
}

/// All gauges, with the pipelines that set them.
pub(super) fn gauges(database: &Database) -> Result<Vec<super::super::GaugeOf>, Fault> {
    let rows: Vec<LaneRow> = select(&database.connection, "ORDER BY pipeline, shard", [])?;
    let gauges = super::gauges::all(database)?;
    let with_pipeline = gauges.into_iter().filter_map(|(lane, gauge)| {
        let row = rows.iter().find(|row| row.id == lane)?;
        Some((row.pipeline.as_str().into(), gauge))
    });
    Ok(with_pipeline.collect())
}

/// The lanes of a pipeline, none of which is running.
fn idle(database: &Database, pipeline: &str) -> Result<Vec<LaneRow>, Fault> {
    let now = database.now()?;
    let rows: Vec<LaneRow> = select(
        &database.connection,
        "WHERE pipeline = ? ORDER BY shard",
        [pipeline],
    )?;
    if rows.is_empty() {
        return Err(StateError::NotFound {
            what: format!("pipeline `{pipeline}` has no state: it never ran"),
        }
        .into());
    }
    for row in &rows {
        if let Some(holder) = row.holder_at(now) {
            return Err(StateError::Busy {
                pipeline: pipeline.into(),
                holder: holder.into(),
            }
            .into());
        }
    }
    Ok(rows)
}

/// Moves a pipeline's cursors back to the beginning.
pub(super) fn reset(database: &Database, pipeline: &str, forget: bool) -> Result<(), Fault> {
    let connection = &database.connection;
    for mut row in idle(database, pipeline)? {
        connection.execute("DELETE FROM cursors WHERE lane_id = ?", [row.id])?;
        if forget {
            for table in ["ledger", "receipts"] {
                connection.execute(
                    // What still waits is known by that.
                    &format!(
                        "DELETE FROM {table} WHERE scope_id IN \
                         (SELECT scope_id FROM lane_scopes WHERE lane_id = ?) \
                         AND (scope_id, hash) NOT IN (SELECT scope_id, hash FROM outbox)"
                    ),
                    [row.id],
                )?;
            }
            super::groups::forget_all(database, row.id)?;
            super::parts::forget_all(database, row.id)?;
            row.floor = None;
            row.first_run = None;
            row.taken_over_from = None;
            put(connection, &row)?;
        }
    }
    Ok(())
}

/// Sets the cursor of one source.
pub(super) fn set_cursor(
    database: &Database,
    pipeline: &str,
    source: &str,
    cursor: &Cursor,
    now: i64,
) -> Result<(), Fault> {
    for row in idle(database, pipeline)? {
        put_cursors(database, row.id, &[(source.into(), cursor.clone())], now)?;
    }
    Ok(())
}
