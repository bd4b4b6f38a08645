//! One run of a pipeline that is due, and what is told of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::project::Project;
use crate::cli::commands::run::keys;
use crate::cli::commands::telling::time;
use crate::cli::context::Context;
use crate::cli::services::{self, Gateway, NotConnected, used};
use crate::cli::time::{SystemClock, now};
use crate::engine::{self, End, Observer, RunEvent};
use crate::http::{Class, Failure, SystemRandom};
use crate::plan::{Notified, Plan};
use crate::runtime::{
    Ask, Connected, EndpointTrouble, Kept, Keys, NotBegun, drop_worked_off, run_once,
};
use crate::server::health::Reason;
use crate::server::metrics::Metrics;
use crate::server::notice::{self, Ended, News, Notice};
use crate::server::timetable::Ran;
use crate::state::{Serving as _, SqliteStore, Standing, StateError};

/// What all runs work with.
pub(super) struct Work<'w> {
    pub(super) context: &'w Context,
    pub(super) store: Arc<SqliteStore>,
    pub(super) gateway: &'w Gateway,
    pub(super) metrics: Arc<Metrics>,
    pub(super) cancel: CancellationToken,
    /// Open sessions, by pipeline.
    pub(super) sessions: RefCell<BTreeMap<Arc<str>, Rc<Connected>>>,
    /// When each pipeline's last run that is known here began, in epoch milliseconds.
    pub(super) known: RefCell<BTreeMap<Arc<str>, i64>>,
}

/// Something that went on beside the rest has ended.
pub(super) enum Done {
    /// A run.
    Ran {
        /// Of this pipeline.
        name: Arc<str>,
        /// How it ended.
        ran: Ran,
        /// When the pipeline's last run began, in epoch milliseconds, where another process ran it.
        last: Option<i64>,
        /// What is to be told; none where it did not run.
        told: Option<Told>,
    },
    /// A notice was sent, or could not be.
    Noticed,
    /// Webhooks were registered, but for these.
    Registered(Vec<Reason>),
}

/// A run that has ended, for those who are told.
pub(super) struct Told {
    pub(super) plan: Arc<Plan>,
    pub(super) ended: Ended,
}

/// What happened, why, how many, since when.
type Fresh = (News, String, u64, i64);

/// Runs a pipeline, unless another process does or just did.
pub(super) async fn run_one(work: &Work<'_>, project: Rc<Project>, plan: Arc<Plan>) -> Done {
    let name = Arc::clone(&plan.name);
    let began_at = now();
    match work.store.standing(&name).await {
        Ok(standing) => {
            if let Some(by_another) = work.by_another(&name, &standing) {
                return by_another;
            }
        }
        Err(error) => {
            let failure = Some(error.to_string());
            return work.ran(plan, began_at, failure, 0).await;
        }
    }
    tracing::info!(pipeline = &*name, "run begins");
    let (failure, dead_letters) = match work.run(&project, &plan).await {
        Went::Busy(holder) => {
            tracing::info!(pipeline = &*name, "skipped: {holder} is running it");
            let last = work.store.standing(&name).await.ok();
            let last = last.and_then(|standing| standing.last_run).map(|run| run.0);
            return Done::Ran {
                name,
                ran: Ran::ByAnother(None),
                last,
                told: None,
            };
        }
        Went::Interrupted => {
            return Done::Ran {
                name,
                ran: Ran::Well,
                last: None,
                told: None,
            };
        }
        Went::Ran {
            failure,
            dead_letters,
        } => (failure, dead_letters),
    };
    work.ran(plan, began_at, failure, dead_letters).await
}

/// How a run went.
enum Went {
    Busy(String),
    Interrupted,
    Ran {
        failure: Option<String>,
        dead_letters: u64,
    },
}

impl Went {
    const fn failed(why: String) -> Self {
        Self::Ran {
            failure: Some(why),
            dead_letters: 0,
        }
    }

    fn of(failure: &Failure) -> Self {
        match failure.class {
            Class::Interrupted => Self::Interrupted,
            _ => Self::failed(failure.message.clone()),
        }
    }
}

