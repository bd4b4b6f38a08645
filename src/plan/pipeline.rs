//! A pipeline as meant.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Keys, LookupKind, Notified, SinkKind, SourceKind, Timing};
use crate::diagnostic::{Source, Span};
use crate::expression::Condition;
use crate::operation::Place;
use crate::record::Projection;
use crate::transform::{Aggregate, Dedupe, Enrich, Step, StepKind};

/// A pipeline with everything compiled and nothing left open.
#[derive(Debug)]
pub struct Plan {
    /// Its name: the file's without its ending.
    pub name: Arc<str>,
    /// The file.
    pub file: Arc<Source>,
    /// What it is for, in the words of the file.
    pub description: Option<String>,
    /// False where the file says so: it is checked, and `run` says that it is off.
    pub enabled: bool,
    /// When it runs under `serve`, as written.
    pub schedule: Option<String>,
    /// When it runs under `serve`; none without a schedule.
    pub timing: Option<Timing>,
    /// The share of a connection's quota to stay under, by connection; above 0, at most 1.
    pub limits: BTreeMap<Arc<str>, f64>,
    /// Where failures are told.
    pub notify: Option<Notified>,
    /// The zone of its dates.
    pub zone: TimeZone,
    /// What becomes of a record that its own transforms cannot handle.
    pub on_error: OnError,
    /// What stops a run before anything is written.
    pub guard: Guard,
    /// Where records come from; all of one kind.
    pub sources: Vec<SourcePlan>,
    /// What happens to them, in order.
    pub stages: Vec<Stage>,
    /// Where they go, in the order of delivery.
    pub sinks: Vec<SinkPlan>,
    /// What `enrich` looks up, each kind of each connection once.
    pub lookups: Vec<LookupPlan>,
    /// What is read of a record: nothing else is fetched or parsed.
    pub reads: Projection,
}

/// A source and where it is written.
#[derive(Debug)]
pub struct SourcePlan {
    /// What it asks for.
    pub kind: SourceKind,
    /// The connection, for sources that need one.
    pub connection: Option<Arc<str>>,
    /// Its key in the file.
    pub span: Span,
}

/// A look-up: a kind and where it is asked.
#[derive(Debug)]
pub struct LookupPlan {
    /// What it asks.
    pub kind: LookupKind,
    /// The connection, for look-ups that need one.
    pub connection: Option<Arc<str>>,
    /// What is read of what it finds.
    pub reads: Projection,
}

/// A part of the way of a record.
#[derive(Debug)]
pub enum Stage {
    /// Sees one record at a time.
    Step(Step),
    /// Sees all records first.
    Aggregate(Aggregate),
    /// Sees all records first.
    Dedupe(Dedupe, Span),
    /// Adds what look-ups found, which are made between pages.
    Enrich(Enrich),
}

/// A sink and where it is written.
#[derive(Debug)]
pub struct SinkPlan {
    /// What it makes of a record.
    pub kind: SinkKind,
    /// The name that the file uses: `brevo.contacts`.
    pub name: Arc<str>,
    /// The connection, for sinks that need one.
    pub connection: Option<Arc<str>>,
    /// Asked before its own transforms.
    pub when: Option<When>,
    /// True where `when` asks for deleted things: others are passed over.
    pub takes_deleted: bool,
    /// Its own transforms, after the pipeline's.
    pub stages: Vec<Stage>,
    /// What becomes of a record that it cannot deliver.
    pub on_error: OnError,
    /// What becomes of a record without an identity for it.
    pub on_unmatched: OnUnmatched,
    /// Where its operations' ids are unique; none where their keys say enough.
    pub keys: Option<Keys>,
    /// Where it is written.
    pub place: Place,
    /// Its key in the file.
    pub span: Span,
}

/// A condition that lets records into a sink.
#[derive(Debug)]
pub struct When {
    /// The condition.
    pub condition: Condition,
    /// Its characters in the file.
    pub span: Span,
}

/// What becomes of a record that cannot be handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnError {
    /// It is kept with the reason, to be looked at and tried again.
    #[default]
    DeadLetter,
    /// It is counted.
    Skip,
    /// What came before is delivered, then the run ends.
    Stop,
}

/// What becomes of a record without an identity for a sink.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnUnmatched {
    /// It is counted and listed by `plan`.
    #[default]
    Skip,
    /// It is kept as a dead letter.
    DeadLetter,
}

/// What stops a run before anything is written.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Guard {
    /// At most so many operations that differ from the ledger.
    pub max_changes: Option<u64>,
    /// At most this share of the contacts known, from 50 on; 0 to 1.
    pub max_share: Option<f64>,
    /// At most this share of the records read as dead letters; 0 to 1.
    pub max_dead: Option<f64>,
}

impl Guard {
    /// True where there is anything to compare.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.max_changes.is_some() || self.max_share.is_some() || self.max_dead.is_some()
    }
}

impl Plan {
    /// True where there is an `aggregate`: all sources are read whole at every run.
    #[must_use]
    pub fn reads_whole(&self) -> bool {
        self.has(|stage| matches!(stage, Stage::Aggregate(_)))
    }

    /// True where all its sources are webhooks: nothing that they tell is older than the pipeline.
    #[must_use]
    pub fn reads_webhooks_only(&self) -> bool {
        self.sources.iter().all(|source| {
            matches!(
                source.kind,
                SourceKind::JiraWebhook(_) | SourceKind::BrevoWebhook(_)
            )
        })
    }

    /// The zone of the days that records say they happened on, where they say no more: a version
    /// is released on a day.
    #[must_use]
    pub fn by_day(&self) -> Option<&TimeZone> {
        let versions = |source: &SourcePlan| matches!(source.kind, SourceKind::JiraVersions(_));
        self.sources.iter().any(versions).then_some(&self.zone)
    }

    /// True where records are held until the sources have ended.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.has(|stage| matches!(stage, Stage::Aggregate(_) | Stage::Dedupe(..)))
    }

    /// True where there is a `mask`.
    #[must_use]
    pub fn masks(&self) -> bool {
        let masks = |stage: &Stage| {
            let Stage::Step(step) = stage else {
                return false;
            };
            matches!(step.kind, StepKind::Mask(_))
        };
        self.has(masks)
    }

    fn has(&self, what: impl Fn(&Stage) -> bool) -> bool {
        let of_sinks = self.sinks.iter().flat_map(|sink| &sink.stages);
        self.stages.iter().chain(of_sinks).any(what)
    }

    /// The line of a span as it is written, for a person who asks why.
    #[must_use]
    pub fn line(&self, span: Span) -> &str {
        let number = self.file.position(span.start).line;
        let line = self.file.text().lines().nth(number.saturating_sub(1));
        let line = line.unwrap_or_default().trim();
        line.strip_prefix("- ").unwrap_or(line)
    }

    /// The place of a span for messages that outlive the run.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        let at = self.file.position(span.start);
        Place {
            file: self.file.name().into(),
            line: at.line,
            column: at.column,
        }
    }
}
