//! One file a command; the only place that prints, reads the environment or the clock.

pub mod args;
mod ask;
pub mod commands;
pub mod context;
pub mod env;
pub mod exit;
mod extras;
mod interrupt;
mod key;
mod logs;
pub mod output;
mod progress;
mod quota;
mod services;
mod testing;
mod time;
mod web;
mod wrap;

use clap::Parser as _;

use args::{Cli, Command, LogLevel};
use context::Context;
use env::Environment;
use exit::Exit;
use output::Output;

/// Runs the command line; answers how it ended.
#[must_use]
pub fn main() -> Exit {
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and versions are no mistakes. Nobody is left to tell where printing fails.
            error.print().unwrap_or_default();
            return if error.use_stderr() {
                Exit::Wrong
            } else {
                Exit::Done
            };
        }
    };
    if matches!(cli.command, Command::Serve(_)) && cli.global.log_level.is_none() {
        // Nobody looks on: what it does is told by its log.
        cli.global.log_level = Some(if cli.global.quiet {
            LogLevel::Warn
        } else {
            LogLevel::Info
        });
    }
    let environment = Environment::read();
    let output = Output::new(&cli.global, &environment);
    logs::start(&cli.global, output.colour_talk);
    let runtime = match runtime(&cli) {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error(&format!("this machine gives no threads: {error}"));
            return Exit::Defect;
        }
    };
    let context = Context {
        environment,
        output,
        global: cli.global,
    };
    let exit = runtime.block_on(dispatch(&cli.command, &context));
    context.output.end(exit)
}

/// One thread for the work; the state and, where the services are emulated here, these have others.
/// Requests are few at a time: handing them from thread to thread costs more than it saves.
fn runtime(cli: &Cli) -> std::io::Result<tokio::runtime::Runtime> {
    if cli.global.sandbox || matches!(cli.command, Command::Sandbox(_)) {
        return tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

async fn dispatch(command: &Command, context: &Context) -> Exit {
    match command {
        Command::Init(arguments) => match Environment::current_folder() {
            Ok(here) => commands::init::run(arguments, &here, &context.output),
            Err(error) => {
                context
                    .output
                    .error(&format!("the current folder cannot be read: {error}"));
                Exit::Wrong
            }
        },
        Command::Validate(arguments) => commands::validate::run(arguments, context),
        Command::Plan(arguments) => commands::plan::run(arguments, context).await,
        Command::Run(arguments) => commands::run::run(arguments, context).await,
        Command::Serve(arguments) => commands::serve::run(arguments, context).await,
        Command::Test(arguments) => commands::test::run(arguments, context),
        Command::Status(arguments) => commands::status::run(arguments, context).await,
        Command::State(arguments) => commands::state::run(arguments, context).await,
        Command::DeadLetters(arguments) => commands::dead_letters::run(arguments, context).await,
        Command::Import(arguments) => commands::import::run(arguments, context),
        Command::Check(arguments) => commands::check::run(arguments, context).await,
        Command::Query(arguments) => commands::query::run(arguments, context).await,
        Command::Fields(arguments) => commands::fields::run(arguments, context).await,
        Command::Connect(arguments) => commands::connect::run(arguments, context).await,
        Command::Disconnect(arguments) => commands::connect::disconnect(arguments, context),
        Command::Secrets(arguments) => commands::secrets::run(arguments, context).await,
        Command::Schema(arguments) => commands::schema::run(arguments, context),
        Command::Sandbox(arguments) => commands::sandbox::run(arguments, context).await,
        Command::Webhooks(arguments) => commands::webhooks::run(arguments, context).await,
        Command::Completions(arguments) => commands::completions::run(arguments, &context.output),
    }
}
