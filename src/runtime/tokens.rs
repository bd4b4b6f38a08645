//! OAuth tokens in the state.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, ready};

use super::{Credential, KeptTokens};
use crate::connectors::jira::{Held, TokenStore, Tokens};
use crate::http::{Class, Failure, Secret};
use crate::state::{KeptCredential, StateError, Vault};

/// How long to wait for another process that exchanges a token: longer than an exchange takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tokens of a connection.
pub struct StateTokens {
    vault: Arc<Vault>,
    connection: Arc<str>,
}

impl StateTokens {
    /// The tokens of a connection.
    #[must_use]
    pub const fn new(vault: Arc<Vault>, connection: Arc<str>) -> Self {
        Self { vault, connection }
    }

    fn kept(&self) -> Result<Option<(KeptCredential, Credential)>, Failure> {
        let kept = self.vault.credential(&self.connection);
        Ok(kept.map_err(|error| failure(&error))?.and_then(|kept| {
            let credential = Credential::parse(&kept.text)?;
            Some((kept, credential))
        }))
    }

    fn change(&self, set: impl FnOnce(&mut Credential)) -> Result<i64, Failure> {
        let mut credential = self
            .kept()?
            .map(|(_, credential)| credential)
            .unwrap_or_default();
        set(&mut credential);
        self.vault
            .set_credential(&self.connection, &credential.text(), credential.ends())
            .map_err(|error| failure(&error))
    }
}

/// The state cannot keep a token: without that none is used.
fn failure(error: &StateError) -> Failure {
    Failure::new(Class::Rejected, error.to_string()).help(error.help())
}

impl TokenStore for StateTokens {
    fn load(&self) -> BoxFuture<'_, Result<Option<Held>, Failure>> {
        let held = self.kept().map(|kept| {
            let (kept, credential) = kept?;
            let tokens = credential.tokens?;
            Some(Held {
                tokens: Tokens {
                    access: Secret::new(tokens.access),
                    expires_at: tokens.expires_at,
                    refresh: Secret::new(tokens.refresh),
                    scopes: tokens.scopes,
                },
                version: kept.version,
                exchanging: kept.exchanging,
                refused: tokens.refused,
            })
        });
        Box::pin(ready(held))
    }

    fn alone(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Failure>> {
        Box::pin(async {
            let lock = self.vault.alone(PATIENCE).await;
            match lock.map_err(|error| failure(&error))? {
                Some(file) => Ok(Box::new(file) as Box<dyn Send>),
                None => Err(Failure::new(
                    Class::Busy,
                    format!(
                        "another process has been renewing the token of `{}` for a minute",
                        self.connection
                    ),
                )
                .help("look what holds it up, then run again")),
            }
        })
    }

    fn exchanging(&self, version: i64, now_ms: i64) -> BoxFuture<'_, Result<bool, Failure>> {
        let marked = self
            .vault
            .mark_exchanging(&self.connection, version, now_ms);
        Box::pin(ready(marked.map_err(|error| failure(&error))))
    }

    fn not_exchanged(&self, version: i64) -> BoxFuture<'_, Result<(), Failure>> {
        let unmarked = self.vault.unmark_exchanging(&self.connection, version);
        Box::pin(ready(unmarked.map_err(|error| failure(&error))))
    }

    fn keep<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<i64, Failure>> {
        Box::pin(ready(self.change(|credential| {
            credential.tokens = Some(KeptTokens {
                access: tokens.access.expose().to_owned(),
                expires_at: tokens.expires_at,
                refresh: tokens.refresh.expose().to_owned(),
                scopes: tokens.scopes.clone(),
                refused: false,
            });
        })))
    }

    fn refused(&self) -> BoxFuture<'_, Result<(), Failure>> {
        let changed = self.change(|credential| {
            if let Some(tokens) = &mut credential.tokens {
                tokens.refused = true;
            }
        });
        Box::pin(ready(changed.map(drop)))
    }
}
