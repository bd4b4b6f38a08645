//! Connections: from the file to sessions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::config::{
    BrevoConnection, Connection, JiraAuth, JiraConnection, Loaded, SecretRef, SecretSource,
};
use crate::connectors::{brevo, jira};
use crate::expression::parse_duration;
use crate::http::{Failure, Parts, Secret, is_loopback};

use super::Kept;

/// How long to wait before absence is believed: Brevo documents no lag.
const VISIBLE_AFTER_MS: i64 = 60_000;

/// Where a connection's service is and how to get in.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// A Jira site by e-mail and API token.
    Jira {
        /// The site.
        site: jira::Site,
        /// The credential.
        basic: jira::Basic,
    },
    /// A Brevo account by key.
    Brevo {
        /// The API.
        url: Url,
        /// The key.
        key: Secret,
        /// How long to wait before an event's absence is believed, in milliseconds.
        visible_after_ms: i64,
    },
}

/// A connection that cannot be used as it is written: the file's or the environment's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EndpointTrouble {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
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
        let endpoint = match &connection.value {
            Connection::Jira(connection) => {
                jira_endpoint(name, connection, loaded, root, kept, &mut told)
            }
            Connection::Brevo(connection) => {
                brevo_endpoint(name, connection, loaded, root, kept, &mut told)
            }
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
enum Trouble {
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
    }
}

fn jira_endpoint(
    name: &str,
    connection: &JiraConnection,
    loaded: &Loaded,
    root: &Path,
    kept: &Kept,
    told: &mut dyn FnMut(Trouble),
) -> Option<Endpoint> {
    let JiraAuth::Basic(basic) = &connection.auth.value else {
        told(Trouble::Other(EndpointTrouble {
            message: format!("`{name}`: this version gets into Jira by e-mail and API token only"),
            help: "write `auth: { basic: { email: …, api_token: … } }`".to_owned(),
        }));
        return None;
    };
    let site = connection.site.as_ref().map(|site| site.value.as_str());
    let url = address(name, "site", site.unwrap_or_default());
    let email = set(name, "email", &basic.email.value);
    let token = secret(name, &basic.api_token, loaded, root, kept);
    let url = url.map_err(&mut *told).ok();
    let email = email.map_err(&mut *told).ok();
    let token = token.map_err(told).ok();
    Some(Endpoint::Jira {
        site: jira::Site { url: url? },
        basic: jira::Basic {
            email: email?,
            token: token?,
        },
    })
}

fn brevo_endpoint(
    name: &str,
    connection: &BrevoConnection,
    loaded: &Loaded,
    root: &Path,
    kept: &Kept,
    told: &mut dyn FnMut(Trouble),
) -> Option<Endpoint> {
    let Some(key) = &connection.api_key else {
        told(Trouble::Other(EndpointTrouble {
            message: format!("`{name}`: this version gets into Brevo by API key only"),
            help: "write `api_key: \"${BREVO_API_KEY}\"`".to_owned(),
        }));
        return None;
    };
    let url = connection
        .url
        .as_ref()
        .map_or("https://api.brevo.com/v3", |url| url.value.as_str());
    let url = address(name, "url", url).map_err(&mut *told).ok();
    let key = secret(name, key, loaded, root, kept).map_err(told).ok();
    Some(Endpoint::Brevo {
        url: url?,
        key: key?,
        visible_after_ms: visible_after(connection),
    })
}

/// How long to wait before an event's absence is believed, in milliseconds.
#[must_use]
pub fn visible_after(connection: &BrevoConnection) -> i64 {
    let written = connection.visible_after.as_ref();
    written
        .and_then(|written| parse_duration(&written.value))
        .unwrap_or(VISIBLE_AFTER_MS)
}

/// A text from which nothing is missing.
fn set(connection: &str, member: &str, text: &str) -> Result<String, Trouble> {
    if let Some((_, rest)) = text.split_once("${") {
        let name = rest.split('}').next().unwrap_or_default();
        return Err(Trouble::Unset(name.to_owned()));
    }
    if text.trim().is_empty() {
        return Err(Trouble::Other(EndpointTrouble {
            message: format!("`{connection}`: `{member}` is empty"),
            help: format!("set `{member}` of `{connection}` in flowline.yaml"),
        }));
    }
    Ok(text.trim().to_owned())
}

/// A host name or URL as a URL; plain HTTP to this machine only.
fn address(connection: &str, member: &str, text: &str) -> Result<Url, Trouble> {
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

fn secret(
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
            Endpoint::Jira { site, basic } => {
                let session = jira::Session::open(parts(name, endpoint), site, basic).await?;
                connected.jira.insert(Arc::clone(name), Arc::new(session));
            }
            Endpoint::Brevo {
                url,
                key,
                visible_after_ms,
            } => {
                let mut session =
                    brevo::Session::open(parts(name, endpoint), url, key.clone()).await?;
                session.visible_after_ms = *visible_after_ms;
                connected.brevo.insert(Arc::clone(name), Arc::new(session));
            }
        }
    }
    Ok(connected)
}
