//! `flowline serve`: schedules, webhooks, health, metrics, until stopped.

mod facts;
mod one;
mod project;
mod registered;
mod show;
mod standing;
mod watch;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures::StreamExt as _;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;

use self::facts::StateFacts;
use self::one::{Done, Work, run_one};
use self::project::Project;
use self::registered::register;
use self::watch::Watch;
use super::telling::refuse;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::services::{self, Gateway};
use crate::cli::time::{SystemClock, now};
use crate::http::{SystemRandom, until};
use crate::server::health::{Health, Shown};
use crate::server::metrics::Metrics;
use crate::server::timetable::Timetable;
use crate::server::{Listening, Wakes, health, webhooks};
use crate::state::{DatabaseTime, Inbox, Permits, Serving as _, SqliteStore};

/// Where it listens where flowline.yaml does not say.
const LISTEN: &str = "127.0.0.1:8080";
/// How long what is in flight may take to settle where flowline.yaml does not say.
const GRACE_MS: i64 = 20_000;
/// How often sessions are opened anew, and webhooks registered: what an account is may have
/// changed, and what was registered expires.
const REOPENED: Duration = Duration::from_secs(3_600);

/// Run pipelines by their schedules, take webhooks, answer for health and metrics, until stopped
///
/// Edits of the project are taken within seconds; one with a mistake is logged, and what ran goes
/// on. SIGTERM or Ctrl-C stops it: nothing new is begun, what is in flight is settled.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline serve
  flowline serve --sandbox
  flowline serve --env production --log-format json
  curl -s http://127.0.0.1:8080/readyz")]
pub struct Arguments {}

