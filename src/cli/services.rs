//! The services that a command works with: real ones, or the sandbox inside the process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::context::Context;
use super::exit::Exit;
use super::extras;
use super::key;
use super::quota::{Logged, Quota};
use super::time::{SystemClock, now};
use super::web;
use crate::config::{Connection, Loaded, State};
use crate::connectors::jira;
use crate::http::{Failure, HttpTransport, Parts, Secret, SharedPace, SystemRandom, Transport};
use crate::plan::{Plan, SinkKind};
use crate::project::Opened;
use crate::runtime::{
    BrevoWay, Connected, Endpoint, EndpointTrouble, JiraPlace, JiraWay, Kept, StatePace,
    address_of, connect, endpoints, inbox_sources, jira_visible_after, visible_after,
};
use crate::sandbox::{Options, Sandbox, SandboxError, Service};
use crate::state::{
    Cursors, Inbox, InboxItem, InboxView, Permits, ScopeOf, SinkTerms, StateError, StateReader,
    View as _,
};

/// How long to wait for another process that uses the sandbox.
const SANDBOX_PATIENCE: Duration = Duration::from_secs(60);

/// Sessions, and what they were opened through.
pub(super) struct Services {
    /// The sessions.
    pub(super) connected: Connected,
    /// What they said of their limits.
    pub(super) quota: Arc<Quota>,
    /// Opens more.
    pub(super) gateway: Gateway,
}

impl Services {
    /// Stops the sandbox.
    pub(super) async fn stop(self) {
        self.gateway.stop().await;
    }
}

/// What sessions are opened through, and the sandbox behind them where there is one.
pub(super) struct Gateway {
    /// What the services say of their limits.
    pub(super) quota: Arc<Quota>,
    sandbox: Option<Sandbox>,
    transport: Arc<dyn Transport>,
    permits: Option<Arc<dyn Permits>>,
    cancel: CancellationToken,
    /// Under `--sandbox`, and in which environment.
    place: (bool, Option<String>),
}

/// Why connections could not be opened.
pub(super) enum NotConnected {
    /// They cannot be used as they are written.
    Written(Vec<EndpointTrouble>),
    /// A service refused.
    Refused(Failure),
}

impl NotConnected {
    /// Says why.
    pub(super) fn say(&self, context: &Context) -> Exit {
        match self {
            Self::Written(troubles) => {
                for trouble in troubles {
                    context.output.error(&trouble.message);
                    context.output.help(&trouble.help);
                }
                if troubles.iter().all(|trouble| trouble.connect_first) {
                    return Exit::Refused;
                }
                Exit::Wrong
            }
            Self::Refused(failure) => refused(context, failure),
        }
    }
}

impl Gateway {
    /// Starts the sandbox where one is asked for. With `permits`, rates are shared with the
    /// project's other processes; what writes nothing has none.
    ///
    /// # Errors
    /// Where it cannot; it has been said.
    pub(super) async fn start(
        context: &Context,
        opened: &Opened,
        permits: Option<&Arc<dyn Permits>>,
        cancel: &CancellationToken,
    ) -> Result<Self, Exit> {
        let root = &opened.root;
        let sandbox = if context.global.sandbox {
            let sandbox = start_sandbox(context, root, permits.is_some(), cancel).await?;
            sandbox.extend(&extras::of(opened.plans.values().map(|plan| &**plan)));
            Some(sandbox)
        } else {
            None
        };
        let transport: Arc<dyn Transport> = match HttpTransport::new() {
            Ok(transport) => Arc::new(transport),
            Err(error) => {
                context
                    .output
                    .error(&format!("no TLS on this machine: {error}"));
                return Err(Exit::Refused);
            }
        };
        Ok(Self {
            quota: Arc::default(),
            sandbox,
            transport,
            permits: permits.cloned(),
            cancel: cancel.clone(),
            place: (context.global.sandbox, context.global.env.clone()),
        })
    }

