//! Registering the webhooks that pipelines want: what is missing is registered, what expires soon
//! is renewed, what moved is corrected; others' are never touched, which are known by their URL.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Connected, EndpointTrouble, Kept, webhook_secret};
use crate::config::{Connection, JiraAuth, Loaded};
use crate::connectors::brevo::spec::WEBHOOK_EVENTS;
use crate::connectors::jira::jql::{self, Text};
use crate::connectors::jira::spec::{EVENTS, Jql, Thing, jiras_name};
use crate::connectors::{brevo, jira};
use crate::http::{Class, Failure, Secret};
use crate::plan::{Plan, SourceKind};

/// A dynamic webhook that ends within this is renewed.
const SOON_MS: i64 = 7 * 86_400_000;

/// How a connection's webhooks are registered.
#[derive(Clone, Debug)]
pub enum Way {
    /// Jira's admin webhooks, signed with the secret.
    Admin(Secret),
    /// Jira's dynamic webhooks, of an OAuth app.
    Dynamic,
    /// Brevo's, which carry the token.
    Brevo(Secret),
    /// Nobody but a person: Jira lets in there neither tokens with scopes nor service accounts.
    ByHand,
}

impl Way {
    /// By what deliveries are known, where flowline says so to the service.
    #[must_use]
    pub const fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Admin(secret) | Self::Brevo(secret) => Some(secret),
            Self::Dynamic | Self::ByHand => None,
        }
    }
}

/// The webhook that the pipelines want of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The connection.
    pub connection: Arc<str>,
    /// The events, by the service's names, sorted.
    pub events: Vec<String>,
    /// Which issues, in full; empty for all.
    pub filter: String,
    /// Which issues, as far as a dynamic webhook's filter can say it.
    pub reduced: String,
}

/// A webhook of ours, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The connection.
    pub connection: Arc<str>,
    /// `admin`, `dynamic`, `marketing` or `transactional`.
    pub kind: &'static str,
    /// Where it delivers.
    pub url: String,
    /// Its events.
    pub events: Vec<String>,
    /// Which issues; empty for all.
    pub filter: String,
    /// Until when it delivers, in epoch milliseconds; none: for ever, or it was just registered.
    pub expires_at: Option<i64>,
    /// `registered`, `refreshed`, `corrected`, `unchanged`, `removed`, `missing`.
    pub done: &'static str,
    /// True where it tells of what the pipelines want.
    pub current: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Our webhooks.
    pub standing: Vec<Standing>,
    /// What a service refused, or cannot deliver, in one sentence each.
    pub refused: Vec<String>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Registers, renews and corrects.
    Register,
    /// Looks.
    List,
    /// Renews what there is.
    Refresh,
    /// Removes ours.
    Remove,
}

/// What the plans want of each connection.
#[must_use]
pub fn wanted(plans: &[Arc<Plan>]) -> Vec<Wanted> {
    struct Gathered {
        events: BTreeSet<String>,
        /// Each source's query; none: all.
        queries: Option<BTreeSet<String>>,
        reduced: Option<BTreeSet<String>>,
    }
    let mut all: BTreeMap<Arc<str>, Gathered> = BTreeMap::new();
    for source in plans
        .iter()
        .filter(|plan| plan.enabled)
        .flat_map(|plan| &plan.sources)
    {
        let Some(connection) = &source.connection else {
            continue;
        };
        let (events, query): (Vec<String>, Option<&Jql>) = match &source.kind {
            SourceKind::JiraIssues(issues) if issues.live => {
                let things = |thing| match thing {
                    Thing::Issue => true,
                    Thing::Comment => issues.comments,
                    Thing::Worklog => issues.worklogs,
                    _ => false,
                };
                let events = EVENTS.iter().filter(|(_, thing, _)| things(*thing));
                (
                    events.map(|(name, _, _)| jiras_name(name)).collect(),
                    issues.jql.as_ref(),
                )
            }
            SourceKind::JiraWebhook(webhook) => (
                webhook
                    .events
                    .iter()
                    .map(|event| jiras_name(event))
                    .collect(),
                webhook.issues.jql.as_ref(),
            ),
            SourceKind::BrevoWebhook(webhook) => {
                let subscribed = WEBHOOK_EVENTS
                    .iter()
                    .filter(|(ours, _)| webhook.events.contains(ours));
                (
                    subscribed.map(|(_, name)| (*name).to_owned()).collect(),
                    None,
                )
            }
            _ => continue,
        };
        let gathered = all
            .entry(Arc::clone(connection))
            .or_insert_with(|| Gathered {
                events: BTreeSet::new(),
                queries: Some(BTreeSet::new()),
                reduced: Some(BTreeSet::new()),
            });
        gathered.events.extend(events);
        add(
            &mut gathered.queries,
            query.map(|query| query.text.trim().to_owned()),
        );
        let reduced = query.and_then(|query| {
            let text = Text::new(&query.text);
            jql::reduced(&jql::parse(text).ok()?, text)
        });
        add(&mut gathered.reduced, reduced);
    }
    all.into_iter()
        .map(|(connection, gathered)| Wanted {
            connection,
            events: gathered.events.into_iter().collect(),
            filter: any(gathered.queries),
            reduced: any(gathered.reduced),
        })
        .collect()
}

