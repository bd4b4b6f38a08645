//! Reading the source as a run would, up to the operations.

use std::collections::HashSet;
use std::sync::Arc;

use super::Planning;
use crate::cli::commands::telling::refuse;
use crate::cli::exit::Exit;
use crate::cli::time::now;
use crate::cli::{key, services};
use crate::connectors::{Cursor, Lookups, Start};
use crate::engine::{End, ONLY_A_PART, Recalled, Since, ViewMemory, news_from};
use crate::operation::Operation;
use crate::plan::{Processed, Processor};
use crate::runtime::{lookups, open_sources};
use crate::state::{Lane, Origin, ScratchTable, Seal, StateError, StateReader, View as _};
use crate::transform::{Question, Spill, SpillError};

/// What was read, and what became of it.
pub(super) struct Read {
    pub(super) processed: Processed,
    /// Records, those that could not be read among them.
    pub(super) records: u64,
    /// What could not be read, and why.
    pub(super) bad: Vec<(Arc<str>, String)>,
    /// Where each page's operations end: a run delivers them together.
    ends: Vec<usize>,
    /// What a person must know of the plan, in one sentence each.
    pub(super) notes: Vec<String>,
    /// From when on what happens is news to the pipeline, in epoch milliseconds.
    pub(super) news_from: i64,
}

impl Read {
    /// The operations, page by page.
    pub(super) fn pages(&self) -> impl Iterator<Item = &[Operation]> {
        let operations = &self.processed.operations;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ends = self.ends.iter().copied().chain([operations.len()]);
        starts
            .zip(ends)
            .filter_map(|(start, end)| operations.get(start..end))
            .filter(|page| !page.is_empty())
    }
}