impl Work<'_> {
    /// What to do where another process runs the pipeline, or ran it since this one did.
    fn by_another(&self, name: &Arc<str>, standing: &Standing) -> Option<Done> {
        let began = standing.last_run.as_ref().map(|(began, _)| *began);
        let known = self.known.borrow().get(name).copied();
        let ran_since = began > known;
        if standing.holder.is_none() && !ran_since {
            return None;
        }
        if let Some(began) = began {
            self.known.borrow_mut().insert(Arc::clone(name), began);
        }
        match &standing.holder {
            Some(holder) => {
                tracing::info!(pipeline = &**name, "skipped: {holder} is running it");
            }
            None => tracing::info!(pipeline = &**name, "skipped: another process just ran it"),
        }
        Some(Done::Ran {
            name: Arc::clone(name),
            ran: Ran::ByAnother(None),
            last: began.filter(|_| ran_since),
            told: None,
        })
    }

    async fn ran(
        &self,
        plan: Arc<Plan>,
        began_at: Timestamp,
        failure: Option<String>,
        dead_letters: u64,
    ) -> Done {
        let name = Arc::clone(&plan.name);
        if let Ok(Standing {
            last_run: Some((began, _)),
            ..
        }) = self.store.standing(&name).await
        {
            self.known.borrow_mut().insert(Arc::clone(&name), began);
        }
        if failure.is_some() {
            // A credential may have been replaced meanwhile.
            self.sessions.borrow_mut().remove(&name);
        }
        Done::Ran {
            name,
            ran: if failure.is_some() {
                Ran::Failed
            } else {
                Ran::Well
            },
            last: None,
            told: Some(Told {
                plan,
                ended: Ended {
                    failure,
                    dead_letters,
                    began_at: began_at.as_millisecond(),
                    ended_at: now().as_millisecond(),
                },
            }),
        }
    }

    /// The sessions of a pipeline.
    async fn sessions(
        &self,
        project: &Project,
        plan: &Arc<Plan>,
    ) -> Result<Rc<Connected>, NotConnected> {
        if let Some(open) = self.sessions.borrow().get(&plan.name) {
            return Ok(Rc::clone(open));
        }
        let Some(loaded) = &project.opened.loaded else {
            return Err(NotConnected::Written(Vec::new()));
        };
        let names = used(std::slice::from_ref(plan));
        let kept = self.kept(project)?;
        let root = &project.opened.root;
        let connected = self
            .gateway
            .connect(loaded, root, &kept, &names, &plan.limits)
            .await?;
        let connected = Rc::new(connected);
        self.sessions
            .borrow_mut()
            .insert(Arc::clone(&plan.name), Rc::clone(&connected));
        Ok(connected)
    }

    /// What is kept sealed, as it is now: `connect` and `secrets` may have changed it.
    fn kept(&self, project: &Project) -> Result<Kept, NotConnected> {
        services::kept(self.context, &project.opened).map_err(|_| {
            NotConnected::Written(vec![EndpointTrouble {
                message: "what the project keeps sealed cannot be read".to_owned(),
                help: "check FLOWLINE_KEY, or .flowline/key".to_owned(),
                connect_first: false,
            }])
        })
    }

    async fn run(&self, project: &Project, plan: &Arc<Plan>) -> Went {
        let connected = match self.sessions(project, plan).await {
            Ok(connected) => connected,
            Err(NotConnected::Refused(failure)) => return Went::of(&failure),
            Err(NotConnected::Written(troubles)) => {
                let said: Vec<String> = troubles.into_iter().map(|one| one.message).collect();
                return Went::failed(said.join("; "));
            }
        };
        let keys: Keys = match keys(plan, &project.opened, self.context) {
            Ok(keys) => keys,
            Err(_) => return Went::failed("the project's key cannot be used".to_owned()),
        };
        let ask = Ask {
            holder: super::holder(),
            ..Ask::default()
        };
        let watching = Watching {
            pipeline: Arc::clone(&plan.name),
            metrics: Arc::clone(&self.metrics),
        };
        let ran = run_once(
            plan,
            &connected,
            &project.opened.root,
            &*self.store,
            (&keys, ask),
            &|told| tracing::info!(pipeline = &*plan.name, "{told}"),
            &engine::Context {
                clock: &SystemClock,
                random: &SystemRandom,
                observer: &watching,
                cancel: &self.cancel,
            },
        )
        .await;
        if let Err(error) = self.drop_worked_off(project).await {
            tracing::warn!("webhooks that are worked off are kept for now: {error}");
        }
        if let Err(error) = self.gateway.quota.save(&*self.store).await {
            tracing::warn!("the quota left is not kept: {error}");
        }
        let finished = match ran {
            Ok(finished) => finished,
            Err(NotBegun::State(error)) => return Went::failed(error.to_string()),
            Err(NotBegun::Failed(failure)) => return Went::of(&failure),
            Err(NotBegun::SetAside(reason)) => return Went::failed(reason),
        };
        let summary = &finished.summary;
        if let End::Busy { holder } = finished.end {
            return Went::Busy(holder);
        }
        self.metrics.ran(&plan.name, summary);
        tracing::info!(
            pipeline = &*plan.name,
            result = finished.end.word(),
            read = summary.read,
            kept = summary.kept,
            dead_letters = summary.dead_letters,
            unsettled = summary.unsettled,
            took_ms = summary.duration_ms,
            "run ended"
        );
        let failure = match finished.end {
            End::Done | End::DeadLetters => None,
            End::Interrupted | End::Busy { .. } => return Went::Interrupted,
            End::Guarded { reason } => Some(format!(
                "a guard stopped the run: {reason}; nothing was written"
            )),
            End::Stopped { .. } => {
                Some("a record stopped the run, as `on_error: stop` says".to_owned())
            }
            End::Failed(failure) => Some(failure.message),
            End::Unsettled => Some(match summary.unsettled {
                1 => "an operation is unsettled".to_owned(),
                many => format!("{many} operations are unsettled"),
            }),
            End::State(error) => Some(error.to_string()),
            End::SetAside { reason } => Some(reason),
        };
        Went::Ran {
            failure,
            dead_letters: summary.dead_letters,
        }
    }

    /// Drops the bodies of deliveries that are worked off; not while a pipeline that may want them
    /// cannot be read.
    async fn drop_worked_off(&self, project: &Project) -> Result<(), StateError> {
        let mut names = project.opened.names.iter();
        if !names.all(|name| project.plans.contains_key(name.as_str())) {
            return Ok(());
        }
        let plans: Vec<Arc<Plan>> = project.plans.values().cloned().collect();
        drop_worked_off(&*self.store, &plans).await
    }

    /// Keeps how a pipeline fares; answers the news.
    ///
    /// # Errors
    /// Where it cannot be kept: then nobody is told, so that nobody is told twice.
    pub(super) async fn fares(
        &self,
        name: &Arc<str>,
        told: &Told,
    ) -> Result<Vec<Fresh>, StateError> {
        let before = self.store.standing(name).await?.watched;
        let (watched, news) = notice::after(&before, &told.ended);
        self.store.watch(name, &watched).await?;
        for (what, reason, ..) in &news {
            match what {
                News::Failed => tracing::error!(pipeline = &**name, "fails: {reason}"),
                News::Recovered => tracing::info!(pipeline = &**name, "{reason}"),
                News::DeadLetters => tracing::warn!(pipeline = &**name, "{reason}"),
            }
        }
        if let Some(why) = told.ended.failure.as_ref().filter(|_| news.is_empty()) {
            tracing::warn!(
                pipeline = &**name,
                runs = watched.failures,
                "still fails: {why}"
            );
        }
        Ok(news)
    }
}

