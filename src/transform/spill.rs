//! Where steps that must see all records keep them: memory does not grow with their number.

use indexmap::IndexMap;

/// Rows by key, in order; kept outside memory where there are many.
pub trait Spill: Send {
    /// The row of a key.
    ///
    /// # Errors
    /// Where the rows could not be read.
    fn get(&mut self, key: &str) -> Result<Option<String>, SpillError>;

    /// Puts a row under a key: where it stands already, or at the end.
    ///
    /// # Errors
    /// Where the row could not be written.
    fn put(&mut self, key: &str, row: &str, place: SpillPlace) -> Result<(), SpillError>;

    /// Takes the first rows in order, at most so many; none are left after an empty answer.
    ///
    /// # Errors
    /// Where the rows could not be read.
    fn take_first(&mut self, at_most: usize) -> Result<Vec<String>, SpillError>;
}

/// Where a row goes whose key is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpillPlace {
    /// It replaces the known one.
    Stay,
    /// It goes to the end.
    End,
}

/// The rows could not be kept: the disk's fault.
#[derive(Debug, Clone, thiserror::Error)]
#[error("records could not be set aside: {0}")]
pub struct SpillError(pub String);

/// Rows in memory, for tests and for what is known to be small.
#[derive(Debug, Default)]
pub struct MemorySpill {
    rows: IndexMap<String, String>,
}

impl Spill for MemorySpill {
    fn get(&mut self, key: &str) -> Result<Option<String>, SpillError> {
        Ok(self.rows.get(key).cloned())
    }

    fn put(&mut self, key: &str, row: &str, place: SpillPlace) -> Result<(), SpillError> {
        if place == SpillPlace::End {
            self.rows.shift_remove(key);
        }
        self.rows.insert(key.to_owned(), row.to_owned());
        Ok(())
    }

    fn take_first(&mut self, at_most: usize) -> Result<Vec<String>, SpillError> {
        let count = at_most.min(self.rows.len());
        Ok(self.rows.drain(..count).map(|(_, row)| row).collect())
    }
}
