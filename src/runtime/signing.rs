//! What a connection's webhooks are signed with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Kept;
use super::connect::secret;
use crate::config::{Connection, JiraAuth, Loaded, SecretRef};
use crate::http::Secret;

/// What the deliveries of a connection must carry.
#[derive(Clone, Debug)]
pub enum Signing {
    /// Jira's.
    Jira {
        /// What admin webhooks are signed with.
        secret: Option<Secret>,
        /// What an OAuth app's tokens are signed with.
        client_secret: Option<Secret>,
    },
    /// Brevo's.
    Brevo {
        /// The bearer token.
        token: Option<Secret>,
    },
}

/// What the webhooks of all connections are signed with; a secret that is not set is none, and
/// without any nothing is taken.
#[must_use]
pub fn signing(loaded: &Loaded, root: &Path, kept: &Kept) -> BTreeMap<Arc<str>, Signing> {
    let one = |name: &Arc<str>, connection: &Connection| {
        let known = |reference: &SecretRef| secret(name, reference, loaded, root, kept).ok();
        match connection {
            Connection::Jira(jira) => Signing::Jira {
                secret: jira.webhook_secret.as_ref().and_then(known),
                client_secret: match &jira.auth.value {
                    JiraAuth::OAuth2(oauth) => known(&oauth.client_secret),
                    JiraAuth::Basic(_) | JiraAuth::Token(_) => None,
                },
            },
            Connection::Brevo(brevo) => Signing::Brevo {
                token: brevo.webhook_secret.as_ref().and_then(known),
            },
        }
    };
    let connections = loaded.project.connections.iter();
    connections
        .map(|(name, connection)| (Arc::clone(&name.value), one(&name.value, &connection.value)))
        .collect()
}
