//! One open connection with all that a row needs: the state's key, the database's time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::super::StateError;
use super::hash::Keyed;
use super::remembered::Remembered;
use super::row::{Cell, Stored, first, put};
use super::schema;

/// The database's time in epoch milliseconds: its own, or a given one for simulated days.
#[derive(Clone, Default)]
pub enum DatabaseTime {
    /// The database's own clock.
    #[default]
    Own,
    /// What the function says.
    Given(Arc<dyn Fn() -> i64 + Send + Sync>),
}

/// What goes wrong below, before it is known for which file.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Damaged(String),
    Newer(i64),
    NotAState,
    State(StateError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<super::super::stored::Unreadable> for Fault {
    fn from(_: super::super::stored::Unreadable) -> Self {
        Self::Damaged("a row holds what this flowline did not write".into())
    }
}

impl Fault {
    /// The error as it is told, for the file at `path`.
    pub(super) fn at(self, path: &Arc<str>) -> StateError {
        let path = Arc::clone(path);
        match self {
            Self::State(error) => error,
            Self::Damaged(what) => StateError::Damaged { path, what },
            Self::Newer(found) => StateError::Newer {
                path,
                found,
                known: schema::newest(),
            },
            Self::NotAState => StateError::NotAState { path },
            Self::Sql(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => StateError::Full { path },
                Some(ErrorCode::NotADatabase) => StateError::NotAState { path },
                Some(ErrorCode::DatabaseCorrupt) => StateError::Damaged {
                    path,
                    what: error.to_string(),
                },
                _ => StateError::Storage {
                    path,
                    message: error.to_string(),
                },
            },
        }
    }

    /// True where there is no room on the disk.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Sql(error) => error.sqlite_error_code() == Some(ErrorCode::DiskFull),
            Self::State(error) => matches!(error, StateError::Full { .. }),
            _ => false,
        }
    }
}

/// An open state.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) keyed: Keyed,
    pub(super) path: Arc<str>,
    pub(super) remembered: Remembered,
    time: DatabaseTime,
}

