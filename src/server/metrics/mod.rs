//! What `/metrics` says: counted here while the server runs, or asked of the state at each scrape.
//! Labels hold names of the project and of services, never a record's value.

mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

pub use text::Format;
use text::{Family, Kind, Sample};

use crate::engine::Summary;
use crate::state::Gauge;

/// Seconds up to which runs are counted together.
const BUCKETS: [f64; 12] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0,
];

/// What becomes of records.
const OUTCOMES: [&str; 4] = ["kept", "dropped", "unmatched", "dead"];

/// What becomes of operations.
const RESULTS: [&str; 5] = ["created", "updated", "unchanged", "sent", "failed"];

/// What the state says of a pipeline.
#[derive(Clone, Debug, Default)]
pub struct PipelineFacts {
    /// Dead letters.
    pub dead_letters: u64,
    /// Operations that are not settled.
    pub unsettled: u64,
    /// How far its oldest cursor is behind, in seconds.
    pub lag_seconds: f64,
    /// When a run last ended well, in epoch seconds; 0: never.
    pub last_success: f64,
}

/// What the state says at a scrape.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// By pipeline.
    pub pipelines: BTreeMap<String, PipelineFacts>,
    /// Deliveries that are not worked off, by connection.
    pub inbox: BTreeMap<String, u64>,
    /// Calls left, by connection and endpoint family.
    pub limits: BTreeMap<(String, String), i64>,
    /// What came of webhooks, by connection and result.
    pub webhooks: BTreeMap<(String, &'static str), u64>,
    /// The gauges of `metrics` sinks.
    pub gauges: Vec<Gauge>,
}

/// A pipeline or a connection whose series are there from the start.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Pipelines, with their sinks' kinds.
    pub pipelines: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Connections, with the endpoint families of their services.
    pub connections: BTreeMap<Arc<str>, &'static [&'static str]>,
}

#[derive(Clone, Debug, Default)]
struct Durations {
    buckets: [u64; BUCKETS.len()],
    sum: f64,
    count: u64,
}

