//! `flowline secrets`: what `${secret:NAME}` stands for.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::telling::{look, refuse, state_of};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::{ask, key, services};
use crate::config::SecretSource;
use crate::diagnostic::nearest;
use crate::project::{self, Request};
use crate::state::View as _;

/// The encrypted store: what `${secret:NAME}` stands for
///
/// Secrets are kept in the project's state, sealed under its key: FLOWLINE_KEY (32 bytes in
/// base64), else .flowline/key, which is made on first use, else the system's keyring.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline secrets set brevo
  printf %s \"$KEY\" | flowline secrets set brevo
  flowline secrets list --format json
  flowline secrets rotate")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Keep a secret: typed unseen on a terminal, or one line of stdin
    Set {
        /// Its name, as in `${secret:NAME}`
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show the names, never the secrets
    List,
    /// Forget a secret
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Seal everything under a new key, tokens included
    Rotate,
}

/// Does what is asked.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    let done = match &arguments.action {
        Action::Set { name } => set(name, context),
        Action::List => list(context).await,
        Action::Remove { name } => remove(name, context).await,
        Action::Rotate => rotate(context),
    };
    match done {
        Ok(exit) | Err(exit) => exit,
    }
}

fn set(name: &str, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (opened, file) = state_of(context)?;
    let written = SecretSource::parse(&format!("${{secret:{name}}}"));
    let can_be_named = written == Some(SecretSource::Store(name.to_owned()))
        && !name.contains(char::is_whitespace)
        && !name.contains(char::is_control)
        && name.chars().count() <= 128;
    if !can_be_named {
        output.error(&format!("`{name}` cannot stand in `${{secret:NAME}}`"));
        output.help("a name has letters, digits, `_`, `-` and `.`, no blanks and none of `$ { }`");
        return Err(Exit::Wrong);
    }
    // The key first: nobody types a secret that cannot be kept.
    let vault = key::vault(&opened.root, &file, context)?;
    let text = ask::secret(&format!("the secret `{name}`"), context)?;
    vault
        .set_secret(name, &text)
        .map_err(|error| refuse(&error, output))?;
    output.say(&format!("kept; write it as ${{secret:{name}}}"));
    Ok(Exit::Done)
}

async fn names(file: &std::path::Path, context: &Context) -> Result<Vec<String>, Exit> {
    let output = &context.output;
    match look(file, output)? {
        Some(state) => state
            .secret_names()
            .await
            .map_err(|error| refuse(&error, output)),
        None => Ok(Vec::new()),
    }
}

async fn list(context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (_, file) = state_of(context)?;
    let names = names(&file, context).await?;
    if output.json() {
        return Ok(output.result_json(&names));
    }
    for name in &names {
        output.result(name);
    }
    if names.is_empty() {
        output.say("no secrets; `flowline secrets set NAME` keeps one");
    }
    Ok(Exit::Done)
}

async fn remove(name: &str, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (opened, file) = state_of(context)?;
    let names = names(&file, context).await?;
    if !names.iter().any(|known| known == name) {
        output.error(&format!("there is no secret `{name}`"));
        let near = nearest(name, names.iter().map(String::as_str));
        output.help(&near.map_or_else(
            || "`flowline secrets list` shows what there is".to_owned(),
            |near| format!("did you mean `{near}`?"),
        ));
        return Err(Exit::Wrong);
    }
    key::vault(&opened.root, &file, context)?
        .remove_secret(name)
        .map_err(|error| refuse(&error, output))?;
    output.say("forgotten");
    Ok(Exit::Done)
}

fn rotate(context: &Context) -> Result<Exit, Exit> {
    let (opened, _) = state_of(context)?;
    let files = states(context, &opened.root, &opened)?;
    let count = key::rotate(&opened.root, &files, context)?;
    context.output.say(&match count {
        1 => "sealed under a new key".to_owned(),
        count => format!("{count} states sealed under a new key"),
    });
    Ok(Exit::Done)
}

/// The states of the project: its own, those of its environments, and the sandbox's.
fn states(
    context: &Context,
    root: &std::path::Path,
    opened: &project::Opened,
) -> Result<Vec<PathBuf>, Exit> {
    let names = opened
        .loaded
        .as_ref()
        .map(|loaded| loaded.environments.clone())
        .unwrap_or_default();
    let mut files = Vec::new();
    for env in std::iter::once(None).chain(names.iter().map(|name| Some(&**name))) {
        let in_env = project::open(&Request {
            root,
            environment: context.environment.variables(),
            env,
            env_file: context.global.env_file.as_deref(),
        });
        if in_env.loaded.is_none() {
            context
                .output
                .error("flowline.yaml does not say where the states are");
            context.output.help("see `flowline validate`");
            return Err(Exit::Wrong);
        }
        files.push(services::state_of_env(&in_env, env, false));
        files.push(services::state_of_env(&in_env, env, true));
    }
    files.sort();
    files.dedup();
    Ok(files)
}
