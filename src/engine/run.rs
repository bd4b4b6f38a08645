//! The run itself, top to bottom as the data flows.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};

use super::counting::Counting;
use super::delivering::{Delivering, Waiting};
use super::guard::Measured;
use super::reading::Reading;
use super::sources::{read_sources, retry_records};
use super::{Context, End, Job, JobSink, Route, RunEvent, Stages, Summary, news_from};
use crate::state::{
    Claim, Held, Lane, LaneView, Lease, Origin, RunRecord, ScopeOf, SinkTerms, StateError, Store,
};

/// How often a lease is renewed. Leases run on the database's time, whatever the run's clock
/// says, so this does too.
const RENEWAL: Duration = Duration::from_secs(20);

/// How many records read make none the next time worth telling.
const HUNDREDS: u64 = 100;

/// How many records of an incremental run say nothing about paths.
const FEW: u64 = 20;

/// What is said of a run with `aggregate` that sees a part of the records only.
pub const ONLY_A_PART: &str =
    "only a part of the records is read: the groups are of that part, and none counts as gone";

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it did.
    pub summary: Summary,
    /// How it ended.
    pub end: End,
}

/// Runs a pipeline once.
pub async fn run(
    mut job: Job,
    stages: &mut dyn Stages,
    store: &dyn Store,
    context: &Context<'_>,
) -> Finished {
    let started_at = context.now();
    let mut counting = Counting {
        summary: Summary {
            pipeline: job.pipeline.to_string(),
            ..Summary::default()
        },
    };
    for sink in &job.sinks {
        counting.sink(&sink.name);
    }
    let end = match claim(&job, store, context).await {
        Err(end) => end,
        Ok(lease) => {
            let mut incremental = false;
            let end = {
                let work = work(
                    &mut job,
                    stages,
                    (store, &lease),
                    context,
                    &mut counting,
                    &mut incremental,
                );
                let renewing = renew(store, &lease);
                match select(Box::pin(work), Box::pin(renewing)).await {
                    Either::Left((end, _)) => end,
                    Either::Right((lost, _)) => End::State(lost),
                }
            };
            let end = close(&mut counting, store, &lease, end).await;
            let record = RunRecord {
                started_at,
                ended_at: context.now(),
                result: end.word().into(),
                read: counting.summary.read,
                incremental,
                summary: summary_text(&mut counting, started_at, context),
            };
            match store.finish(&lease, &record).await {
                Ok(()) | Err(StateError::LeaseLost { .. }) => end,
                Err(error) if matches!(end, End::Done | End::DeadLetters) => End::State(error),
                Err(_) => end,
            }
        }
    };
    counting.summary.duration_ms = context.now() - started_at;
    let summary = counting.summary;
    context.observer.told(RunEvent::Finished {
        summary: summary.clone(),
    });
    Finished { summary, end }
}

fn summary_text(counting: &mut Counting, started_at: i64, context: &Context<'_>) -> String {
    counting.summary.duration_ms = context.now() - started_at;
    serde_json::to_string(&counting.summary).unwrap_or_default()
}

/// Claims the lane, waiting a while for whoever has it.
async fn claim(job: &Job, store: &dyn Store, context: &Context<'_>) -> Result<Lease, End> {
    let lane = Lane::of(Arc::clone(&job.pipeline));
    let patient_until = context.now().saturating_add(job.patience_ms);
    let mut told = false;
    loop {
        let (holder, remaining_ms) = match store.claim(&lane, &job.holder).await? {
            Claim::Granted(lease) => return Ok(lease),
            Claim::Held {
                holder,
                remaining_ms,
            } => (holder, remaining_ms),
        };
        let left = patient_until - context.now();
        if left <= 0 {
            return Err(End::Busy { holder });
        }
        if !told {
            context.observer.told(RunEvent::Waiting { holder });
            told = true;
        }
        let wait = remaining_ms.min(1_000).min(left).max(1);
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(1));
        tokio::select! {
            () = context.cancel.cancelled() => return Err(End::Interrupted),
            () = context.clock.sleep(wait) => {}
        }
    }
}

/// Renews the lease for as long as it is ours; ends when it is not.
async fn renew(store: &dyn Store, lease: &Lease) -> StateError {
    loop {
        tokio::time::sleep(RENEWAL).await;
        // After any other trouble the lease is good for two more tries.
        if let Err(lost @ StateError::LeaseLost { .. }) = store.extend(lease).await {
            return lost;
        }
    }
}

async fn work(
    job: &mut Job,
    stages: &mut dyn Stages,
    (store, lease): (&dyn Store, &Lease),
    context: &Context<'_>,
    counting: &mut Counting,
    incremental: &mut bool,
) -> End {
    let delivering = Delivering {
        store,
        lease,
        context,
    };
    let read = read_all(job, stages, &delivering, counting, incremental).await;
    let done = match read {
        Ok(()) => {
            delivering
                .deliver(&sinks_of(job), counting, Waiting::Yes)
                .await
        }
        Err(end) => Err(end),
    };
    done.err().unwrap_or(End::Done)
}

/// The sinks as they deliver.
pub(super) fn sinks_of(job: &Job) -> Vec<&JobSink> {
    job.sinks.iter().collect()
}

