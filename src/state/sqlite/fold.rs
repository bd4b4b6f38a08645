//! How an operation joins what is known: the one place that decides whether it is sent.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::params;

use super::super::{Change, Commit, Decision, Guarded, Held, Lease, SinkTerms, StateError};
use super::database::{Database, Fault};
use super::dead_letters;
use super::hash::Digest16;
use super::lanes::{self, Scopes};
use super::ledger::{self, KNOWN, LedgerRow, MARKED, key_hash, payload_hash, put_fact};
use super::outbox::{self, HELD, HELD_KNOWN, InFlight, Made, OutboxRow, PENDING};
use super::parts;
use super::row::{add, put, select};
use super::{gauges, groups};
use crate::operation::{Operation, Policy, Version, unite};
use crate::record::Value;

/// Makes a page durable.
pub(super) fn commit(
    database: &Database,
    lease: &Lease,
    commit: &Commit,
) -> Result<Vec<Decision>, Fault> {
    lanes::check(database, lease)?;
    let count = i64::try_from(commit.operations.len()).unwrap_or(i64::MAX);
    let mut place = Place {
        lane: lease.number,
        scopes: Scopes::of_lane(lease.number),
        now: commit.now,
        hold: commit.hold,
        sinks: commit.sinks.len(),
        in_flight: InFlight::of(database, lease.number)?,
    };
    let first = if count == 0 {
        0
    } else {
        database.number("outbox", count)?
    };
    let none = SinkTerms::default();
    let mut decisions = Vec::with_capacity(commit.operations.len());
    for (id, operation) in (first..).zip(&commit.operations) {
        let terms = commit.sinks.get(operation.sink_index).unwrap_or(&none);
        let scope = place
            .scopes
            .number(database, &terms.account, &operation.scope)?;
        let key = (scope, key_hash(database, &operation.key));
        let marks = marks(operation, terms);
        decisions.push(if place.hold {
            hold(database, &place, id, key, operation, marks)?
        } else {
            queue(database, &place, id, key, operation, marks)?
        });
    }
    lanes::put_cursors(database, lease.number, &commit.cursors, commit.now)?;
    for letter in &commit.dead_letters {
        dead_letters::of_record(database, lease.number, letter, commit.hold, commit.now)?;
    }
    for id in &commit.retried {
        dead_letters::retried(database, *id)?;
    }
    groups::keep(database, lease.number, &commit.groups, commit.hold)?;
    let hold = commit.hold || commit.waits;
    parts::keep(database, lease.number, &commit.known, hold)?;
    if commit.settles {
        parts::deliver_held(database, lease.number)?;
    }
    groups::forget(database, lease.number, &commit.gone)?;
    if let Some(gauges) = &commit.gauges {
        gauges::replace(database, lease.number, gauges)?;
    }
    for fact in commit.facts.iter().collect::<HashSet<_>>() {
        put_fact(database, fact)?;
    }
    Ok(decisions)
}

struct Place {
    lane: i64,
    scopes: Scopes,
    now: i64,
    hold: bool,
    /// How many sinks there are: nothing waits for the last one's.
    sinks: usize,
    in_flight: InFlight,
}

impl Place {
    fn made(&self, id: i64, key: (i64, Digest16)) -> Made {
        Made {
            id,
            lane: self.lane,
            key,
            now: self.now,
            hold: self.hold,
            sinks: self.sinks,
        }
    }
}

/// True where it happened so long ago that it is only marked as known.
fn marks(operation: &Operation, terms: &SinkTerms) -> bool {
    operation.policy != Policy::Latest
        && operation
            .happened_at
            .zip(terms.known_before)
            .is_some_and(|(happened_at, before)| happened_at < before)
}

/// What is known of a key whose newest operation counts.
struct Known {
    version: Version,
    fingerprint: Option<Digest16>,
    unites: Vec<Value>,
}

impl Known {
    fn of_ledger(row: &LedgerRow) -> Result<Self, Fault> {
        Ok(Self {
            version: row.version()?,
            fingerprint: row.fingerprint,
            unites: row.unites()?,
        })
    }
}