impl Database {
    /// Opens for writing; makes the file where there is none.
    pub(super) fn open(
        file: &Path,
        path: &Arc<str>,
        time: DatabaseTime,
    ) -> Result<Self, StateError> {
        let open = || -> Result<Self, Fault> {
            private(file);
            let mut connection = Connection::open(file)?;
            prepare(&connection)?;
            // Recognised before anything is written, so that a foreign file stays as it is.
            schema::version(&connection)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "secure_delete", true)?;
            // Hashes lie anywhere in the ledger: 4 MiB hold those of some 40,000 messages.
            connection.pragma_update(None, "cache_size", -4_096)?;
            // A page that changes often is copied back once.
            connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if schema::migrate(&transaction)? {
                put(&transaction, &Key::random()?)?;
            }
            transaction.commit()?;
            let keyed = key_of(&connection)?;
            Ok(Self {
                connection,
                keyed,
                path: Arc::clone(path),
                remembered: Remembered::default(),
                time,
            })
        };
        open().map_err(|fault| fault.at(path))
    }

    /// Keeps little in memory: the outbox's first rows are all that is read again and again.
    pub(super) fn keep_little(&self, path: &Arc<str>) -> Result<(), StateError> {
        self.connection
            .pragma_update(None, "cache_size", -1_024)
            .map_err(|error| Fault::from(error).at(path))
    }

    /// Opens what is there for reading; makes no file, not even a temporary one, where no other
    /// process writes.
    pub(super) fn open_to_read(file: &Path, path: &Arc<str>) -> Result<Self, StateError> {
        Self::open_newest_to_read(file, path)?.ok_or_else(|| StateError::Storage {
            path: Arc::clone(path),
            message: "it has an older format, which the next `flowline run` brings up to date"
                .into(),
        })
    }

    /// As [`Self::open_to_read`]; none where it has an older format.
    pub(super) fn open_newest_to_read(
        file: &Path,
        path: &Arc<str>,
    ) -> Result<Option<Self>, StateError> {
        let open = || -> Result<Option<Self>, Fault> {
            let mut log = file.as_os_str().to_owned();
            log.push("-wal");
            let connection = if Path::new(&log).exists() {
                Connection::open_with_flags(
                    file,
                    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
                )?
            } else {
                Connection::open_with_flags(
                    immutable_uri(file),
                    OpenFlags::SQLITE_OPEN_READ_ONLY
                        | OpenFlags::SQLITE_OPEN_NO_MUTEX
                        | OpenFlags::SQLITE_OPEN_URI,
                )?
            };
            prepare(&connection)?;
            match schema::version(&connection)? {
                Some(version) if version == schema::newest() => {}
                Some(_) => return Ok(None),
                None => return Err(Fault::NotAState),
            }
            let keyed = key_of(&connection)?;
            Ok(Some(Self {
                connection,
                keyed,
                path: Arc::clone(path),
                remembered: Remembered::default(),
                time: DatabaseTime::Own,
            }))
        };
        open().map_err(|fault| fault.at(path))
    }

    /// Does something in one transaction; it is undone where it fails.
    pub(super) fn within<T>(
        &self,
        behaviour: TransactionBehavior,
        work: impl FnOnce(&Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let transaction = Transaction::new_unchecked(&self.connection, behaviour)?;
        let done = work(self)?;
        transaction.commit()?;
        Ok(done)
    }

    /// The database's time in epoch milliseconds.
    pub(super) fn now(&self) -> Result<i64, Fault> {
        match &self.time {
            DatabaseTime::Own => Ok(self
                .connection
                .prepare_cached("SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)")?
                .query_row([], |row| row.get(0))?),
            DatabaseTime::Given(time) => Ok(time()),
        }
    }

    /// Takes the next `count` numbers of a table, never used before; answers the first.
    pub(super) fn number(&self, table: &'static str, count: i64) -> Result<i64, Fault> {
        let known: Option<Numbers> = first(&self.connection, "WHERE name = ?", [table])?;
        let next = known.map_or(1, |numbers| numbers.next);
        let numbers = Numbers {
            name: table.into(),
            next: next + count,
        };
        put(&self.connection, &numbers)?;
        Ok(next)
    }
}

/// Makes the file where there is none so that others cannot read it: people's data lies in it
/// until it is settled. SQLite gives the files beside it the same mode.
fn private(file: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    // One that is there stays as it is; what cannot be made is SQLite's to tell.
    made.map(drop).unwrap_or_default();
}

fn prepare(connection: &Connection) -> Result<(), Fault> {
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.set_prepared_statement_cache_capacity(128);
    // One plan a statement: without it some are planned again for every value that is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// The file as a URI that promises SQLite that nobody changes it.
fn immutable_uri(file: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = String::from("file:");
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(*byte));
            }
            // Writing to a string cannot fail.
            _ => write!(uri, "%{byte:02X}").unwrap_or_default(),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn key_of(connection: &Connection) -> Result<Keyed, Fault> {
    first::<Key>(connection, "WHERE name = 'ledger'", [])?
        .and_then(|key| Keyed::new(&key.secret))
        .ok_or_else(|| Fault::Damaged("its key is missing".into()))
}

/// The random key of this state's hashes.
struct Key {
    secret: Vec<u8>,
}

impl Key {
    fn random() -> Result<Self, Fault> {
        let mut secret = vec![0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| Fault::Damaged(format!("no random numbers: {error}")))?;
        Ok(Self { secret })
    }
}

impl Stored for Key {
    const TABLE: &'static str = "keys";
    const KEY: &'static str = "name";
    const COLUMNS: &'static [&'static str] = &["name", "secret"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![Cell::Text("ledger"), Cell::Blob(&self.secret)]
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            secret: row.get(1)?,
        })
    }
}

struct Numbers {
    name: String,
    next: i64,
}

impl Stored for Numbers {
    const TABLE: &'static str = "numbers";
    const KEY: &'static str = "name";
    const COLUMNS: &'static [&'static str] = &["name", "next"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![self.name.as_str().into(), self.next.into()]
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            next: row.get(1)?,
        })
    }
}
