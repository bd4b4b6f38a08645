//! A plan as the job of a run: what can write is made here and nowhere else.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

use super::{Connected, open_sources};
use crate::connectors::Writer;
use crate::connectors::brevo::spec::{Contacts, Events, ListRef};
use crate::connectors::brevo::{
    self, AccountFacts, CampaignWriter, ContactWriter, EmailWriter, EventWriter, MemberWriter,
    Needs, NoteWriter, ObjectWriter, create_attributes, create_lists, refusal,
};
use crate::connectors::file::FileWriter;
use crate::connectors::http::HttpWriter;
use crate::connectors::http::spec::HttpSink;
use crate::connectors::jira;
use crate::engine::{Gauges, Guard, JobSink, JobSource, Route};
use crate::expression::{Expression, Kind};
use crate::http::{Class, Failure};
use crate::plan::{Keys, Plan, SinkKind, SinkPlan};

/// A plan joined to its services.
pub struct Prepared {
    /// Where records come from.
    pub sources: Vec<JobSource>,
    /// Where operations go.
    pub sinks: Vec<JobSink>,
    /// What stops the run.
    pub guard: Option<Guard>,
    /// What was created before the first write, in one sentence each.
    pub told: Vec<String>,
}

/// Checks the accounts against the plan and makes its writers.
///
/// # Errors
/// What the account lacks, with what to do; what stands in the way.
pub async fn prepare(
    plan: &Arc<Plan>,
    connected: &Connected,
    root: &Path,
) -> Result<Prepared, Failure> {
    let Accounts { mut facts, needs } = accounts(plan, connected).await?;
    let mut told = Vec::new();
    for (name, account) in &mut facts {
        let session = connected.brevo.get(name).ok_or_else(|| missing(name))?;
        if let Some(needs) = needs.get(name) {
            told.extend(create_attributes(account, session, &needs.create).await?);
        }
        for sink in &plan.sinks {
            let (lists, folder) = match &sink.kind {
                SinkKind::Contacts(spec) if spec.create_lists => (&spec.lists, &spec.folder),
                SinkKind::Lists(spec) if spec.create_lists => (&spec.add, &spec.folder),
                _ => continue,
            };
            if sink.connection.as_ref() == Some(name)
                && let Some(lists) = lists
            {
                let mut names = Vec::new();
                literal_names(&lists.value, &mut names);
                told.extend(create_lists(session, account, folder.as_ref(), &names).await?);
            }
        }
    }
    let facts: BTreeMap<Arc<str>, Arc<AccountFacts>> = facts
        .into_iter()
        .map(|(name, facts)| (name, Arc::new(facts)))
        .collect();
    let mut sinks = Vec::new();
    for sink in &plan.sinks {
        let brevo = sink.connection.as_ref().and_then(|name| {
            let session = connected.brevo.get(name)?;
            Some((Arc::clone(session), Arc::clone(facts.get(name)?)))
        });
        let site = sink
            .connection
            .as_ref()
            .and_then(|name| connected.jira.get(name));
        let joined = match &sink.kind {
            SinkKind::Contacts(spec) => join_contacts(spec, plan, brevo.as_ref()),
            SinkKind::Events(spec) => join_events(spec, plan, brevo.as_ref()),
            SinkKind::JiraIssue(spec) => site.map(|session| {
                let writer = jira::IssueWriter::new(Arc::clone(session));
                once_in_jira(Box::new(writer), spec.backfill_ms)
            }),
            SinkKind::JiraComment(spec) => site.map(|session| {
                let writer = jira::CommentWriter::new(Arc::clone(session));
                once_in_jira(Box::new(writer), spec.backfill_ms)
            }),
            SinkKind::Http(spec) => Some(join_http(spec, sink.keys.as_ref(), connected)?),
            SinkKind::Metrics(_) => Some(Joined::new(Route::Gauges(Gauges::default()))),
            SinkKind::Notes(_) => outbox(sink, brevo.as_ref(), |session, _| {
                Box::new(NoteWriter::new(session))
            }),
            SinkKind::Lists(spec) => outbox(sink, brevo.as_ref(), |session, facts| {
                Box::new(MemberWriter::new(session, &facts, spec))
            }),
            SinkKind::Campaigns(_) => outbox(sink, brevo.as_ref(), |session, facts| {
                Box::new(CampaignWriter::new(session, facts))
            }),
            SinkKind::Email(_) => outbox(sink, brevo.as_ref(), |session, _| {
                Box::new(EmailWriter::new(session))
            }),
            SinkKind::Objects(_) => outbox(sink, brevo.as_ref(), |session, _| {
                Box::new(ObjectWriter::new(session))
            }),
            SinkKind::File(spec) => Some(Joined::new(Route::Replace(Box::new(FileWriter::open(
                root, spec,
            )?)))),
        };
        let joined = joined.ok_or_else(|| missing(&sink.name))?;
        sinks.push(JobSink {
            name: Arc::clone(&sink.name),
            account: account_of(brevo.as_ref(), site),
            route: joined.route,
            on_error: sink.on_error.into(),
            // What a webhook tells is never older than the pipeline.
            backfill_ms: if plan.reads_webhooks_only() {
                i64::MAX
            } else {
                joined.backfill_ms
            },
            visible_after_ms: brevo
                .map(|(session, _)| session.visible_after_ms)
                .or(site.map(|session| session.visible_after_ms))
                .unwrap_or_default(),
            once_scopes: joined.once_scopes,
            contacts: joined.contacts,
        });
    }
    let guard = plan.guard.is_set().then(|| Guard::from(plan.guard));
    Ok(Prepared {
        sources: open_sources(plan, connected, root),
        sinks,
        guard,
        told,
    })
}