/// How an operation compares with what is known.
struct Judged {
    decision: Decision,
    /// Its payload is the newest known.
    newest: bool,
    /// All members ever seen.
    unites: Vec<Value>,
}

fn judge(database: &Database, operation: &Operation, known: Option<Known>) -> Judged {
    let Some(known) = known else {
        return Judged {
            decision: Decision::Queued(Change::New),
            newest: true,
            unites: unite(Vec::new(), operation.unites.clone()),
        };
    };
    let newest = operation.version.replaces(&known.version);
    let before = known.unites.len();
    let unites = unite(known.unites, operation.unites.clone());
    let gained = unites.len() > before;
    let same = newest && known.fingerprint == Some(payload_hash(database, &operation.payload));
    let decision = match (newest, same, gained) {
        (_, _, true) | (true, false, false) => Decision::Queued(Change::Changed),
        (true, true, false) => Decision::Unchanged,
        (false, _, false) => Decision::Older,
    };
    Judged {
        decision,
        newest,
        unites,
    }
}

/// What becomes of what would edit or delete where nothing was made: too old to be created, it is
/// marked as known with all that follows; what is deleted before it was seen is never created.
fn unsendable(
    operation: &Operation,
    known: Option<&LedgerRow>,
    marks: bool,
) -> Option<(Decision, i64)> {
    if operation.policy != Policy::Edited {
        return None;
    }
    match known {
        Some(entry) if entry.status == MARKED => Some((Decision::Known, MARKED)),
        Some(_) => None,
        None if operation.deletes() => Some((Decision::Known, KNOWN)),
        None if marks => Some((Decision::MarkedKnown, MARKED)),
        None => None,
    }
}

/// Folds an operation with the ledger and the outbox.
fn queue(
    database: &Database,
    place: &Place,
    id: i64,
    (scope, hash): (i64, Digest16),
    operation: &Operation,
    marks: bool,
) -> Result<Decision, Fault> {
    let connection = &database.connection;
    if operation.policy == Policy::Once {
        let status = if marks { MARKED } else { KNOWN };
        let entry = LedgerRow::of(database, scope, hash, operation, status, place.now);
        if !add(connection, &entry)? {
            return Ok(Decision::Known);
        }
        if marks {
            return Ok(Decision::MarkedKnown);
        }
        let mut row = OutboxRow::new(database, &place.made(id, (scope, hash)), operation);
        row.serial = entry.serial;
        row.put_with(database, operation)?;
        return Ok(Decision::Queued(Change::New));
    }
    let known = ledger::find(database, scope, &hash)?;
    if let Some((decision, status)) = unsendable(operation, known.as_ref(), marks) {
        if known.is_none() {
            let entry = LedgerRow::of(database, scope, hash, operation, status, place.now);
            put(connection, &entry)?;
        }
        return Ok(decision);
    }
    let judged = judge(
        database,
        operation,
        known.as_ref().map(Known::of_ledger).transpose()?,
    );
    if !matches!(judged.decision, Decision::Queued(_)) {
        if let Some(mut entry) = known
            && judged.newest
        {
            entry.set_version(&operation.version);
            put(connection, &entry)?;
        }
        return Ok(judged.decision);
    }
    let waiting = match &known {
        Some(_) => outbox::of_key(database, place.lane, scope, &hash, (PENDING, PENDING))?
            .filter(|row| !place.in_flight.holds(row.id)),
        None => None,
    };
    let mut asked = operation.clone();
    asked.unites = judged.unites;
    let mut entry = LedgerRow::of(database, scope, hash, &asked, KNOWN, place.now);
    if let Some(known) = known {
        entry.serial = known.serial;
        entry.first_at = known.first_at;
        if judged.newest {
            entry.serial += 1;
        } else {
            // Only members are new: the newer state stands as it is.
            entry.status = known.status;
            entry.set_version(&known.version()?);
            entry.fingerprint = known.fingerprint;
        }
    }
    let mut row = match waiting {
        Some(row) => {
            if !judged.newest {
                let unites = std::mem::take(&mut asked.unites);
                asked = row.operation(database)?;
                asked.unites = unites;
            }
            row
        }
        None => {
            if !judged.newest {
                asked.payload = Value::Null;
            }
            OutboxRow::new(database, &place.made(id, (scope, hash)), &asked)
        }
    };
    if judged.newest {
        row.serial = entry.serial;
    }
    row.put_with(database, &asked)?;
    put(connection, &entry)?;
    Ok(judged.decision)
}

