//! Compiling a pipeline as written to a plan; all its mistakes are collected.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::check::{self, Reads};
use super::compiler::Compiler;
use super::steps::{self, Flow};
use super::{Guard, Keys, OnError, Plan, keys, schedule, sinks, sources, whole};
use crate::config::{self, Catalog, JiraCatalog, Pipeline, Strings};
use crate::diagnostic::{Code, Diagnostics, Source, Spanned, nearest};
use crate::expression::parse_share;

const UNKNOWN_ZONE: Code = Code::new("pipeline.unknown_timezone");
const BAD_SHARE: Code = Code::new("pipeline.bad_share");
const NO_SOURCES: Code = Code::new("pipeline.no_sources");
const NO_SINKS: Code = Code::new("pipeline.no_sinks");
const NO_CONNECTION: Code = Code::new("pipeline.no_connection");
const UNKNOWN_CONNECTION: Code = Code::new("pipeline.unknown_connection");
const WRONG_SERVICE: Code = Code::new("pipeline.wrong_service");
const CHOOSE_CONNECTION: Code = Code::new("pipeline.choose_connection");

/// What a pipeline needs to know of its project.
#[derive(Debug)]
pub struct Surroundings<'p> {
    /// The services by the names of their connections: `jira`, `brevo`.
    pub connections: &'p BTreeMap<Arc<str>, &'static str>,
    /// What `${…}` stands for.
    pub strings: &'p Strings,
    /// What is known of the accounts, by connection.
    pub catalogs: &'p BTreeMap<Arc<str>, Catalog>,
}

impl Surroundings<'_> {
    /// What is known of a connection's Jira site.
    pub(super) fn jira(&self, connection: Option<&Arc<str>>) -> Option<&JiraCatalog> {
        match self.catalogs.get(connection?) {
            Some(Catalog::Jira(catalog)) => Some(catalog),
            _ => None,
        }
    }
}

/// Compiles a pipeline; none where it has mistakes, which are then among the diagnostics.
#[must_use]
pub fn compile(
    name: &str,
    file: &Arc<Source>,
    pipeline: &Pipeline,
    surroundings: &Surroundings<'_>,
) -> (Option<Plan>, Diagnostics) {
    let mut compiler = Compiler {
        source: file,
        strings: surroundings.strings,
        zone: TimeZone::UTC,
        lookups: Vec::new(),
        diagnostics: Diagnostics::new(),
    };
    compiler.zone = zone(pipeline.timezone.as_ref(), &mut compiler);
    let guard = guard(pipeline.guard.as_ref(), &mut compiler);
    let served = schedule::compile(pipeline, surroundings, &mut compiler);
    whole::check(pipeline, &mut compiler);
    whole::check_files(pipeline, &mut compiler);
    if pipeline.sources.is_empty() {
        let help = "add one, e.g. `- jira.issues: { jql: project = SUPPORT }`";
        compiler.mistake(
            NO_SOURCES,
            "the pipeline has no source",
            key_span(file, "sources"),
            "at least one is needed",
            help,
        );
    }
    if pipeline.sinks.is_empty() {
        let help = "add one, e.g. `- brevo.contacts: { identify: { email: $.fields.reporter.emailAddress } }`";
        compiler.mistake(
            NO_SINKS,
            "the pipeline has no sink",
            key_span(file, "sinks"),
            "at least one is needed",
            help,
        );
    }
    let (sources, kind) = sources::compile(&pipeline.sources, surroundings, &mut compiler);
    let mut flow = Flow {
        shape: kind.shape,
        has_identity: kind.has_identity,
        has_time: kind.has_time,
        reads: Reads::nothing(),
    };
    check::references(&kind.reads, &mut flow, &mut compiler);
    let stages = steps::compile(&pipeline.transforms, &mut flow, surroundings, &mut compiler);
    let (mut sinks, mut known) = (Vec::new(), Vec::new());
    for sink in &pipeline.sinks {
        // What one sink's transforms make is not there for the next one.
        let mut own = flow.clone();
        let mut compiled = sinks::compile(sink, &mut own, surroundings, &mut compiler);
        let alike = keys::alike(&sink.value, file);
        if let (Some(alike), Some(first)) = (alike, sources.first()) {
            let nth = 1 + known.iter().filter(|one| **one == alike).count();
            known.push(alike);
            if let Some(compiled) = &mut compiled {
                let of = keys::ids_of(&first.kind);
                compiled.keys = Some(Keys { of, nth });
            }
        }
        sinks.extend(compiled);
        flow.reads.projection.unite(&own.reads.projection);
    }
    sinks::files_of_their_own(pipeline, &mut compiler);
    sources::named_properties(&sources, &flow.reads.projection, &mut compiler);
    sinks::told_apart(&pipeline.sinks, &sinks, &mut compiler);
    let diagnostics = in_file(compiler.diagnostics, file);
    if diagnostics.has_errors() {
        return (None, diagnostics);
    }
    let plan = Plan {
        name: name.into(),
        file: Arc::clone(file),
        description: pipeline.description.as_ref().map(|text| text.value.clone()),
        enabled: pipeline.enabled.is_none_or(|enabled| enabled.value),
        schedule: pipeline
            .schedule
            .as_ref()
            .map(|schedule| file.slice(schedule.span).trim().to_owned()),
        timing: served.timing,
        limits: served.limits,
        notify: served.notify,
        zone: compiler.zone,
        on_error: on_error(pipeline.on_error),
        guard,
        sources,
        stages,
        sinks,
        lookups: compiler.lookups,
        reads: flow.reads.projection,
    };
    (Some(plan), diagnostics)
}

