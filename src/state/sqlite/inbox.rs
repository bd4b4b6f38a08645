//! The inbox: kept before it is acknowledged, known for ever, its body until it is worked off.

use rusqlite::{Row, params};

use super::super::{Appended, InboxItem};
use super::database::{Database, Fault};
use super::row::{Cell, Stored, first, put, select};

struct InboxRow {
    id: i64,
    connection: String,
    identifier: String,
    received_at: i64,
    body: Option<String>,
}

impl Stored for InboxRow {
    const TABLE: &'static str = "inbox";
    const KEY: &'static str = "id";
    const COLUMNS: &'static [&'static str] =
        &["id", "connection", "identifier", "received_at", "body"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.id.into(),
            self.connection.as_str().into(),
            self.identifier.as_str().into(),
            self.received_at.into(),
            self.body.as_deref().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            connection: row.get(1)?,
            identifier: row.get(2)?,
            received_at: row.get(3)?,
            body: row.get(4)?,
        })
    }
}

pub(super) fn append(
    database: &Database,
    connection: &str,
    identifier: &str,
    body: &str,
    now: i64,
) -> Result<Appended, Fault> {
    let known: Option<InboxRow> = first(
        &database.connection,
        "WHERE connection = ? AND identifier = ?",
        params![connection, identifier],
    )?;
    if known.is_some() {
        return Ok(Appended::Duplicate);
    }
    let row = InboxRow {
        id: database.number("inbox", 1)?,
        connection: connection.into(),
        identifier: identifier.into(),
        received_at: now,
        body: Some(body.into()),
    };
    put(&database.connection, &row)?;
    Ok(Appended::New)
}

pub(super) fn after(
    database: &Database,
    connection: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<InboxItem>, Fault> {
    let rows: Vec<InboxRow> = select(
        &database.connection,
        "WHERE connection = ? AND id > ? AND body IS NOT NULL ORDER BY id LIMIT ?",
        params![connection, after, i64::try_from(limit).unwrap_or(i64::MAX)],
    )?;
    Ok(rows
        .into_iter()
        .map(|row| InboxItem {
            id: row.id,
            connection: row.connection.into(),
            identifier: row.identifier.into(),
            received_at: row.received_at,
            body: row.body.unwrap_or_default().into(),
        })
        .collect())
}

pub(super) fn worked_off(database: &Database, connection: &str, up_to: i64) -> Result<(), Fault> {
    let rows: Vec<InboxRow> = select(
        &database.connection,
        "WHERE connection = ? AND id <= ? AND body IS NOT NULL",
        params![connection, up_to],
    )?;
    for mut row in rows {
        row.body = None;
        put(&database.connection, &row)?;
    }
    Ok(())
}
