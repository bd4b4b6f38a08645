//! Room on the disk for what a transform cannot hold in memory.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::StateError;

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
    pub fn new() -> Result<Self, StateError> {
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

    /// The row of a key.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<String>, StateError> {
        let read = || {
            self.connection
                .prepare_cached("SELECT row FROM rows WHERE key = ?")?
                .query_row([key], |row| row.get(0))
                .optional()
        };
        read().map_err(error)
    }

    /// Puts a row under a key: where it stands already, or at the end.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn put(&mut self, key: &str, row: &str) -> Result<(), StateError> {
        self.write(key, row, true).map_err(error)
    }

    /// Puts a row under a key, at the end.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn put_last(&mut self, key: &str, row: &str) -> Result<(), StateError> {
        self.write(key, row, false).map_err(error)
    }

    /// Takes the first rows in order, at most so many.
    ///
    /// # Errors
    /// Where the file cannot be read or written.
    pub fn take_first(&mut self, at_most: usize) -> Result<Vec<String>, StateError> {
        self.take(at_most).map_err(error)
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

    fn write(&mut self, key: &str, row: &str, stays: bool) -> rusqlite::Result<()> {
        let mut at = self.next;
        if let Some(known) = self.place_of(key)? {
            self.remove(known)?;
            if stays {
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

fn error(error: rusqlite::Error) -> StateError {
    StateError::Storage {
        path: "for temporary rows".into(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_beyond_memory_come_back_in_order() {
        let mut table = ScratchTable::new().unwrap();
        table.put_last("a", "1").unwrap();
        table.put_last("b", "2").unwrap();
        table.put("c", "3").unwrap();
        table.put("a", "4").unwrap();
        table.put_last("b", "5").unwrap();
        assert_eq!(table.get("a").unwrap().as_deref(), Some("4"));
        assert_eq!(table.get("d").unwrap(), None);
        assert_eq!(table.take_first(2).unwrap(), ["4", "3"]);
        assert_eq!(table.get("a").unwrap(), None);
        assert_eq!(table.take_first(9).unwrap(), ["5"]);
        assert!(table.take_first(9).unwrap().is_empty());
    }
}
