//! Sources of a plan, opened on the services.

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Connected, Web};
use crate::connectors::file::FileReader;
use crate::connectors::http::HttpReader;
use crate::connectors::{Source, Start, jira};
use crate::engine::{JobSource, OpenSource, Since};
use crate::http::{Class, Failure};
use crate::plan::{Plan, SourceKind};

/// The sources of a plan; `root` is the project's folder.
#[must_use]
pub fn open_sources(
    plan: &Arc<Plan>,
    connected: &Connected,
    root: &std::path::Path,
) -> Vec<JobSource> {
    plan.sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            let (since, session) = match &source.kind {
                SourceKind::JiraIssues(spec) => {
                    let session = source
                        .connection
                        .as_ref()
                        .and_then(|name| connected.jira.get(name))
                        .cloned();
                    // An aggregate's window moves with each run, all others' with the first.
                    let since = match spec.since {
                        None => Since::Beginning,
                        Some(crate::expression::Since::At(time)) => Since::At(time),
                        Some(crate::expression::Since::Ago(ms)) if plan.reads_whole() => {
                            Since::BeforeThisRun(ms)
                        }
                        Some(crate::expression::Since::Ago(ms)) => Since::BeforeFirstRun(ms),
                    };
                    (since, session)
                }
                SourceKind::Http(_) | SourceKind::File(_) => (Since::Beginning, None),
            };
            let open = PlanSource {
                plan: Arc::clone(plan),
                index,
                session,
                web: connected.web.clone(),
                root: root.to_owned(),
            };
            JobSource {
                name: source_name(&source.kind, index).into(),
                since,
                open: Box::new(open),
            }
        })
        .collect()
}

/// The names of a plan's sources, under which their cursors are kept.
#[must_use]
pub fn source_names(plan: &Plan) -> Vec<String> {
    let sources = plan.sources.iter().enumerate();
    sources
        .map(|(index, source)| source_name(&source.kind, index))
        .collect()
}

fn source_name(kind: &SourceKind, index: usize) -> String {
    let name = match kind {
        SourceKind::JiraIssues(_) => "jira.issues",
        SourceKind::Http(_) => "http",
        SourceKind::File(_) => "file",
    };
    match index {
        0 => name.to_owned(),
        _ => format!("{name}#{}", index + 1),
    }
}

struct PlanSource {
    plan: Arc<Plan>,
    index: usize,
    session: Option<Arc<jira::Session>>,
    web: Option<Arc<Web>>,
    root: PathBuf,
}

impl OpenSource for PlanSource {
    fn open<'a>(&'a self, start: Start) -> BoxFuture<'a, Result<Box<dyn Source + 'a>, Failure>> {
        Box::pin(async move {
            let missing = || Failure::new(Class::Rejected, "the source has no connection");
            let source = self.plan.sources.get(self.index).ok_or_else(missing)?;
            let opened: Box<dyn Source + 'a> = match &source.kind {
                SourceKind::JiraIssues(spec) => {
                    let session = self.session.as_deref().ok_or_else(missing)?;
                    Box::new(
                        jira::IssueSource::open(session, spec, &self.plan.reads, &start).await?,
                    )
                }
                SourceKind::Http(spec) => {
                    let web = self.web.as_deref().ok_or_else(missing)?;
                    let session = web.open(&spec.url, spec.auth.as_ref(), &spec.secret_headers)?;
                    Box::new(HttpReader::open(
                        session,
                        spec,
                        &self.plan.reads,
                        &self.plan.zone,
                        &start,
                    )?)
                }
                SourceKind::File(spec) => Box::new(FileReader::open(
                    &self.root,
                    spec,
                    &self.plan.reads,
                    &self.plan.zone,
                    &start,
                )?),
            };
            Ok(opened)
        })
    }
}
