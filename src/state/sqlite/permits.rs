//! Rates that processes share, limits as last seen, accounts.

use rusqlite::Row;

use super::super::{Binding, Limit, Permit, StateError, Tracked};
use super::database::{Database, Fault};
use super::ledger;
use super::row::{Cell, Stored, first, put, select};

struct PermitRow {
    family: String,
    next_us: i64,
}

impl Stored for PermitRow {
    const TABLE: &'static str = "permits";
    const KEY: &'static str = "family";
    const COLUMNS: &'static [&'static str] = &["family", "next_us"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![self.family.as_str().into(), self.next_us.into()]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            family: row.get(0)?,
            next_us: row.get(1)?,
        })
    }
}

fn next_of(database: &Database, family: &str, now_us: i64) -> Result<i64, Fault> {
    let known: Option<PermitRow> = first(&database.connection, "WHERE family = ?", [family])?;
    Ok(known.map_or(now_us, |row| row.next_us.max(now_us)))
}

/// Reserves consecutive slots.
pub(super) fn permit(
    database: &Database,
    family: &str,
    interval_us: i64,
    calls: u32,
) -> Result<Permit, Fault> {
    let now_us = database.now()?.saturating_mul(1000);
    let next_us = next_of(database, family, now_us)?;
    let row = PermitRow {
        family: family.into(),
        next_us: next_us.saturating_add(interval_us.saturating_mul(calls.into())),
    };
    put(&database.connection, &row)?;
    Ok(Permit {
        at_us: next_us,
        now_us,
    })
}

/// Gives nobody a slot for so long.
pub(super) fn pause(database: &Database, family: &str, for_ms: i64) -> Result<(), Fault> {
    let now_us = database.now()?.saturating_mul(1000);
    let until = now_us.saturating_add(for_ms.saturating_mul(1000));
    let row = PermitRow {
        family: family.into(),
        next_us: next_of(database, family, now_us)?.max(until),
    };
    put(&database.connection, &row)
}

struct LimitRow {
    connection: String,
    limit: Limit,
}

impl Stored for LimitRow {
    const TABLE: &'static str = "limits";
    const KEY: &'static str = "connection, family";
    const COLUMNS: &'static [&'static str] = &[
        "connection",
        "family",
        "ceiling",
        "remaining",
        "resets_at",
        "seen_at",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.connection.as_str().into(),
            self.limit.family.as_str().into(),
            self.limit.limit.into(),
            self.limit.remaining.into(),
            self.limit.resets_at.into(),
            self.limit.seen_at.into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            connection: row.get(0)?,
            limit: Limit {
                family: row.get(1)?,
                limit: row.get(2)?,
                remaining: row.get(3)?,
                resets_at: row.get(4)?,
                seen_at: row.get(5)?,
            },
        })
    }
}

pub(super) fn saw_limit(database: &Database, connection: &str, limit: &Limit) -> Result<(), Fault> {
    let row = LimitRow {
        connection: connection.into(),
        limit: limit.clone(),
    };
    put(&database.connection, &row)
}

pub(super) fn limits(database: &Database) -> Result<Vec<(String, Limit)>, Fault> {
    let rows: Vec<LimitRow> = select(&database.connection, "ORDER BY connection, family", [])?;
    Ok(rows
        .into_iter()
        .map(|row| (row.connection, row.limit))
        .collect())
}

struct BindingRow(Binding);

impl Stored for BindingRow {
    const TABLE: &'static str = "bindings";
    const KEY: &'static str = "connection";
    const COLUMNS: &'static [&'static str] = &["connection", "account"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.0.connection.as_str().into(),
            self.0.account.as_str().into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self(Binding {
            connection: row.get(0)?,
            account: row.get(1)?,
        }))
    }
}

pub(super) fn bindings(database: &Database) -> Result<Vec<Binding>, Fault> {
    let rows: Vec<BindingRow> = select(&database.connection, "ORDER BY connection", [])?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Holds the state to its accounts, and keeps those that it does not know yet.
pub(super) fn bind(database: &Database, asked: &[Binding]) -> Result<(), Fault> {
    for binding in hold(database, asked)? {
        put(&database.connection, &BindingRow(binding.clone()))?;
    }
    Ok(())
}

/// Holds the state to its accounts; answers those that it does not know yet.
pub(super) fn hold<'b>(
    database: &Database,
    asked: &'b [Binding],
) -> Result<Vec<&'b Binding>, Fault> {
    let mut new = Vec::new();
    for binding in asked {
        let known: Option<BindingRow> = first(
            &database.connection,
            "WHERE connection = ?",
            [&binding.connection],
        )?;
        match known {
            Some(BindingRow(known)) if known.account != binding.account => {
                return Err(StateError::OtherAccount {
                    path: database.path.clone(),
                    connection: binding.connection.clone(),
                    bound: known.account,
                    now: binding.account.clone(),
                }
                .into());
            }
            Some(_) => {}
            None => new.push(binding),
        }
    }
    Ok(new)
}

/// What the ledger has seen.
pub(super) fn tracked(database: &Database) -> Result<Tracked, Fault> {
    let count = |kind: i64| -> Result<u64, Fault> {
        let counted: i64 = database
            .connection
            .prepare_cached("SELECT count(*) FROM facts WHERE kind = ?")?
            .query_row([kind], |row| row.get(0))?;
        Ok(u64::try_from(counted).unwrap_or(0))
    };
    Ok(Tracked {
        issues: count(1)?,
        projects: count(2)?,
        users_linked: ledger::linked(database)?,
    })
}
