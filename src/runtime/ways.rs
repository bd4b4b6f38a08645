//! The way into a connection's service: what the file names, else what is kept.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::connect::{
    AUTH_SERVER, BrevoWay, Endpoint, GATEWAY, JiraPlace, JiraWay, Trouble, address,
    jira_visible_after, secret, set, visible_after,
};
use super::{Credential, EndpointTrouble, Kept, brevo_scopes};
use crate::config::{BrevoConnection, JiraAuth, JiraConnection, Loaded, SecretRef};
use crate::connectors::{brevo, jira};
use crate::diagnostic::Spanned;
use crate::http::Secret;

/// What a connection is read with.
pub(super) struct Reading<'a> {
    pub(super) name: &'a str,
    pub(super) loaded: &'a Loaded,
    pub(super) root: &'a Path,
    pub(super) kept: &'a Kept,
}

impl Reading<'_> {
    fn credential(&self) -> Result<Credential, Trouble> {
        let kept = self.kept.credential(self.name);
        kept.map(Option::unwrap_or_default).map_err(|error| {
            Trouble::Other(EndpointTrouble {
                message: error.to_string(),
                help: error.help(),
                connect_first: false,
            })
        })
    }

    /// A secret that the file names, else the one that is kept.
    fn secret(
        &self,
        reference: Option<&SecretRef>,
        kept: Option<&String>,
        what: &str,
    ) -> Result<Secret, Trouble> {
        let stored = kept.map(Secret::new);
        match (reference, stored) {
            (None, None) => Err(self.connect_first(&format!("has no {what} yet"))),
            (None, Some(stored)) => Ok(stored),
            (Some(reference), stored) => {
                let named = secret(self.name, reference, self.loaded, self.root, self.kept);
                match (named, stored) {
                    (Err(Trouble::Unset(_)), Some(stored)) => Ok(stored),
                    (named, _) => named,
                }
            }
        }
    }

    /// A text that the file has, else the one that is kept.
    fn text(
        &self,
        member: &str,
        written: Option<&Spanned<String>>,
        kept: Option<&String>,
    ) -> Result<Option<String>, Trouble> {
        match written {
            None => Ok(kept.cloned()),
            Some(written) => match (set(self.name, member, &written.value), kept) {
                (Err(Trouble::Unset(_)), Some(kept)) => Ok(Some(kept.clone())),
                (text, _) => text.map(Some),
            },
        }
    }

    fn address(
        &self,
        member: &str,
        written: Option<&Spanned<String>>,
        otherwise: &str,
    ) -> Result<Url, Trouble> {
        let text = written.map_or(otherwise, |written| written.value.as_str());
        address(self.name, member, text)
    }

    fn connect_first(&self, why: &str) -> Trouble {
        Trouble::Other(EndpointTrouble {
            message: format!("`{}` {why}", self.name),
            help: format!("flowline connect {}", self.name),
            connect_first: true,
        })
    }
}

/// Where a Jira site is and who gets in; all that stands in the way is told.
pub(super) fn jira_endpoint(
    reading: &Reading<'_>,
    connection: &JiraConnection,
    told: &mut dyn FnMut(Trouble),
) -> Option<Endpoint> {
    let kept = reading.credential().map_err(&mut *told).ok()?;
    let gateway = reading.address("gateway", connection.gateway.as_ref(), GATEWAY);
    let gateway = gateway.map_err(&mut *told).ok();
    let site = reading.text("site", connection.site.as_ref(), kept.site.as_ref());
    let site = site.and_then(|site| {
        site.map(|site| address(reading.name, "site", &site))
            .transpose()
    });
    let site = site.map_err(&mut *told).ok();
    let cloud_id = reading.text("cloud_id", connection.cloud_id.as_ref(), None);
    let mut cloud_id = cloud_id.map_err(&mut *told).ok()?;
    let way = match &connection.auth.value {
        JiraAuth::Basic(basic) => {
            let email = reading.text("email", Some(&basic.email), kept.email.as_ref());
            let email = email.map_err(&mut *told).ok().flatten();
            let token = reading.secret(basic.api_token.as_ref(), kept.token.as_ref(), "API token");
            let token = token.map_err(&mut *told).ok();
            JiraWay::Basic(jira::Basic {
                email: email?,
                token: token?,
            })
        }
        JiraAuth::Token(reference) => {
            let token = reading.secret(Some(reference), kept.token.as_ref(), "token");
            let token = token.map_err(&mut *told).ok()?;
            token_way(token, kept.email)
        }
        JiraAuth::OAuth2(client) => {
            let auth_server = connection.auth_server.as_ref();
            let auth_server = reading.address("auth_server", auth_server, AUTH_SERVER);
            let auth_server = auth_server.map_err(&mut *told).ok();
            let id = reading.text(
                "client_id",
                Some(&client.client_id),
                kept.client_id.as_ref(),
            );
            let id = id.map_err(&mut *told).ok().flatten();
            let secret = reading.secret(
                Some(&client.client_secret),
                kept.client_secret.as_ref(),
                "client secret",
            );
            let secret = secret.map_err(&mut *told).ok();
            let vault = reading
                .kept
                .vault()
                .filter(|_| kept.tokens.is_some())
                .cloned();
            let Some(vault) = vault else {
                told(reading.connect_first("is not connected yet"));
                return None;
            };
            if let (None, Some(Some(site)), Some(kept)) = (&cloud_id, &site, &kept.site)
                && site.as_str().trim_end_matches('/') != kept.trim_end_matches('/')
            {
                told(reading.connect_first(&format!("was connected to {kept}")));
                return None;
            }
            cloud_id = cloud_id.or(kept.cloud_id);
            JiraWay::OAuth(
                jira::App {
                    auth_server: auth_server?,
                    client_id: id?,
                    client_secret: secret?,
                },
                vault,
            )
        }
    };
    Some(Endpoint::Jira {
        at: JiraPlace {
            site: site?,
            cloud_id,
            gateway: gateway?,
        },
        way,
        visible_after_ms: jira_visible_after(connection),
    })
}