impl Planning<'_> {
    /// Reads every source to its end.
    pub(super) async fn read(&self, state: Option<&StateReader>) -> Result<Read, Exit> {
        let (plan, arguments, services) = (self.plan, self.arguments, self.services);
        let output = &self.context.output;
        let mut notes = Vec::new();
        let project_key = key::existing(
            &self.opened.root,
            &services::state_file(self.context, self.opened),
            self.context,
        )?;
        let mask_key = match &project_key {
            Some(key) => key.mask(),
            None => key::mask_without_key(self.context)?,
        };
        if plan.masks() && project_key.is_none() {
            notes.push(
                "the first run makes the key of `mask`: `masked-…` stands for what it will send"
                    .into(),
            );
        }
        let mut spill =
            || -> Result<Box<dyn Spill>, SpillError> { Ok(Box::new(ScratchTable::new()?)) };
        let set_aside = |error: SpillError| {
            output.error(&error.to_string());
            Exit::Unsettled
        };
        let failed = |failure| services::failed(self.context, &failure);
        let mut processor =
            Processor::new(plan, &mask_key, now(), &mut spill).map_err(set_aside)?;
        let begun = now().as_millisecond();
        let since = super::super::run::since(arguments.part.since.as_deref(), plan);
        let (origin, cursors) = self
            .known(state)
            .await
            .map_err(|error| refuse(&error, output))?;
        if let Some(other) = origin
            .as_ref()
            .and_then(|origin| origin.taken_over_from.as_ref())
        {
            notes.push(format!("takes over from `{other}`: its events are known"));
        }
        if plan.reads_whole() {
            notes.push("reads its sources whole at every run, for `aggregate`".into());
            if arguments.part.limit.is_none() && arguments.part.jql.is_none() && since.is_none() {
                let seal = project_key.map(|key| key.seal(self.context)).transpose()?;
                let recalled = self.recall(state, seal.as_ref(), &mut processor).await;
                notes.extend(recalled.map_err(|end| match end {
                    End::State(error) => refuse(&error, output),
                    End::SetAside { reason } => {
                        output.error(&reason);
                        Exit::Unsettled
                    }
                    _ => Exit::Defect,
                })?);
            } else {
                notes.push(ONLY_A_PART.into());
            }
        }
        let first_run = origin.as_ref().map_or(begun, |origin| origin.first_run);
        let mut read = Read {
            processed: Processed::default(),
            records: 0,
            bad: Vec::new(),
            ends: Vec::new(),
            notes,
            news_from: news_from(first_run, origin.is_some(), plan.by_day()),
        };
        let lookups = lookups(plan, &services.connected, &self.opened.root);
        for source in open_sources(plan, &services.connected, &self.opened.root) {
            let cursor = cursors
                .iter()
                .find(|(name, _)| *name == source.name)
                .map(|(_, cursor)| cursor.clone());
            let anew = arguments.part.full || since.is_some() || plan.reads_whole();
            let from = since.or(match source.since {
                Since::Beginning => None,
                Since::At(time) => Some(time),
                Since::BeforeFirstRun(ms) => Some(first_run - ms),
                Since::BeforeThisRun(ms) => Some(begun - ms),
            });
            let start = Start {
                cursor: cursor.filter(|_| !anew),
                since: from,
                floor: origin.as_ref().map_or(from, |origin| origin.floor),
                narrow: arguments.part.jql.clone(),
                limit: arguments
                    .part
                    .limit
                    .map(|limit| limit.saturating_sub(read.records)),
            };
            if start.limit == Some(0) {
                break;
            }
            let memory = ViewMemory {
                view: state.map(|state| state as _),
                lane: Lane::of(Arc::clone(&plan.name)),
                source: Arc::clone(&source.name),
            };
            let mut pages = source.open.open(start, &memory).await.map_err(failed)?;
            while let Some(page) = pages.next_page().await.map_err(failed)? {
                read.notes.extend(page.notices);
                read.records += (page.records.len() + page.bad.len()) as u64;
                let bad = page.bad.into_iter().map(|bad| (bad.name, bad.reason));
                read.bad.extend(bad);
                loop {
                    let mut open = Vec::new();
                    for record in &page.records {
                        open.extend(processor.questions(record).map_err(set_aside)?);
                    }
                    if !self
                        .look_up(lookups.as_deref(), open, &mut processor)
                        .await?
                    {
                        break;
                    }
                }
                for record in page.records {
                    processor
                        .process(record, &mut read.processed)
                        .map_err(set_aside)?;
                }
                read.ends.push(read.processed.operations.len());
            }
        }
        loop {
            let open = processor.questions_of_held().map_err(set_aside)?;
            if self
                .look_up(lookups.as_deref(), open, &mut processor)
                .await?
            {
                continue;
            }
            if !processor.release(&mut read.processed).map_err(set_aside)? {
                return Ok(read);
            }
        }
    }

    /// Looks up what is asked; false where nothing is.
    async fn look_up(
        &self,
        lookups: Option<&dyn Lookups>,
        mut questions: Vec<Question>,
        processor: &mut Processor<'_>,
    ) -> Result<bool, Exit> {
        let mut known = HashSet::new();
        questions.retain(|question| known.insert(question.key()));
        let Some(lookups) = lookups.filter(|_| !questions.is_empty()) else {
            return Ok(false);
        };
        let found = lookups.ask(&questions).await;
        let found = found.map_err(|failure| services::failed(self.context, &failure))?;
        for (question, found) in questions.iter().zip(found) {
            processor
                .answer(question, found.as_ref())
                .map_err(|error| {
                    self.context.output.error(&error.to_string());
                    Exit::Unsettled
                })?;
        }
        Ok(true)
    }

    /// Gives the processor the groups of the last run; answers what is to be said of them.
    async fn recall(
        &self,
        state: Option<&StateReader>,
        seal: Option<&Seal>,
        processor: &mut Processor<'_>,
    ) -> Result<Option<String>, End> {
        let lane = Lane::of(Arc::clone(&self.plan.name));
        let mut recalled = Recalled::default();
        let mut after = None;
        while let Some(state) = state {
            let groups = state.groups(&lane, after, 500).await?;
            let Some(last) = groups.last() else {
                break;
            };
            after = Some(last.id);
            recalled
                .recall(&groups, seal, processor)
                .map_err(|reason| End::SetAside { reason })?;
        }
        Ok(recalled.notice())
    }

    /// Where the pipeline began and where its sources go on.
    async fn known(
        &self,
        state: Option<&StateReader>,
    ) -> Result<(Option<Origin>, Vec<(Arc<str>, Cursor)>), StateError> {
        let Some(state) = state else {
            return Ok((None, Vec::new()));
        };
        let lane = Lane::of(Arc::clone(&self.plan.name));
        let scopes = services::once_scopes(self.plan, &self.services.connected);
        let origin = state.origin(&lane, &scopes).await?;
        let lanes = state.lanes().await?;
        let cursors = lanes
            .into_iter()
            .find(|view| view.lane == lane)
            .map(|view| view.cursors)
            .unwrap_or_default();
        Ok((origin, cursors))
    }
}
