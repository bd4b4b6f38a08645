//! The sources of a run: from where each reads, page after page, and records tried again.

use std::sync::Arc;

use super::counting::Counting;
use super::delivering::{Delivering, Waiting};
use super::looking;
use super::memory::StoreMemory;
use super::reading::{Gathered, Reading};
use super::run::sinks_of;
use super::{Context, End, Job, JobSink, RunEvent, Since, Stages};
use crate::connectors::{Cursor, Page, Source, Start};
use crate::state::LaneView;

/// Puts records whose dead letters are to be tried again through the stages. Where all records
/// are read again anyway they would be counted twice: there the dead letters just go.
pub(super) async fn retry_records(
    reading: &mut Reading<'_>,
    job: &mut Job,
    stages: &mut dyn Stages,
    delivering: &Delivering<'_>,
    counting: &mut Counting,
) -> Result<(), End> {
    let mut after = 0;
    loop {
        let records = reading
            .store
            .retried_records(delivering.lease, after, 100)
            .await?;
        if records.is_empty() {
            return Ok(());
        }
        for retried in records {
            after = retried.id;
            let record = (!job.reads_whole).then_some(retried.record);
            let asked = record.as_ref().map(std::slice::from_ref);
            if asked.is_some() {
                looking::before(job, stages, asked, delivering.context.cancel).await?;
            }
            let mut gathered = reading.retried(retried.id, record, stages, &job.sinks, counting);
            if let Some(stop) = gathered.stop.take() {
                return Err(stop);
            }
            reading
                .commit(gathered, Vec::new(), &mut job.sinks, counting)
                .await?;
        }
    }
}

/// Reads every source to its end; answers the cursors where a guard holds them back.
pub(super) async fn read_sources(
    reading: &mut Reading<'_>,
    job: &mut Job,
    stages: &mut dyn Stages,
    delivering: &Delivering<'_>,
    (view, now): (&LaneView, i64),
    (counting, incremental): (&mut Counting, &mut bool),
) -> Result<Vec<(Arc<str>, Cursor)>, End> {
    let mut held = Vec::new();
    let sources = std::mem::take(&mut job.sources);
    let mut cursors = Vec::new();
    for spec in &sources {
        let start = start(
            job,
            view,
            &spec.name,
            spec.since,
            now,
            counting.summary.read,
        );
        if start.limit == Some(0) {
            break;
        }
        *incremental |= start.cursor.is_some();
        cursors.push((Arc::clone(&spec.name), start.cursor.clone()));
        let memory = StoreMemory {
            store: reading.store,
            lease: reading.lease,
            source: Arc::clone(&spec.name),
        };
        let mut source = spec.open.open(start, &memory).await.map_err(End::from)?;
        let mut next = pull(source.as_mut(), delivering.context).await?;
        while let Some(mut page) = next {
            let count = (page.records.len() + page.bad.len()) as u64;
            counting.summary.read += count;
            delivering.context.observer.told(RunEvent::Page {
                source: spec.name.to_string(),
                records: count,
                read: counting.summary.read,
            });
            let cursor = page.cursor.take().filter(|_| !job.reads_whole);
            let cancel = delivering.context.cancel;
            looking::before(job, stages, Some(&page.records), cancel).await?;
            let known = std::mem::take(&mut page.known);
            let mut gathered = reading.page(page, stages, &job.sinks, counting);
            if gathered.stop.is_none() {
                gathered.knows(&spec.name, known, job.holds);
            }
            let stop = gathered.stop.take();
            // A page that was cut off is read again: its cursor is not right yet.
            let moved: Vec<_> = cursor
                .filter(|_| stop.is_none())
                .map(|cursor| (Arc::clone(&spec.name), cursor))
                .into_iter()
                .collect();
            if let Some((_, cursor)) = moved.first()
                && let Some(last) = cursors.last_mut()
            {
                last.1 = Some(cursor.clone());
            }
            if reading.hold || job.holds {
                held.retain(|(name, _)| *name != spec.name);
                held.extend(moved);
                reading
                    .commit(gathered, Vec::new(), &mut job.sinks, counting)
                    .await?;
            } else {
                reading
                    .commit(gathered, moved, &mut job.sinks, counting)
                    .await?;
            }
            if let Some(stop) = stop {
                return Err(stopped(stop, reading.hold, delivering, job, counting).await);
            }
            // The next page is read while this one is delivered; no more than that.
            let sinks = sinks_of(job);
            let (pulled, delivered) = futures::future::join(
                pull(source.as_mut(), delivering.context),
                deliver_unless_held(reading.hold, delivering, &sinks, counting),
            )
            .await;
            delivered?;
            next = pulled?;
        }
    }
    counting.summary.cursor = cursor_value(&cursors);
    loop {
        looking::before(job, stages, None, delivering.context.cancel).await?;
        let Some(mut gathered) = reading.released(stages, &job.sinks, counting) else {
            break;
        };
        let stop = gathered.stop.take();
        reading
            .commit(gathered, Vec::new(), &mut job.sinks, counting)
            .await?;
        if let Some(stop) = stop {
            return Err(stopped(stop, reading.hold, delivering, job, counting).await);
        }
        let sinks = sinks_of(job);
        deliver_unless_held(reading.hold, delivering, &sinks, counting).await?;
    }
    if !reading.hold && (job.holds || !held.is_empty()) {
        // Only now is all durable that was made of the records before them.
        let last = std::mem::take(&mut held);
        let settled = Gathered::settled();
        reading
            .commit(settled, last, &mut job.sinks, counting)
            .await?;
    }
    Ok(held)
}

