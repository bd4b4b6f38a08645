//! What would become of each operation: by what is known as sent, and by what the destination has.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value as Json;

use super::Planning;
use super::calls::{self, Calls};
use super::read::Read;
use crate::cli::commands::telling::refuse;
use crate::cli::exit::Exit;
use crate::cli::services;
use crate::connectors::brevo::{
    AccountFacts, ContactReader, FieldChange, Foreseen, Session, Standing, event_calls,
    foresee_standings,
};
use crate::operation::{Operation, Policy, as_delivered, fold_all};
use crate::plan::{SinkKind, SinkPlan};
use crate::record::{Object, Value};
use crate::state::{Change, Decision, SinkTerms, StateReader, View as _};

/// What judges operations.
pub(super) struct Foresight<'a> {
    pub(super) planning: &'a Planning<'a>,
    pub(super) facts: BTreeMap<Arc<str>, Arc<AccountFacts>>,
    pub(super) state: Option<&'a StateReader>,
    pub(super) terms: Vec<SinkTerms>,
}

/// An operation and what would become of it.
pub(super) struct Shown {
    pub(super) operation: Operation,
    pub(super) action: &'static str,
    pub(super) changes: Vec<FieldChange>,
    /// Why it would be a dead letter.
    pub(super) why: Option<String>,
    /// It happened so long before the first run that it would only be marked as known.
    pub(super) too_old: bool,
    /// How many calls its first delivery takes.
    calls: u64,
}

