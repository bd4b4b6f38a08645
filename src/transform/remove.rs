//! `remove`: fields that go.

use super::edit::{Edit, edit};
use crate::expression::Path;
use crate::record::Record;

/// Removes what the paths select.
#[derive(Debug)]
pub struct Remove {
    /// What goes.
    pub paths: Vec<Path>,
}

impl Remove {
    /// The record without it.
    #[must_use]
    pub fn apply(&self, mut record: Record) -> Record {
        let done: Result<(), std::convert::Infallible> =
            edit(&mut record.value, &self.paths, &mut |_| Ok(Edit::Remove));
        match done {
            Ok(()) => record,
            Err(never) => match never {},
        }
    }
}
