//! What people gave to keep: secrets, credentials, tokens, sealed under the project's key.
//!
//! Opened anew for each question: credentials are asked for seldom, and by processes that do not
//! otherwise write.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Row, TransactionBehavior};

use super::super::{CredentialView, KeptCredential, Seal, StateError};
use super::database::{Database, DatabaseTime, Fault};
use super::row::{Cell, Stored, first, put, select};
use super::{groups, store};

/// The row that tells whether a key is the right one.
const CHECK: &str = "check";
/// What it holds.
const CHECKED: &str = "flowline";
/// What `mask` hashes with, where the key that it was made of is gone.
const MASK: &str = "mask";
/// Before the names of secrets.
const SECRETS: &str = "secret/";

struct SealedRow {
    name: String,
    sealed: Vec<u8>,
}

impl Stored for SealedRow {
    const TABLE: &'static str = "sealed";
    const KEY: &'static str = "name";
    const COLUMNS: &'static [&'static str] = &["name", "sealed"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![self.name.as_str().into(), Cell::Blob(&self.sealed)]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            sealed: row.get(1)?,
        })
    }
}

struct CredentialRow {
    connection: String,
    sealed: Vec<u8>,
    version: i64,
    expires_at: Option<i64>,
    exchanging: Option<i64>,
}

impl Stored for CredentialRow {
    const TABLE: &'static str = "credentials";
    const KEY: &'static str = "connection";
    const COLUMNS: &'static [&'static str] = &[
        "connection",
        "sealed",
        "version",
        "expires_at",
        "exchanging",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            self.connection.as_str().into(),
            Cell::Blob(&self.sealed),
            self.version.into(),
            self.expires_at.into(),
            self.exchanging.into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            connection: row.get(0)?,
            sealed: row.get(1)?,
            version: row.get(2)?,
            expires_at: row.get(3)?,
            exchanging: row.get(4)?,
        })
    }
}

/// The names under which things are sealed cannot be taken for one another.
fn secret_name(name: &str) -> String {
    format!("{SECRETS}{name}")
}

fn credential_name(connection: &str) -> String {
    format!("credential/{connection}")
}

/// The sealed part of a state, with the key that opens it.
pub struct Vault {
    file: PathBuf,
    path: Arc<str>,
    seal: Seal,
}

impl Vault {
    /// The sealed part of a state; the state is made where there is none.
    ///
    /// # Errors
    /// [`StateError::WrongKey`] where it is sealed with another key; where the file is no state
    /// or cannot be opened.
    pub fn open(file: &Path, seal: Seal) -> Result<Self, StateError> {
        let vault = Self::of(file, seal);
        vault.change(|_| Ok(()))?;
        Ok(vault)
    }

