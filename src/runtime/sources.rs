//! Sources of a plan, opened on the services.

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::inbox::Delivery;
use super::{Connected, Web};
use crate::connectors::file::FileReader;
use crate::connectors::http::HttpReader;
use crate::connectors::{Memory, Source, Start, brevo, jira};
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
    let mut sources = Vec::new();
    for (index, source) in plan.sources.iter().enumerate() {
        let session = source
            .connection
            .as_ref()
            .and_then(|name| connected.jira.get(name))
            .cloned();
        let name = source_name(&source.kind, index);
        let mut add = |name: String, since: Since, from_inbox: bool| {
            let delivery = Delivery {
                inbox: connected.inbox.clone(),
                connection: source.connection.clone().unwrap_or_else(|| "".into()),
            };
            let open = PlanSource {
                plan: Arc::clone(plan),
                index,
                session: session.clone(),
                web: connected.web.clone(),
                root: root.to_owned(),
                delivery,
                from_inbox,
            };
            sources.push(JobSource {
                name: name.into(),
                since,
                open: Box::new(open),
            });
        };
        // An aggregate's window moves with each run, all others' with the first.
        let since = match source.kind.since() {
            None => Since::Beginning,
            Some(crate::expression::Since::At(time)) => Since::At(time),
            Some(crate::expression::Since::Ago(ms)) if plan.reads_whole() => {
                Since::BeforeThisRun(ms)
            }
            Some(crate::expression::Since::Ago(ms)) => Since::BeforeFirstRun(ms),
        };
        match &source.kind {
            // What is waiting is read; what came before it is no business of the pipeline.
            SourceKind::JiraWebhook(_) | SourceKind::BrevoWebhook(_) => {
                add(name, Since::BeforeThisRun(0), true);
            }
            SourceKind::JiraIssues(spec) if spec.live => {
                let inbox = inbox_name(&name);
                add(name, since, false);
                add(inbox, since, true);
            }
            _ => add(name, since, false),
        }
    }
    sources
}

/// The names of a plan's sources, under which their cursors are kept.
#[must_use]
pub fn source_names(plan: &Plan) -> Vec<String> {
    let mut names = Vec::new();
    for (index, source) in plan.sources.iter().enumerate() {
        let name = source_name(&source.kind, index);
        let live = matches!(&source.kind, SourceKind::JiraIssues(issues) if issues.live);
        let inbox = live.then(|| inbox_name(&name));
        names.push(name);
        names.extend(inbox);
    }
    names
}

/// The name of what a live source reads of the inbox.
pub(super) fn inbox_name(source: &str) -> String {
    format!("{source}/inbox")
}

pub(super) fn source_name(kind: &SourceKind, index: usize) -> String {
    let name = kind.name();
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
    delivery: Delivery,
    /// What was delivered is read, not asked for.
    from_inbox: bool,
}

impl OpenSource for PlanSource {
    fn open<'a>(
        &'a self,
        start: Start,
        memory: &'a dyn Memory,
    ) -> BoxFuture<'a, Result<Box<dyn Source + 'a>, Failure>> {
        Box::pin(async move {
            let missing = || Failure::new(Class::Rejected, "the source has no connection");
            let source = self.plan.sources.get(self.index).ok_or_else(missing)?;
            let start = &start;
            let listed = |what| async move {
                let session = self.session.as_deref().ok_or_else(missing)?;
                let (reads, zone) = (&self.plan.reads, &self.plan.zone);
                let opened =
                    jira::ListedSource::open(session, what, reads, zone, start, memory).await?;
                Ok::<Box<dyn Source + 'a>, Failure>(Box::new(opened))
            };
            let opened: Box<dyn Source + 'a> = match &source.kind {
                SourceKind::JiraIssues(spec) if self.from_inbox => {
                    let wanted = jira::Wanted::Issues(spec);
                    self.inbox(wanted, (start, false)).await?
                }
                SourceKind::JiraWebhook(spec) => {
                    let own_floor = self.plan.reads_webhooks_only();
                    let wanted = jira::Wanted::Events(spec);
                    self.inbox(wanted, (start, own_floor)).await?
                }
                SourceKind::BrevoWebhook(spec) => {
                    Box::new(brevo::WebhookSource::open(spec, &self.delivery, start)?)
                }
                SourceKind::JiraIssues(spec) => {
                    let session = self.session.as_deref().ok_or_else(missing)?;
                    Box::new(jira::IssueSource::open(session, spec, &self.plan.reads, start).await?)
                }
                SourceKind::Http(spec) => {
                    let web = self.web.as_deref().ok_or_else(missing)?;
                    let session = web.open(spec.auth.as_ref(), &spec.secret_headers, false)?;
                    Box::new(HttpReader::open(
                        session,
                        spec,
                        &self.plan.reads,
                        &self.plan.zone,
                        start,
                    )?)
                }
                SourceKind::JiraComments(spec) => {
                    let session = self.session.as_deref().ok_or_else(missing)?;
                    let (reads, zone) = (&self.plan.reads, &self.plan.zone);
                    let source = jira::CommentSource::open;
                    Box::new(source(session, spec, reads, zone, start, memory).await?)
                }
                SourceKind::JiraWorklogs(spec) => {
                    let session = self.session.as_deref().ok_or_else(missing)?;
                    let (reads, zone) = (&self.plan.reads, &self.plan.zone);
                    let source = jira::WorklogSource::open;
                    Box::new(source(session, spec, reads, zone, start, memory).await?)
                }
                SourceKind::JiraUsers(spec) => listed(jira::Listed::Users(spec)).await?,
                SourceKind::JiraProjects => listed(jira::Listed::Projects).await?,
                SourceKind::JiraVersions(spec) => listed(jira::Listed::Versions(spec)).await?,
                SourceKind::JiraSprints(spec) => listed(jira::Listed::Sprints(spec)).await?,
                SourceKind::File(spec) => Box::new(FileReader::open(
                    &self.root,
                    spec,
                    &self.plan.reads,
                    &self.plan.zone,
                    start,
                )?),
            };
            Ok(opened)
        })
    }
}

impl PlanSource {
    async fn inbox<'a>(
        &'a self,
        wanted: jira::Wanted<'a>,
        from: (&Start, bool),
    ) -> Result<Box<dyn Source + 'a>, Failure> {
        let missing = || Failure::new(Class::Rejected, "the source has no connection");
        let session = self.session.as_deref().ok_or_else(missing)?;
        let source =
            jira::InboxSource::open(session, wanted, &self.delivery, &self.plan.reads, from);
        Ok(Box::new(source.await?))
    }
}