impl<'w> Work<'w> {
    /// Tells who is to be told, beside the runs.
    pub(super) fn notices(
        &'w self,
        project: &Rc<Project>,
        plan: &Arc<Plan>,
        news: Vec<Fresh>,
    ) -> Vec<LocalBoxFuture<'w, Done>> {
        let Some(whom) = &plan.notify else {
            return Vec::new();
        };
        let folder = project.opened.root.file_name();
        let folder = folder.map(|name| name.to_string_lossy().into_owned());
        let notice = |(state, reason, count, since): Fresh| Notice {
            pipeline: plan.name.to_string(),
            state,
            reason,
            count,
            since: time(since),
            project: folder.clone().unwrap_or_default(),
            env: self.context.global.env.clone(),
        };
        let one = |notice: Notice| -> LocalBoxFuture<'w, Done> {
            let (whom, project, plan) = (whom.clone(), Rc::clone(project), Arc::clone(plan));
            Box::pin(async move {
                if let Err(why) = self.notify(&whom, &notice, &project, &plan).await {
                    tracing::error!(pipeline = notice.pipeline, "nobody could be told: {why}");
                }
                Done::Noticed
            })
        };
        news.into_iter().map(notice).map(one).collect()
    }

    async fn notify(
        &self,
        whom: &Notified,
        notice: &Notice,
        project: &Project,
        plan: &Arc<Plan>,
    ) -> Result<(), String> {
        let address = match whom {
            Notified::Webhook(url) => {
                let transport = self.gateway.transport();
                return notice::post(transport, &SystemClock, url, notice).await;
            }
            Notified::Email(address) => address,
        };
        let Some(loaded) = &project.opened.loaded else {
            return Err("there is no connection to Brevo".to_owned());
        };
        // The pipeline's own account, else one of the project's.
        let all = loaded.project.connections.iter();
        let brevo = all.filter(|(_, connection)| connection.value.service() == "brevo");
        let brevo: Vec<Arc<str>> = brevo.map(|(name, _)| Arc::clone(&name.value)).collect();
        let own = used(std::slice::from_ref(plan));
        let name = own
            .iter()
            .find(|name| brevo.contains(name))
            .or(brevo.first())
            .ok_or_else(|| "there is no connection to Brevo".to_owned())?;
        let root = &project.opened.root;
        let names = [Arc::clone(name)];
        let refused = |why| match why {
            NotConnected::Refused(failure) => failure.message,
            NotConnected::Written(_) => format!("`{name}` has no credential"),
        };
        let kept = self.kept(project).map_err(refused)?;
        let whole = BTreeMap::new();
        let connected = self
            .gateway
            .connect(loaded, root, &kept, &names, &whole)
            .await
            .map_err(refused)?;
        let session = connected
            .brevo
            .get(name)
            .ok_or_else(|| format!("`{name}` is not connected"))?;
        session
            .notify(address, &notice.subject(), &notice.text())
            .await
            .map_err(|failure| failure.message)
    }
}

/// Logs what a run tells, and counts what its summary does not say.
struct Watching {
    pipeline: Arc<str>,
    metrics: Arc<Metrics>,
}

impl Observer for Watching {
    fn told(&self, event: RunEvent) {
        let pipeline = &*self.pipeline;
        match event {
            RunEvent::Started {
                taken_over_from: Some(other),
                ..
            } => tracing::info!(pipeline, "takes over from `{other}`: its events are known"),
            RunEvent::Started { unsettled, .. } if unsettled > 0 => {
                tracing::info!(
                    pipeline,
                    unsettled,
                    "resumes what the last run left unsettled"
                );
            }
            RunEvent::Delivered { sink, failed, .. } if failed > 0 => {
                self.metrics.failed(&self.pipeline, &sink, failed);
            }
            RunEvent::Notice { message } => tracing::warn!(pipeline, "{message}"),
            RunEvent::Dead {
                record,
                sink,
                class,
                reason,
                skipped,
            } => {
                let what = if skipped { "skipped" } else { "dead letter" };
                let sink = sink.unwrap_or_default();
                tracing::warn!(pipeline, record, sink, class, reason, "{what}");
            }
            _ => {}
        }
    }
}