/// A secret that the file names; none where that is not set.
///
/// # Errors
/// Where it cannot be read.
pub fn named_secret(
    name: &str,
    reference: &SecretRef,
    loaded: &Loaded,
    root: &Path,
    kept: &Kept,
) -> Result<Option<Secret>, EndpointTrouble> {
    match secret(name, reference, loaded, root, kept) {
        Ok(secret) => Ok(Some(secret)),
        Err(Trouble::Unset(_)) => Ok(None),
        Err(Trouble::Other(trouble)) => Err(trouble),
    }
}

/// A personal token comes with its account's e-mail, kept beside it or before it as `E-MAIL:TOKEN`;
/// a service account's stands alone.
fn token_way(token: Secret, email: Option<String>) -> JiraWay {
    if let Some(email) = email {
        return JiraWay::Scoped(jira::Basic { email, token });
    }
    match token.expose().split_once(':') {
        Some((email, rest)) if email.contains('@') => JiraWay::Scoped(jira::Basic {
            email: email.to_owned(),
            token: Secret::new(rest),
        }),
        _ => JiraWay::Service(token),
    }
}

/// Where a Brevo account is and who gets in; all that stands in the way is told.
pub(super) fn brevo_endpoint(
    reading: &Reading<'_>,
    connection: &BrevoConnection,
    told: &mut dyn FnMut(Trouble),
) -> Option<Endpoint> {
    let kept = reading.credential().map_err(&mut *told).ok()?;
    let url = reading.address("url", connection.url.as_ref(), "https://api.brevo.com/v3");
    let url = url.map_err(&mut *told).ok();
    let way = match &connection.oauth2 {
        Some(client) => {
            let id = reading.text(
                "client_id",
                Some(&client.client_id),
                kept.client_id.as_ref(),
            );
            let id = id.map_err(&mut *told).ok().flatten();
            let secret = reading.secret(
                Some(&client.client_secret),
                kept.client_secret.as_ref(),
                "client secret",
            );
            let secret = secret.map_err(&mut *told).ok();
            BrevoWay::OAuth(brevo::ClientCredentials {
                client_id: id?,
                client_secret: secret?,
                scopes: brevo_scopes(reading.loaded, reading.name),
            })
        }
        None => {
            let key = reading.secret(connection.api_key.as_ref(), kept.token.as_ref(), "API key");
            BrevoWay::Key(key.map_err(told).ok()?)
        }
    };
    Some(Endpoint::Brevo {
        url: url?,
        way,
        visible_after_ms: visible_after(connection),
    })
}

/// How a connection's session is opened.
pub(super) fn entrance(
    name: &Arc<str>,
    at: &JiraPlace,
    way: &JiraWay,
    parts: &crate::http::Parts,
) -> jira::Entrance {
    let mut entrance = jira::Entrance {
        site: at.site.clone(),
        gateway: Some(at.gateway.clone()),
        cloud_id: at.cloud_id.clone(),
        authorizer: Arc::new(crate::http::Fixed::new("authorization", Secret::new(""))),
        if_refused: format!(
            "check the token of `{name}`: it may have expired or been revoked; a personal token with scopes also needs its account's e-mail (`flowline connect {name} --email E-MAIL`)"
        ),
        if_scope_missing: "make a token that has it".to_owned(),
    };
    match way {
        JiraWay::Basic(basic) => {
            entrance.gateway = None;
            entrance.authorizer = jira::basic_header(basic);
            entrance.if_refused = jira::REFUSED_BASIC.to_owned();
        }
        JiraWay::Scoped(basic) => entrance.authorizer = jira::basic_header(basic),
        JiraWay::Service(token) => {
            let value = crate::http::bearer(token);
            entrance.authorizer = Arc::new(crate::http::Fixed::new("authorization", value));
        }
        JiraWay::OAuth(app, vault) => {
            let store = super::StateTokens::new(Arc::clone(vault), Arc::clone(name));
            entrance.authorizer = Arc::new(jira::OAuth::new(
                parts.clone(),
                app.clone(),
                Arc::new(store),
                Arc::clone(name),
            ));
            entrance.if_refused = format!("connect it anew: flowline connect {name}");
            entrance.if_scope_missing = format!(
                "add it to the app at https://developer.atlassian.com/console/myapps, then: flowline connect {name}"
            );
        }
    }
    entrance
}
