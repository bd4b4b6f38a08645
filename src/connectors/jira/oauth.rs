//! OAuth 2.0 (3LO): tokens that end, and refresh tokens that are good for one use.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use super::dialect::JiraDialect;
use crate::connectors::oauth::{Granted, InvalidGrant, TokenServer};
use crate::http::{
    Authorizer, Call, Class, Client, Clock, Effect, Failure, Method, Pacer, Parts, Request, Safety,
    Secret, bearer,
};

/// An access token is renewed so long before it ends: none ends on the way.
const MARGIN_MS: i64 = 60_000;

/// How long to wait before a token is presented again whose first answer was lost.
const BEFORE_AGAIN: Duration = Duration::from_secs(1);

/// Who gives tokens.
const SERVICE: &str = "Atlassian";

/// Tokens that are kept.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// When it ends, in epoch milliseconds.
    pub expires_at: i64,
    /// The refresh token.
    pub refresh: Secret,
    /// What they may do.
    pub scopes: Vec<String>,
}

/// Tokens as they were found.
#[derive(Clone, Debug)]
pub struct Held {
    /// The tokens.
    pub tokens: Tokens,
    /// Which ones these are: it grows with each change.
    pub version: i64,
    /// Somebody presented the refresh token and did not live to know the answer.
    pub exchanging: bool,
    /// The refresh token has been refused.
    pub refused: bool,
}

/// Where tokens are kept, by all processes of a project. What changes is durable when it returns.
pub trait TokenStore: Send + Sync {
    /// What is kept; none before `connect`.
    fn load(&self) -> BoxFuture<'_, Result<Option<Held>, Failure>>;

    /// Waits until nobody else exchanges a token; they wait until the answer is dropped.
    fn alone(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Failure>>;

    /// Marks tokens as being exchanged, with the time.
    fn exchanging(&self, version: i64, now_ms: i64) -> BoxFuture<'_, Result<bool, Failure>>;

    /// They were certainly not exchanged.
    fn not_exchanged(&self, version: i64) -> BoxFuture<'_, Result<(), Failure>>;

    /// Keeps new tokens, and nothing is being exchanged; answers their version.
    fn keep<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<i64, Failure>>;

    /// Keeps that the refresh token has been refused.
    fn refused(&self) -> BoxFuture<'_, Result<(), Failure>>;
}

/// An app and how it is known.
#[derive(Clone, Debug)]
pub struct App {
    /// The server that gives tokens.
    pub auth_server: Url,
    /// The app's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

impl App {
    /// Where a person lets the app in.
    #[must_use]
    pub fn authorize_url(&self, redirect_uri: &str, scopes: &[&str], state: &str) -> Url {
        let mut url = under(&self.auth_server, "/authorize");
        url.query_pairs_mut()
            .append_pair("audience", "api.atlassian.com")
            .append_pair("client_id", &self.client_id)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state)
            .append_pair("response_type", "code")
            .append_pair("prompt", "consent");
        url
    }

    fn server(&self, parts: Parts) -> TokenServer {
        TokenServer::new(parts, under(&self.auth_server, "/oauth/token"), SERVICE)
    }

    /// Exchanges the code that a person's browser brought for tokens, `asked` being the scopes that
    /// it was asked for.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn exchange(
        &self,
        parts: Parts,
        code: &str,
        redirect_uri: &str,
        asked: &[&str],
    ) -> Result<Tokens, Failure> {
        let clock = Arc::clone(&parts.clock);
        let body = json!({
            "grant_type": "authorization_code", "client_id": self.client_id,
            "client_secret": self.client_secret.expose(), "code": code,
            "redirect_uri": redirect_uri,
        });
        let server = self.server(parts);
        let answer = server.ask(|request| request.json(body.to_string()));
        match answer.await? {
            Ok(granted) => {
                let asked = asked.iter().map(|&scope| scope.to_owned()).collect();
                tokens(granted, (None, asked), &*clock)
            }
            Err(InvalidGrant) => Err(Failure::new(
                Class::Authentication,
                "Atlassian: the code is not taken",
            )
            .help("a code is good for a few minutes and one use: connect again")),
        }
    }
}

/// An address below a server's.
fn under(server: &Url, path: &str) -> Url {
    let mut url = server.clone();
    let full = format!("{}{path}", server.path().trim_end_matches('/'));
    url.set_path(&full);
    url
}

/// Tokens as they are kept. What the answer leaves out is as it was: the refresh token that was
/// used, the scopes that were there or asked for.
fn tokens(
    granted: Granted,
    (used, scopes): (Option<&Secret>, Vec<String>),
    clock: &dyn Clock,
) -> Result<Tokens, Failure> {
    // A server that does not rotate gives none: the old one stays good.
    let refresh = granted.refresh.or_else(|| used.cloned()).ok_or_else(|| {
        Failure::new(
            Class::Permission,
            "Atlassian: there is no refresh token in the answer",
        )
        .help("the app must be allowed `offline_access`: connect again")
    })?;
    let lasts_ms = granted.expires_in.saturating_mul(1_000);
    Ok(Tokens {
        access: granted.access,
        expires_at: clock.now().as_millisecond().saturating_add(lasts_ms),
        refresh,
        scopes: granted.scopes.unwrap_or(scopes),
    })
}