/// Folds an operation with what is held back already, and with the ledger, which stays as it is.
fn hold(
    database: &Database,
    place: &Place,
    id: i64,
    (scope, hash): (i64, Digest16),
    operation: &Operation,
    marks: bool,
) -> Result<Decision, Fault> {
    let held = outbox::of_key(database, place.lane, scope, &hash, (HELD, HELD_KNOWN))?;
    let entry = ledger::find(database, scope, &hash)?;
    let new = |state: i64| {
        let mut row = OutboxRow::new(database, &place.made(id, (scope, hash)), operation);
        row.state = state;
        row.put_with(database, operation)
    };
    if operation.policy == Policy::Once {
        if held.is_some() || entry.is_some() {
            return Ok(Decision::Known);
        }
        new(if marks { HELD_KNOWN } else { HELD })?;
        return Ok(if marks {
            Decision::MarkedKnown
        } else {
            Decision::Queued(Change::New)
        });
    }
    if held.is_none()
        && let Some((decision, _)) = unsendable(operation, entry.as_ref(), marks)
    {
        if entry.is_none() {
            new(HELD_KNOWN)?;
        }
        return Ok(decision);
    }
    let known = match (&held, &entry) {
        (Some(row), _) => {
            let before = row.operation(database)?;
            Some(Known {
                version: before.version,
                fingerprint: Some(payload_hash(database, &before.payload)),
                unites: match &entry {
                    Some(entry) => unite(entry.unites()?, before.unites),
                    None => before.unites,
                },
            })
        }
        (None, Some(entry)) => Some(Known::of_ledger(entry)?),
        (None, None) => None,
    };
    let judged = judge(database, operation, known);
    let queued = matches!(judged.decision, Decision::Queued(_));
    match held {
        Some(mut row) if queued || judged.newest => {
            let mut asked = if judged.newest {
                operation.clone()
            } else {
                row.operation(database)?
            };
            asked.unites = judged.unites;
            if queued {
                row.state = HELD;
            }
            row.put_with(database, &asked)?;
        }
        None if queued => new(HELD)?,
        None if judged.newest => new(HELD_KNOWN)?,
        _ => {}
    }
    Ok(judged.decision)
}