#[derive(Debug, Default)]
struct Counted {
    declared: Declared,
    records: BTreeMap<(Arc<str>, &'static str), u64>,
    operations: BTreeMap<(Arc<str>, Arc<str>, &'static str), u64>,
    durations: BTreeMap<Arc<str>, Durations>,
    requests: BTreeMap<(Arc<str>, &'static str, u16), u64>,
}

/// The counters of a server.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counted>);

impl Metrics {
    /// Says which pipelines and connections there are: their series are there from now on, those
    /// of what is gone are not.
    pub fn declare(&self, declared: Declared) {
        self.with(|counted| {
            let pipelines = &declared.pipelines;
            counted
                .records
                .retain(|(pipeline, _), _| pipelines.contains_key(pipeline));
            counted
                .operations
                .retain(|(pipeline, ..), _| pipelines.contains_key(pipeline));
            counted
                .durations
                .retain(|pipeline, _| pipelines.contains_key(pipeline));
            let connections = &declared.connections;
            counted
                .requests
                .retain(|(connection, ..), _| connections.contains_key(connection));
            for (pipeline, sinks) in pipelines {
                for outcome in OUTCOMES {
                    let key = (Arc::clone(pipeline), outcome);
                    counted.records.entry(key).or_default();
                }
                for (sink, result) in sinks
                    .iter()
                    .flat_map(|sink| RESULTS.map(|result| (sink, result)))
                {
                    let key = (Arc::clone(pipeline), Arc::clone(sink), result);
                    counted.operations.entry(key).or_default();
                }
                counted.durations.entry(Arc::clone(pipeline)).or_default();
            }
            for (connection, families) in connections {
                for family in *families {
                    let key = (Arc::clone(connection), *family, 200);
                    counted.requests.entry(key).or_default();
                }
            }
            counted.declared = declared;
        });
    }

    /// Counts a run that has ended.
    pub fn ran(&self, pipeline: &Arc<str>, summary: &Summary) {
        self.with(|counted| {
            let records = [
                ("kept", summary.kept),
                ("dropped", summary.dropped),
                ("unmatched", summary.unmatched),
                ("dead", summary.dead_letters),
            ];
            for (outcome, count) in records {
                let key = (Arc::clone(pipeline), outcome);
                *counted.records.entry(key).or_default() += count;
            }
            for (sink, counts) in &summary.operations {
                let sink: Arc<str> = sink.as_str().into();
                let results = [
                    ("created", counts.created),
                    ("updated", counts.updated),
                    ("unchanged", counts.unchanged),
                    ("sent", counts.sent),
                ];
                for (result, count) in results {
                    let key = (Arc::clone(pipeline), Arc::clone(&sink), result);
                    *counted.operations.entry(key).or_default() += count;
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "runs take less than aeons")]
            let seconds = summary.duration_ms.max(0) as f64 / 1_000.0;
            let durations = counted.durations.entry(Arc::clone(pipeline)).or_default();
            durations.sum += seconds;
            durations.count += 1;
            for (bucket, upto) in durations.buckets.iter_mut().zip(BUCKETS) {
                *bucket += u64::from(seconds <= upto);
            }
        });
    }

    /// Counts operations that can never be applied.
    pub fn failed(&self, pipeline: &Arc<str>, sink: &str, count: u64) {
        self.with(|counted| {
            let key = (Arc::clone(pipeline), sink.into(), "failed");
            *counted.operations.entry(key).or_default() += count;
        });
    }

    /// Counts a request; 0 where there was no answer.
    pub fn requested(&self, connection: &Arc<str>, family: &'static str, status: u16) {
        self.with(|counted| {
            let key = (Arc::clone(connection), family, status);
            *counted.requests.entry(key).or_default() += 1;
        });
    }

    /// Everything, with what the state says, as text.
    #[must_use]
    pub fn text(&self, facts: &Facts, format: Format) -> String {
        let families = self.with(|counted| families(counted, facts));
        text::write(&families, format)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counted) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn families(counted: &Counted, facts: &Facts) -> Vec<Family> {
    let mut all = Vec::new();
    let mut family = |name: &str, kind, help: &str, samples| {
        all.push(Family {
            name: name.to_owned(),
            kind,
            help: help.to_owned(),
            samples,
        });
    };
    let sample = |labels: &[(&str, &str)], value: f64| Sample::new("", labels, value);
    family(
        "flowline_records",
        Kind::Counter,
        "Records by what became of them.",
        counted
            .records
            .iter()
            .map(|((pipeline, outcome), count)| {
                sample(
                    &[("pipeline", pipeline), ("outcome", outcome)],
                    *count as f64,
                )
            })
            .collect(),
    );
    family(
        "flowline_operations",
        Kind::Counter,
        "Operations by what came of them.",
        counted
            .operations
            .iter()
            .map(|((pipeline, sink, result), count)| {
                sample(
                    &[("pipeline", pipeline), ("sink", sink), ("result", result)],
                    *count as f64,
                )
            })
            .collect(),
    );
    let nothing = PipelineFacts::default();
    let of_pipelines = |value: &dyn Fn(&PipelineFacts) -> f64| -> Vec<Sample> {
        counted
            .declared
            .pipelines
            .keys()
            .map(|pipeline| {
                let facts = facts.pipelines.get(&**pipeline).unwrap_or(&nothing);
                sample(&[("pipeline", pipeline)], value(facts))
            })
            .collect()
    };
    family(
        "flowline_dead_letters",
        Kind::Gauge,
        "Dead letters that wait for a person.",
        of_pipelines(&|facts| facts.dead_letters as f64),
    );
    family(
        "flowline_unsettled",
        Kind::Gauge,
        "Operations that are not settled.",
        of_pipelines(&|facts| facts.unsettled as f64),
    );
    family(
        "flowline_lag_seconds",
        Kind::Gauge,
        "How far the oldest cursor is behind.",
        of_pipelines(&|facts| facts.lag_seconds),
    );
    let runs = counted.durations.iter().flat_map(|(pipeline, durations)| {
        let buckets = durations.buckets.iter().zip(BUCKETS);
        let upto = buckets.map(|(count, upto)| (text::number(upto), *count));
        let all = upto.chain([("+Inf".to_owned(), durations.count)]);
        let mut samples: Vec<Sample> = all
            .map(|(upto, count)| {
                let labels = [("pipeline", &**pipeline), ("le", upto.as_str())];
                Sample::new("_bucket", &labels, count as f64)
            })
            .collect();
        let labels = [("pipeline", &**pipeline)];
        samples.push(Sample::new("_sum", &labels, durations.sum));
        samples.push(Sample::new("_count", &labels, durations.count as f64));
        samples
    });
    family(
        "flowline_run_duration_seconds",
        Kind::Histogram,
        "How long runs took.",
        runs.collect(),
    );
    family(
        "flowline_last_success_timestamp_seconds",
        Kind::Gauge,
        "When a run last ended well; 0: never.",
        of_pipelines(&|facts| facts.last_success),
    );
    let connections = &counted.declared.connections;
    family(
        "flowline_inbox_depth",
        Kind::Gauge,
        "Webhooks that are not worked off.",
        connections
            .keys()
            .map(|name| {
                let depth = facts.inbox.get(&**name).copied().unwrap_or(0);
                sample(&[("connection", name)], depth as f64)
            })
            .collect(),
    );
    family(
        "flowline_webhooks",
        Kind::Counter,
        "Webhooks by what came of them.",
        facts
            .webhooks
            .iter()
            // Those to no connection at all have no name.
            .filter(|((name, _), _)| name.is_empty() || connections.contains_key(name.as_str()))
            .map(|((name, result), count)| {
                sample(&[("connection", name), ("result", result)], *count as f64)
            })
            .collect(),
    );
    family(
        "flowline_http_requests",
        Kind::Counter,
        "Requests to services by the status of their answer; 0: none came.",
        counted
            .requests
            .iter()
            .map(|((connection, family, status), count)| {
                let status = status.to_string();
                let labels = [
                    ("connection", &**connection),
                    ("family", *family),
                    ("status", &*status),
                ];
                sample(&labels, *count as f64)
            })
            .collect(),
    );
    let mut limits: BTreeMap<(&str, &str), i64> = connections
        .iter()
        .flat_map(|(name, families)| families.iter().map(|family| ((&**name, *family), 0)))
        .collect();
    let seen = facts.limits.iter();
    limits.extend(
        seen.filter(|((name, _), _)| connections.contains_key(name.as_str()))
            .map(|((name, family), left)| ((name.as_str(), family.as_str()), *left)),
    );
    family(
        "flowline_limit_remaining",
        Kind::Gauge,
        "Calls left of a limit, as its service last said; 0 before it did.",
        limits
            .into_iter()
            .map(|((name, family), left)| {
                sample(&[("connection", name), ("family", family)], left as f64)
            })
            .collect(),
    );
    all.extend(of_sinks(&facts.gauges, &all));
    all
}

/// Labels with their values.
type Labels = [(Arc<str>, Arc<str>)];

/// The gauges of `metrics` sinks; one that would take the name of a series of ours is left out, and
/// of two alike, which no reader takes, the last one stays.
fn of_sinks(gauges: &[Gauge], ours: &[Family]) -> Vec<Family> {
    let mut named: BTreeMap<&str, BTreeMap<&Labels, f64>> = BTreeMap::new();
    for gauge in gauges {
        let taken = |family: &Family| gauge.name.starts_with(&family.name);
        if !ours.iter().any(taken) {
            let samples = named.entry(&gauge.name).or_default();
            samples.insert(&gauge.labels, gauge.value);
        }
    }
    let sample = |(labels, value): (&Labels, f64)| {
        let labels: Vec<(&str, &str)> = labels
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        Sample::new("", &labels, value)
    };
    named
        .into_iter()
        .map(|(name, samples)| Family {
            name: name.to_owned(),
            kind: Kind::Gauge,
            help: "A gauge of a pipeline.".to_owned(),
            samples: samples.into_iter().map(sample).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Metrics {
        let metrics = Metrics::default();
        let sinks = ["brevo.contacts".into()].into_iter().collect();
        metrics.declare(Declared {
            pipelines: [("tickets".into(), sinks)].into_iter().collect(),
            connections: [("support".into(), ["reading"].as_slice())]
                .into_iter()
                .collect(),
        });
        metrics
    }

    #[test]
    fn every_series_is_there_from_the_start_at_zero() {
        let text = metrics().text(&Facts::default(), Format::Prometheus);
        for line in [
            "flowline_records_total{pipeline=\"tickets\",outcome=\"kept\"} 0",
            "flowline_records_total{pipeline=\"tickets\",outcome=\"dead\"} 0",
            "flowline_operations_total{pipeline=\"tickets\",sink=\"brevo.contacts\",result=\"failed\"} 0",
            "flowline_dead_letters{pipeline=\"tickets\"} 0",
            "flowline_unsettled{pipeline=\"tickets\"} 0",
            "flowline_lag_seconds{pipeline=\"tickets\"} 0",
            "flowline_run_duration_seconds_bucket{pipeline=\"tickets\",le=\"+Inf\"} 0",
            "flowline_run_duration_seconds_count{pipeline=\"tickets\"} 0",
            "flowline_last_success_timestamp_seconds{pipeline=\"tickets\"} 0",
            "flowline_inbox_depth{connection=\"support\"} 0",
            "flowline_http_requests_total{connection=\"support\",family=\"reading\",status=\"200\"} 0",
            "flowline_limit_remaining{connection=\"support\",family=\"reading\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn runs_and_requests_are_counted_and_what_is_gone_is_gone() {
        let metrics = metrics();
        let mut summary = Summary {
            kept: 3,
            dead_letters: 1,
            duration_ms: 700,
            ..Summary::default()
        };
        summary
            .operations
            .entry("brevo.contacts".into())
            .or_default()
            .created = 2;
        let name: Arc<str> = "tickets".into();
        metrics.ran(&name, &summary);
        metrics.ran(&name, &summary);
        metrics.failed(&name, "brevo.contacts", 1);
        metrics.requested(&"support".into(), "reading", 429);
        let text = metrics.text(&Facts::default(), Format::Prometheus);
        for line in [
            "flowline_records_total{pipeline=\"tickets\",outcome=\"kept\"} 6",
            "flowline_operations_total{pipeline=\"tickets\",sink=\"brevo.contacts\",result=\"created\"} 4",
            "flowline_operations_total{pipeline=\"tickets\",sink=\"brevo.contacts\",result=\"failed\"} 1",
            "flowline_run_duration_seconds_bucket{pipeline=\"tickets\",le=\"0.5\"} 0",
            "flowline_run_duration_seconds_bucket{pipeline=\"tickets\",le=\"1\"} 2",
            "flowline_run_duration_seconds_sum{pipeline=\"tickets\"} 1.4",
            "flowline_http_requests_total{connection=\"support\",family=\"reading\",status=\"429\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        metrics.declare(Declared::default());
        let text = metrics.text(&Facts::default(), Format::Prometheus);
        assert!(
            !text.contains("tickets") && !text.contains("support"),
            "{text}"
        );
    }

    #[test]
    fn gauges_of_sinks_stand_under_their_own_names_and_take_none_of_ours() {
        let gauge = |name: &str, labels: &[(&str, &str)]| Gauge {
            name: name.into(),
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            value: 4.5,
        };
        let facts = Facts {
            gauges: vec![
                gauge("jira_open_issues", &[("assignee", "a \"b\" \\ c\n")]),
                gauge("flowline_records_total", &[]),
            ],
            ..Facts::default()
        };
        let text = metrics().text(&facts, Format::Prometheus);
        let line = "jira_open_issues{assignee=\"a \\\"b\\\" \\\\ c\\n\"} 4.5";
        assert!(text.lines().any(|found| found == line), "{text}");
        assert!(!text.contains("flowline_records_total 4.5"), "{text}");
    }
}
