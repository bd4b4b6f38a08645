//! Connections: from the file to sessions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::config::{BrevoConnection, Connection, JiraConnection, Loaded, SecretRef, SecretSource};
use crate::connectors::{brevo, jira};
use crate::expression::parse_duration;
use crate::http::{Failure, Parts, Secret, is_loopback};
use crate::state::InboxView;

use super::Kept;
use super::ways::{Reading, brevo_endpoint, entrance, jira_endpoint};
use crate::state::Vault;

/// How long to wait before absence is believed: Brevo documents no lag.
const VISIBLE_AFTER_MS: i64 = 60_000;
/// The same of Jira, whose index lags.
const JIRA_VISIBLE_AFTER_MS: i64 = 120_000;

/// Where a Jira site is.
#[derive(Clone, Debug)]
pub struct JiraPlace {
    /// The site, where it is known.
    pub site: Option<Url>,
    /// Its cloud id, where it is known.
    pub cloud_id: Option<String>,
    /// The gateway.
    pub gateway: Url,
}

/// How to get into a Jira site.
#[derive(Clone)]
pub enum JiraWay {
    /// At the site, by an account's e-mail and API token.
    Basic(jira::Basic),
    /// At the gateway, by a scoped token and its account's e-mail.
    Scoped(jira::Basic),
    /// At the gateway, by a service account's token.
    Service(Secret),
    /// At the gateway, by an app that a person let in.
    OAuth(jira::App, Arc<Vault>),
}

/// How to get into a Brevo account.
#[derive(Clone)]
pub enum BrevoWay {
    /// By a key.
    Key(Secret),
    /// By a client's credentials.
    OAuth(brevo::ClientCredentials),
}

/// Where a connection's service is and how to get in.
#[derive(Clone)]
pub enum Endpoint {
    /// A Jira site.
    Jira {
        /// Where it is.
        at: JiraPlace,
        /// The way in.
        way: JiraWay,
        /// How long to wait before the absence of what was created is believed, in milliseconds.
        visible_after_ms: i64,
    },
    /// A Brevo account.
    Brevo {
        /// The API.
        url: Url,
        /// The way in.
        way: BrevoWay,
        /// How long to wait before an event's absence is believed, in milliseconds.
        visible_after_ms: i64,
    },
}

/// The gateway of Atlassian's services.
pub const GATEWAY: &str = "https://api.atlassian.com";
/// The server that gives Atlassian's tokens.
pub const AUTH_SERVER: &str = "https://auth.atlassian.com";

/// A connection that cannot be used as it is written: the file's or the environment's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EndpointTrouble {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Nothing is wrong but that it has not been connected yet.
    pub connect_first: bool,
}

/// Sessions by the names of connections.
#[derive(Default)]
pub struct Connected {
    /// Jira sites.
    pub jira: BTreeMap<Arc<str>, Arc<jira::Session>>,
    /// Brevo accounts.
    pub brevo: BTreeMap<Arc<str>, Arc<brevo::Session>>,
    /// What opens JSON APIs that have no connection.
    pub web: Option<Arc<super::Web>>,
    /// What was delivered to the project; none where nothing can have been.
    pub inbox: Option<Arc<dyn InboxView>>,
}