/// What is created in a site. All its pipelines share one scope, so that no pipeline is known by it.
fn once_in_jira(writer: Box<dyn Writer>, backfill_ms: i64) -> Joined {
    Joined {
        backfill_ms,
        ..Joined::new(Route::Outbox(writer))
    }
}

/// The account of a sink, as the ledger knows it.
fn account_of(brevo: Option<&Account>, site: Option<&Arc<jira::Session>>) -> Arc<str> {
    match (brevo, site) {
        (Some((session, _)), _) => format!("brevo:{}", session.account).into(),
        (None, Some(session)) => format!("jira:{}", session.cloud_id).into(),
        (None, None) => "".into(),
    }
}

/// A sink joined to its service.
struct Joined {
    route: Route,
    backfill_ms: i64,
    once_scopes: Vec<Arc<str>>,
    contacts: bool,
}

impl Joined {
    const fn new(route: Route) -> Self {
        Self {
            route,
            backfill_ms: 0,
            once_scopes: Vec::new(),
            contacts: false,
        }
    }
}

fn join_http(
    spec: &HttpSink,
    keys: Option<&Keys>,
    connected: &Connected,
) -> Result<Joined, Failure> {
    let web = connected.web.as_deref().ok_or_else(|| missing("http"))?;
    let session = web.open(spec.auth.as_ref(), &spec.secret_headers, true)?;
    let writer = HttpWriter::new(session, spec.repeatable);
    Ok(Joined {
        backfill_ms: spec.backfill_ms,
        once_scopes: keys
            .map(|keys| keys.scope(&spec.scope))
            .into_iter()
            .collect(),
        ..Joined::new(Route::Outbox(Box::new(writer)))
    })
}

/// A Brevo account and what it has.
type Account = (Arc<brevo::Session>, Arc<AccountFacts>);

fn join_contacts(spec: &Contacts, plan: &Plan, account: Option<&Account>) -> Option<Joined> {
    let (session, account) = account?.clone();
    let writer = ContactWriter::new(session, account, spec, plan.zone.clone());
    Some(Joined {
        contacts: true,
        ..Joined::new(Route::Outbox(Box::new(writer)))
    })
}

