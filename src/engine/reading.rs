//! Pages in, commits out.

use std::collections::HashSet;
use std::sync::Arc;

use super::counting::{Counting, public_name};
use super::{Context, End, JobSink, OnError, Route, RunEvent, Staged, Stages, Trouble};
use crate::connectors::{Cursor, Known, Page};
use crate::operation::{Operation, as_delivered};
use crate::record::Record;
use crate::state::{
    Change, Commit, Decision, Fact, Group, GroupId, Lease, NewDeadLetter, Remains, ScopeOf,
    SinkTerms, SourceKnown, Store,
};

/// How many groups are read or forgotten at once.
const AT_ONCE: usize = 500;

/// Turns records into what is committed.
pub(super) struct Reading<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) lease: &'a Lease,
    pub(super) context: &'a Context<'a>,
    pub(super) terms: Arc<[SinkTerms]>,
    /// Held back for a guard.
    pub(super) hold: bool,
    /// What a held run would have done to whom.
    pub(super) contact_scopes: HashSet<ScopeOf>,
    /// Groups that are gone. They are forgotten once all that was made of them is where it goes,
    /// a file that is replaced at the end of the run too: after a crash they are given again.
    pub(super) gone: Vec<GroupId>,
}

/// What one page, or a part of one, came to.
#[derive(Default)]
pub(super) struct Gathered {
    operations: Vec<Operation>,
    /// Operations of sinks that are replaced whole.
    direct: Vec<Operation>,
    dead_letters: Vec<NewDeadLetter>,
    facts: Vec<Fact>,
    retried: Vec<i64>,
    groups: Vec<Group>,
    known: Vec<SourceKnown>,
    waits: bool,
    settles: bool,
    /// Why the run ends with this page, which is not complete then.
    pub(super) stop: Option<End>,
}

impl Gathered {
    /// What a source is to know in later runs; `waits` where that counts only once the sources
    /// have ended.
    pub(super) fn knows(&mut self, source: &Arc<str>, known: Vec<Known>, waits: bool) {
        self.waits = waits;
        self.known
            .extend(known.into_iter().map(|known| SourceKnown {
                source: Arc::clone(source),
                known,
            }));
    }

    /// What the sources told counts from now on.
    pub(super) fn settled() -> Self {
        Self {
            settles: true,
            ..Self::default()
        }
    }
}

