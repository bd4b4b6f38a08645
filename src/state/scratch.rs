//! Room on the disk for what a transform cannot hold in memory.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::transform::{Spill, SpillError, SpillPlace};

/// Rows by key, in order, kept in a temporary file that is gone with it. Memory stays bounded
/// however many there are.
pub struct ScratchTable {
    connection: Connection,
    next: i64,
}

impl ScratchTable {
    /// An empty one.
    ///
    /// # Errors
    /// Where there is no room for temporary files.
    pub fn new() -> Result<Self, SpillError> {
        let open = || -> rusqlite::Result<Connection> {
            // An empty name is SQLite's for a private file that is deleted when it is closed; the
            // transaction is never committed, since nobody reads it after a crash.
            let connection = Connection::open("")?;
            connection.execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;
                 CREATE TABLE rows (place INTEGER PRIMARY KEY, key TEXT UNIQUE, row TEXT NOT NULL);
                 BEGIN;",
            )?;
            Ok(connection)
        };
        Ok(Self {
            connection: open().map_err(error)?,
            next: 0,
        })
    }

    fn place_of(&self, key: &str) -> rusqlite::Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT place FROM rows WHERE key = ?")?
            .query_row([key], |row| row.get(0))
            .optional()
    }

    fn remove(&self, place: i64) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM rows WHERE place = ?")?
            .execute([place])?;
        Ok(())
    }

    fn write(&mut self, key: &str, row: &str, place: SpillPlace) -> rusqlite::Result<()> {
        let mut at = self.next;
        if let Some(known) = self.place_of(key)? {
            self.remove(known)?;
            if place == SpillPlace::Stay {
                at = known;
            }
        }
        self.connection
            .prepare_cached("INSERT INTO rows (place, key, row) VALUES (?, ?, ?)")?
            .execute(params![at, key, row])?;
        self.next = self.next.max(at + 1);
        Ok(())
    }

    fn take(&self, at_most: usize) -> rusqlite::Result<Vec<String>> {
        let limit = i64::try_from(at_most).unwrap_or(i64::MAX);
        let rows = self
            .connection
            .prepare_cached("SELECT place, row FROM rows ORDER BY place LIMIT ?")?
            .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
        rows.into_iter()
            .map(|(place, row)| self.remove(place).map(|()| row))
            .collect()
    }
}

impl Spill for ScratchTable {
    fn get(&mut self, key: &str) -> Result<Option<String>, SpillError> {
        let read = || {
            self.connection
                .prepare_cached("SELECT row FROM rows WHERE key = ?")?
                .query_row([key], |row| row.get(0))
                .optional()
        };
        read().map_err(error)
    }

    fn put(&mut self, key: &str, row: &str, place: SpillPlace) -> Result<(), SpillError> {
        self.write(key, row, place).map_err(error)
    }

    fn take_first(&mut self, at_most: usize) -> Result<Vec<String>, SpillError> {
        self.take(at_most).map_err(error)
    }
}

fn error(error: rusqlite::Error) -> SpillError {
    SpillError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_beyond_memory_come_back_in_order() {
        let mut table = ScratchTable::new().unwrap();
        for (key, row, place) in [
            ("a", "1", SpillPlace::End),
            ("b", "2", SpillPlace::End),
            ("c", "3", SpillPlace::Stay),
            ("a", "4", SpillPlace::Stay),
            ("b", "5", SpillPlace::End),
        ] {
            table.put(key, row, place).unwrap();
        }
        assert_eq!(table.get("a").unwrap().as_deref(), Some("4"));
        assert_eq!(table.get("d").unwrap(), None);
        assert_eq!(table.take_first(2).unwrap(), ["4", "3"]);
        assert_eq!(table.get("a").unwrap(), None);
        assert_eq!(table.take_first(9).unwrap(), ["5"]);
        assert!(table.take_first(9).unwrap().is_empty());
    }
}