fn join_events(spec: &Events, plan: &Plan, account: Option<&Account>) -> Option<Joined> {
    let (session, account) = account?.clone();
    let writer = EventWriter::new(session, account, plan.zone.clone());
    let name = spec.name.as_literal().and_then(|name| name.as_str());
    let scope = name.map(|name| Arc::from(format!("brevo.events/{name}")));
    Some(Joined {
        backfill_ms: spec.backfill_ms,
        once_scopes: scope.into_iter().collect(),
        ..Joined::new(Route::Outbox(Box::new(writer)))
    })
}

/// A sink whose writer needs no more than its account.
fn outbox(
    sink: &SinkPlan,
    account: Option<&Account>,
    writer: impl FnOnce(Arc<brevo::Session>, Arc<AccountFacts>) -> Box<dyn Writer>,
) -> Option<Joined> {
    let (session, facts) = account?.clone();
    Some(Joined {
        backfill_ms: sink.kind.backfill_ms().unwrap_or_default(),
        ..Joined::new(Route::Outbox(writer(session, facts)))
    })
}

/// The accounts that a plan's sinks write to, held against the plan.
pub struct Accounts {
    /// What they have, by connection.
    pub facts: BTreeMap<Arc<str>, AccountFacts>,
    /// What they lack and would get before the first write, by connection.
    pub needs: BTreeMap<Arc<str>, Needs>,
}

/// Reads the accounts of a plan's sinks.
///
/// # Errors
/// What an account lacks, with what to do; what stands in the way.
pub async fn accounts(plan: &Plan, connected: &Connected) -> Result<Accounts, Failure> {
    let mut facts: BTreeMap<Arc<str>, AccountFacts> = BTreeMap::new();
    let mut needs: BTreeMap<Arc<str>, Needs> = BTreeMap::new();
    for sink in &plan.sinks {
        let Some(name) = &sink.connection else {
            continue;
        };
        if connected.jira.contains_key(name) {
            continue;
        }
        let session = connected.brevo.get(name).ok_or_else(|| missing(name))?;
        let account = match facts.entry(Arc::clone(name)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(AccountFacts::read(session).await?),
        };
        let needs = needs.entry(Arc::clone(name)).or_default();
        match &sink.kind {
            SinkKind::Contacts(spec) => account.check_contacts(spec, needs),
            SinkKind::Events(spec) => account.check_events(spec, needs),
            SinkKind::Email(spec) => {
                account
                    .check_template(session, &spec.template, needs)
                    .await?;
            }
            SinkKind::Campaigns(spec) => {
                account
                    .check_template(session, &spec.template, needs)
                    .await?;
                account.check_lists(&spec.lists, needs);
            }
            SinkKind::Notes(_)
            | SinkKind::Lists(_)
            | SinkKind::Objects(_)
            | SinkKind::JiraIssue(_)
            | SinkKind::JiraComment(_)
            | SinkKind::Http(_)
            | SinkKind::Metrics(_)
            | SinkKind::File(_) => {}
        }
    }
    // All accounts first: what one lacks keeps the others as they are.
    match needs.values().find_map(refusal) {
        Some(failure) => Err(failure),
        None => Ok(Accounts { facts, needs }),
    }
}

fn missing(name: &str) -> Failure {
    Failure::new(Class::Rejected, format!("`{name}` is not connected"))
}

/// Names of lists that are written in the file: those that can be created before the first write.
fn literal_names(expression: &Expression, found: &mut Vec<String>) {
    match expression.kind() {
        Kind::List(elements) | Kind::First(elements) => {
            for element in elements {
                literal_names(element, found);
            }
        }
        _ => {
            let literal = expression.as_literal().and_then(ListRef::from_value);
            let rows = expression
                .options()
                .lookup
                .as_ref()
                .map(|lookup| lookup.rows())
                .unwrap_or_default();
            let rows = rows
                .iter()
                .filter_map(|(_, to)| ListRef::from_value(&to.value));
            found.extend(
                literal
                    .into_iter()
                    .chain(rows)
                    .filter_map(|list| match list {
                        ListRef::Name(name) => Some(name),
                        ListRef::Id(_) => None,
                    }),
            );
        }
    }
}
