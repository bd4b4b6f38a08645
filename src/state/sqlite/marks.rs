//! By what a webhook's secret is known again: a service that a webhook is registered with does not
//! show its secret, so that a changed one could not be told from the old.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Row;
use sha2::{Digest as _, Sha256};

use super::super::StateError;
use super::database::Fault;
use super::row::{Cell, Stored, first, put};
use super::vault::changed;

/// How long a salt is.
const SALT: usize = 16;
/// How long what remains of the hash is: so short that next to nothing of the secret can be told
/// from it, and one change in 65,536 goes unnoticed.
const REST: usize = 2;

struct MarkRow {
    connection: String,
    mark: Vec<u8>,
}

impl Stored for MarkRow {
    const TABLE: &'static str = "webhook_secrets";
    const KEY: &'static str = "connection";
    const COLUMNS: &'static [&'static str] = &["connection", "mark"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![self.connection.as_str().into(), Cell::Blob(&self.mark)]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            connection: row.get(0)?,
            mark: row.get(1)?,
        })
    }
}

/// What a state remembers of the secrets that webhooks were registered with.
pub struct SecretMarks {
    file: PathBuf,
    path: Arc<str>,
}

impl SecretMarks {
    /// Of a state, which is made when something is to be remembered first.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        Self {
            file: file.into(),
            path: file.display().to_string().into(),
        }
    }

    /// True where a connection's webhooks were last registered with this secret.
    ///
    /// # Errors
    /// Where the state cannot be read.
    pub fn is(&self, connection: &str, secret: &str) -> Result<bool, StateError> {
        if !self.file.is_file() {
            return Ok(false);
        }
        changed(&self.file, &self.path, |database| {
            let row: Option<MarkRow> =
                first(&database.connection, "WHERE connection = ?", [connection])?;
            let salted = row.as_ref().and_then(|row| row.mark.split_first_chunk());
            Ok(salted.is_some_and(|(salt, rest)| mark(*salt, secret) == rest))
        })
    }

    /// Remembers the secret that a connection's webhooks were registered with.
    ///
    /// # Errors
    /// Where the state cannot be written.
    pub fn keep(&self, connection: &str, secret: &str) -> Result<(), StateError> {
        changed(&self.file, &self.path, |database| {
            let mut salt = [0; SALT];
            getrandom::fill(&mut salt)
                .map_err(|error| Fault::Damaged(format!("no random numbers: {error}")))?;
            let row = MarkRow {
                connection: connection.to_owned(),
                mark: [&salt[..], &mark(salt, secret)].concat(),
            };
            put(&database.connection, &row)
        })
    }
}

fn mark(salt: [u8; SALT], secret: &str) -> [u8; REST] {
    let hash = Sha256::new().chain_update(salt).chain_update(secret);
    let mut rest = [0; REST];
    for (to, from) in rest.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_and_does_not_stand_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        let marks = SecretMarks::of(&file);
        assert!(!marks.is("support", "hush").unwrap());
        assert!(!file.exists(), "looking makes no state");
        marks.keep("support", "hush").unwrap();
        assert!(marks.is("support", "hush").unwrap());
        assert!(!marks.is("support", "hushed").unwrap());
        assert!(!marks.is("other", "hush").unwrap());
        marks.keep("support", "hushed").unwrap();
        assert!(marks.is("support", "hushed").unwrap());
        assert!(!marks.is("support", "hush").unwrap());
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(4).any(|part| part == b"hush"));
        }
        // The same secret leaves another mark each time.
        let marks: std::collections::BTreeSet<_> =
            (0..8).map(|salt| mark([salt; 16], "a")).collect();
        assert!(marks.len() > 4);
    }
}