/// The endpoints of the connections that are used, their secrets resolved.
///
/// # Errors
/// What stands in the way of any of them; what is not set as one.
pub fn endpoints(
    loaded: &Loaded,
    used: &[Arc<str>],
    root: &Path,
    kept: &Kept,
) -> Result<BTreeMap<Arc<str>, Endpoint>, Vec<EndpointTrouble>> {
    let mut found = BTreeMap::new();
    let mut unset = Vec::new();
    let mut troubles = Vec::new();
    for name in used {
        let Some(connection) = loaded.project.connections.get(name) else {
            continue;
        };
        let mut told = |trouble| match trouble {
            Trouble::Unset(variable) if unset.contains(&variable) => {}
            Trouble::Unset(variable) => unset.push(variable),
            Trouble::Other(trouble) => troubles.push(trouble),
        };
        let reading = Reading {
            name,
            loaded,
            root,
            kept,
        };
        let endpoint = match &connection.value {
            Connection::Jira(connection) => jira_endpoint(&reading, connection, &mut told),
            Connection::Brevo(connection) => brevo_endpoint(&reading, connection, &mut told),
        };
        if let Some(endpoint) = endpoint {
            found.insert(Arc::clone(name), endpoint);
        }
    }
    if !unset.is_empty() {
        troubles.insert(0, not_set(&unset));
    }
    if troubles.is_empty() {
        Ok(found)
    } else {
        Err(troubles)
    }
}

/// Why a part of a connection cannot be used.
pub(super) enum Trouble {
    /// A name that stands for nothing.
    Unset(String),
    Other(EndpointTrouble),
}

fn not_set(names: &[String]) -> EndpointTrouble {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let (them, are) = match quoted.len() {
        1 => ("it", "is"),
        _ => ("them", "are"),
    };
    let all = match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    };
    EndpointTrouble {
        message: format!("{all} {are} not set"),
        help: format!(
            "set {them} in the environment or in .env, or try without an account: --sandbox"
        ),
        connect_first: false,
    }
}

/// How long to wait before an event's absence is believed, in milliseconds.
#[must_use]
pub fn visible_after(connection: &BrevoConnection) -> i64 {
    let written = connection.visible_after.as_ref();
    written
        .and_then(|written| parse_duration(&written.value))
        .unwrap_or(VISIBLE_AFTER_MS)
}

/// How long to wait before the absence of what was created in Jira is believed, in milliseconds.
#[must_use]
pub fn jira_visible_after(connection: &JiraConnection) -> i64 {
    let written = connection.visible_after.as_ref();
    written
        .and_then(|written| parse_duration(&written.value))
        .unwrap_or(JIRA_VISIBLE_AFTER_MS)
}

/// The secret of a connection's webhooks; none where the file has none.
///
/// # Errors
/// Where it stands for nothing.
pub fn webhook_secret(
    loaded: &Loaded,
    name: &str,
    root: &Path,
    kept: &Kept,
) -> Result<Option<Secret>, EndpointTrouble> {
    let reference = match loaded.project.connections.get(name).map(|one| &one.value) {
        Some(Connection::Jira(jira)) => jira.webhook_secret.as_ref(),
        Some(Connection::Brevo(brevo)) => brevo.webhook_secret.as_ref(),
        None => None,
    };
    let found = reference.map(|reference| secret(name, reference, loaded, root, kept));
    found.transpose().map_err(|trouble| match trouble {
        Trouble::Unset(variable) => not_set(&[variable]),
        Trouble::Other(trouble) => trouble,
    })
}

/// A text from which nothing is missing.
pub(super) fn set(connection: &str, member: &str, text: &str) -> Result<String, Trouble> {
    if let Some((_, rest)) = text.split_once("${") {
        let name = rest.split('}').next().unwrap_or_default();
        return Err(Trouble::Unset(name.to_owned()));
    }
    if text.trim().is_empty() {
        return Err(Trouble::Other(EndpointTrouble {
            message: format!("`{connection}`: `{member}` is empty"),
            help: format!("set `{member}` of `{connection}` in flowline.yaml"),
            connect_first: false,
        }));
    }
    Ok(text.trim().to_owned())
}

/// Where a connection's service is, whatever it gets in with; none where that is not known.
#[must_use]
pub fn address_of(name: &str, connection: &Connection) -> Option<Url> {
    let (member, text) = match connection {
        Connection::Jira(jira) => {
            let gateway = jira.gateway.as_ref().map(|gateway| gateway.value.as_str());
            let site = jira.site.as_ref().map(|site| site.value.as_str());
            (
                "site",
                site.or(gateway).unwrap_or("https://api.atlassian.com"),
            )
        }
        Connection::Brevo(brevo) => {
            let url = brevo.url.as_ref().map(|url| url.value.as_str());
            ("url", url.unwrap_or("https://api.brevo.com/v3"))
        }
    };
    address(name, member, text).ok()
}