/// Delivers what came before a stop.
async fn stopped(
    stop: End,
    hold: bool,
    delivering: &Delivering<'_>,
    job: &Job,
    counting: &mut Counting,
) -> End {
    if hold {
        return stop;
    }
    let delivered = delivering
        .deliver(&sinks_of(job), counting, Waiting::Yes)
        .await;
    delivered.err().unwrap_or(stop)
}

async fn deliver_unless_held(
    hold: bool,
    delivering: &Delivering<'_>,
    sinks: &[&JobSink],
    counting: &mut Counting,
) -> Result<(), End> {
    if hold {
        return Ok(());
    }
    delivering.deliver(sinks, counting, Waiting::No).await
}

/// The next page, unless the run is interrupted.
async fn pull(source: &mut dyn Source, context: &Context<'_>) -> Result<Option<Page>, End> {
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(End::Interrupted),
        page = source.next_page() => page.map_err(End::from),
    }
}

/// From where a source reads in this run.
fn start(job: &Job, view: &LaneView, name: &Arc<str>, since: Since, now: i64, read: u64) -> Start {
    let origin = view.origin.as_ref();
    let first_run = origin.map_or(now, |origin| origin.first_run);
    let anew = job.reads_whole || job.full || job.since.is_some();
    Start {
        cursor: view
            .cursors
            .iter()
            .find(|(known, _)| known == name && !anew)
            .map(|(_, cursor)| cursor.clone()),
        since: job.since.or_else(|| since.at(first_run, now)),
        floor: origin.and_then(|origin| origin.floor),
        narrow: job.narrow.clone(),
        limit: job.limit.map(|limit| limit.saturating_sub(read)),
    }
}

fn cursor_value(cursors: &[(Arc<str>, Option<Cursor>)]) -> serde_json::Value {
    let text = |cursor: &Option<Cursor>| {
        cursor
            .as_ref()
            .map_or(serde_json::Value::Null, |cursor| cursor.0.as_str().into())
    };
    match cursors {
        [] => serde_json::Value::Null,
        [(_, cursor)] => text(cursor),
        several => several
            .iter()
            .map(|(name, cursor)| (name.to_string(), text(cursor)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