impl Foresight<'_> {
    /// All operations of a run, each once, judged.
    pub(super) async fn operations(&self, read: &Read) -> Result<Vec<Shown>, Exit> {
        let operations = fold_all(read.processed.operations.clone());
        let decisions = self.decide(&operations).await?;
        let mut shown: Vec<Shown> = operations
            .into_iter()
            .zip(decisions)
            .map(|(operation, decision)| judged(operation, decision))
            .collect();
        for (index, sink) in self.planning.plan.sinks.iter().enumerate() {
            let spec = match &sink.kind {
                SinkKind::Contacts(spec) => spec,
                SinkKind::Notes(_) | SinkKind::Lists(_) | SinkKind::Objects(_) => {
                    self.standings(index, sink, &mut shown).await?;
                    continue;
                }
                _ => continue,
            };
            let Some((session, facts)) = self.account(sink) else {
                continue;
            };
            let zone = self.planning.plan.zone.clone();
            let reader = ContactReader::new(Arc::clone(session), Arc::clone(facts), spec, zone);
            let mut asked: Vec<&mut Shown> = shown
                .iter_mut()
                .filter(|one| one.operation.sink_index == index && one.action != "unchanged")
                .collect();
            let operations: Vec<&Operation> = asked.iter().map(|one| &one.operation).collect();
            let foreseen = reader.foresee(&operations).await;
            let foreseen =
                foreseen.map_err(|failure| services::failed(self.planning.context, &failure))?;
            for (one, foreseen) in asked.iter_mut().zip(foreseen) {
                one.take(foreseen);
            }
        }
        Ok(shown)
    }

    /// Who of a sink's operations is nobody in the account.
    async fn standings(
        &self,
        index: usize,
        sink: &SinkPlan,
        shown: &mut [Shown],
    ) -> Result<(), Exit> {
        let Some((session, facts)) = self.account(sink) else {
            return Ok(());
        };
        let mut asked: Vec<&mut Shown> = shown
            .iter_mut()
            .filter(|one| one.operation.sink_index == index && one.action != "unchanged")
            .collect();
        let operations: Vec<&Operation> = asked.iter().map(|one| &one.operation).collect();
        let edits: Vec<bool> = asked.iter().map(|one| one.action == "update").collect();
        let foreseen = foresee_standings(session, facts, &operations, &edits).await;
        let foreseen =
            foreseen.map_err(|failure| services::failed(self.planning.context, &failure))?;
        for (one, foreseen) in asked.iter_mut().zip(foreseen) {
            if let Some(foreseen) = foreseen {
                one.take(foreseen);
            }
        }
        Ok(())
    }

    fn account(&self, sink: &SinkPlan) -> Option<(&Arc<Session>, &Arc<AccountFacts>)> {
        let name = sink.connection.as_ref()?;
        let session = self.planning.services.connected.brevo.get(name)?;
        Some((session, self.facts.get(name)?))
    }

    async fn decide(&self, operations: &[Operation]) -> Result<Vec<Decision>, Exit> {
        let Some(state) = self.state else {
            let decisions = operations
                .iter()
                .map(|operation| without_state(operation, &self.terms));
            return Ok(decisions.collect());
        };
        let decisions = state.decide(&self.terms, operations).await;
        decisions.map_err(|error| refuse(&error, &self.planning.context.output))
    }

    /// Adds the calls of delivering: a run delivers page by page, so that a contact that several
    /// pages change is written several times.
    pub(super) async fn calls(
        &self,
        read: &Read,
        shown: &[Shown],
        calls: &mut Calls,
    ) -> Result<(), Exit> {
        let first: HashMap<Key<'_>, u64> = shown
            .iter()
            .map(|one| (key(&one.operation), one.calls))
            .collect();
        // What a run has come to so far, by key.
        let mut known: HashMap<OwnedKey, Operation> = HashMap::new();
        let mut asked = BTreeSet::new();
        for page in read.pages() {
            let mut sent: Vec<(Operation, u64)> = Vec::new();
            for operation in as_delivered(page.to_vec()) {
                if !operation.has_key() {
                    continue;
                }
                match known.entry(owned(&operation)) {
                    Entry::Vacant(place) => {
                        let cost = first.get(&key(&operation)).copied().unwrap_or_default();
                        sent.push((place.insert(operation).clone(), cost));
                    }
                    Entry::Occupied(mut place) if operation.policy != Policy::Once => {
                        let before = place.get().fingerprint();
                        let folded = place.get().clone().fold(operation);
                        if folded.fingerprint() != before {
                            // It is there by now: one update.
                            sent.push((folded.clone(), 1));
                        }
                        place.insert(folded);
                    }
                    Entry::Occupied(_) => {}
                }
            }
            let operations: Vec<Operation> = sent
                .iter()
                .map(|(operation, _)| operation.clone())
                .collect();
            let decisions = self.decide(&operations).await?;
            let queued: Vec<&(Operation, u64)> = sent
                .iter()
                .zip(decisions)
                .filter(|(_, decision)| matches!(decision, Decision::Queued(_)))
                .map(|(sent, _)| sent)
                .collect();
            self.page_calls(&queued, calls);
            self.created_calls(&queued, calls, &mut asked);
        }
        Ok(())
    }

    /// The calls of what is created one by one: in Jira, and by requests of one's own. A sink that
    /// creates issues asks once what the site's fields take, which `asked` remembers.
    fn created_calls(
        &self,
        queued: &[&(Operation, u64)],
        calls: &mut Calls,
        asked: &mut BTreeSet<usize>,
    ) {
        for (index, sink) in self.planning.plan.sinks.iter().enumerate() {
            let theirs = queued.iter().filter(|(one, _)| one.sink_index == index);
            let count = u64::try_from(theirs.count()).unwrap_or(0);
            match (&sink.kind, &sink.connection) {
                (SinkKind::JiraIssue(_), Some(name)) => {
                    if count > 0 && asked.insert(index) {
                        calls::add(calls, name, "jira", 1);
                    }
                    calls::add(calls, name, "jira writes", count);
                }
                (SinkKind::JiraComment(_), Some(name)) => {
                    calls::add(calls, name, "jira writes", count);
                }
                (SinkKind::Http(_), _) => calls::add(calls, &sink.name, "http", count),
                _ => {}
            }
        }
    }

    /// The calls to Brevo that what is delivered together takes.
    fn page_calls(&self, queued: &[&(Operation, u64)], calls: &mut Calls) {
        let rounds = rounds(queued);
        for (index, sink) in self.planning.plan.sinks.iter().enumerate() {
            let (Some((session, facts)), Some(name)) = (self.account(sink), &sink.connection)
            else {
                continue;
            };
            let theirs = queued
                .iter()
                .zip(&rounds)
                .filter(|((operation, _), _)| operation.sink_index == index);
            match &sink.kind {
                SinkKind::Contacts(_) => {
                    let count = theirs.map(|((_, cost), _)| cost).sum();
                    calls::add(calls, name, "contacts", count);
                }
                SinkKind::Events(_) => {
                    let mut together: BTreeMap<usize, Vec<&Operation>> = BTreeMap::new();
                    for ((operation, _), round) in theirs {
                        together.entry(*round).or_default().push(operation);
                    }
                    let zone = &self.planning.plan.zone;
                    for together in together.values() {
                        let events = event_calls(session, facts, zone, together);
                        for (family, count) in events.by_family() {
                            calls::add(calls, name, family, count);
                        }
                    }
                }
                SinkKind::Lists(_) => {
                    // A request holds 150 of a list.
                    let count = u64::try_from(theirs.count()).unwrap_or(0);
                    calls::add(calls, name, "contacts", count.div_ceil(150));
                }
                SinkKind::Notes(_) => {
                    let (mut notes, mut lookups) = (0, 0);
                    for ((operation, _), _) in theirs {
                        notes += 1;
                        lookups += u64::from(!operation.deletes());
                    }
                    calls::add(calls, name, "other", notes);
                    calls::add(calls, name, "contacts", lookups);
                }
                SinkKind::Campaigns(_) => {
                    // Made, looked at, sent.
                    let count = u64::try_from(theirs.count()).unwrap_or(0);
                    calls::add(calls, name, "other", 3 * count);
                }
                SinkKind::Email(_) => {
                    calls::add(
                        calls,
                        name,
                        "email",
                        u64::try_from(theirs.count()).unwrap_or(0),
                    );
                }
                SinkKind::Objects(_) => {
                    // A request holds a thousand, and its process is asked after.
                    let count = u64::try_from(theirs.count()).unwrap_or(0);
                    calls::add(calls, name, "other", 2 * count.div_ceil(1_000));
                }
                SinkKind::JiraIssue(_)
                | SinkKind::JiraComment(_)
                | SinkKind::Http(_)
                | SinkKind::Metrics(_)
                | SinkKind::File(_) => {}
            }
        }
    }
}