fn add(all: &mut Option<BTreeSet<String>>, one: Option<String>) {
    match one.filter(|one| !one.is_empty()) {
        Some(one) => {
            if let Some(all) = all {
                all.insert(one);
            }
        }
        // Whoever wants all makes what others want no matter.
        None => *all = None,
    }
}

fn any(queries: Option<BTreeSet<String>>) -> String {
    let queries: Vec<String> = queries.into_iter().flatten().collect();
    match queries.as_slice() {
        [one] => one.clone(),
        several => {
            let several: Vec<String> = several.iter().map(|one| format!("({one})")).collect();
            several.join(" OR ")
        }
    }
}

/// What a connection's webhooks are settled with.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What is to be done.
    pub verb: Verb,
    /// `server.public_url` + `/webhooks/CONNECTION`.
    pub url: &'a str,
    /// The time in epoch milliseconds.
    pub now: i64,
    /// Whether what is there was registered with the secret that the file has now: no service shows
    /// what it was registered with.
    pub same_secret: bool,
}

/// Where a connection's webhooks deliver.
#[must_use]
pub fn delivery_url(public_url: &str, connection: &str) -> String {
    format!("{}/webhooks/{connection}", public_url.trim_end_matches('/'))
}

/// How a connection's webhooks are registered.
///
/// # Errors
/// Where nothing is written by which its deliveries could be told from others'.
pub fn way(
    loaded: &Loaded,
    wanted: &Wanted,
    root: &Path,
    kept: &Kept,
) -> Result<Way, EndpointTrouble> {
    let name = &wanted.connection;
    let connection = loaded.project.connections.get(name).map(|one| &one.value);
    if let Some(Connection::Jira(jira)) = connection {
        match jira.auth.value {
            JiraAuth::OAuth2(_) => return Ok(Way::Dynamic),
            JiraAuth::Token(_) => return Ok(Way::ByHand),
            JiraAuth::Basic(_) => {}
        }
    }
    let secret = webhook_secret(loaded, name, root, kept)?;
    let secret = secret.ok_or_else(|| EndpointTrouble {
        message: format!(
            "`{name}` has no `webhook_secret`: its webhooks could not be told from others'"
        ),
        connect_first: false,
        help: format!("add `webhook_secret: \"${{NAME}}\"` to `{name}` in flowline.yaml"),
    })?;
    Ok(match connection {
        Some(Connection::Brevo(_)) => Way::Brevo(secret),
        _ => Way::Admin(secret),
    })
}

/// Settles the webhooks of a connection, where it is among those that are open.
///
/// # Errors
/// What stands in the way.
pub async fn settle(
    connected: &Connected,
    way: &Way,
    wanted: &Wanted,
    ask: Ask<'_>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let jira = connected.jira.get(&wanted.connection);
    let brevo = connected.brevo.get(&wanted.connection);
    match (way, jira, brevo) {
        (Way::ByHand, ..) => Err(by_hand(wanted, ask.url)),
        (Way::Brevo(token), _, Some(session)) => {
            settle_brevo(session, token, wanted, ask, outcome).await
        }
        (way, Some(session), _) => settle_jira(session, way, wanted, ask, outcome).await,
        _ => Ok(()),
    }
}

/// Settles Jira's webhooks of a connection.
///
/// # Errors
/// What stands in the way.
pub async fn settle_jira(
    session: &jira::Session,
    way: &Way,
    wanted: &Wanted,
    ask: Ask<'_>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    match way {
        Way::Admin(secret) => admin(session, secret, wanted, ask, outcome).await,
        Way::Dynamic => dynamic(session, wanted, ask, outcome).await,
        Way::ByHand => Err(by_hand(wanted, ask.url)),
        Way::Brevo(_) => Err(Failure::new(Class::Rejected, "no way of Jira's")),
    }
}

