//! The gauges that pipelines have set, each pipeline's replaced whole by each of its runs.

use std::sync::Arc;

use rusqlite::Row;

use super::super::Gauge;
use super::database::{Database, Fault};
use super::row::{Cell, Stored, put, select};
use crate::record::{Object, Value};

struct GaugeRow {
    lane_id: i64,
    name: String,
    /// An object as JSON.
    labels: String,
    /// A number as text: all of its digits.
    value: String,
}

impl Stored for GaugeRow {
    const TABLE: &'static str = "gauges";
    const KEY: &'static str = "lane_id, name, labels";
    const COLUMNS: &'static [&'static str] = &["lane_id", "name", "labels", "value"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.lane_id.into(),
            self.name.as_str().into(),
            self.labels.as_str().into(),
            self.value.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lane_id: row.get(0)?,
            name: row.get(1)?,
            labels: row.get(2)?,
            value: row.get(3)?,
        })
    }
}

/// Puts these in the place of a lane's gauges.
pub(super) fn replace(database: &Database, lane: i64, gauges: &[Gauge]) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM gauges WHERE lane_id = ?")?
        .execute([lane])?;
    for gauge in gauges {
        let labels = gauge.labels.iter();
        let labels: Object = labels
            .map(|(name, value)| (Arc::clone(name), Value::from(Arc::clone(value))))
            .collect();
        let row = GaugeRow {
            lane_id: lane,
            name: gauge.name.to_string(),
            labels: Value::from(labels).to_json(),
            value: gauge.value.to_string(),
        };
        put(&database.connection, &row)?;
    }
    Ok(())
}

/// All gauges with the numbers of their lanes.
pub(super) fn all(database: &Database) -> Result<Vec<(i64, Gauge)>, Fault> {
    let rows: Vec<GaugeRow> = select(&database.connection, "ORDER BY name, lane_id, labels", [])?;
    let read = |row: GaugeRow| {
        let labels = Value::from_json(&row.labels).ok()?;
        let labels = labels
            .as_object()?
            .iter()
            .filter_map(|(name, value)| match value {
                Value::String(value) => Some((Arc::clone(name), Arc::clone(value))),
                _ => None,
            });
        let gauge = Gauge {
            name: row.name.into(),
            labels: labels.collect(),
            value: row.value.parse().ok()?,
        };
        Some((row.lane_id, gauge))
    };
    let damaged = || Fault::Damaged("a row of `gauges` is no gauge".to_owned());
    rows.into_iter()
        .map(|row| read(row).ok_or_else(damaged))
        .collect()
}