fn in_file(diagnostics: Diagnostics, file: &Arc<Source>) -> Diagnostics {
    let mut located = Diagnostics::new();
    located.extend_in(diagnostics, file);
    located
}

/// Where a top-level key stands, for what is about the whole of it.
fn key_span(file: &Source, key: &str) -> crate::diagnostic::Span {
    let mut start = 0;
    for line in file.text().split_inclusive('\n') {
        if line
            .trim_start_matches('\u{feff}')
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with(':'))
        {
            return crate::diagnostic::Span::new(start, start + key.len());
        }
        start += line.len();
    }
    crate::diagnostic::Span::new(0, 0)
}

/// What the file says of errors; what it does not say is `dead_letter`.
pub(super) fn on_error(written: Option<Spanned<config::OnError>>) -> OnError {
    match written.map(|written| written.value) {
        None | Some(config::OnError::DeadLetter) => OnError::DeadLetter,
        Some(config::OnError::Skip) => OnError::Skip,
        Some(config::OnError::Stop) => OnError::Stop,
    }
}

fn zone(written: Option<&Spanned<String>>, compiler: &mut Compiler<'_>) -> TimeZone {
    let Some(written) = written else {
        return TimeZone::UTC;
    };
    if let Ok(zone) = TimeZone::get(&written.value) {
        return zone;
    }
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    let help = match nearest(&written.value, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write an IANA name, e.g. `Europe/Berlin`".to_owned(),
    };
    compiler.mistake(
        UNKNOWN_ZONE,
        format!("there is no time zone `{}`", written.value),
        written.span,
        "expected an IANA name",
        help,
    );
    TimeZone::UTC
}

fn guard(written: Option<&config::Guard>, compiler: &mut Compiler<'_>) -> Guard {
    let Some(written) = written else {
        return Guard::default();
    };
    let mut share = |text: &Option<Spanned<String>>| {
        let text = text.as_ref()?;
        let parsed = parse_share(&text.value);
        if parsed.is_none() {
            compiler.mistake(
                BAD_SHARE,
                format!("`{}` is no share", text.value),
                text.span,
                "expected e.g. `20%`",
                "write a number from 0 to 100 and `%`",
            );
        }
        parsed
    };
    Guard {
        max_share: share(&written.max_share),
        max_dead: share(&written.max_dead),
        max_changes: written.max_changes.map(|number| number.value),
    }
}

/// The connection of a source or sink: the one it names, or the only one of the service.
pub(super) fn connection(
    service: &'static str,
    named: Option<&Spanned<String>>,
    user: Spanned<&str>,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Option<Arc<str>> {
    let of_service: Vec<&Arc<str>> = surroundings
        .connections
        .iter()
        .filter(|(_, known)| **known == service)
        .map(|(name, _)| name)
        .collect();
    let list = of_service
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(named) = named {
        return match surroundings.connections.get_key_value(named.value.as_str()) {
            Some((name, known)) if *known == service => Some(Arc::clone(name)),
            Some((name, known)) => {
                compiler.mistake(
                    WRONG_SERVICE,
                    format!(
                        "`{name}` is a connection to {known}, and `{}` needs one to {service}",
                        user.value
                    ),
                    named.span,
                    format!("a connection to {service}"),
                    if list.is_empty() {
                        format!("add a connection to {service} in flowline.yaml")
                    } else {
                        format!("there is {list}")
                    },
                );
                None
            }
            None => {
                let near = nearest(
                    &named.value,
                    surroundings.connections.keys().map(|name| &**name),
                );
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if list.is_empty() => format!(
                        "add it under `connections` in flowline.yaml: `{}: {{ {service}: … }}`",
                        named.value
                    ),
                    None => format!("there is {list}"),
                };
                compiler.mistake(
                    UNKNOWN_CONNECTION,
                    format!("there is no connection `{}`", named.value),
                    named.span,
                    "not in flowline.yaml",
                    help,
                );
                None
            }
        };
    }
    match of_service.as_slice() {
        [only] => Some(Arc::clone(only)),
        [] => {
            compiler.mistake(
                NO_CONNECTION,
                format!(
                    "`{}` needs a connection to {service}, and there is none",
                    user.value
                ),
                user.span,
                "no connection",
                format!("add one under `connections` in flowline.yaml: `NAME: {{ {service}: … }}`"),
            );
            None
        }
        _ => {
            compiler.mistake(
                CHOOSE_CONNECTION,
                format!("there are several connections to {service}"),
                user.span,
                "which one?",
                format!("say `connection:` with one of {list}"),
            );
            None
        }
    }
}
