//! The inbox: kept before it is acknowledged, known for ever, its body until it is worked off.

use rusqlite::{Row, params};

use super::super::{Appended, InboxItem};
use super::database::{Database, Fault};
use super::row::{Cell, Stored, first, put, select};

/// How many bytes of bodies are read at once.
const AT_ONCE: i64 = 16 << 20;

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
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // Some 16 MiB at once, but at least one.
    let sizes = "SELECT id, octet_length(body) FROM inbox \
                 WHERE connection = ? AND id > ? AND body IS NOT NULL ORDER BY id LIMIT ?";
    let mut sizes = database.connection.prepare_cached(sizes)?;
    let mut sizes = sizes.query(params![connection, after, limit])?;
    let (mut last, mut bytes) = (None, 0_i64);
    while let Some(row) = sizes.next()? {
        bytes = bytes.saturating_add(row.get(1)?);
        if last.is_some() && bytes > AT_ONCE {
            break;
        }
        last = Some(row.get::<_, i64>(0)?);
    }
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    let rows: Vec<InboxRow> = select(
        &database.connection,
        "WHERE connection = ? AND id > ? AND id <= ? AND body IS NOT NULL ORDER BY id",
        params![connection, after, last],
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
    loop {
        // Few at once: bodies can be large.
        let rows: Vec<InboxRow> = select(
            &database.connection,
            "WHERE connection = ? AND id <= ? AND body IS NOT NULL LIMIT 8",
            params![connection, up_to],
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            row.body = None;
            put(&database.connection, &row)?;
        }
    }
}

pub(super) fn depths(database: &Database) -> Result<Vec<(String, u64)>, Fault> {
    let depths =
        "SELECT connection, count(body) FROM inbox GROUP BY connection ORDER BY connection";
    let mut depths = database.connection.prepare_cached(depths)?;
    let mut rows = depths.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let depth: i64 = row.get(1)?;
        found.push((row.get(0)?, u64::try_from(depth).unwrap_or_default()));
    }
    Ok(found)
}