    /// Connects what is used, each connection to the share of its quota that it is to stay under.
    ///
    /// # Errors
    /// What stands in the way.
    pub(super) async fn connect(
        &self,
        loaded: &Loaded,
        root: &Path,
        kept: &Kept,
        names: &[Arc<str>],
        shares: &BTreeMap<Arc<str>, f64>,
    ) -> Result<Connected, NotConnected> {
        let endpoints = match &self.sandbox {
            Some(sandbox) => emulated(loaded, names, sandbox),
            None => endpoints(loaded, names, root, kept),
        };
        let endpoints = endpoints.map_err(NotConnected::Written)?;
        let parts = |name: &Arc<str>, endpoint: &Endpoint| Parts {
            transport: Arc::clone(&self.transport),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            exchanges: Arc::new(Logged {
                connection: Arc::clone(name),
                quota: Arc::clone(&self.quota),
            }),
            cancel: self.cancel.clone(),
            pace: self.permits.as_ref().map(|permits| -> Arc<dyn SharedPace> {
                Arc::new(StatePace::of(endpoint, Arc::clone(permits)))
            }),
            share: shares.get(name).copied(),
        };
        let (emulated, env) = &self.place;
        let state = state_path(*emulated, env.as_deref(), root, Some(loaded));
        let mut connected = connect(&endpoints, &parts)
            .await
            .map_err(NotConnected::Refused)?;
        connected.inbox = Some(Arc::new(WaitingInbox(state)));
        let web = web::opens(
            (&self.transport, &self.quota, &self.cancel),
            (&loaded.strings, root, kept),
            self.sandbox.is_some(),
        );
        connected.web = Some(Arc::new(web));
        Ok(connected)
    }

    /// Has the sandbox deliver the events that it begins with; again changes nothing.
    ///
    /// # Errors
    /// Where the state cannot keep them.
    pub(super) async fn deliver_seeded(
        &self,
        opened: &Opened,
        inbox: &dyn Inbox,
    ) -> Result<(), StateError> {
        let (Some(sandbox), Some(loaded)) = (&self.sandbox, &opened.loaded) else {
            return Ok(());
        };
        let plans = opened.plans.values();
        let read: BTreeSet<Arc<str>> = plans
            .flat_map(|plan| inbox_sources(plan))
            .map(|(connection, _)| connection)
            .collect();
        for name in read {
            let Some(connection) = loaded.project.connections.get(&name) else {
                continue;
            };
            let service = match connection.value {
                Connection::Jira(_) => Service::Jira,
                Connection::Brevo(_) => Service::Brevo,
            };
            for seeded in sandbox.seeded_webhooks(service) {
                let identifier = format!("id:{}", seeded.identifier);
                let at = now().as_millisecond();
                inbox.append(&name, &identifier, &seeded.body, at).await?;
            }
        }
        Ok(())
    }

    /// Sends requests that belong to no connection.
    pub(super) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    /// Where a connection's service is; none where that is not known.
    pub(super) fn address(&self, loaded: &Loaded, name: &str) -> Option<Url> {
        let connection = &loaded.project.connections.get(name)?.value;
        match &self.sandbox {
            Some(sandbox) => match connection {
                Connection::Jira(_) => sandbox.jira_url(),
                Connection::Brevo(_) => sandbox.brevo_url(),
            }
            .parse()
            .ok(),
            None => address_of(name, connection),
        }
    }

    /// What sends requests, without a credential.
    pub(super) fn shared_transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport)
    }

    /// Stops the sandbox.
    pub(super) async fn stop(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
    }
}

