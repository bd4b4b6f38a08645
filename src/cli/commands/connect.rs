//! `flowline connect` and `flowline disconnect`: what a connection gets in with.

mod callback;
mod oauth;

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;

use super::telling::{refuse, state_of};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::services::Gateway;
use crate::cli::time::now;
use crate::cli::{ask, interrupt, key, services};
use crate::config::{Connection, JiraAuth, Loaded, SecretRef};
use crate::connectors::jira;
use crate::diagnostic::{Spanned, nearest};
use crate::project::Opened;
use crate::runtime::{Credential, Kept, brevo_scopes, jira_uses, named_secret};

/// Authorise a connection, and keep what it gets in with, encrypted
///
/// For `oauth2` it prints the URL at which a person agrees, and waits for the browser to come back.
/// For `basic`, `token` and Brevo it asks for what the file does not name, on a terminal or as one
/// line of stdin, tries it and keeps it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline connect support
  flowline connect support --no-browser
  flowline connect support --print-scopes
  printf %s \"$TOKEN\" | flowline connect support --email jane@acme.example")]
pub struct Arguments {
    /// The connection
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The OAuth app's id, where the file has none
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// The site's cloud id, where the file has none
    #[arg(long, value_name = "ID")]
    pub cloud_id: Option<String>,
    /// The site, where the file has none
    #[arg(long, value_name = "HOST")]
    pub site: Option<String>,
    /// The account's e-mail, where the file has none
    #[arg(long, value_name = "E-MAIL")]
    pub email: Option<String>,
    /// Open no browser
    #[arg(long)]
    pub no_browser: bool,
    /// Do not listen: read the URL that the browser was sent to as a line of stdin
    #[arg(long)]
    pub code: bool,
    /// Print the scopes that the pipelines need, one a line, and end
    #[arg(long)]
    pub print_scopes: bool,
}

/// Forget what `connect` kept for a connection
#[derive(Debug, Args)]
pub struct Disconnect {
    /// The connection
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Connects.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    match connect(arguments, context).await {
        Ok(exit) | Err(exit) => exit,
    }
}

/// Disconnects.
pub fn disconnect(arguments: &Disconnect, context: &Context) -> Exit {
    let done = || -> Result<Exit, Exit> {
        let output = &context.output;
        let (opened, file) = state_of(context)?;
        let gone = match key::existing_vault(&opened.root, &file, context)? {
            Some(vault) => vault
                .remove_credential(&arguments.name)
                .map_err(|error| refuse(&error, output))?,
            None => false,
        };
        if !gone {
            // What was kept for a connection that has left the file can be forgotten too.
            let loaded = opened.loaded.as_ref().ok_or(Exit::Wrong)?;
            of_name(&arguments.name, loaded, context)?;
        }
        output.say(if gone {
            "forgotten"
        } else {
            "nothing was kept"
        });
        Ok(Exit::Done)
    };
    match done() {
        Ok(exit) | Err(exit) => exit,
    }
}

fn of_name<'l>(name: &str, loaded: &'l Loaded, context: &Context) -> Result<&'l Connection, Exit> {
    let connections = &loaded.project.connections;
    if let Some(connection) = connections.get(name) {
        return Ok(&connection.value);
    }
    let output = &context.output;
    output.error(&format!("there is no connection `{name}`"));
    let names: Vec<&str> = connections.iter().map(|(name, _)| &*name.value).collect();
    output.help(&nearest(name, names.iter().copied()).map_or_else(
        || format!("there is {}", names.join(", ")),
        |near| format!("did you mean `{near}`?"),
    ));
    Err(Exit::Wrong)
}

async fn connect(arguments: &Arguments, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (opened, _) = state_of(context)?;
    let loaded = opened.loaded.as_ref().ok_or(Exit::Wrong)?;
    let connection = of_name(&arguments.name, loaded, context)?;
    if opened.diagnostics.has_errors() {
        output.warn(
            "some pipelines have mistakes: what they need is not counted; see `flowline validate`",
        );
    }
    if arguments.print_scopes {
        let scopes = match connection {
            Connection::Jira(_) => jira::scopes(jira_uses(loaded, &arguments.name)),
            Connection::Brevo(_) => brevo_scopes(loaded, &arguments.name),
        };
        for scope in scopes {
            output.result(scope);
        }
        return Ok(Exit::Done);
    }
    if context.global.sandbox {
        output.say("the sandbox lets every connection in: there is nothing to keep");
        return Ok(Exit::Done);
    }
    if let Connection::Jira(jira) = connection
        && let JiraAuth::OAuth2(app) = &jira.auth.value
    {
        return oauth::connect(arguments, (&opened, jira, app), context).await;
    }
    keep_given(arguments, &opened, connection, context).await
}

