//! What every command has: the environment, how to talk, the project.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::Global;
use super::env::Environment;
use super::exit::Exit;
use super::output::Output;
use crate::diagnostic::nearest;
use crate::plan::Plan;
use crate::project::{self, Opened, PROJECT_FILE, Request};

/// What every command has.
#[derive(Debug)]
pub struct Context {
    /// The environment.
    pub environment: Environment,
    /// How to talk.
    pub output: Output,
    /// The flags that every command takes.
    pub global: Global,
}

impl Context {
    /// The project's folder: `--project`, or the nearest one upwards.
    ///
    /// # Errors
    /// Where there is none; it has been said.
    pub fn project_root(&self) -> Result<PathBuf, Exit> {
        let here = match Environment::current_folder() {
            Ok(here) => here,
            Err(error) => {
                self.output
                    .error(&format!("the current folder cannot be read: {error}"));
                return Err(Exit::Wrong);
            }
        };
        let found = match &self.global.project {
            Some(folder) => {
                let folder = here.join(folder);
                folder.join(PROJECT_FILE).is_file().then_some(folder)
            }
            None => project::find(&here),
        };
        found.ok_or_else(|| {
            match &self.global.project {
                Some(folder) => self
                    .output
                    .error(&format!("{} has no {PROJECT_FILE}", folder.display())),
                None => self
                    .output
                    .error(&format!("no {PROJECT_FILE} in this folder or above it")),
            }
            self.output
                .help("`flowline init` makes a project here; `--project DIR` names another folder");
            Exit::Wrong
        })
    }

    /// The project, read, checked and compiled; its mistakes are not said yet.
    ///
    /// # Errors
    /// Where there is no project; it has been said.
    pub fn open(&self) -> Result<Opened, Exit> {
        let root = self.project_root()?;
        Ok(project::open(&Request {
            root: &root,
            environment: self.environment.variables(),
            env: self.global.env.as_deref(),
            env_file: self.global.env_file.as_deref(),
        }))
    }

    /// The project for a command that works with these pipelines: its errors, and those of no
    /// other pipeline, have been said. Where it `connects`, a name that is not set is one.
    ///
    /// # Errors
    /// Where there is no project, no such pipeline, or a mistake; it has been said.
    pub fn open_for(
        &self,
        names: &[String],
        connects: bool,
    ) -> Result<(Opened, Vec<Arc<Plan>>), Exit> {
        let mut opened = self.open()?;
        let mut concerned = crate::diagnostic::Diagnostics::new();
        let others: Vec<String> = opened
            .names
            .iter()
            .filter(|name| !names.contains(*name))
            .map(|name| format!("pipelines/{name}.yaml"))
            .collect();
        concerned.extend(
            opened
                .diagnostics
                .iter()
                .filter(|one| {
                    let file = one.source.as_ref().map(|source| source.name().to_owned());
                    let told = one.severity != crate::diagnostic::Severity::Note
                        && !unset_in_project(one)
                        && !(self.global.sandbox && is_about_reaching(one));
                    told && !file.is_some_and(|file| others.contains(&file))
                })
                .cloned()
                .map(|one| {
                    if connects && unset_in_pipeline(&one) {
                        crate::diagnostic::Diagnostic {
                            severity: crate::diagnostic::Severity::Error,
                            ..one
                        }
                    } else {
                        one
                    }
                }),
        );
        if concerned.has_errors() {
            self.output.diagnostics(&concerned);
            return Err(Exit::Wrong);
        }
        if !concerned.is_empty() && !self.output.quiet && !self.output.json() {
            self.output.diagnostics(&concerned);
        }
        let mut plans = Vec::new();
        for name in names {
            match opened.plans.get(name) {
                Some(plan) => plans.push(Arc::clone(plan)),
                None => {
                    self.output.error(&format!("there is no pipeline `{name}`"));
                    let near = nearest(name, opened.names.iter().map(String::as_str));
                    self.output.help(&match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if opened.names.is_empty() => {
                            "pipelines/ has no .yaml file".to_owned()
                        }
                        None => format!("there is {}", opened.names.join(", ")),
                    });
                    return Err(Exit::Wrong);
                }
            }
        }
        opened.diagnostics = concerned;
        Ok((opened, plans))
    }
}

/// What a pipeline sends is not to hold a `${NAME}`; connections say themselves what they lack.
fn unset_in_pipeline(diagnostic: &crate::diagnostic::Diagnostic) -> bool {
    diagnostic.code.as_str() == "strings.unset"
        && diagnostic
            .source
            .as_ref()
            .is_some_and(|source| source.name() != PROJECT_FILE)
}

/// The sandbox is in the process: it needs no public address to post webhooks to.
fn is_about_reaching(diagnostic: &crate::diagnostic::Diagnostic) -> bool {
    diagnostic.code.as_str() == "webhook.no_public_url"
}

/// What of flowline.yaml is not set, connecting says where it is needed; the sandbox needs nothing.
fn unset_in_project(diagnostic: &crate::diagnostic::Diagnostic) -> bool {
    let source = diagnostic.source.as_ref();
    diagnostic.code.as_str() == "strings.unset"
        && source.is_some_and(|source| source.name() == PROJECT_FILE)
}
