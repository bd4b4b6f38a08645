//! What services answered for keys: ids that later operations of a key name.

use rusqlite::{Row, params};

use super::database::{Database, Fault};
use super::hash::Digest16;
use super::row::{Cell, Stored, digest, first, put};
use crate::operation::Receipt;

/// A receipt beside the ledger's row of its key; few keys have one.
struct ReceiptRow {
    scope_id: i64,
    hash: Digest16,
    receipt: Receipt,
}

impl Stored for ReceiptRow {
    const TABLE: &'static str = "receipts";
    const KEY: &'static str = "scope_id, hash";
    const COLUMNS: &'static [&'static str] = &["scope_id", "hash", "receipt"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.scope_id.into(),
            (&self.hash).into(),
            (&*self.receipt).into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            scope_id: row.get(0)?,
            hash: digest(row, 1)?,
            receipt: row.get(2)?,
        })
    }
}

pub(super) fn find(
    database: &Database,
    scope_id: i64,
    hash: &Digest16,
) -> Result<Option<Receipt>, Fault> {
    let found: Option<ReceiptRow> = first(
        &database.connection,
        "WHERE scope_id = ? AND hash = ?",
        params![scope_id, hash],
    )?;
    Ok(found.map(|row| row.receipt))
}

/// True where another key of the scope is known by a receipt.
pub(super) fn is_anothers(
    database: &Database,
    scope_id: i64,
    hash: &Digest16,
    receipt: &Receipt,
) -> Result<bool, Fault> {
    let found: Option<ReceiptRow> = first(
        &database.connection,
        "WHERE scope_id = ? AND receipt = ? AND hash <> ?",
        params![scope_id, &**receipt, hash],
    )?;
    Ok(found.is_some())
}

/// Keeps a receipt in the place of the one before.
pub(super) fn keep(
    database: &Database,
    scope_id: i64,
    hash: Digest16,
    receipt: &Receipt,
) -> Result<(), Fault> {
    let row = ReceiptRow {
        scope_id,
        hash,
        receipt: receipt.clone(),
    };
    put(&database.connection, &row)
}

pub(super) fn forget(database: &Database, scope_id: i64, hash: &Digest16) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM receipts WHERE scope_id = ? AND hash = ?")?
        .execute(params![scope_id, hash])?;
    Ok(())
}