/// In which round each is delivered: what an earlier sink has for the same person goes first.
fn rounds(queued: &[&(Operation, u64)]) -> Vec<usize> {
    let mut waiting: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    let mut rounds = Vec::with_capacity(queued.len());
    for (operation, _) in queued {
        let Some(subject) = operation.subject.as_deref() else {
            rounds.push(0);
            continue;
        };
        let earlier = waiting.entry(subject).or_default();
        let round = earlier
            .iter()
            .filter(|(sink, _)| *sink < operation.sink_index)
            .map(|(_, round)| round + 1)
            .max()
            .unwrap_or_default();
        earlier.push((operation.sink_index, round));
        rounds.push(round);
    }
    rounds
}

/// What an operation is known by within a plan.
type Key<'o> = (usize, &'o str, &'o str);

type OwnedKey = (usize, Arc<str>, Arc<str>);

fn owned(operation: &Operation) -> OwnedKey {
    let Operation { scope, key, .. } = operation;
    (operation.sink_index, Arc::clone(scope), Arc::clone(key))
}

fn key(operation: &Operation) -> Key<'_> {
    (operation.sink_index, &operation.scope, &operation.key)
}

impl Shown {
    /// What the destination makes of it.
    fn take(&mut self, foreseen: Foreseen) {
        self.changes = foreseen.changes;
        self.calls = foreseen.calls;
        self.action = match foreseen.standing {
            Standing::New => "create",
            Standing::There => "update",
            Standing::Unmatched => "unmatched",
            Standing::Refused(reason) => {
                self.why = Some(reason);
                "refused"
            }
        };
    }
}

fn judged(operation: Operation, decision: Decision) -> Shown {
    let action = match (operation.policy, decision) {
        (_, Decision::Unchanged | Decision::Known | Decision::Older | Decision::MarkedKnown) => {
            "unchanged"
        }
        (Policy::Once, Decision::Queued(_)) => "send",
        (_, Decision::Queued(Change::Changed)) => "update",
        (_, Decision::Queued(Change::New)) => "create",
    };
    let changes = match action {
        "unchanged" => Vec::new(),
        _ => fields(&operation),
    };
    Shown {
        operation,
        action,
        changes,
        why: None,
        too_old: decision == Decision::MarkedKnown,
        calls: 1,
    }
}

/// Without a state nothing is known but that what is too old for `backfill` is not sent.
fn without_state(operation: &Operation, terms: &[SinkTerms]) -> Decision {
    let before = terms
        .get(operation.sink_index)
        .and_then(|terms| terms.known_before);
    let old = operation
        .happened_at
        .zip(before)
        .is_some_and(|(at, before)| at < before);
    if operation.deletes() {
        // Nothing is known that it could delete.
        Decision::Known
    } else if operation.policy != Policy::Latest && old {
        Decision::MarkedKnown
    } else {
        Decision::Queued(Change::New)
    }
}

/// The fields of a message, or of what a file gets: none of them was there before.
fn fields(operation: &Operation) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    let members = operation.payload.as_object().into_iter();
    for (name, value) in members.flat_map(Object::iter) {
        match (&**name, value) {
            ("attributes" | "properties", Value::Object(members)) => {
                fields.extend(members.iter().map(|(name, value)| new(name, value)));
            }
            ("identify" | "mode", _) => {}
            ("deleted", Value::Bool(true)) => fields.push(new("text", &Value::Null)),
            _ => fields.push(new(name, value)),
        }
    }
    fields
}

fn new(name: &str, value: &Value) -> FieldChange {
    FieldChange {
        name: name.to_owned(),
        old: Json::Null,
        new: serde_json::to_value(value).unwrap_or_default(),
    }
}
