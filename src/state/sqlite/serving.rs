//! What a server asks of the state, and how pipelines fare from run to run.

use futures::future::{BoxFuture, FutureExt as _};
use rusqlite::Row;

use super::super::{GaugeOf, Limit, Serving, Standing, StateError, Watched};
use super::database::{Database, Fault};
use super::row::{Cell, Stored, first, put};
use super::worker::Effect;
use super::{SqliteStore, lanes, permits};

struct WatchedRow {
    pipeline: String,
    watched: Watched,
}

impl Stored for WatchedRow {
    const TABLE: &'static str = "watched";
    const KEY: &'static str = "pipeline";
    const COLUMNS: &'static [&'static str] =
        &["pipeline", "failing_since", "failures", "last_success"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.pipeline.as_str().into(),
            self.watched.failing_since.into(),
            i64::try_from(self.watched.failures)
                .unwrap_or(i64::MAX)
                .into(),
            self.watched.last_success.into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let failures: i64 = row.get(2)?;
        Ok(Self {
            pipeline: row.get(0)?,
            watched: Watched {
                failing_since: row.get(1)?,
                failures: u64::try_from(failures).unwrap_or(0),
                last_success: row.get(3)?,
            },
        })
    }
}

fn standing(database: &Database, pipeline: &str) -> Result<Standing, Fault> {
    let row: Option<WatchedRow> = first(&database.connection, "WHERE pipeline = ?", [pipeline])?;
    let mut standing = Standing {
        watched: row.map(|row| row.watched).unwrap_or_default(),
        ..Standing::default()
    };
    lanes::stand(database, pipeline, &mut standing)?;
    Ok(standing)
}

fn inbox_depths(database: &Database) -> Result<Vec<(String, u64)>, Fault> {
    let mut statement = database.connection.prepare_cached(
        "SELECT connection, count(*) FROM inbox WHERE body IS NOT NULL GROUP BY connection",
    )?;
    let rows = statement.query_map([], |row| {
        let count: i64 = row.get(1)?;
        Ok((row.get(0)?, u64::try_from(count).unwrap_or(0)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Serving for SqliteStore {
    fn standing<'a>(&'a self, pipeline: &'a str) -> BoxFuture<'a, Result<Standing, StateError>> {
        let pipeline = pipeline.to_owned();
        let work = move |database: &Database| standing(database, &pipeline);
        self.reader.call(Effect::Drains, work).boxed()
    }

    fn watch<'a>(
        &'a self,
        pipeline: &'a str,
        watched: &'a Watched,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        let row = WatchedRow {
            pipeline: pipeline.to_owned(),
            watched: watched.clone(),
        };
        let work = move |database: &Database| put(&database.connection, &row);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn give_up<'a>(&'a self, holder: &'a str) -> BoxFuture<'a, Result<u64, StateError>> {
        let holder = holder.to_owned();
        let work = move |database: &Database| lanes::give_up(database, &holder);
        self.writer.call(Effect::Drains, work).boxed()
    }

    fn inbox_depths(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StateError>> {
        self.reader.call(Effect::Drains, inbox_depths).boxed()
    }

    fn limits_seen(&self) -> BoxFuture<'_, Result<Vec<(String, Limit)>, StateError>> {
        self.reader.call(Effect::Drains, permits::limits).boxed()
    }

    fn gauges_set(&self) -> BoxFuture<'_, Result<Vec<GaugeOf>, StateError>> {
        self.reader.call(Effect::Drains, lanes::gauges).boxed()
    }
}
