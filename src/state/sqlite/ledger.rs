//! The ledger: what is known of each key, without the key.

use rusqlite::{Row, params};

use super::super::Fact;
use super::super::stored::{read_set, read_version, write_version};
use super::database::{Database, Fault};
use super::hash::Digest16;
use super::row::{Cell, Stored, add, digest, first};
use crate::operation::{Operation, Policy, Version, fingerprint};
use crate::record::Value;

/// It was applied, or waits in an outbox: then a row there says so.
pub(super) const KNOWN: i64 = 1;
/// It became a dead letter.
pub(super) const DEAD: i64 = 3;
/// It was marked as known without being sent.
pub(super) const MARKED: i64 = 4;

#[derive(Clone)]
pub(super) struct LedgerRow {
    pub(super) scope_id: i64,
    pub(super) hash: Digest16,
    pub(super) status: i64,
    /// Grows with each whole state that is queued; an outbox row with another one is overtaken.
    pub(super) serial: i64,
    version: String,
    pub(super) fingerprint: Option<Digest16>,
    unites: String,
    pub(super) first_at: i64,
    pub(super) last_at: i64,
}

impl Stored for LedgerRow {
    const TABLE: &'static str = "ledger";
    const KEY: &'static str = "scope_id, hash";
    const COLUMNS: &'static [&'static str] = &[
        "scope_id",
        "hash",
        "status",
        "serial",
        "version",
        "fingerprint",
        "unites",
        "first_at",
        "last_at",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.scope_id.into(),
            (&self.hash).into(),
            self.status.into(),
            self.serial.into(),
            self.version.as_str().into(),
            self.fingerprint.as_ref().into(),
            self.unites.as_str().into(),
            self.first_at.into(),
            self.last_at.into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            scope_id: row.get(0)?,
            hash: digest(row, 1)?,
            status: row.get(2)?,
            serial: row.get(3)?,
            version: row.get(4)?,
            fingerprint: row.get(5)?,
            unites: row.get(6)?,
            first_at: row.get(7)?,
            last_at: row.get(8)?,
        })
    }
}

impl LedgerRow {
    /// What the ledger knows once an operation is queued, sent or marked.
    pub(super) fn of(
        database: &Database,
        scope_id: i64,
        hash: Digest16,
        operation: &Operation,
        status: i64,
        now: i64,
    ) -> Self {
        let mut row = Self {
            scope_id,
            hash,
            status,
            serial: 1,
            version: String::new(),
            fingerprint: None,
            unites: String::new(),
            first_at: now,
            last_at: now,
        };
        if operation.policy != Policy::Once {
            row.set_version(&operation.version);
            row.set_unites(&operation.unites);
            row.fingerprint = Some(payload_hash(database, &operation.payload));
        }
        row
    }

    pub(super) fn version(&self) -> Result<Version, Fault> {
        if self.version.is_empty() {
            return Ok(Version::default());
        }
        Ok(read_version(&self.version)?)
    }

    pub(super) fn set_version(&mut self, version: &Version) {
        self.version = write_version(version);
    }

    pub(super) fn unites(&self) -> Result<Vec<Value>, Fault> {
        if self.unites.is_empty() {
            return Ok(Vec::new());
        }
        let value = Value::from_json(&self.unites)
            .map_err(|_| Fault::Damaged("a row of `ledger` holds no list".into()))?;
        Ok(read_set(&value)?)
    }

    pub(super) fn set_unites(&mut self, unites: &[Value]) {
        self.unites.clear();
        if !unites.is_empty() {
            Value::from(unites.to_vec()).write_json(&mut self.unites);
        }
    }
}

/// The keyed hash of a payload's fingerprint.
pub(super) fn payload_hash(database: &Database, payload: &Value) -> Digest16 {
    database
        .keyed
        .hash(&[b"payload", &fingerprint(payload, &[]).0])
}

/// The keyed hash of a key; its scope is the row's.
pub(super) fn key_hash(database: &Database, key: &str) -> Digest16 {
    database.keyed.hash(&[b"key", key.as_bytes()])
}

pub(super) fn find(
    database: &Database,
    scope: i64,
    hash: &Digest16,
) -> Result<Option<LedgerRow>, Fault> {
    first(
        &database.connection,
        "WHERE scope_id = ? AND hash = ?",
        params![scope, hash],
    )
}

pub(super) fn remove(database: &Database, row: &LedgerRow) -> Result<(), Fault> {
    database
        .connection
        .prepare_cached("DELETE FROM ledger WHERE scope_id = ? AND hash = ?")?
        .execute(params![row.scope_id, row.hash])?;
    Ok(())
}

/// The kind of facts whose hash is a contact's in the ledger.
const LINKED: i64 = 3;

/// Contacts that were written with an identity of a Jira user: what only waits, or was refused,
/// is not yet one.
pub(super) fn linked(database: &Database) -> Result<u64, Fault> {
    let counted: i64 = database
        .connection
        .prepare_cached(
            "SELECT count(*) FROM facts WHERE kind = ?1 \
             AND hash NOT IN (SELECT hash FROM outbox) \
             AND EXISTS (SELECT 1 FROM scopes CROSS JOIN ledger ON ledger.scope_id = scopes.id \
             AND ledger.hash = facts.hash AND ledger.status = ?2 \
             WHERE substr(scopes.scope, 1, 15) = 'brevo.contacts/')",
        )?
        .query_row(params![LINKED, KNOWN], |row| row.get(0))?;
    Ok(u64::try_from(counted).unwrap_or(0))
}

/// A thing that `status` counts.
pub(super) struct FactRow {
    kind: i64,
    hash: Digest16,
}

impl Stored for FactRow {
    const TABLE: &'static str = "facts";
    const KEY: &'static str = "kind, hash";
    const COLUMNS: &'static [&'static str] = &["kind", "hash"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![self.kind.into(), (&self.hash).into()]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            kind: row.get(0)?,
            hash: digest(row, 1)?,
        })
    }
}

pub(super) fn put_fact(database: &Database, fact: &Fact) -> Result<(), Fault> {
    let of = |id: &str| database.keyed.hash(&[b"fact", id.as_bytes()]);
    let (kind, hash) = match fact {
        Fact::Issue(id) => (1, of(id)),
        Fact::Project(id) => (2, of(id)),
        Fact::Linked(key) => (LINKED, key_hash(database, key)),
    };
    let row = FactRow { kind, hash };
    add(&database.connection, &row).map(drop)
}

/// How many keys are known, dead ones aside, in all scopes that begin so.
pub(super) fn known(database: &Database, prefix: &str) -> Result<u64, Fault> {
    let counted: i64 = database
        .connection
        .prepare_cached(
            "SELECT count(*) FROM ledger WHERE status <> ?1 AND scope_id IN \
             (SELECT id FROM scopes WHERE substr(scope, 1, length(?2)) = ?2)",
        )?
        .query_row(params![DEAD, prefix], |row| row.get(0))?;
    Ok(u64::try_from(counted).unwrap_or(0))
}
