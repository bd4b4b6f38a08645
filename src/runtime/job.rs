//! A plan as the job of a run: what can write is made here and nowhere else.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

use super::{Connected, open_sources};
use crate::connectors::brevo::spec::ListRef;
use crate::connectors::brevo::{
    AccountFacts, ContactWriter, EventWriter, Needs, create_attributes, create_lists, refusal,
};
use crate::connectors::file::FileWriter;
use crate::engine::{Guard, JobSink, JobSource, Route};
use crate::expression::{Expression, Kind};
use crate::http::{Class, Failure};
use crate::plan::{Plan, SinkKind};

/// A plan joined to its services.
pub struct Prepared {
    /// Where records come from.
    pub sources: Vec<JobSource>,
    /// Where operations go.
    pub sinks: Vec<JobSink>,
    /// What stops the run.
    pub guard: Option<Guard>,
    /// What was created before the first write, in one sentence each.
    pub told: Vec<String>,
}

/// Checks the accounts against the plan and makes its writers.
///
/// # Errors
/// What the account lacks, with what to do; what stands in the way.
pub async fn prepare(
    plan: &Arc<Plan>,
    connected: &Connected,
    root: &Path,
) -> Result<Prepared, Failure> {
    let Accounts { mut facts, needs } = accounts(plan, connected).await?;
    let mut told = Vec::new();
    for (name, account) in &mut facts {
        let session = connected.brevo.get(name).ok_or_else(|| missing(name))?;
        if let Some(needs) = needs.get(name) {
            told.extend(create_attributes(account, session, &needs.create).await?);
        }
        for sink in &plan.sinks {
            if let SinkKind::Contacts(spec) = &sink.kind
                && sink.connection.as_ref() == Some(name)
                && let Some(lists) = &spec.lists
            {
                let mut names = Vec::new();
                literal_names(&lists.value, &mut names);
                told.extend(create_lists(session, account, spec, &names).await?);
            }
        }
    }
    let facts: BTreeMap<Arc<str>, Arc<AccountFacts>> = facts
        .into_iter()
        .map(|(name, facts)| (name, Arc::new(facts)))
        .collect();
    let mut sinks = Vec::new();
    for sink in &plan.sinks {
        let session = sink
            .connection
            .as_ref()
            .and_then(|name| connected.brevo.get(name));
        let account = sink.connection.as_ref().and_then(|name| facts.get(name));
        let (route, backfill_ms, once, contacts) = match (&sink.kind, session, account) {
            (SinkKind::Contacts(spec), Some(session), Some(account)) => {
                let (session, account) = (Arc::clone(session), Arc::clone(account));
                let writer = ContactWriter::new(session, account, spec, plan.zone.clone());
                (Route::Outbox(Box::new(writer)), 0, Vec::new(), true)
            }
            (SinkKind::Events(spec), Some(session), Some(account)) => {
                let (session, account) = (Arc::clone(session), Arc::clone(account));
                let writer = EventWriter::new(session, account, plan.zone.clone());
                let name = spec.name.as_literal().and_then(|name| name.as_str());
                let scopes = name
                    .map(|name| Arc::from(format!("brevo.events/{name}")))
                    .into_iter()
                    .collect();
                (
                    Route::Outbox(Box::new(writer)),
                    spec.backfill_ms,
                    scopes,
                    false,
                )
            }
            (SinkKind::File(spec), ..) => (
                Route::Replace(Box::new(FileWriter::open(root, spec)?)),
                0,
                Vec::new(),
                false,
            ),
            (SinkKind::Contacts(_) | SinkKind::Events(_), ..) => return Err(missing(&sink.name)),
        };
        sinks.push(JobSink {
            name: Arc::clone(&sink.name),
            account: session.map_or_else(
                || "".into(),
                |session| format!("brevo:{}", session.account).into(),
            ),
            route,
            on_error: sink.on_error.into(),
            backfill_ms,
            visible_after_ms: session.map_or(0, |session| session.visible_after_ms),
            once_scopes: once,
            contacts,
        });
    }
    let guard = plan.guard.is_set().then(|| Guard::from(plan.guard));
    Ok(Prepared {
        sources: open_sources(plan, connected, root),
        sinks,
        guard,
        told,
    })
}

/// The accounts that a plan's sinks write to, held against the plan.
pub struct Accounts {
    /// What they have, by connection.
    pub facts: BTreeMap<Arc<str>, AccountFacts>,
    /// What they lack and would get before the first write, by connection.
    pub needs: BTreeMap<Arc<str>, Needs>,
}

/// Reads the accounts of a plan's sinks.
///
/// # Errors
/// What an account lacks, with what to do; what stands in the way.
pub async fn accounts(plan: &Plan, connected: &Connected) -> Result<Accounts, Failure> {
    let mut facts: BTreeMap<Arc<str>, AccountFacts> = BTreeMap::new();
    let mut needs: BTreeMap<Arc<str>, Needs> = BTreeMap::new();
    for sink in &plan.sinks {
        let Some(name) = &sink.connection else {
            continue;
        };
        let session = connected.brevo.get(name).ok_or_else(|| missing(name))?;
        let account = match facts.entry(Arc::clone(name)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(AccountFacts::read(session).await?),
        };
        let needs = needs.entry(Arc::clone(name)).or_default();
        match &sink.kind {
            SinkKind::Contacts(spec) => account.check_contacts(spec, needs),
            SinkKind::Events(spec) => account.check_events(spec, needs),
            SinkKind::File(_) => {}
        }
    }
    // All accounts first: what one lacks keeps the others as they are.
    match needs.values().find_map(refusal) {
        Some(failure) => Err(failure),
        None => Ok(Accounts { facts, needs }),
    }
}

fn missing(name: &str) -> Failure {
    Failure::new(Class::Rejected, format!("`{name}` is not connected"))
}

/// Names of lists that are written in the file: those that can be created before the first write.
fn literal_names(expression: &Expression, found: &mut Vec<String>) {
    match expression.kind() {
        Kind::List(elements) | Kind::First(elements) => {
            for element in elements {
                literal_names(element, found);
            }
        }
        _ => {
            let literal = expression.as_literal().and_then(ListRef::from_value);
            let rows = expression
                .options()
                .lookup
                .as_ref()
                .map(|lookup| lookup.rows())
                .unwrap_or_default();
            let rows = rows
                .iter()
                .filter_map(|(_, to)| ListRef::from_value(&to.value));
            found.extend(
                literal
                    .into_iter()
                    .chain(rows)
                    .filter_map(|list| match list {
                        ListRef::Name(name) => Some(name),
                        ListRef::Id(_) => None,
                    }),
            );
        }
    }
}
