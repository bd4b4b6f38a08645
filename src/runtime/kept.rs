//! What the project keeps sealed: secrets by name, credentials by connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::http::Secret;
use crate::state::{StateError, Vault};

/// What is kept for a project.
#[derive(Clone, Default)]
pub struct Kept {
    secrets: Arc<BTreeMap<String, Secret>>,
    vault: Option<Arc<Vault>>,
    tried: BTreeMap<String, Credential>,
}

impl Kept {
    /// What a state keeps.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(vault: Option<Vault>) -> Result<Self, StateError> {
        let Some(vault) = vault else {
            return Ok(Self::default());
        };
        let secrets = vault.secrets()?.into_iter();
        Ok(Self {
            secrets: Arc::new(
                secrets
                    .map(|(name, text)| (name, Secret::new(text)))
                    .collect(),
            ),
            vault: Some(Arc::new(vault)),
            tried: BTreeMap::new(),
        })
    }

    /// The secret of a name.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.get(name)
    }

    /// What a connection gets in with.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn credential(&self, connection: &str) -> Result<Option<Credential>, StateError> {
        if let Some(tried) = self.tried.get(connection) {
            return Ok(Some(tried.clone()));
        }
        let Some(vault) = &self.vault else {
            return Ok(None);
        };
        let kept = vault.credential(connection)?;
        // One that a newer flowline wrote is as none: `connect` writes it anew.
        Ok(kept.and_then(|kept| Credential::parse(&kept.text)))
    }

    /// The same with a credential that is tried before it is kept.
    #[must_use]
    pub fn with(&self, connection: &str, credential: Credential) -> Self {
        let mut with = self.clone();
        with.tried.insert(connection.to_owned(), credential);
        with
    }

    /// Where tokens are kept.
    #[must_use]
    pub const fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }
}

/// What a connection gets in with, as `connect` keeps it: what the file names none of.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Credential {
    /// The account's e-mail.
    pub email: Option<String>,
    /// An API token, a scoped or service account's token, or an API key.
    pub token: Option<String>,
    /// The OAuth client's id.
    pub client_id: Option<String>,
    /// The OAuth client's secret.
    pub client_secret: Option<String>,
    /// The site's cloud id.
    pub cloud_id: Option<String>,
    /// The site's address.
    pub site: Option<String>,
    /// OAuth tokens.
    pub tokens: Option<KeptTokens>,
    /// When it ends at the latest unless a person makes a new one, in epoch milliseconds; none where
    /// it does not end by itself.
    pub ends_at: Option<i64>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[credential]")
    }
}

/// OAuth tokens as they are kept.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeptTokens {
    /// The access token.
    pub access: String,
    /// When it ends, in epoch milliseconds.
    pub expires_at: i64,
    /// The refresh token.
    pub refresh: String,
    /// What they may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// True once the authorisation server has refused it.
    #[serde(default)]
    pub refused: bool,
}

/// How long Atlassian's API tokens last at the most, and a person's consent to an app, in
/// milliseconds.
const YEAR_MS: i64 = 365 * 86_400_000;
/// How long a refresh token lasts that nobody uses.
const UNUSED_MS: i64 = 90 * 86_400_000;

impl Credential {
    /// The same of Atlassian, made at this time or before.
    #[must_use]
    pub const fn of_atlassian(mut self, now_ms: i64) -> Self {
        self.ends_at = Some(now_ms.saturating_add(YEAR_MS));
        self
    }

    /// When it ends at the latest unless a person makes a new one, in epoch milliseconds.
    #[must_use]
    pub fn ends(&self) -> Option<i64> {
        let unused = self.tokens.as_ref();
        let unused = unused.map(|tokens| tokens.expires_at.saturating_add(UNUSED_MS));
        self.ends_at.into_iter().chain(unused).min()
    }

    /// Reads what was kept.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As it is kept.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts and numbers alone: nothing in it cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}