    /// The sealed part of a state; none where there is no state, or an older one that has no such
    /// part yet. Writes nothing.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn open_existing(file: &Path, seal: Seal) -> Result<Option<Self>, StateError> {
        if !is_sealed(file)? {
            return Ok(None);
        }
        let vault = Self::of(file, seal);
        vault.ask(|_| Ok(()))?;
        Ok(Some(vault))
    }

    fn of(file: &Path, seal: Seal) -> Self {
        Self {
            file: file.into(),
            path: file.display().to_string().into(),
            seal,
        }
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T, StateError> {
        let database = Database::open_to_read(&self.file, &self.path)?;
        self.checked(&database)
            .and_then(|_| question(&database))
            .map_err(|fault| fault.at(&self.path))
    }

    /// One change, durable when it returns.
    fn change<T>(
        &self,
        change: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T, StateError> {
        changed(&self.file, &self.path, |database| {
            if !self.checked(database)? {
                self.keep(database, CHECK, CHECKED)?;
            }
            change(database)
        })
    }

    /// Refuses another key; false where nothing is sealed yet.
    fn checked(&self, database: &Database) -> Result<bool, Fault> {
        let Some(row) = sealed(database, CHECK)? else {
            return Ok(false);
        };
        match self.seal.kept(CHECK, &row.sealed) {
            Some(_) => Ok(true),
            None => Err(StateError::WrongKey {
                path: Arc::clone(&self.path),
            }
            .into()),
        }
    }

    fn keep(&self, database: &Database, name: &str, text: &str) -> Result<(), Fault> {
        let row = SealedRow {
            name: name.to_owned(),
            sealed: self.seal.keep(name, text).map_err(Fault::Damaged)?,
        };
        put(&database.connection, &row)
    }

    fn read(&self, name: &str, sealed: &[u8]) -> Result<String, Fault> {
        self.seal
            .kept(name, sealed)
            .ok_or_else(|| Fault::Damaged(format!("what is sealed as `{name}` does not open")))
    }

    /// Every secret by its name.
    ///
    /// # Errors
    /// Where the state cannot be read or the key is another.
    pub fn secrets(&self) -> Result<Vec<(String, String)>, StateError> {
        self.ask(|database| {
            let rows: Vec<SealedRow> = select(
                &database.connection,
                "WHERE name LIKE 'secret/%' ORDER BY name",
                [],
            )?;
            rows.into_iter()
                .filter_map(|row| {
                    let name = row.name.strip_prefix(SECRETS)?.to_owned();
                    Some(self.read(&row.name, &row.sealed).map(|text| (name, text)))
                })
                .collect()
        })
    }

    /// Keeps a secret, over the one of its name.
    ///
    /// # Errors
    /// Where the state cannot be written or the key is another.
    pub fn set_secret(&self, name: &str, text: &str) -> Result<(), StateError> {
        self.change(|database| self.keep(database, &secret_name(name), text))
    }

    /// Forgets a secret; false where there was none.
    ///
    /// # Errors
    /// Where the state cannot be written or the key is another.
    pub fn remove_secret(&self, name: &str) -> Result<bool, StateError> {
        self.change(|database| {
            let gone = database
                .connection
                .execute("DELETE FROM sealed WHERE name = ?", [secret_name(name)])?;
            Ok(gone > 0)
        })
    }

    /// What `mask` hashes with, where the key that it was made of has been replaced.
    ///
    /// # Errors
    /// Where the state cannot be read or the key is another.
    pub fn mask(&self) -> Result<Option<String>, StateError> {
        self.ask(|database| match sealed(database, MASK)? {
            Some(row) => self.read(MASK, &row.sealed).map(Some),
            None => Ok(None),
        })
    }

    /// What is kept for a connection.
    ///
    /// # Errors
    /// Where the state cannot be read or the key is another.
    pub fn credential(&self, connection: &str) -> Result<Option<KeptCredential>, StateError> {
        self.ask(|database| match credential(database, connection)? {
            Some(row) => Ok(Some(KeptCredential {
                text: self.read(&credential_name(connection), &row.sealed)?,
                version: row.version,
                exchanging: row.exchanging.is_some(),
            })),
            None => Ok(None),
        })
    }

    /// Keeps what a connection gets in with, over what was kept before: nothing is being exchanged
    /// any more.
    ///
    /// # Errors
    /// Where the state cannot be written or the key is another.
    pub fn set_credential(
        &self,
        connection: &str,
        text: &str,
        expires_at: Option<i64>,
    ) -> Result<i64, StateError> {
        let name = credential_name(connection);
        self.change(|database| {
            let known = credential(database, connection)?;
            let version = known.map_or(0, |known| known.version).saturating_add(1);
            let row = CredentialRow {
                connection: connection.to_owned(),
                sealed: self.seal.keep(&name, text).map_err(Fault::Damaged)?,
                version,
                expires_at,
                exchanging: None,
            };
            put(&database.connection, &row)?;
            Ok(version)
        })
    }

    /// Marks a connection's token as being exchanged; false where it is another by now.
    ///
    /// # Errors
    /// Where the state cannot be written or the key is another.
    pub fn mark_exchanging(
        &self,
        connection: &str,
        version: i64,
        now: i64,
    ) -> Result<bool, StateError> {
        self.change(|database| {
            let Some(mut row) =
                credential(database, connection)?.filter(|row| row.version == version)
            else {
                return Ok(false);
            };
            row.exchanging = Some(now);
            put(&database.connection, &row)?;
            Ok(true)
        })
    }

    /// Takes the mark away again: the token was certainly not exchanged.
    ///
    /// # Errors
    /// Where the state cannot be written or the key is another.
    pub fn unmark_exchanging(&self, connection: &str, version: i64) -> Result<(), StateError> {
        self.change(|database| {
            if let Some(mut row) =
                credential(database, connection)?.filter(|row| row.version == version)
            {
                row.exchanging = None;
                put(&database.connection, &row)?;
            }
            Ok(())
        })
    }

    /// Forgets what is kept for a connection; false where that was nothing.
    ///
    /// # Errors
    /// Where the state cannot be written or the key is another.
    pub fn remove_credential(&self, connection: &str) -> Result<bool, StateError> {
        self.change(|database| {
            let gone = database
                .connection
                .execute("DELETE FROM credentials WHERE connection = ?", [connection])?;
            Ok(gone > 0)
        })
    }

    /// Waits until no other process and no other task exchanges a token; theirs wait until the
    /// file is dropped, which a killed process does too. None where that takes longer.
    ///
    /// # Errors
    /// Where the file beside the state cannot be made.
    pub async fn alone(&self, patience: Duration) -> Result<Option<File>, StateError> {
        let storage = |error: std::io::Error| StateError::Storage {
            path: Arc::clone(&self.path),
            message: error.to_string(),
        };
        let mut path = self.file.as_os_str().to_owned();
        path.push(".tokens");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(storage)?;
        let end = tokio::time::Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(std::fs::TryLockError::WouldBlock) => {}
                Err(std::fs::TryLockError::Error(error)) => return Err(storage(error)),
            }
            if tokio::time::Instant::now() >= end {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Seals everything in a state under another key, all or nothing; what `mask` hashes with
    /// stays as it was.
    ///
    /// # Errors
    /// Where the state cannot be written, its key is another or something in it does not open.
    pub fn seal_anew(&self, next: Seal, mask: &str) -> Result<Self, StateError> {
        let anew = Self::of(&self.file, next);
        self.change(|database| {
            let connection = &database.connection;
            let kept: Vec<SealedRow> = select(connection, "WHERE name <> 'mask'", [])?;
            for row in kept {
                let text = self.read(&row.name, &row.sealed)?;
                anew.keep(database, &row.name, &text)?;
            }
            let mask = match sealed(database, MASK)? {
                Some(row) => self.read(MASK, &row.sealed)?,
                None => mask.to_owned(),
            };
            anew.keep(database, MASK, &mask)?;
            let credentials: Vec<CredentialRow> = select(connection, "", [])?;
            for mut row in credentials {
                let name = credential_name(&row.connection);
                let text = self.read(&name, &row.sealed)?;
                row.sealed = anew.seal.keep(&name, &text).map_err(Fault::Damaged)?;
                put(connection, &row)?;
            }
            groups::seal_anew(database, &self.seal, &anew.seal)
        })?;
        Ok(anew)
    }
}

/// True where a state holds anything sealed.
fn is_sealed(file: &Path) -> Result<bool, StateError> {
    if std::fs::metadata(file).map_or(true, |facts| !facts.is_file() || facts.len() == 0) {
        return Ok(false);
    }
    let path: Arc<str> = file.display().to_string().into();
    let Some(database) = Database::open_newest_to_read(file, &path)? else {
        return Ok(false);
    };
    sealed(&database, CHECK)
        .map(|row| row.is_some())
        .map_err(|fault| fault.at(&path))
}

/// One change of a state, which is made where there is none.
pub(super) fn changed<T>(
    file: &Path,
    path: &Arc<str>,
    change: impl FnOnce(&Database) -> Result<T, Fault>,
) -> Result<T, StateError> {
    let storage = |error: std::io::Error| StateError::Storage {
        path: Arc::clone(path),
        message: error.to_string(),
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(storage)?;
    }
    let opening = store::alone(file).map_err(storage)?;
    let database = Database::open(file, path, DatabaseTime::Own)?;
    drop(opening);
    database
        .within(TransactionBehavior::Immediate, change)
        .map_err(|fault| fault.at(path))
}

fn sealed(database: &Database, name: &str) -> Result<Option<SealedRow>, Fault> {
    first(&database.connection, "WHERE name = ?", [name])
}

fn credential(database: &Database, connection: &str) -> Result<Option<CredentialRow>, Fault> {
    first(&database.connection, "WHERE connection = ?", [connection])
}

/// The names of secrets, which need no key.
pub(super) fn secret_names(database: &Database) -> Result<Vec<String>, Fault> {
    let rows: Vec<SealedRow> = select(
        &database.connection,
        "WHERE name LIKE 'secret/%' ORDER BY name",
        [],
    )?;
    Ok(rows
        .into_iter()
        .filter_map(|row| row.name.strip_prefix(SECRETS).map(str::to_owned))
        .collect())
}

/// What is known of credentials without a key.
pub(super) fn credentials(database: &Database) -> Result<Vec<CredentialView>, Fault> {
    let rows: Vec<CredentialRow> = select(&database.connection, "ORDER BY connection", [])?;
    Ok(rows
        .into_iter()
        .map(|row| CredentialView {
            connection: row.connection,
            expires_at: row.expires_at,
            exchanging: row.exchanging.is_some(),
        })
        .collect())
}
