//! How the server stands: the timetable, what is declared, what `/readyz` says.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures::future::LocalBoxFuture;

use super::one::{Done, Told};
use super::project::{is_woken, reason};
use super::{RANDOM, Server, timestamp};
use crate::cli::services::{kept, used};
use crate::cli::time::now;
use crate::config::Connection;
use crate::connectors::{brevo, jira};
use crate::runtime::{Signing, endpoints, signing};
use crate::server::Listening;
use crate::server::health::Reason;
use crate::server::metrics::Declared;
use crate::server::timetable::{Past, Ran};
use crate::server::webhooks::Verification;
use crate::state::{Serving as _, StateError};

impl<'s> Server<'s> {
    /// Begins: the timetable is made, and told.
    ///
    /// # Errors
    /// Where the state cannot be asked.
    pub(super) async fn begin(&mut self, listening: &Listening) -> Result<(), StateError> {
        self.take().await?;
        self.show(listening);
        Ok(())
    }

    /// Takes the project as it is now.
    ///
    /// # Errors
    /// Where the state cannot be asked.
    async fn take(&mut self) -> Result<(), StateError> {
        let entries = self.project.entries();
        let names: Vec<Arc<str>> = entries.iter().map(|(name, _)| Arc::clone(name)).collect();
        for (name, entry) in entries {
            let mut past = Past::default();
            if !self.timetable.has(&name) {
                let standing = self.work.store.standing(&name).await?;
                past.failures = standing.watched.failures;
                // Whoever was killed has left no record of how its run ended.
                past.interrupted = standing.holder.is_some() || standing.unsettled > 0;
                if let Some((began, result)) = standing.last_run {
                    past.last = timestamp(began);
                    past.interrupted |= matches!(result.as_str(), "interrupted" | "unsettled");
                    self.work
                        .known
                        .borrow_mut()
                        .insert(Arc::clone(&name), began);
                }
            }
            self.timetable.put(&name, entry, past, now());
        }
        self.timetable.keep_only(&names);
        self.failing.retain(|name, _| names.contains(name));
        self.work.sessions.borrow_mut().clear();
        self.work.metrics.declare(self.declared());
        self.state
            .know(self.project.plans.keys().cloned().collect());
        self.webhooks.set_connections(self.verifications());
        self.stand();
        Ok(())
    }

    /// What deliveries must carry. Where nothing that is sealed can be read, none is taken.
    fn verifications(&self) -> BTreeMap<Arc<str>, Verification> {
        let opened = &self.project.opened;
        let Some(loaded) = &opened.loaded else {
            return BTreeMap::new();
        };
        let Ok(kept) = kept(self.work.context, opened) else {
            return BTreeMap::new();
        };
        let all = signing(loaded, &opened.root, &kept).into_iter();
        all.map(|(name, signing)| (name, signing.into())).collect()
    }

    fn declared(&self) -> Declared {
        let pipelines = self.project.plans.values().map(|plan| {
            let sinks = plan.sinks.iter().map(|sink| Arc::clone(&sink.name));
            (Arc::clone(&plan.name), sinks.collect())
        });
        let loaded = self.project.opened.loaded.as_ref();
        let connections = loaded
            .into_iter()
            .flat_map(|loaded| loaded.project.connections.iter());
        let families = |connection: &Connection| match connection {
            Connection::Jira(_) => jira::FAMILIES,
            Connection::Brevo(_) => brevo::FAMILIES,
        };
        Declared {
            pipelines: pipelines.collect(),
            connections: connections
                .map(|(name, connection)| (Arc::clone(&name.value), families(&connection.value)))
                .collect(),
        }
    }

    /// Says to `/readyz` how it stands.
    pub(super) fn stand(&self) {
        let mut reasons = self.project.invalid.clone();
        reasons.extend(self.credentials());
        let mut warnings = self.edit.clone();
        warnings.extend(self.unregistered.iter().cloned());
        for (name, why) in &self.failing {
            warnings.push(Reason {
                code: "pipeline.failing".to_owned(),
                message: format!("{name} fails: {why}"),
                file: Some(format!("pipelines/{name}.yaml")),
            });
        }
        let live = self.project.plans.values().filter(|plan| {
            plan.enabled && plan.sources.iter().any(|source| is_woken(&source.kind))
        });
        if !self.project.is_public() && !self.work.context.global.sandbox {
            warnings.extend(live.map(|plan| Reason {
                code: "server.no_public_url".to_owned(),
                message: format!(
                    "{} is live and the server has no `public_url`: it polls only",
                    plan.name
                ),
                file: Some(plan.file.name().to_owned()),
            }));
        }
        self.health.set(reasons, warnings);
    }

