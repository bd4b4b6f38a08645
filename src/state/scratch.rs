//! Room on the disk for what a transform cannot hold in memory.

use rusqlite::{Connection, params};

use super::StateError;

/// Rows with a key, in the order they were added, kept in a temporary file that is gone with it.
/// Memory stays bounded however many there are.
pub struct ScratchTable {
    connection: Connection,
    next: i64,
}

impl ScratchTable {
    /// An empty one.
    ///
    /// # Errors
    /// Where there is no room for temporary files.
    pub fn new() -> Result<Self, StateError> {
        let open = || -> rusqlite::Result<Connection> {
            // An empty name is SQLite's for a private file that is deleted when it is closed.
            let connection = Connection::open("")?;
            connection.execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;
                 PRAGMA temp_store = FILE;
                 CREATE TABLE rows (place INTEGER PRIMARY KEY, key TEXT NOT NULL, row TEXT NOT NULL);
                 CREATE INDEX rows_of_key ON rows (key, place);
                 BEGIN;",
            )?;
            Ok(connection)
        };
        Ok(Self {
            connection: open().map_err(error)?,
            next: 0,
        })
    }

    /// Adds a row at the end.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn push(&mut self, key: &str, row: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT INTO rows (place, key, row) VALUES (?, ?, ?)")
            .and_then(|mut statement| statement.execute(params![self.next, key, row]))
            .map_err(error)?;
        self.next += 1;
        Ok(())
    }

    /// The first row of a key.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn first(&self, key: &str) -> Result<Option<String>, StateError> {
        self.one(
            "SELECT row FROM rows WHERE key = ? ORDER BY place LIMIT 1",
            key,
        )
    }

    /// The last row of a key.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn last(&self, key: &str) -> Result<Option<String>, StateError> {
        self.one(
            "SELECT row FROM rows WHERE key = ? ORDER BY place DESC LIMIT 1",
            key,
        )
    }

    /// Puts a row in the place of a key's first one, or at the end.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn replace_first(&mut self, key: &str, row: &str) -> Result<(), StateError> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE rows SET row = ?2 WHERE place = \
                 (SELECT place FROM rows WHERE key = ?1 ORDER BY place LIMIT 1)",
            )
            .and_then(|mut statement| statement.execute(params![key, row]))
            .map_err(error)?;
        if changed == 0 {
            self.push(key, row)?;
        }
        Ok(())
    }

    /// Removes all rows of a key.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn remove(&mut self, key: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM rows WHERE key = ?")
            .and_then(|mut statement| statement.execute([key]))
            .map_err(error)?;
        Ok(())
    }

    /// The rows after a place (from -1), each with its place and key, at most `limit`.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn after(
        &self,
        place: i64,
        limit: usize,
    ) -> Result<Vec<(i64, String, String)>, StateError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Vec<_>> {
            self.connection
                .prepare_cached(
                    "SELECT place, key, row FROM rows WHERE place > ? ORDER BY place LIMIT ?",
                )?
                .query_map(params![place, limit], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect()
        };
        read().map_err(error)
    }

    fn one(&self, sql: &str, key: &str) -> Result<Option<String>, StateError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([key])?;
            rows.next()?.map(|row| row.get(0)).transpose()
        };
        read().map_err(error)
    }
}

fn error(error: rusqlite::Error) -> StateError {
    StateError::Storage {
        path: "for temporary rows".into(),
        message: error.to_string(),
    }
}
