//! OAuth client credentials: a token for an hour, in memory only.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use url::Url;

use crate::connectors::oauth::{InvalidGrant, TokenServer};
use crate::http::{Authorizer, Class, Clock, Failure, Parts, Secret, bearer};

/// A token is renewed so long before it ends.
const MARGIN_MS: i64 = 60_000;

/// A client and what it asks for.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// The client's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What it asks to be allowed: without a list it would get all that it may have.
    pub scopes: Vec<&'static str>,
}

/// Gives each call a token that has not ended.
pub struct OAuth {
    client: ClientCredentials,
    server: TokenServer,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<(Secret, i64)>>,
}

impl OAuth {
    /// The tokens of a client of the API at `url`.
    #[must_use]
    pub fn new(parts: Parts, url: &Url, client: ClientCredentials) -> Self {
        let mut tokens = url.clone();
        tokens.set_path("/realms/partner/oauth/token");
        Self {
            clock: Arc::clone(&parts.clock),
            server: TokenServer::new(parts, tokens, "Brevo"),
            client,
            held: Mutex::new(None),
        }
    }

    async fn token(&self, not: Option<&Secret>) -> Result<Secret, Failure> {
        let mut held = self.held.lock().await;
        let now = self.clock.now().as_millisecond();
        if let Some((token, until)) = held.as_ref()
            && *until > now
            && not.is_none_or(|not| not.expose() != token.expose())
        {
            return Ok(token.clone());
        }
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client.client_id),
            ("client_secret", self.client.client_secret.expose()),
            ("scope", &self.client.scopes.join(" ")),
        ];
        let granted = match self.server.ask(|request| request.form(&pairs)).await? {
            Ok(granted) => granted,
            Err(InvalidGrant) => {
                return Err(Failure::new(
                    Class::Authentication,
                    "Brevo: the client gets no token (invalid_grant)",
                )
                .help("check `client_id` and `client_secret`"));
            }
        };
        let lasts_ms = granted.expires_in.saturating_mul(1_000);
        let until = now.saturating_add(lasts_ms).saturating_sub(MARGIN_MS);
        *held = Some((granted.access.clone(), until));
        Ok(granted.access)
    }
}

impl Authorizer for OAuth {
    fn header(&self) -> BoxFuture<'_, Result<(&'static str, Secret), Failure>> {
        Box::pin(async {
            let token = self.token(None).await?;
            Ok(("authorization", bearer(&token)))
        })
    }

    fn refused<'a>(&'a self, value: &'a Secret) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async move {
            let token = value.expose().trim_start_matches("Bearer ");
            self.token(Some(&Secret::new(token))).await.map(|_| true)
        })
    }
}