    /// Connections of pipelines that run which have no credential.
    fn credentials(&self) -> Vec<Reason> {
        if self.work.context.global.sandbox {
            return Vec::new();
        }
        let Some(loaded) = &self.project.opened.loaded else {
            return Vec::new();
        };
        let plans = self.project.plans.values();
        let plans: Vec<_> = plans.filter(|plan| plan.enabled).cloned().collect();
        let root = &self.project.opened.root;
        let Ok(kept) = kept(self.work.context, &self.project.opened) else {
            return vec![Reason {
                code: "connection.sealed".to_owned(),
                message: "what the project keeps sealed cannot be read".to_owned(),
                file: None,
            }];
        };
        let lacks = |name: Arc<str>| {
            let troubles = endpoints(loaded, &[Arc::clone(&name)], root, &kept).err()?;
            let said: Vec<String> = troubles.into_iter().map(|one| one.message).collect();
            Some(Reason {
                code: "connection.no_credential".to_owned(),
                message: format!("`{name}` has no credential: {}", said.join("; ")),
                file: Some(crate::project::PROJECT_FILE.to_owned()),
            })
        };
        used(&plans).into_iter().filter_map(lacks).collect()
    }

    /// Reads the project again.
    pub(super) async fn read_again(&mut self) {
        let (project, mistakes) = self.project.again(self.work.context);
        for one in &mistakes {
            let said = reason(one);
            tracing::error!(
                code = said.code,
                file = said.file,
                "an edit is not taken: {}",
                said.message
            );
        }
        self.edit = mistakes.iter().map(reason).collect();
        let Some(project) = project else {
            self.stand();
            return;
        };
        if project.listen() != self.listen {
            tracing::warn!("`server.listen` is taken at the next start");
            self.edit.push(Reason {
                code: "server.restart_needed".to_owned(),
                message: "`server.listen` is taken at the next start".to_owned(),
                file: Some(crate::project::PROJECT_FILE.to_owned()),
            });
        }
        self.project = Rc::new(project);
        self.registers = true;
        if let Err(error) = self.take().await {
            tracing::error!("the state cannot be asked: {error}");
            return;
        }
        let due: BTreeMap<_, _> = self.timetable.all().collect();
        tracing::info!(pipelines = due.len(), "the project was read again");
    }

    /// A run has ended, or a notice was sent.
    pub(super) async fn ended(&mut self, done: Done) -> Vec<LocalBoxFuture<'s, Done>> {
        let (name, ran, last, told) = match done {
            Done::Ran {
                name,
                ran,
                last,
                told,
            } => (name, ran, last, told),
            Done::Registered(unregistered) => {
                self.unregistered = unregistered;
                self.stand();
                return Vec::new();
            }
            Done::Noticed => return Vec::new(),
        };
        let last = last.and_then(timestamp);
        let ran = match ran {
            Ran::ByAnother(_) => Ran::ByAnother(last),
            other => other,
        };
        self.timetable.ended(&name, ran, now(), &RANDOM);
        if let (Ran::Failed, Some(due)) = (ran, self.timetable.due_at(&name)) {
            let wait = crate::http::until(now(), due);
            tracing::warn!(
                pipeline = &*name,
                failures = self.timetable.failures(&name),
                wait_s = wait.as_secs_f64().round(),
                "failed: waits before the next run"
            );
        }
        let Some(told) = told else {
            return Vec::new();
        };
        self.tell(&name, told).await
    }

    /// Keeps how a pipeline fares, and tells who is to be told.
    async fn tell(&mut self, name: &Arc<str>, told: Told) -> Vec<LocalBoxFuture<'s, Done>> {
        match &told.ended.failure {
            Some(why) if self.timetable.has(name) => {
                self.failing.insert(Arc::clone(name), why.clone());
            }
            _ => {
                self.failing.remove(name);
            }
        }
        self.stand();
        match self.work.fares(name, &told).await {
            Ok(news) => self.work.notices(&self.project, &told.plan, news),
            Err(error) => {
                tracing::error!(pipeline = &**name, "how it fares is not kept: {error}");
                Vec::new()
            }
        }
    }
}

impl From<Signing> for Verification {
    fn from(signing: Signing) -> Self {
        match signing {
            Signing::Jira {
                secret,
                client_secret,
            } => Self::Jira {
                secret,
                client_secret,
            },
            Signing::Brevo { token } => Self::Brevo { token },
        }
    }
}
