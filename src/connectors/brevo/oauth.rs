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

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use serde_json::json;
    use std::time::Duration;

    use super::super::testing::Script;
    use super::*;
    use crate::http::ManualClock;

    fn opened(script: &Script) -> (OAuth, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap()));
        let parts = Parts {
            clock: Arc::clone(&clock) as _,
            ..script.parts()
        };
        let client = ClientCredentials {
            client_id: "id".to_owned(),
            client_secret: Secret::new("secret"),
            scopes: vec!["account:read"],
        };
        let url = "https://api.brevo.com/v3".parse().unwrap();
        for token in ["t1", "t2", "t3"] {
            script.answer(200, json!({ "access_token": token, "expires_in": 3600 }));
        }
        (OAuth::new(parts, &url, client), clock)
    }

    async fn header(of: &OAuth) -> Secret {
        of.header().await.unwrap().1
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_and_again_before_it_ends() {
        let script = Script::default();
        let (oauth, clock) = opened(&script);
        let all = join_all((0..20).map(|_| header(&oauth))).await;
        assert!(all.iter().all(|one| one.expose() == "Bearer t1"));
        assert_eq!(script.calls(), ["POST /realms/partner/oauth/token"]);
        clock.advance(Duration::from_secs(3_539));
        assert_eq!(header(&oauth).await.expose(), "Bearer t1");
        // A minute before its end: it might end on the way.
        clock.advance(Duration::from_secs(1));
        assert_eq!(header(&oauth).await.expose(), "Bearer t2");
        assert_eq!(script.calls().len(), 2);
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once_by_whoever_comes_first() {
        let script = Script::default();
        let (oauth, _) = opened(&script);
        let ended = header(&oauth).await;
        let again = join_all((0..20).map(|_| oauth.refused(&ended))).await;
        assert!(again.into_iter().all(|again| again.unwrap()));
        assert_eq!(script.calls().len(), 2);
        assert_eq!(header(&oauth).await.expose(), "Bearer t2");
    }
}
