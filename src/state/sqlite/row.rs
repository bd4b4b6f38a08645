//! Rows with a checksum over all their columns, written and read whole.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, Row, ToSql};
use sha2::{Digest as _, Sha256};

use super::database::Fault;

/// One column's value.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Option<i64>> for Cell<'_> {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Int)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }
}

impl<'a> From<Option<&'a [u8; 16]>> for Cell<'a> {
    fn from(value: Option<&'a [u8; 16]>) -> Self {
        value.map_or(Self::Null, |bytes| Self::Blob(bytes))
    }
}

impl<'a> From<&'a [u8; 16]> for Cell<'a> {
    fn from(value: &'a [u8; 16]) -> Self {
        Self::Blob(value)
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A kind of row. The columns that make its primary key come first.
pub(super) trait Stored: Sized {
    const TABLE: &'static str;
    const KEY: &'static str;
    const COLUMNS: &'static [&'static str];

    fn cells(&self) -> Vec<Cell<'_>>;

    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;
}

/// Writes a row, over the one of its key where there is one.
pub(super) fn put<T: Stored>(connection: &Connection, row: &T) -> Result<(), Fault> {
    let sql = text(T::TABLE, "put", || {
        let updates: Vec<String> = T::COLUMNS
            .iter()
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        let updates = updates.join(", ");
        insert::<T>(&format!(
            "UPDATE SET {updates}, checksum = excluded.checksum"
        ))
    });
    write(connection, &sql, row).map(drop)
}

/// Writes a row where its key has none; true where it had none.
pub(super) fn add<T: Stored>(connection: &Connection, row: &T) -> Result<bool, Fault> {
    let sql = text(T::TABLE, "add", || insert::<T>("NOTHING"));
    Ok(write(connection, &sql, row)? > 0)
}

fn insert<T: Stored>(otherwise: &str) -> String {
    format!(
        "INSERT INTO {table} ({columns}, checksum) VALUES ({marks}) \
         ON CONFLICT ({key}) DO {otherwise}",
        table = T::TABLE,
        columns = T::COLUMNS.join(", "),
        marks = vec!["?"; T::COLUMNS.len() + 1].join(", "),
        key = T::KEY,
    )
}

fn write<T: Stored>(connection: &Connection, sql: &str, row: &T) -> Result<usize, Fault> {
    let mut cells = row.cells();
    let sum = sum(T::TABLE, cells.iter().map(|cell| cell_ref(*cell)));
    cells.push(Cell::Int(sum));
    Ok(connection
        .prepare_cached(sql)?
        .execute(rusqlite::params_from_iter(cells))?)
}

/// The rows that a `WHERE …` selects, each checked.
pub(super) fn select<T: Stored>(
    connection: &Connection,
    selection: &'static str,
    params: impl Params,
) -> Result<Vec<T>, Fault> {
    let table = T::TABLE;
    let sql = text(table, selection, || {
        let columns = T::COLUMNS.join(", ");
        format!("SELECT {columns}, checksum FROM {table} {selection}")
    });
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let count = T::COLUMNS.len();
        let mut cells = Vec::with_capacity(count);
        for index in 0..count {
            cells.push(row.get_ref(index)?);
        }
        if row.get::<_, i64>(count).ok() != Some(sum(table, cells.into_iter())) {
            return Err(Fault::Damaged(format!(
                "a row of `{table}` does not match its checksum"
            )));
        }
        found.push(T::read(row).map_err(|_| {
            Fault::Damaged(format!("a row of `{table}` has a column of another type"))
        })?);
    }
    Ok(found)
}

/// A statement's text, made once a thread for each table and selection.
fn text(table: &'static str, selection: &'static str, make: impl FnOnce() -> String) -> Rc<str> {
    type Texts = HashMap<(&'static str, &'static str), Rc<str>>;
    thread_local! {
        static TEXTS: RefCell<Texts> = RefCell::default();
    }
    TEXTS.with_borrow_mut(|texts| {
        let made = texts
            .entry((table, selection))
            .or_insert_with(|| make().into());
        Rc::clone(made)
    })
}

/// The first of the rows that a `WHERE …` selects.
pub(super) fn first<T: Stored>(
    connection: &Connection,
    selection: &'static str,
    params: impl Params,
) -> Result<Option<T>, Fault> {
    Ok(select(connection, selection, params)?.into_iter().next())
}

/// A 16-byte hash out of a row.
pub(super) fn digest(row: &Row<'_>, index: usize) -> rusqlite::Result<[u8; 16]> {
    row.get(index)
}

fn cell_ref(cell: Cell<'_>) -> ValueRef<'_> {
    match cell {
        Cell::Null => ValueRef::Null,
        Cell::Int(value) => ValueRef::Integer(value),
        Cell::Text(text) => ValueRef::Text(text.as_bytes()),
        Cell::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

fn sum<'a>(table: &str, cells: impl Iterator<Item = ValueRef<'a>>) -> i64 {
    let mut hash = Sha256::new();
    hash.update(table);
    for cell in cells {
        match cell {
            ValueRef::Null => hash.update([0]),
            ValueRef::Integer(value) => {
                hash.update([1]);
                hash.update(value.to_le_bytes());
            }
            ValueRef::Real(value) => {
                hash.update([2]);
                hash.update(value.to_le_bytes());
            }
            ValueRef::Text(bytes) => {
                hash.update([3]);
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
            ValueRef::Blob(bytes) => {
                hash.update([4]);
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
        }
    }
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    i64::from_le_bytes(first)
}