/// Why flowline cannot register webhooks with a token of scopes, and what a person can do.
#[must_use]
pub fn by_hand(wanted: &Wanted, url: &str) -> Failure {
    let events = wanted.events.join(", ");
    let of = match wanted.filter.as_str() {
        "" => String::new(),
        filter => format!(" and the JQL {filter}"),
    };
    Failure::new(
        Class::Rejected,
        format!(
            "`{}` gets in with a token that has scopes, or a service account's: Jira lets neither see or register webhooks",
            wanted.connection
        ),
    )
    .help(format!(
        "get in as an app (`auth: {{ oauth2: … }}`) or as an administrator (`auth: {{ basic: … }}`); or let one add it in Jira, System → WebHooks: the URL {url}, the secret that `webhook_secret` names, the events {events}{of}"
    ))
}

async fn admin(
    session: &jira::Session,
    secret: &Secret,
    wanted: &Wanted,
    ask: Ask<'_>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let mut ours = session.admin_webhooks().await?;
    ours.retain(|one| one.url == ask.url);
    let mut ours = ours.into_iter();
    let mut told = |done, events: &[String], filter: &str| {
        outcome.standing.push(Standing {
            connection: Arc::clone(&wanted.connection),
            kind: "admin",
            url: ask.url.to_owned(),
            events: events.to_vec(),
            filter: filter.to_owned(),
            expires_at: None,
            done,
            current: events == wanted.events && filter == wanted.filter && done != "missing",
        });
    };
    if ask.verb == Verb::Remove {
        for one in ours {
            session.remove_admin_webhook(&one.id).await?;
            told("removed", &one.events, &one.filter);
        }
        return Ok(());
    }
    let first = ours.next();
    let same = first
        .as_ref()
        .is_some_and(|one| one.events == wanted.events && one.filter == wanted.filter);
    let (events, filter) = (&wanted.events, &wanted.filter);
    if ask.verb != Verb::Register {
        match &first {
            Some(one) => told("unchanged", &one.events, &one.filter),
            None => told("missing", events, filter),
        }
        return Ok(());
    }
    let signed = ask.same_secret && first.as_ref().is_some_and(|one| one.signed);
    if same && signed {
        told("unchanged", events, filter);
    } else {
        session.may_administer().await?;
        let name = format!("flowline {}", wanted.connection);
        let put = (name.as_str(), ask.url, events.as_slice(), filter.as_str());
        let id = first.as_ref().map(|one| one.id.as_str());
        session.put_admin_webhook(id, put, secret).await?;
        told(
            if id.is_some() {
                "corrected"
            } else {
                "registered"
            },
            events,
            filter,
        );
    }
    // One a connection.
    for one in ours {
        session.remove_admin_webhook(&one.id).await?;
    }
    Ok(())
}

async fn dynamic(
    session: &jira::Session,
    wanted: &Wanted,
    ask: Ask<'_>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let mut ours = session.dynamic_webhooks().await?;
    ours.retain(|one| one.url == ask.url);
    let told = |one: &jira::Registered, done| Standing {
        connection: Arc::clone(&wanted.connection),
        kind: "dynamic",
        url: ask.url.to_owned(),
        events: one.events.clone(),
        filter: one.filter.clone(),
        expires_at: one.expires_at,
        done,
        current: one.filter == wanted.reduced
            && done != "missing"
            && one
                .events
                .iter()
                .eq(wanted.events.iter().filter(|event| is_dynamic(event))),
    };
    if ask.verb == Verb::Remove {
        for one in ours {
            session.remove_dynamic_webhook(&one.id).await?;
            outcome.standing.push(told(&one, "removed"));
        }
        return Ok(());
    }
    let (events, untold): (Vec<String>, Vec<String>) = wanted
        .events
        .iter()
        .cloned()
        .partition(|event| is_dynamic(event));
    let mut ours = ours
        .into_iter()
        .partition::<Vec<_>, _>(|one| one.events == events && one.filter == wanted.reduced);
    let soon = |one: &jira::Registered| one.expires_at.is_some_and(|at| at - ask.now < SOON_MS);
    let renews = matches!(ask.verb, Verb::Register | Verb::Refresh);
    let kept = match ask.verb {
        Verb::Register => ours.0.first(),
        _ => ours.0.first().or_else(|| ours.1.first()),
    };
    match kept {
        Some(one) if renews && (soon(one) || ask.verb == Verb::Refresh) => {
            session.refresh_dynamic_webhook(&one.id).await?;
            let renewed = jira::Registered {
                expires_at: None,
                ..one.clone()
            };
            outcome.standing.push(told(&renewed, "refreshed"));
        }
        Some(one) => outcome.standing.push(told(one, "unchanged")),
        None => {
            let new = jira::Registered {
                id: String::new(),
                url: ask.url.to_owned(),
                events: events.clone(),
                filter: wanted.reduced.clone(),
                expires_at: None,
                signed: true,
            };
            if ask.verb != Verb::Register {
                outcome.standing.push(told(&new, "missing"));
            } else if !events.is_empty() {
                match session
                    .add_dynamic_webhook(ask.url, &events, &wanted.reduced)
                    .await?
                {
                    Ok(_) if ours.1.is_empty() => outcome.standing.push(told(&new, "registered")),
                    Ok(_) => outcome.standing.push(told(&new, "corrected")),
                    Err(errors) => {
                        let why = errors.join("; ");
                        outcome.refused.push(format!(
                            "`{}`: Jira does not register its webhook: {why}",
                            wanted.connection
                        ));
                        return Ok(());
                    }
                }
            }
        }
    }
    if ask.verb == Verb::Register {
        if !untold.is_empty() {
            outcome.refused.push(format!(
                "`{}`: Jira does not tell OAuth apps of {}",
                wanted.connection,
                untold.join(", ")
            ));
        }
        // What moved is removed only now: nothing was missed in between.
        for one in ours.0.drain(..).skip(1).chain(ours.1.drain(..)) {
            session.remove_dynamic_webhook(&one.id).await?;
        }
    }
    Ok(())
}