/// What the file says, where all names in it have a value.
fn settled(written: Option<&Spanned<String>>) -> Option<&str> {
    let text = written?.value.trim();
    (!text.is_empty() && !text.contains("${")).then_some(text)
}

/// True where the file names a secret that is there.
fn is_named(
    reference: Option<&SecretRef>,
    name: &str,
    (opened, kept): (&Opened, &Kept),
    context: &Context,
) -> Result<Option<String>, Exit> {
    let (Some(reference), Some(loaded)) = (reference, &opened.loaded) else {
        return Ok(None);
    };
    let named = named_secret(name, reference, loaded, &opened.root, kept);
    let named = named.map_err(|trouble| {
        context.output.error(&trouble.message);
        context.output.help(&trouble.help);
        Exit::Wrong
    })?;
    Ok(named.map(|secret| secret.expose().to_owned()))
}

/// Asks for what the file does not name, tries it, and keeps it.
async fn keep_given(
    arguments: &Arguments,
    opened: &Opened,
    connection: &Connection,
    context: &Context,
) -> Result<Exit, Exit> {
    let output = &context.output;
    let name = arguments.name.as_str();
    let loaded = opened.loaded.as_ref().ok_or(Exit::Wrong)?;
    let file = services::state_file(context, opened);
    // The key first: nobody types a secret that cannot be kept.
    let vault = key::vault(&opened.root, &file, context)?;
    let kept = services::kept(context, opened)?;
    let known = kept
        .credential(name)
        .map_err(|error| refuse(&error, output))?
        .unwrap_or_default();
    let mut given = Credential {
        email: arguments.email.clone().or(known.email),
        site: arguments.site.clone().or(known.site),
        cloud_id: arguments.cloud_id.clone().or(known.cloud_id),
        client_id: arguments.client_id.clone().or(known.client_id),
        ..Credential::default()
    };
    match connection {
        Connection::Jira(jira) => {
            if settled(jira.site.as_ref()).is_none()
                && given.site.is_none()
                && jira.cloud_id.is_none()
            {
                given.site = Some(ask::line("the site, e.g. acme.atlassian.net", context)?);
            }
            let (reference, what) = match &jira.auth.value {
                JiraAuth::Basic(basic) => {
                    if settled(Some(&basic.email)).is_none() && given.email.is_none() {
                        given.email = Some(ask::line("the account's e-mail", context)?);
                    }
                    (basic.api_token.as_ref(), "the API token")
                }
                JiraAuth::Token(reference) => (Some(reference), "the token"),
                JiraAuth::OAuth2(_) => return Err(Exit::Defect),
            };
            if is_named(reference, name, (opened, &kept), context)?.is_none() {
                given.token = Some(ask::secret(what, context)?);
            }
        }
        Connection::Brevo(brevo) => match &brevo.oauth2 {
            Some(client) => {
                if settled(Some(&client.client_id)).is_none() && given.client_id.is_none() {
                    given.client_id = Some(ask::line("the client's id", context)?);
                }
                let reference = Some(&client.client_secret);
                if is_named(reference, name, (opened, &kept), context)?.is_none() {
                    given.client_secret = Some(ask::secret("the client's secret", context)?);
                }
            }
            None => {
                let reference = brevo.api_key.as_ref();
                if is_named(reference, name, (opened, &kept), context)?.is_none() {
                    given.token = Some(ask::secret("the API key", context)?);
                }
            }
        },
    }
    let interrupt = interrupt::listen(output);
    let gateway = Gateway::start(context, opened, None, &interrupt.token).await?;
    let names = [Arc::from(name)];
    let tried = kept.with(name, given.clone());
    let connected = gateway
        .connect(loaded, &opened.root, &tried, &names, &BTreeMap::new())
        .await;
    gateway.stop().await;
    if let Err(why) = connected {
        return Err(why.say(context));
    }
    if given.token.is_some() && matches!(connection, Connection::Jira(_)) {
        given = given.of_atlassian(now().as_millisecond());
    }
    vault
        .set_credential(name, &given.text(), given.ends())
        .map_err(|error| refuse(&error, output))?;
    output.say(&format!("`{name}` is connected"));
    Ok(Exit::Done)
}
