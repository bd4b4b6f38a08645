//! The project as it is served: what is valid runs, also beside what is not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{GRACE_MS, LISTEN};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::config::Server;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::expression::parse_duration;
use crate::plan::{Plan, SourceKind};
use crate::project::Opened;
use crate::server::health::Reason;
use crate::server::timetable::Entry;

/// A project as it is served.
pub(super) struct Project {
    /// Its files.
    pub(super) opened: Opened,
    /// The pipelines that are served, those that are off among them.
    pub(super) plans: BTreeMap<Arc<str>, Arc<Plan>>,
    /// Mistakes of pipelines that never were valid.
    pub(super) invalid: Vec<Reason>,
}

impl Project {
    /// Opens it to begin.
    ///
    /// # Errors
    /// Where flowline.yaml has mistakes; they have been said.
    pub(super) fn open(context: &Context) -> Result<Self, Exit> {
        let opened = context.open()?;
        let read = Read::of(opened);
        if !read.whole.is_empty() {
            context
                .output
                .diagnostics(&read.whole.into_iter().collect());
            return Err(Exit::Wrong);
        }
        if !read.mistakes.is_empty() {
            let mistakes: Diagnostics = read.mistakes.iter().cloned().collect();
            context.output.talk_diagnostics(&mistakes);
            context.output.warn("pipelines with mistakes do not run");
        }
        Ok(Self {
            plans: read.valid,
            invalid: read.mistakes.iter().map(reason).collect(),
            opened: read.opened,
        })
    }

    /// Reads it again. Answers what it is from now on, where that is anything new, and what is
    /// wrong with the edit: a pipeline with mistakes stays as it was.
    pub(super) fn again(&self, context: &Context) -> (Option<Self>, Vec<Diagnostic>) {
        let Ok(opened) = context.open() else {
            // The project's file is gone: that has been said.
            return (None, Vec::new());
        };
        let mut read = Read::of(opened);
        if !read.whole.is_empty() {
            return (None, read.whole);
        }
        for name in &read.opened.names {
            let name: Arc<str> = name.as_str().into();
            if let Some(old) = self.plans.get(&name) {
                read.valid.entry(name).or_insert_with(|| Arc::clone(old));
            }
        }
        let project = Self {
            plans: read.valid,
            invalid: Vec::new(),
            opened: read.opened,
        };
        (Some(project), read.mistakes)
    }

    fn server(&self) -> Option<&Server> {
        let loaded = self.opened.loaded.as_ref()?;
        loaded.project.server.as_ref()
    }

    /// Where it listens.
    pub(super) fn listen(&self) -> String {
        let written = self.server().and_then(|server| server.listen.as_ref());
        written.map_or_else(|| LISTEN.to_owned(), |listen| listen.value.clone())
    }

    /// Where services reach it; a text of which something is unset is no address.
    pub(super) fn public_url(&self) -> Option<&str> {
        let url = self.server()?.public_url.as_ref()?;
        Some(url.value.as_str()).filter(|url| !url.contains("${"))
    }

    /// True where services can reach it.
    pub(super) fn is_public(&self) -> bool {
        self.public_url().is_some()
    }

    /// How long what is in flight may take to settle, in milliseconds.
    pub(super) fn grace_ms(&self) -> i64 {
        let written = self.server().and_then(|server| server.grace.as_ref());
        written
            .and_then(|grace| parse_duration(&grace.value))
            .unwrap_or(GRACE_MS)
    }

    /// The pipelines that run by themselves, and what they run by.
    pub(super) fn entries(&self) -> Vec<(Arc<str>, Entry)> {
        let runs = self.plans.values().filter(|plan| plan.enabled);
        runs.map(|plan| (Arc::clone(&plan.name), entry(plan)))
            .filter(|(_, entry)| entry.timing.is_some() || !entry.wakes.is_empty())
            .collect()
    }
}

/// What a pipeline runs by.
fn entry(plan: &Plan) -> Entry {
    let wakes = plan.sources.iter().filter(|source| is_woken(&source.kind));
    let mut wakes: Vec<Arc<str>> = wakes
        .filter_map(|source| source.connection.clone())
        .collect();
    wakes.dedup();
    Entry {
        timing: plan.timing.clone(),
        wakes,
    }
}

/// True for sources that webhooks feed.
pub(super) fn is_woken(kind: &SourceKind) -> bool {
    match kind {
        SourceKind::JiraIssues(issues) => issues.live,
        SourceKind::JiraWebhook(_) | SourceKind::BrevoWebhook(_) => true,
        _ => false,
    }
}

/// What reading a project again found.
struct Read {
    opened: Opened,
    valid: BTreeMap<Arc<str>, Arc<Plan>>,
    /// Errors of single pipelines.
    mistakes: Vec<Diagnostic>,
    /// Errors of the whole project.
    whole: Vec<Diagnostic>,
}

impl Read {
    fn of(opened: Opened) -> Self {
        let mut mistakes = Vec::new();
        let mut whole = Vec::new();
        let mut wrong: Vec<&str> = Vec::new();
        for one in opened.diagnostics.iter() {
            let unset = one.code.as_str() == "strings.unset";
            let file = one.source.as_ref().map(|source| source.name());
            let pipeline = file.and_then(|file| {
                let name = file.strip_prefix("pipelines/")?.strip_suffix(".yaml")?;
                opened.names.iter().find(|known| **known == name)
            });
            match pipeline {
                // What a pipeline sends is not to hold a `${NAME}`.
                Some(name) if one.severity == Severity::Error || unset => {
                    wrong.push(name);
                    mistakes.push(Diagnostic {
                        severity: Severity::Error,
                        ..one.clone()
                    });
                }
                // What connections lack is said where they are opened.
                None if one.severity == Severity::Error && !unset => whole.push(one.clone()),
                _ => {}
            }
        }
        if opened.loaded.is_none() && whole.is_empty() {
            whole.extend(opened.diagnostics.iter().cloned());
        }
        let valid = opened
            .plans
            .values()
            .filter(|plan| !wrong.contains(&&*plan.name))
            .map(|plan| (Arc::clone(&plan.name), Arc::clone(plan)))
            .collect();
        Self {
            valid,
            mistakes,
            whole,
            opened,
        }
    }
}

/// A mistake as `/readyz` shows it.
pub(super) fn reason(one: &Diagnostic) -> Reason {
    Reason {
        code: one.code.as_str().to_owned(),
        message: one.message.clone(),
        file: one.source.as_ref().map(|source| source.name().to_owned()),
    }
}