/// Decides on what is held back.
pub(super) fn decide_held(
    database: &Database,
    lease: &Lease,
    held: &Held,
    now: i64,
) -> Result<(), Fault> {
    lanes::check(database, lease)?;
    let Held::Deliver { cursors } = held else {
        return outbox::discard_held(database, lease.number);
    };
    let connection = &database.connection;
    let ids: Vec<i64> = connection
        .prepare_cached("SELECT id FROM outbox WHERE lane_id = ? AND state IN (4, 5) ORDER BY id")?
        .query_map([lease.number], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let place = Place {
        lane: lease.number,
        scopes: Scopes::of_lane(lease.number),
        now,
        hold: false,
        sinks: usize::MAX,
        in_flight: InFlight::of(database, lease.number)?,
    };
    for id in ids {
        let rows: Vec<OutboxRow> = select(
            connection,
            "WHERE lane_id = ? AND id = ?",
            [lease.number, id],
        )?;
        for row in rows {
            let operation = row.operation(database)?;
            row.remove(database)?;
            // What deletes is told by itself; of what is known already this says nothing.
            let marks = row.state == HELD_KNOWN && operation.policy != Policy::Latest;
            queue(
                database,
                &place,
                id,
                (row.scope_id, row.hash),
                &operation,
                marks,
            )?;
        }
    }
    dead_letters::release(database, lease.number)?;
    groups::deliver_held(database, lease.number)?;
    parts::deliver_held(database, lease.number)?;
    lanes::put_cursors(database, lease.number, cursors, now)
}

/// What is held back and known, for each of the lane's scopes.
pub(super) fn guarded(database: &Database, lease: &Lease) -> Result<Vec<Guarded>, Fault> {
    let connection = &database.connection;
    let mut found = Vec::new();
    for (number, scope) in lanes::scopes_of(database, lease.number)? {
        let held: i64 = connection
            .prepare_cached(
                "SELECT count(*) FROM outbox WHERE lane_id = ? AND state = 4 AND scope_id = ?",
            )?
            .query_row(params![lease.number, number], |row| row.get(0))?;
        let known: i64 = connection
            .prepare_cached("SELECT count(*) FROM ledger WHERE scope_id = ?")?
            .query_row([number], |row| row.get(0))?;
        found.push(Guarded {
            scope,
            held: u64::try_from(held).unwrap_or(0),
            known: u64::try_from(known).unwrap_or(0),
        });
    }
    Ok(found)
}

/// What a commit would decide, without writing.
pub(super) fn foresee(
    database: &Database,
    sinks: &[SinkTerms],
    operations: &[Operation],
) -> Result<Vec<Decision>, Fault> {
    let none = SinkTerms::default();
    let mut decisions = Vec::with_capacity(operations.len());
    for operation in operations {
        let terms = sinks.get(operation.sink_index).unwrap_or(&none);
        let known = match lanes::scope_number(database, &terms.account, &operation.scope)? {
            Some(scope) => ledger::find(database, scope, &key_hash(database, &operation.key))?,
            None => None,
        };
        decisions.push(match (operation.policy, known) {
            (Policy::Once, Some(_)) => Decision::Known,
            (Policy::Once, None) if marks(operation, terms) => Decision::MarkedKnown,
            (Policy::Once, None) => Decision::Queued(Change::New),
            (Policy::Latest | Policy::Edited, known) => {
                if let Some((decision, _)) =
                    unsendable(operation, known.as_ref(), marks(operation, terms))
                {
                    decisions.push(decision);
                    continue;
                }
                let known = known.as_ref().map(Known::of_ledger).transpose()?;
                judge(database, operation, known).decision
            }
        });
    }
    Ok(decisions)
}

/// Queues the operation of a dead letter again; false where a newer one has overtaken it.
pub(super) fn queue_again(
    database: &Database,
    lane: i64,
    account: &str,
    operation: &Operation,
    attempts: i64,
    now: i64,
) -> Result<bool, Fault> {
    let connection = &database.connection;
    let account: Arc<str> = account.into();
    let scope = Scopes::of_lane(lane).number(database, &account, &operation.scope)?;
    let hash = key_hash(database, &operation.key);
    let known = ledger::find(database, scope, &hash)?;
    let set_only = operation.payload.is_null() && operation.policy == Policy::Latest;
    let overtaken = match (&known, operation.policy) {
        (Some(entry), Policy::Once) => entry.status == KNOWN,
        (Some(entry), Policy::Latest | Policy::Edited) => {
            !set_only && !operation.version.replaces(&entry.version()?)
        }
        (None, _) => false,
    };
    if overtaken {
        return Ok(false);
    }
    let id = database.number("outbox", 1)?;
    let made = Made {
        id,
        lane,
        key: (scope, hash),
        now,
        hold: false,
        sinks: usize::MAX,
    };
    let mut row = OutboxRow::new(database, &made, operation);
    row.attempts = attempts;
    if !set_only {
        let mut entry = LedgerRow::of(database, scope, hash, operation, KNOWN, now);
        if let Some(known) = known {
            entry.serial = known.serial + 1;
            entry.first_at = known.first_at;
            entry.set_unites(&unite(known.unites()?, operation.unites.clone()));
        }
        row.serial = entry.serial;
        put(connection, &entry)?;
    }
    row.put_with(database, operation)?;
    Ok(true)
}

/// The dead letter's number is not known.
pub(super) fn no_such_letter(id: i64) -> Fault {
    StateError::NotFound {
        what: format!("there is no dead letter {id}"),
    }
    .into()
}