/// The connections that plans use, each once.
pub(super) fn used(plans: &[Arc<Plan>]) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = plans
        .iter()
        .flat_map(|plan| {
            let sources = plan
                .sources
                .iter()
                .filter_map(|source| source.connection.clone());
            let lookups = plan
                .lookups
                .iter()
                .filter_map(|lookup| lookup.connection.clone());
            let sinks = plan.sinks.iter().filter_map(|sink| sink.connection.clone());
            sources.chain(lookups).chain(sinks)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Connects what is used. With `permits`, rates are shared with the project's other processes;
/// what writes nothing has none.
///
/// # Errors
/// Where it cannot; it has been said.
pub(super) async fn open(
    context: &Context,
    opened: &Opened,
    names: &[Arc<str>],
    permits: Option<&Arc<dyn Permits>>,
    cancel: &CancellationToken,
) -> Result<Services, Exit> {
    let Some(loaded) = &opened.loaded else {
        return Err(Exit::Wrong);
    };
    let kept = kept(context, opened)?;
    let gateway = Gateway::start(context, opened, permits, cancel).await?;
    let whole = BTreeMap::new();
    match gateway
        .connect(loaded, &opened.root, &kept, names, &whole)
        .await
    {
        Ok(connected) => Ok(Services {
            connected,
            quota: Arc::clone(&gateway.quota),
            gateway,
        }),
        Err(why) => {
            gateway.stop().await;
            Err(why.say(context))
        }
    }
}

/// What the project keeps sealed.
///
/// # Errors
/// Where the key is missing or wrong, or the state cannot be read; it has been said.
pub(super) fn kept(context: &Context, opened: &Opened) -> Result<Kept, Exit> {
    let file = state_file(context, opened);
    let vault = key::existing_vault(&opened.root, &file, context)?;
    Kept::of(vault).map_err(|error| {
        context.output.error(&error.to_string());
        context.output.help(&error.help());
        Exit::Wrong
    })
}

/// Says why a source or a sink could not go on, as a run ends by it: what the file asks for and
/// the service does not take is the file's mistake.
pub(super) fn failed(context: &Context, failure: &Failure) -> Exit {
    let said = refused(context, failure);
    match failure.class {
        crate::http::Class::Rejected => Exit::Wrong,
        _ => said,
    }
}

/// Says what a service refused.
pub(super) fn refused(context: &Context, failure: &Failure) -> Exit {
    context.output.error(&failure.message);
    if let Some(help) = &failure.help {
        context.output.help(help);
    }
    match failure.class {
        crate::http::Class::Interrupted => Exit::Unsettled,
        crate::http::Class::Rejected if failure.status.is_none() => Exit::Wrong,
        _ => Exit::Refused,
    }
}

/// Starts the sandbox on what it knows in this project; one that nobody used yet leaves no trace
/// of a command that only looks.
async fn start_sandbox(
    context: &Context,
    root: &Path,
    writes: bool,
    cancel: &CancellationToken,
) -> Result<Sandbox, Exit> {
    let output = &context.output;
    let folder = state_folder(root, "sandbox", context.global.env.as_deref());
    let kept = writes || Sandbox::is_kept_in(&folder);
    let patient_until = tokio::time::Instant::now() + SANDBOX_PATIENCE;
    let mut told = false;
    loop {
        let options = Options {
            state: kept.then(|| folder.clone()),
            ..Options::new(Arc::new(now))
        };
        let error = match Sandbox::start(options).await {
            Ok(sandbox) => return Ok(sandbox),
            Err(error) => error,
        };
        if !matches!(error, SandboxError::InUse { .. }) {
            output.error(&format!("the sandbox does not start: {error}"));
            output.help(&match error {
                SandboxError::Damaged { .. } | SandboxError::OtherSeed { .. } => {
                    format!("remove {} to begin anew", folder.display())
                }
                _ => format!("check that {} can be written", folder.display()),
            });
            return Err(Exit::Wrong);
        }
        let holder = sandbox_holder(&folder).await;
        if tokio::time::Instant::now() >= patient_until {
            output.error(&format!("{holder} is using the sandbox of this project"));
            output.help("wait for it, or stop it");
            return Err(Exit::Unsettled);
        }
        if !told {
            output.say(&format!("waits for {holder}, which uses this sandbox"));
            told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
            () = cancel.cancelled() => return Err(Exit::Unsettled),
        }
    }
}

/// Who has the sandbox: the run that has a lease in its state.
async fn sandbox_holder(folder: &Path) -> String {
    let unnamed = || "another process".to_owned();
    let Ok(Some(state)) = StateReader::open_existing(&folder.join("state.db")) else {
        return unnamed();
    };
    let lanes = state.lanes().await.unwrap_or_default();
    let mut holders = lanes.into_iter().filter_map(|lane| lane.holder);
    holders.next().unwrap_or_else(unnamed)
}

fn emulated(
    loaded: &Loaded,
    names: &[Arc<str>],
    sandbox: &Sandbox,
) -> Result<BTreeMap<Arc<str>, Endpoint>, Vec<EndpointTrouble>> {
    let url = |text: &str| {
        Url::parse(text).map_err(|error| {
            vec![EndpointTrouble {
                message: format!("the sandbox has no address: {error}"),
                help: "report this as a defect".to_owned(),
                connect_first: false,
            }]
        })
    };
    let mut endpoints = BTreeMap::new();
    for name in names {
        let endpoint = match loaded
            .project
            .connections
            .get(name)
            .map(|connection| &connection.value)
        {
            Some(Connection::Jira(connection)) => Endpoint::Jira {
                visible_after_ms: jira_visible_after(connection),
                at: JiraPlace {
                    site: Some(url(&sandbox.jira_url())?),
                    cloud_id: None,
                    gateway: url(&sandbox.jira_url())?,
                },
                way: JiraWay::Basic(jira::Basic {
                    email: sandbox.jira_email().to_owned(),
                    token: Secret::new(sandbox.jira_token()),
                }),
            },
            Some(Connection::Brevo(connection)) => Endpoint::Brevo {
                visible_after_ms: visible_after(connection),
                url: url(&sandbox.brevo_url())?,
                way: BrevoWay::Key(Secret::new(sandbox.brevo_key())),
            },
            None => continue,
        };
        endpoints.insert(Arc::clone(name), endpoint);
    }
    Ok(endpoints)
}

fn state_folder(root: &Path, name: &str, env: Option<&str>) -> PathBuf {
    let folder = root.join(".flowline").join(name);
    match env {
        Some(env) => folder.join(env),
        None => folder,
    }
}

/// The file of the state: the sandbox and each environment have one of their own.
pub(super) fn state_file(context: &Context, opened: &Opened) -> PathBuf {
    state_of_env(
        opened,
        context.global.env.as_deref(),
        context.global.sandbox,
    )
}

/// The file of the state of an environment, which the project was opened with.
pub(super) fn state_of_env(opened: &Opened, env: Option<&str>, sandbox: bool) -> PathBuf {
    state_path(sandbox, env, &opened.root, opened.loaded.as_ref())
}

fn state_path(emulated: bool, env: Option<&str>, root: &Path, loaded: Option<&Loaded>) -> PathBuf {
    if emulated {
        return state_folder(root, "sandbox", env).join("state.db");
    }
    let project = loaded.map(|loaded| &loaded.project);
    let named = project
        .and_then(|project| project.state.as_ref())
        .and_then(|state| match &state.value {
            State::Sqlite(sqlite) => sqlite.path.as_ref().map(|path| path.value.clone()),
            State::Postgres(_) => None,
        });
    let path = root.join(named.as_deref().unwrap_or(".flowline/state.db"));
    let Some(env) = env else { return path };
    let says_its_own = project
        .and_then(|project| project.environments.get(env))
        .is_some_and(|environment| environment.state.is_some());
    if says_its_own {
        return path;
    }
    // Two environments never share what they know as sent.
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or_else(String::new, |ending| {
        format!(".{}", ending.to_string_lossy())
    });
    path.with_file_name(format!("{stem}-{env}{ending}"))
}

/// The account of a sink, as the ledger knows it.
fn account_of(plan: &Plan, index: usize, connected: &Connected) -> Arc<str> {
    let connection = plan
        .sinks
        .get(index)
        .and_then(|sink| sink.connection.as_ref());
    let brevo = connection.and_then(|name| connected.brevo.get(name));
    let site = connection.and_then(|name| connected.jira.get(name));
    match (brevo, site) {
        (Some(session), _) => format!("brevo:{}", session.account).into(),
        (None, Some(session)) => format!("jira:{}", session.cloud_id).into(),
        (None, None) => "".into(),
    }
}

/// What holds for the operations of each sink; `news_from` is from when on what happens is news.
pub(super) fn terms(plan: &Plan, connected: &Connected, news_from: i64) -> Vec<SinkTerms> {
    let one = |(index, sink): (usize, &crate::plan::SinkPlan)| SinkTerms {
        account: account_of(plan, index, connected),
        known_before: sink
            .kind
            .backfill_ms()
            // What a webhook tells is never older than the pipeline.
            .filter(|_| !plan.reads_webhooks_only())
            .map(|backfill| news_from.saturating_sub(backfill)),
    };
    plan.sinks.iter().enumerate().map(one).collect()
}

/// The scopes of messages by which a renamed pipeline is known.
pub(super) fn once_scopes(plan: &Plan, connected: &Connected) -> Vec<ScopeOf> {
    let scopes = plan.sinks.iter().enumerate().filter_map(|(index, sink)| {
        let SinkKind::Events(events) = &sink.kind else {
            return None;
        };
        let name = events.name.as_literal().and_then(|name| name.as_str())?;
        Some(ScopeOf {
            account: account_of(plan, index, connected),
            scope: format!("brevo.events/{name}").into(),
        })
    });
    scopes.collect()
}

/// What waits in the state's inbox; nothing for as long as there is no state.
struct WaitingInbox(PathBuf);

impl InboxView for WaitingInbox {
    fn inbox_after<'a>(
        &'a self,
        connection: &'a str,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<InboxItem>, StateError>> {
        Box::pin(async move {
            match StateReader::open_existing(&self.0)? {
                Some(state) => state.inbox_after(connection, after, limit).await,
                None => Ok(Vec::new()),
            }
        })
    }

    fn inbox_depths(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StateError>> {
        Box::pin(async move {
            match StateReader::open_existing(&self.0)? {
                Some(state) => state.inbox_depths().await,
                None => Ok(Vec::new()),
            }
        })
    }

    fn cursors<'a>(&'a self, pipeline: &'a str) -> BoxFuture<'a, Result<Cursors, StateError>> {
        Box::pin(async move {
            match StateReader::open_existing(&self.0)? {
                Some(state) => state.cursors(pipeline).await,
                None => Ok(Vec::new()),
            }
        })
    }
}
