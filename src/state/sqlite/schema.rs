//! The tables, and how older files come to have them.

use rusqlite::Connection;

use super::database::Fault;

/// Marks the file as a state of flowline (`flow`).
const APPLICATION: i64 = 0x666c_6f77;

/// One script a version; a file of version n has had the first n. Never changed once released.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE keys (
        name TEXT PRIMARY KEY, secret BLOB NOT NULL, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE numbers (
        name TEXT PRIMARY KEY, next INTEGER NOT NULL, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE bindings (
        connection TEXT PRIMARY KEY, account TEXT NOT NULL, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE lanes (
        id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, shard INTEGER NOT NULL,
        fence INTEGER NOT NULL, holder TEXT, lease_until INTEGER NOT NULL,
        floor INTEGER, first_run INTEGER, taken_over_from TEXT, checksum INTEGER NOT NULL,
        UNIQUE (pipeline, shard)
    );
    CREATE TABLE cursors (
        lane_id INTEGER NOT NULL, source TEXT NOT NULL, cursor TEXT NOT NULL,
        moved_at INTEGER NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (lane_id, source)
    ) WITHOUT ROWID;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, started_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL, result TEXT NOT NULL, records INTEGER NOT NULL,
        incremental INTEGER NOT NULL, summary TEXT NOT NULL, checksum INTEGER NOT NULL
    );
    CREATE INDEX runs_of_lane ON runs (lane_id, id);
    CREATE TABLE scopes (
        id INTEGER PRIMARY KEY, account TEXT NOT NULL, scope TEXT NOT NULL,
        checksum INTEGER NOT NULL, UNIQUE (account, scope)
    );
    CREATE TABLE lane_scopes (
        lane_id INTEGER NOT NULL, scope_id INTEGER NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY (lane_id, scope_id)
    ) WITHOUT ROWID;
    CREATE TABLE ledger (
        scope_id INTEGER NOT NULL, hash BLOB NOT NULL, status INTEGER NOT NULL,
        serial INTEGER NOT NULL, version TEXT NOT NULL, fingerprint BLOB,
        unites TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
        checksum INTEGER NOT NULL, PRIMARY KEY (scope_id, hash)
    ) WITHOUT ROWID;
    CREATE TABLE outbox (
        lane_id INTEGER NOT NULL, id INTEGER NOT NULL, scope_id INTEGER NOT NULL,
        hash BLOB NOT NULL, folds INTEGER, subject INTEGER, blocks INTEGER,
        sink_index INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
        due_at INTEGER NOT NULL, sent_at INTEGER NOT NULL, serial INTEGER NOT NULL,
        operation TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (lane_id, id)
    ) WITHOUT ROWID;
    CREATE INDEX outbox_of_key ON outbox (folds) WHERE folds IS NOT NULL;
    CREATE INDEX outbox_of_subject ON outbox (blocks) WHERE blocks IS NOT NULL;
    CREATE TABLE sendings (
        lane_id INTEGER NOT NULL, id INTEGER NOT NULL, sent_at INTEGER NOT NULL,
        numbers TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (lane_id, id)
    ) WITHOUT ROWID;
    CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, trouble BLOB NOT NULL, sink TEXT,
        account TEXT NOT NULL, key TEXT NOT NULL, record TEXT NOT NULL, class TEXT NOT NULL,
        reason TEXT NOT NULL, place TEXT, time INTEGER NOT NULL, attempts INTEGER NOT NULL,
        state INTEGER NOT NULL, remains INTEGER NOT NULL, content TEXT NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE INDEX dead_letters_of_trouble ON dead_letters (lane_id, trouble);
    CREATE TABLE facts (
        kind INTEGER NOT NULL, hash BLOB NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY (kind, hash)
    ) WITHOUT ROWID;
    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY, connection TEXT NOT NULL, identifier TEXT NOT NULL,
        received_at INTEGER NOT NULL, body TEXT, checksum INTEGER NOT NULL,
        UNIQUE (connection, identifier)
    );
    CREATE TABLE permits (
        family TEXT PRIMARY KEY, next_us INTEGER NOT NULL, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE limits (
        connection TEXT NOT NULL, family TEXT NOT NULL, ceiling INTEGER, remaining INTEGER,
        resets_at INTEGER, seen_at INTEGER NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY (connection, family)
    ) WITHOUT ROWID;
    CREATE TABLE groups (
        lane_id INTEGER NOT NULL, id BLOB NOT NULL, sealed BLOB NOT NULL,
        state INTEGER NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (lane_id, id)
    ) WITHOUT ROWID;
",
    "
    CREATE TABLE receipts (
        scope_id INTEGER NOT NULL, hash BLOB NOT NULL, receipt TEXT NOT NULL,
        checksum INTEGER NOT NULL, PRIMARY KEY (scope_id, hash)
    ) WITHOUT ROWID;
    CREATE INDEX keys_of_receipt ON receipts (scope_id, receipt);
    CREATE TABLE gauges (
        lane_id INTEGER NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL,
        value TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (lane_id, name, labels)
    ) WITHOUT ROWID;
    CREATE TABLE sealed (
        name TEXT PRIMARY KEY, sealed BLOB NOT NULL, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE credentials (
        connection TEXT PRIMARY KEY, sealed BLOB NOT NULL, version INTEGER NOT NULL,
        expires_at INTEGER, exchanging INTEGER, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX inbox_waiting ON inbox (connection, id) WHERE body IS NOT NULL;
    CREATE TABLE webhook_secrets (
        connection TEXT PRIMARY KEY, mark BLOB NOT NULL, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE watched (
        pipeline TEXT PRIMARY KEY, failing_since INTEGER, failures INTEGER NOT NULL,
        last_success INTEGER, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE parts (
        lane_id INTEGER NOT NULL, source TEXT NOT NULL, owner TEXT NOT NULL,
        state INTEGER NOT NULL, parts TEXT NOT NULL, checksum INTEGER NOT NULL,
        PRIMARY KEY (lane_id, source, owner, state)
    ) WITHOUT ROWID;
",
];

/// The newest version that this program knows.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings a file to the newest version, inside the caller's transaction. Answers true where the
/// file was empty.
pub(super) fn migrate(connection: &Connection) -> Result<bool, Fault> {
    let Some(version) = version(connection)? else {
        connection.pragma_update(None, "application_id", APPLICATION)?;
        run_from(connection, 0)?;
        return Ok(true);
    };
    if version < newest() {
        run_from(connection, version)?;
    }
    Ok(false)
}

/// A file's version; none where it is empty.
///
/// # Errors
/// Where it is something else, or newer.
pub(super) fn version(connection: &Connection) -> Result<Option<i64>, Fault> {
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(None),
        (APPLICATION, found, _) if found > newest() => Err(Fault::Newer(found)),
        (APPLICATION, found, _) => Ok(Some(found)),
        _ => Err(Fault::NotAState),
    }
}

fn run_from(connection: &Connection, version: i64) -> Result<(), Fault> {
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    for script in MIGRATIONS.iter().skip(done) {
        connection.execute_batch(script)?;
    }
    connection.pragma_update(None, "user_version", newest())?;
    Ok(())
}