impl Reading<'_> {
    /// Takes a page through the stages.
    pub(super) fn page(
        &mut self,
        page: Page,
        stages: &mut dyn Stages,
        sinks: &[JobSink],
        counting: &mut Counting,
    ) -> Gathered {
        let mut gathered = Gathered::default();
        for notice in page.notices {
            self.context
                .observer
                .told(RunEvent::Notice { message: notice });
        }
        for bad in page.bad {
            let class = "unreadable";
            counting.dead(self.context, &bad.name, None, (class, &bad.reason), false);
            gathered.dead_letters.push(NewDeadLetter {
                sink: None,
                record: bad.name,
                class: class.into(),
                reason: bad.reason,
                at: None,
                remains: Remains::Nothing,
            });
        }
        for record in page.records {
            self.record(record, stages, sinks, counting, &mut gathered);
            if gathered.stop.is_some() {
                break;
            }
        }
        gathered
    }

    /// Takes a record through the stages that was a dead letter; none: it is read again.
    pub(super) fn retried(
        &mut self,
        id: i64,
        record: Option<Record>,
        stages: &mut dyn Stages,
        sinks: &[JobSink],
        counting: &mut Counting,
    ) -> Gathered {
        let mut gathered = Gathered::default();
        if let Some(record) = record {
            self.record(record, stages, sinks, counting, &mut gathered);
        }
        gathered.retried.push(id);
        gathered
    }

    fn record(
        &mut self,
        record: Record,
        stages: &mut dyn Stages,
        sinks: &[JobSink],
        counting: &mut Counting,
        gathered: &mut Gathered,
    ) {
        let original = record.clone();
        let mut staged = Staged::default();
        let result = stages.process(record, &mut staged);
        self.gather(staged, Some(&original), sinks, counting, gathered);
        if let Err(reason) = result {
            gathered.stop = Some(End::SetAside { reason });
        }
    }

    /// Takes some of what the stages held back; none once nothing is left.
    pub(super) fn released(
        &mut self,
        stages: &mut dyn Stages,
        sinks: &[JobSink],
        counting: &mut Counting,
    ) -> Option<Gathered> {
        let mut gathered = Gathered::default();
        let mut staged = Staged::default();
        let more = stages.release(&mut staged);
        self.gather(staged, None, sinks, counting, &mut gathered);
        match more {
            Ok(true) => Some(gathered),
            Ok(false) => None,
            Err(reason) => {
                gathered.stop = Some(End::SetAside { reason });
                Some(gathered)
            }
        }
    }

    fn gather(
        &mut self,
        staged: Staged,
        original: Option<&Record>,
        sinks: &[JobSink],
        counting: &mut Counting,
        gathered: &mut Gathered,
    ) {
        let stops = |trouble: &Trouble| trouble.on_error == OnError::Stop;
        if let Some(trouble) = staged.troubles.iter().find(|trouble| stops(trouble)) {
            // Nothing of this record is kept: the next run reads it again.
            gathered.stop = Some(End::Stopped {
                reason: format!("{}: {}", public_name(&trouble.record), trouble.reason),
            });
            return;
        }
        counting.summary.kept += staged.kept;
        counting.summary.dropped += staged.dropped;
        counting.summary.unmatched += staged.unmatched;
        counting.matched(&staged.operations);
        gathered.facts.extend(staged.facts);
        gathered.groups.extend(staged.groups);
        self.gone.extend(staged.gone);
        for operation in staged.operations {
            match sinks.get(operation.sink_index) {
                Some(JobSink {
                    route: Route::Replace(_) | Route::Gauges(_),
                    ..
                }) => gathered.direct.push(operation),
                sink => {
                    if self.hold
                        && let Some(sink) = sink.filter(|sink| sink.contacts)
                    {
                        self.contact_scopes.insert(ScopeOf {
                            account: Arc::clone(&sink.account),
                            scope: Arc::clone(&operation.scope),
                        });
                    }
                    gathered.operations.push(operation);
                }
            }
        }
        for trouble in staged.troubles {
            let skipped = trouble.on_error == OnError::Skip;
            counting.dead(
                self.context,
                &trouble.record,
                trouble.sink.as_ref(),
                (&trouble.class, &trouble.reason),
                skipped,
            );
            if !skipped {
                gathered.dead_letters.push(NewDeadLetter {
                    sink: trouble.sink,
                    record: trouble.record,
                    class: trouble.class,
                    reason: trouble.reason,
                    at: trouble.at,
                    remains: original.map_or(Remains::Nothing, |record| {
                        Remains::Record(Box::new(record.clone()))
                    }),
                });
            }
        }
    }

    /// Makes it durable, with the cursor; adds to what is replaced whole.
    pub(super) async fn commit(
        &self,
        mut gathered: Gathered,
        cursors: Vec<(Arc<str>, Cursor)>,
        sinks: &mut [JobSink],
        counting: &mut Counting,
    ) -> Result<(), End> {
        gathered.operations = as_delivered(gathered.operations);
        let names: Vec<usize> = gathered
            .operations
            .iter()
            .map(|operation| operation.sink_index)
            .collect();
        let commit = Commit {
            cursors,
            sinks: Arc::clone(&self.terms),
            operations: gathered.operations,
            dead_letters: gathered.dead_letters,
            retried: gathered.retried,
            facts: gathered.facts,
            groups: gathered.groups,
            known: gathered.known,
            waits: gathered.waits,
            settles: gathered.settles,
            gone: Vec::new(),
            gauges: None,
            hold: self.hold,
            now: self.context.now(),
        };
        add_direct(gathered.direct, sinks, counting).await?;
        let decisions = self.store.commit(self.lease, Arc::new(commit)).await?;
        self.tell(&names, &decisions, sinks, counting);
        Ok(())
    }

    /// Takes up the groups that the last run made.
    pub(super) async fn recall(&self, stages: &mut dyn Stages) -> Result<(), End> {
        let mut after = None;
        loop {
            let groups = self.store.groups(self.lease, after, AT_ONCE).await?;
            let Some(last) = groups.last() else {
                return Ok(());
            };
            after = Some(last.id);
            stages
                .recall(&groups)
                .map_err(|reason| End::SetAside { reason })?;
        }
    }

    /// Forgets the groups that are gone.
    pub(super) async fn forget(&mut self) -> Result<(), End> {
        for ids in std::mem::take(&mut self.gone).chunks(AT_ONCE) {
            let commit = Commit {
                gone: ids.to_vec(),
                now: self.context.now(),
                ..Commit::default()
            };
            self.store.commit(self.lease, Arc::new(commit)).await?;
        }
        Ok(())
    }

    /// Keeps the gauges that the run set; those that it did not set are gone.
    pub(super) async fn set_gauges(&self, sinks: &[JobSink]) -> Result<(), End> {
        let gauges = sinks.iter().filter_map(|sink| match &sink.route {
            Route::Gauges(gauges) => Some(gauges.all().cloned()),
            Route::Replace(_) | Route::Outbox(_) => None,
        });
        let commit = Commit {
            gauges: Some(gauges.flatten().collect()),
            now: self.context.now(),
            ..Commit::default()
        };
        self.store.commit(self.lease, Arc::new(commit)).await?;
        Ok(())
    }

    fn tell(
        &self,
        names: &[usize],
        decisions: &[Decision],
        sinks: &[JobSink],
        counting: &mut Counting,
    ) {
        let (mut queued, mut unchanged, mut known, mut older, mut marked_known) = (0, 0, 0, 0, 0);
        for (index, decision) in names.iter().zip(decisions) {
            match decision {
                Decision::Queued(Change::New | Change::Changed) => queued += 1,
                Decision::Unchanged => {
                    unchanged += 1;
                    if let Some(sink) = sinks.get(*index) {
                        counting.sink(&sink.name).unchanged += 1;
                    }
                }
                Decision::Known => known += 1,
                Decision::Older => older += 1,
                Decision::MarkedKnown => {
                    marked_known += 1;
                    if let Some(sink) = sinks.get(*index) {
                        counting.sink(&sink.name).too_old += 1;
                    }
                }
            }
        }
        self.context.observer.told(RunEvent::Committed {
            queued,
            unchanged,
            known,
            older,
            marked_known,
        });
    }
}

async fn add_direct(
    operations: Vec<Operation>,
    sinks: &mut [JobSink],
    counting: &mut Counting,
) -> Result<(), End> {
    if operations.is_empty() {
        return Ok(());
    }
    for (index, sink) in sinks.iter_mut().enumerate() {
        let theirs = operations
            .iter()
            .filter(|operation| operation.sink_index == index);
        let count = theirs.clone().count() as u64;
        match &mut sink.route {
            Route::Replace(replacing) if count > 0 => {
                let theirs: Vec<Operation> = theirs.cloned().collect();
                replacing.add(&theirs).await.map_err(End::from)?;
            }
            Route::Gauges(gauges) => gauges.add(theirs).map_err(End::from)?,
            Route::Replace(_) | Route::Outbox(_) => {}
        }
        if count > 0 {
            counting.sink(&sink.name).sent += count;
        }
    }
    Ok(())
}