/// Opens the run, settles what an earlier one left, reads every source to its end.
async fn read_all(
    job: &mut Job,
    stages: &mut dyn Stages,
    delivering: &Delivering<'_>,
    counting: &mut Counting,
    incremental: &mut bool,
) -> Result<(), End> {
    let (store, lease, context) = (delivering.store, delivering.lease, delivering.context);
    let now = context.now();
    let view = store
        .begin(lease, &origin(job, now), &scopes(job), now)
        .await?;
    let first_run = view.origin.as_ref().map_or(now, |origin| origin.first_run);
    told_start(job, &view, first_run == now, context);
    delivering
        .deliver(&sinks_of(job), counting, Waiting::No)
        .await?;

    let mut reading = Reading {
        store,
        lease,
        context,
        terms: terms(job, first_run, now),
        hold: false,
        contact_scopes: std::collections::HashSet::new(),
        gone: Vec::new(),
    };
    if job.reads_whole && job.sees_all() {
        reading.recall(stages).await?;
    } else if job.reads_whole {
        context.observer.told(RunEvent::Notice {
            message: ONLY_A_PART.into(),
        });
    }
    // A person asked for these: no guard holds them back.
    retry_records(&mut reading, job, stages, delivering, counting).await?;
    reading.hold = job.guard.is_some();
    let dead_before = counting.summary.dead_letters;
    let read = read_sources(
        &mut reading,
        job,
        stages,
        delivering,
        (&view, now),
        (counting, incremental),
    )
    .await;
    let held_cursors = match read {
        Ok(cursors) => cursors,
        Err(end) => {
            if reading.hold {
                store.held(lease, Held::Discard, context.now()).await?;
                counting.summary.dead_letters = dead_before;
            }
            return Err(end);
        }
    };
    if let Some(guard) = job.guard.filter(|_| reading.hold) {
        let mut measured = Measured {
            dead: counting.summary.dead_letters - dead_before,
            read: counting.summary.read,
            ..Measured::default()
        };
        for one in store.guarded(lease).await? {
            measured.changes += one.held;
            if reading.contact_scopes.contains(&one.scope) {
                measured.contacts_changed += one.held;
                measured.contacts_known += one.known;
            }
        }
        if let Some(reason) = guard.trips(measured) {
            store.held(lease, Held::Discard, context.now()).await?;
            counting.summary.dead_letters = dead_before;
            return Err(End::Guarded { reason });
        }
        let held = Held::Deliver {
            cursors: held_cursors,
        };
        store.held(lease, held, context.now()).await?;
    }
    for sink in &mut job.sinks {
        if let Route::Replace(replacing) = &mut sink.route {
            replacing.replace().await.map_err(End::from)?;
        }
    }
    reading.set_gauges(&job.sinks).await?;
    reading.forget().await?;
    notices(stages, &view, counting, *incremental, context);
    Ok(())
}

fn told_start(job: &Job, view: &LaneView, first_run: bool, context: &Context<'_>) {
    let taken_over_from = view
        .origin
        .as_ref()
        .filter(|_| view.last_run.is_none())
        .and_then(|origin| origin.taken_over_from.clone());
    context.observer.told(RunEvent::Started {
        pipeline: job.pipeline.to_string(),
        first_run,
        taken_over_from,
        unsettled: view.unsettled,
    });
}

/// Where the pipeline begins, should this be its first run.
fn origin(job: &Job, now: i64) -> Origin {
    let floors: Option<Vec<i64>> = job
        .sources
        .iter()
        .map(|source| job.since.or_else(|| source.since.at(now, now)))
        .collect();
    Origin {
        floor: floors.and_then(|floors| floors.into_iter().min()),
        first_run: now,
        taken_over_from: None,
    }
}

fn scopes(job: &Job) -> Vec<ScopeOf> {
    let of_sink = |sink: &JobSink| -> Vec<ScopeOf> {
        let scope = |scope: &Arc<str>| ScopeOf {
            account: Arc::clone(&sink.account),
            scope: Arc::clone(scope),
        };
        sink.once_scopes.iter().map(scope).collect()
    };
    job.sinks.iter().flat_map(of_sink).collect()
}

fn terms(job: &Job, first_run: i64, now: i64) -> Arc<[SinkTerms]> {
    let news = news_from(first_run, first_run != now, job.by_day.as_ref());
    job.sinks
        .iter()
        .map(|sink| SinkTerms {
            account: Arc::clone(&sink.account),
            known_before: Some(news.saturating_sub(sink.backfill_ms)),
        })
        .collect()
}

/// Nothing is silent.
fn notices(
    stages: &mut dyn Stages,
    view: &LaneView,
    counting: &Counting,
    incremental: bool,
    context: &Context<'_>,
) {
    let read = counting.summary.read;
    if read > 0 && incremental && read < FEW {
        // A few changed records say little about a path.
        return;
    }
    if read > 0 {
        for message in stages.notices() {
            context.observer.told(RunEvent::Notice { message });
        }
        return;
    }
    if let Some(last) = &view.last_run
        && last.read >= HUNDREDS
        && last.incremental == incremental
    {
        context.observer.told(RunEvent::Notice {
            message: format!(
                "no record was read, the last run read {}: check that the credential still \
                 sees them",
                last.read
            ),
        });
    }
}

/// What is left unsettled, and what that makes of the end.
async fn close(counting: &mut Counting, store: &dyn Store, lease: &Lease, end: End) -> End {
    // A time before all others: nothing is due, so the answer counts all that is unsettled.
    match store.due(lease, i64::MIN, 1).await {
        Ok(due) => counting.summary.unsettled = due.unsettled,
        Err(error) if matches!(end, End::Done) => return End::State(error),
        Err(_) => {}
    }
    match end {
        End::Done if counting.summary.unsettled > 0 => End::Unsettled,
        End::Done if counting.summary.dead_letters > 0 => End::DeadLetters,
        other => other,
    }
}