/// A site that a token may ask.
#[derive(Clone, Debug, Deserialize)]
pub struct Resource {
    /// The site's cloud id.
    pub id: String,
    /// Its address.
    pub url: String,
}

/// The sites that a token may ask.
///
/// # Errors
/// What stands in the way, with what to do.
pub async fn accessible_resources(
    parts: Parts,
    gateway: &Url,
    access: &Secret,
) -> Result<Vec<Resource>, Failure> {
    let client = Client::new(parts, Arc::new(JiraDialect), Pacer::default());
    let url = under(gateway, "/oauth/token/accessible-resources");
    let request = Request::new(Method::Get, url).secret_header("authorization", bearer(access));
    let call = Call {
        request,
        family: "tokens",
        safety: Safety::Repeatable,
    };
    let response = client.call(call).await?;
    super::session::parsed("/oauth/token/accessible-resources", &response)
}

/// Gives each call an access token that has not ended, and renews it once, whatever number of tasks
/// and processes find it ended.
pub struct OAuth {
    app: App,
    server: TokenServer,
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    connection: Arc<str>,
    held: Mutex<Option<Tokens>>,
}

impl OAuth {
    /// The tokens of a connection.
    #[must_use]
    pub fn new(parts: Parts, app: App, store: Arc<dyn TokenStore>, connection: Arc<str>) -> Self {
        Self {
            clock: Arc::clone(&parts.clock),
            server: app.server(parts),
            app,
            store,
            connection,
            held: Mutex::new(None),
        }
    }

    /// An access token that has not ended, and is not this one, which was refused.
    async fn access(&self, not: Option<&Secret>) -> Result<Secret, Failure> {
        let mut held = self.held.lock().await;
        if let Some(tokens) = held.as_ref().filter(|tokens| self.is_good(tokens, not)) {
            return Ok(tokens.access.clone());
        }
        let kept = self.kept().await?;
        let tokens = if self.is_good(&kept.tokens, not) {
            kept.tokens
        } else {
            self.renew(not).await?
        };
        let access = tokens.access.clone();
        *held = Some(tokens);
        Ok(access)
    }

    fn is_good(&self, tokens: &Tokens, not: Option<&Secret>) -> bool {
        let now = self.clock.now().as_millisecond();
        let refused = not.is_some_and(|not| not.expose() == tokens.access.expose());
        !refused && tokens.expires_at.saturating_sub(MARGIN_MS) > now
    }

    async fn kept(&self) -> Result<Held, Failure> {
        let kept = self.store.load().await?;
        kept.ok_or_else(|| self.connect_first("is not connected"))
    }

    fn connect_first(&self, why: &str) -> Failure {
        let name = &self.connection;
        Failure::new(Class::Authentication, format!("Jira: `{name}` {why}"))
            .help(format!("flowline connect {name}"))
    }

    /// Exchanges the refresh token, unless somebody else just has.
    async fn renew(&self, not: Option<&Secret>) -> Result<Tokens, Failure> {
        let _alone = self.store.alone().await?;
        let kept = self.kept().await?;
        if self.is_good(&kept.tokens, not) {
            return Ok(kept.tokens);
        }
        if kept.refused {
            return Err(self.connect_first(REFUSED));
        }
        let version = kept.version;
        // Found marked: whoever presented it may have used it up. It is taken once more.
        let mut may_be_used = kept.exchanging;
        let now = self.clock.now().as_millisecond();
        if !self.store.exchanging(version, now).await? {
            return Err(self.connect_first("was connected anew meanwhile"));
        }
        loop {
            match self.present(&kept.tokens.refresh).await {
                Ok(Ok(granted)) => {
                    let before = (Some(&kept.tokens.refresh), kept.tokens.scopes.clone());
                    let tokens = tokens(granted, before, &*self.clock)?;
                    self.store.keep(&tokens).await?;
                    return Ok(tokens);
                }
                Ok(Err(InvalidGrant)) => {
                    self.store.refused().await?;
                    return Err(self.connect_first(REFUSED));
                }
                Err(failure) if failure.effect() == Effect::None => {
                    if !may_be_used {
                        self.store.not_exchanged(version).await?;
                    }
                    return Err(failure);
                }
                Err(failure) if may_be_used => return Err(failure),
                Err(_) => {
                    may_be_used = true;
                    self.clock.sleep(BEFORE_AGAIN).await;
                }
            }
        }
    }

    async fn present(&self, refresh: &Secret) -> Result<Result<Granted, InvalidGrant>, Failure> {
        let body = json!({
            "grant_type": "refresh_token", "client_id": self.app.client_id,
            "client_secret": self.app.client_secret.expose(),
            "refresh_token": refresh.expose(),
        });
        self.server
            .ask(|request| request.json(body.to_string()))
            .await
    }
}

const REFUSED: &str =
    "must be connected anew: its authorisation has ended or was withdrawn (invalid_grant)";

impl Authorizer for OAuth {
    fn header(&self) -> BoxFuture<'_, Result<(&'static str, Secret), Failure>> {
        Box::pin(async {
            let access = self.access(None).await?;
            Ok(("authorization", bearer(&access)))
        })
    }

    fn refused<'a>(&'a self, value: &'a Secret) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async move {
            let token = value.expose().trim_start_matches("Bearer ");
            self.access(Some(&Secret::new(token))).await.map(|_| true)
        })
    }
}

#[cfg(test)]
mod tests;