/// Serves until a signal comes.
pub async fn run(_: &Arguments, context: &Context) -> Exit {
    match serve(context).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn serve(context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let project = Rc::new(Project::open(context)?);
    let interrupt = interrupt::listen(output);
    let file = services::state_file(context, &project.opened);
    let store =
        SqliteStore::open(&file, DatabaseTime::Own).map_err(|error| refuse(&error, output))?;
    let store = Arc::new(store);
    let permits: Arc<dyn Permits> = Arc::clone(&store) as Arc<dyn Permits>;
    let metrics = Arc::new(Metrics::default());
    let gateway =
        Gateway::start(context, &project.opened, Some(&permits), &interrupt.token).await?;
    gateway.quota.count_in(&metrics);
    if let Err(error) = gateway.deliver_seeded(&project.opened, &*store).await {
        gateway.stop().await;
        return Err(refuse(&error, output));
    }

    let inbox: Arc<dyn Inbox> = Arc::clone(&store) as Arc<dyn Inbox>;
    let webhooks = Arc::new(webhooks::Webhooks::new(
        inbox,
        Arc::new(SystemClock),
        BTreeMap::new(),
    ));
    let state = Arc::new(StateFacts::new(Arc::clone(&store), Arc::clone(&webhooks)));
    let health = Arc::new(Health::default());
    let shown = Arc::new(Shown {
        health: Arc::clone(&health),
        metrics: Arc::clone(&metrics),
        state: Arc::clone(&state) as Arc<dyn health::AskState>,
    });
    let router = health::router(shown).merge(webhooks::router(Arc::clone(&webhooks)));
    let listen = project.listen();
    let listening = match Listening::start(&listen, router) {
        Ok(listening) => listening,
        Err(error) => {
            output.error(&format!("{listen} cannot be listened on: {error}"));
            output.help("set `server: { listen: ADDRESS:PORT }` in flowline.yaml");
            gateway.stop().await;
            return Err(Exit::Wrong);
        }
    };
    let work = Work {
        context,
        store: Arc::clone(&store),
        gateway: &gateway,
        metrics: Arc::clone(&metrics),
        cancel: interrupt.token.clone(),
        sessions: std::cell::RefCell::default(),
        known: std::cell::RefCell::default(),
    };
    let mut server = Server {
        work: &work,
        project,
        health,
        state,
        webhooks,
        timetable: Timetable::default(),
        failing: BTreeMap::new(),
        edit: Vec::new(),
        unregistered: Vec::new(),
        registers: true,
        listen,
    };
    server
        .begin(&listening)
        .await
        .map_err(|error| refuse(&error, output))?;
    let wakes = Arc::clone(server.webhooks.wakes());
    server.go_on(&wakes, &interrupt).await;
    // What did not settle in time has been given up with the runs.
    match store.give_up(&holder()).await {
        Ok(0) => {}
        Ok(runs) => tracing::info!(runs, "leases given back"),
        Err(error) => tracing::warn!("a lease is kept until it ends by itself: {error}"),
    }
    drop(listening);
    drop(server);
    drop(work);
    gateway.stop().await;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

/// What serves, and how it stands.
struct Server<'s> {
    work: &'s Work<'s>,
    project: Rc<Project>,
    health: Arc<Health>,
    state: Arc<StateFacts>,
    webhooks: Arc<webhooks::Webhooks>,
    timetable: Timetable,
    /// Why pipelines fail that do.
    failing: BTreeMap<Arc<str>, String>,
    /// What is wrong with the last edit.
    edit: Vec<health::Reason>,
    /// Webhooks that could not be registered.
    unregistered: Vec<health::Reason>,
    /// Webhooks are to be registered: it begins, or the project was edited.
    registers: bool,
    /// Where it listens, as written.
    listen: String,
}

impl<'s> Server<'s> {
    /// Pipelines begin to run, notices are sent, edits are taken, until a signal comes; then what
    /// is in flight is settled.
    async fn go_on(&mut self, wakes: &Wakes, interrupt: &interrupt::Interrupt) {
        let mut running: FuturesUnordered<LocalBoxFuture<'s, Done>> = FuturesUnordered::new();
        let mut watch = Watch::new(self.work.context, &self.project.opened.root);
        let mut hangup = hangup();
        // It begins with both.
        let mut reopen = tokio::time::interval(REOPENED);
        reopen.reset();
        loop {
            for name in self.timetable.due(now()) {
                running.extend(self.start(&name));
            }
            if std::mem::take(&mut self.registers) {
                running.push(Box::pin(register(self.work, Rc::clone(&self.project))));
            }
            let wait = self.timetable.next_due().map(|due| until(now(), due));
            // A clock that is set meanwhile is noticed.
            let wait = wait.unwrap_or(Duration::MAX).min(Duration::from_secs(30));
            tokio::select! {
                () = interrupt.token.cancelled() => break,
                Some(done) = running.next(), if !running.is_empty() => {
                    running.extend(self.ended(done).await);
                }
                () = tokio::time::sleep(wait) => {}
                woken = wakes.next() => {
                    for connection in woken {
                        self.timetable.woken(&connection, now());
                    }
                }
                () = watch.changed() => self.read_again().await,
                () = hung_up(&mut hangup) => {
                    watch.take();
                    self.read_again().await;
                }
                _ = reopen.tick() => {
                    self.work.sessions.borrow_mut().clear();
                    self.registers = true;
                }
            }
        }
        let grace = Duration::from_millis(u64::try_from(self.project.grace_ms()).unwrap_or(0));
        tracing::info!(runs = running.len(), "stops");
        let settle = async {
            while let Some(done) = running.next().await {
                running.extend(self.ended(done).await);
            }
        };
        if tokio::time::timeout(grace, settle).await.is_err() {
            tracing::warn!("what is in flight did not settle in time: the next start resumes it");
        }
    }

    /// A run of a pipeline that is due.
    fn start(&mut self, name: &Arc<str>) -> Option<LocalBoxFuture<'s, Done>> {
        let plan = Arc::clone(self.project.plans.get(name)?);
        self.timetable.begins(name, now());
        let run = run_one(self.work, Rc::clone(&self.project), plan);
        Some(Box::pin(run))
    }
}

/// What other processes are told of who runs a pipeline.
fn holder() -> String {
    format!("flowline serve, process {}", std::process::id())
}

/// Waits for SIGHUP.
fn hangup() -> Option<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok()
}

async fn hung_up(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending::<()>().await,
    }
}

/// A time in epoch milliseconds.
fn timestamp(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

/// Chance, for jitter.
const RANDOM: SystemRandom = SystemRandom;
