//! `flowline plan`: a run without its last step.

mod calls;
mod foresee;
mod read;
mod show;

use std::sync::Arc;

use clap::Args;

use crate::cli::commands::narrow::Part;
use crate::cli::commands::telling::refuse;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::services::{self, Services};
use crate::plan::Plan;
use crate::project::Opened;
use crate::runtime::{Accounts, accounts};
use crate::state::{StateReader, View as _};

/// Show exactly what a run would send; write nothing
///
/// Reads the real source and the real destination, and names every operation with its key: what
/// would be created, updated or sent, what each field holds now, and what would not be sent and
/// why. Nothing is written, neither there nor here: no file is made.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline plan support-tickets
  flowline plan support-tickets --limit 20
  flowline plan support-tickets --exit-code > /dev/null || echo \"there is something to send\"
  flowline plan support-tickets --format json | jq '.operations[] | select(.action == \"create\").key'")]
pub struct Arguments {
    /// The pipelines: names of files in pipelines/ without their ending
    #[arg(required = true, value_name = "PIPELINE")]
    pub pipelines: Vec<String>,
    /// Exit with 5 when there are changes
    #[arg(long)]
    pub exit_code: bool,
    /// What part of the source is read
    #[command(flatten)]
    pub part: Part,
}

/// Plans the pipelines one after the other.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    let (opened, plans) = match context.open_for(&arguments.pipelines, true) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    if let Err(exit) = super::run::check_since(arguments.part.since.as_deref(), context) {
        return exit;
    }
    if let Err(exit) = super::narrow::check(arguments.part.jql.as_deref(), context) {
        return exit;
    }
    let interrupt = interrupt::listen(&context.output);
    let used = services::used(&plans);
    let services = services::open(context, &opened, &used, None, &interrupt.token).await;
    let services = match services {
        Ok(services) => services,
        Err(exit) => return exit,
    };
    let mut exit = Exit::Done;
    let mut before = calls::Calls::default();
    for plan in &plans {
        let planning = Planning {
            plan,
            arguments,
            context,
            opened: &opened,
            services: &services,
        };
        let (Ok(one) | Err(one)) = planning.all(&before).await;
        exit = exit.worst(one);
        before = services.quota.calls();
        if interrupt.token.is_cancelled() {
            exit = exit.worst(Exit::Unsettled);
            break;
        }
    }
    services.stop().await;
    exit
}

/// One pipeline being planned.
struct Planning<'a> {
    plan: &'a Arc<Plan>,
    arguments: &'a Arguments,
    context: &'a Context,
    opened: &'a Opened,
    services: &'a Services,
}

impl Planning<'_> {
    /// Plans it; `before` are the calls that others made.
    async fn all(&self, before: &calls::Calls) -> Result<Exit, Exit> {
        let output = &self.context.output;
        let (plan, services) = (self.plan, self.services);
        if !plan.enabled {
            output.say(&format!(
                "note: {} is off (`enabled: false`): `run` would do nothing",
                plan.name
            ));
        }
        let file = services::state_file(self.context, self.opened);
        let state = StateReader::open_existing(&file).map_err(|error| refuse(&error, output))?;
        if let Some(state) = &state {
            let bindings = crate::runtime::bindings(&services.connected);
            let held = state.holds(&bindings).await;
            held.map_err(|error| refuse(&error, output))?;
        }
        let Accounts { mut facts, needs } = accounts(plan, &services.connected)
            .await
            .map_err(|failure| services::refused(self.context, &failure))?;
        for (name, needs) in &needs {
            if let Some(facts) = facts.get_mut(name) {
                facts.assume(needs);
            }
            for (attribute, _) in &needs.create {
                output.say(&format!("note: `run` creates the attribute `{attribute}`"));
            }
        }
        let read = self.read(state.as_ref()).await?;
        for note in &read.notes {
            output.say(&format!("note: {note}"));
        }
        let mut calls = calls::since(before, &services.quota.calls());
        let foreseen = foresee::Foresight {
            planning: self,
            facts: facts
                .into_iter()
                .map(|(name, facts)| (name, Arc::new(facts)))
                .collect(),
            state: state.as_ref(),
            terms: services::terms(plan, &services.connected, read.news_from),
        };
        let operations = foreseen.operations(&read).await?;
        for (name, needs) in &needs {
            calls::add(&mut calls, name, "contacts", needs.create.len() as u64);
        }
        foreseen.calls(&read, &operations, &mut calls).await?;
        let planned = show::Planned {
            plan,
            read: &read,
            operations: &operations,
            calls: calls::by_family(&calls),
            estimate_s: calls::estimate(&calls, &services.connected),
        };
        if output.json() {
            output.result_json(&planned.to_json());
        } else {
            planned.print(output);
        }
        Ok(if self.arguments.exit_code && planned.has_changes() {
            Exit::Changes
        } else {
            Exit::Done
        })
    }
}