/// A host name or URL as a URL; plain HTTP to this machine only.
pub(super) fn address(connection: &str, member: &str, text: &str) -> Result<Url, Trouble> {
    let text = set(connection, member, text)?;
    let full = if text.contains("://") {
        text
    } else {
        format!("https://{text}")
    };
    let trouble = |message: String| {
        Trouble::Other(EndpointTrouble {
            message,
            help: format!(
                "write e.g. `{member}: acme.atlassian.net`, or a URL that starts with https://"
            ),
            connect_first: false,
        })
    };
    let url = Url::parse(full.trim_end_matches('/'))
        .map_err(|error| trouble(format!("`{connection}`: `{member}` is no address: {error}")))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(trouble(format!(
            "`{connection}`: `{member}` must be https://"
        ))),
    }
}

pub(super) fn secret(
    connection: &str,
    reference: &SecretRef,
    loaded: &Loaded,
    root: &Path,
    kept: &Kept,
) -> Result<Secret, Trouble> {
    let trouble = |message: String, help: &str| {
        Trouble::Other(EndpointTrouble {
            message: format!("`{connection}`: {message}"),
            help: help.to_owned(),
            connect_first: false,
        })
    };
    let text = match &**reference {
        SecretSource::Env(name) => loaded
            .strings
            .name(name)
            .filter(|value| !value.trim().is_empty())
            .map(str::to_owned)
            .ok_or_else(|| Trouble::Unset(name.clone()))?,
        SecretSource::File(path) => std::fs::read_to_string(root.join(path)).map_err(|error| {
            trouble(
                format!("the secret's file {path} cannot be read: {error}"),
                "check `${file:…}` in flowline.yaml",
            )
        })?,
        SecretSource::Store(name) => {
            return kept.secret(name).cloned().ok_or_else(|| {
                trouble(
                    format!("the secret `{name}` is not kept"),
                    &format!("flowline secrets set {name}"),
                )
            });
        }
    };
    Ok(Secret::new(text.trim()))
}

/// Opens sessions: credentials are checked, accounts and sites found. `parts` gives what the
/// client of a connection is made of.
///
/// # Errors
/// What stands in the way, with what to do.
pub async fn connect(
    endpoints: &BTreeMap<Arc<str>, Endpoint>,
    parts: &dyn Fn(&Arc<str>, &Endpoint) -> Parts,
) -> Result<Connected, Failure> {
    let mut connected = Connected::default();
    for (name, endpoint) in endpoints {
        match endpoint {
            Endpoint::Jira {
                at,
                way,
                visible_after_ms,
            } => {
                let parts = parts(name, endpoint);
                let entrance = entrance(name, at, way, &parts);
                let mut session = jira::Session::enter(parts, entrance).await?;
                session.visible_after_ms = *visible_after_ms;
                connected.jira.insert(Arc::clone(name), Arc::new(session));
            }
            Endpoint::Brevo {
                url,
                way,
                visible_after_ms,
            } => {
                let parts = parts(name, endpoint);
                let mut session = match way {
                    BrevoWay::Key(key) => brevo::Session::open(parts, url, key.clone()).await?,
                    BrevoWay::OAuth(client) => {
                        let oauth = brevo::OAuth::new(parts.clone(), url, client.clone());
                        brevo::Session::enter(parts, url, Arc::new(oauth)).await?
                    }
                };
                session.visible_after_ms = *visible_after_ms;
                connected.brevo.insert(Arc::clone(name), Arc::new(session));
            }
        }
    }
    Ok(connected)
}