/// What the pipelines want to be told of and the way in is never told of.
#[must_use]
pub fn untold(way: &Way, wanted: &Wanted) -> Vec<String> {
    if !matches!(way, Way::Dynamic) {
        return Vec::new();
    }
    let untold = wanted.events.iter().filter(|event| !is_dynamic(event));
    untold.cloned().collect()
}

/// True where a source is told of what it reads by webhooks.
#[must_use]
pub const fn is_told(source: &SourceKind) -> bool {
    match source {
        SourceKind::JiraIssues(issues) => issues.live,
        SourceKind::JiraWebhook(_) | SourceKind::BrevoWebhook(_) => true,
        _ => false,
    }
}

/// No worklogs, users and projects.
fn is_dynamic(event: &str) -> bool {
    ["jira:issue_", "comment_", "sprint_", "jira:version_"]
        .iter()
        .any(|start| event.starts_with(start))
}

/// Settles Brevo's webhooks of a connection.
///
/// # Errors
/// What stands in the way.
pub async fn settle_brevo(
    session: &brevo::Session,
    token: &Secret,
    wanted: &Wanted,
    ask: Ask<'_>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    for kind in ["marketing", "transactional"] {
        let mut events: Vec<String> = wanted.events.clone();
        if kind == "transactional" {
            events.retain(|event| !event.starts_with("contact") && event != "listAddition");
        }
        let mut ours = session.webhooks(kind).await?;
        ours.retain(|one| one.url == ask.url);
        let wanted_here: BTreeSet<String> = events.iter().cloned().collect();
        let events_are =
            |there: &[String]| there.iter().cloned().collect::<BTreeSet<_>>() == wanted_here;
        let mut told = |done, events: Vec<String>| {
            outcome.standing.push(Standing {
                connection: Arc::clone(&wanted.connection),
                kind,
                url: ask.url.to_owned(),
                filter: String::new(),
                expires_at: None,
                done,
                current: done != "missing" && events_are(&events),
                events,
            });
        };
        let mut ours = ours.into_iter();
        if ask.verb == Verb::Remove {
            for one in ours {
                session.remove_webhook(one.id).await?;
                told("removed", one.events);
            }
            continue;
        }
        let first = ours.next();
        if events.is_empty() && first.is_none() {
            continue;
        }
        let same = ask.same_secret && first.as_ref().is_some_and(|one| events_are(&one.events));
        match (first, ask.verb) {
            (None, Verb::Register) => {
                session
                    .put_webhook(None, (kind, ask.url, &events), token)
                    .await?;
                told("registered", events);
            }
            (None, _) => told("missing", events),
            (Some(one), Verb::Register) if events.is_empty() => {
                session.remove_webhook(one.id).await?;
                told("removed", one.events);
            }
            (Some(one), Verb::Register) if !same => {
                let put = (kind, ask.url, events.as_slice());
                session.put_webhook(Some(one.id), put, token).await?;
                told("corrected", events);
            }
            (Some(one), _) => told("unchanged", one.events),
        }
        if ask.verb == Verb::Register {
            for one in ours {
                session.remove_webhook(one.id).await?;
            }
        }
    }
    Ok(())
}
