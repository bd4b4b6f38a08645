//! A JSON API and the right to ask it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::dialect::AnyDialect;
use super::spec::Auth;
use crate::config::{SecretSource, is_loopback};
use crate::http::{
    Call, Class, Client, Failure, HeaderValue, Method, Pacer, Parts, Request, Response, Safety,
    Secret,
};

/// The endpoint family of all calls: nothing is known of limits.
pub(super) const FAMILY: &str = "http";

/// Finds secrets by where they are.
pub type Secrets = dyn Fn(&SecretSource) -> Result<Secret, Failure> + Send + Sync;

/// A client with the headers that let it in.
pub struct HttpSession {
    client: Client,
    secrets: Vec<(String, Secret)>,
    stays_here: bool,
}

impl HttpSession {
    /// Finds the secrets; nothing is asked yet. Where it `sends`, what an answer holds is nobody's
    /// business. Where it `stays_here` only this machine is asked:
    /// nothing leaves the sandbox.
    ///
    /// # Errors
    /// Where a secret is not there.
    pub fn open(
        parts: Parts,
        auth: Option<&Auth>,
        headers: &[(String, SecretSource)],
        (find, stays_here): (&Secrets, bool),
        sends: bool,
    ) -> Result<Self, Failure> {
        let mut secrets = Vec::new();
        for (name, source) in headers {
            secrets.push((name.clone(), find(source)?));
        }
        match auth {
            None => {}
            Some(Auth::Bearer(token)) => {
                let value = format!("Bearer {}", find(token)?.expose());
                secrets.push(("authorization".to_owned(), Secret::new(value)));
            }
            Some(Auth::Basic { user, password }) => {
                all_set("user", user)?;
                let pair = format!("{user}:{}", find(password)?.expose());
                let value = format!("Basic {}", STANDARD.encode(pair));
                secrets.push(("authorization".to_owned(), Secret::new(value)));
            }
            Some(Auth::Header { name, value }) => secrets.push((name.clone(), find(value)?)),
        }
        Ok(Self {
            client: Client::new(parts, Arc::new(AnyDialect { sends }), Pacer::default()),
            secrets,
            stays_here,
        })
    }

    /// Asks an address.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) async fn get(
        &self,
        url: Url,
        headers: &[(String, String)],
    ) -> Result<Response, Failure> {
        let mut request = Request::new(Method::Get, url);
        for (name, value) in headers {
            request = request.header(name, value.clone());
        }
        self.send(request, Safety::Repeatable).await
    }

    /// Sends a request with the secrets that let in.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) async fn send(
        &self,
        mut request: Request,
        safety: Safety,
    ) -> Result<Response, Failure> {
        if self.stays_here && !is_loopback(&request.url) {
            let message =
                "http: the sandbox emulates no other API: only addresses of this machine are asked";
            return Err(Failure::new(Class::Rejected, message)
                .help("leave `http` out to try the rest, or run without --sandbox"));
        }
        for (name, secret) in &self.secrets {
            let value = HeaderValue::Secret(secret.clone());
            request.headers.push((name.clone(), value));
        }
        self.client
            .call(Call {
                request,
                family: FAMILY,
                safety,
            })
            .await
    }
}

/// What no run may send: a name that stands for nothing.
///
/// # Errors
/// Where the text holds one.
pub(super) fn all_set(member: &str, text: &str) -> Result<(), Failure> {
    match text.split_once("${") {
        None => Ok(()),
        Some((_, rest)) => {
            let name = rest.split('}').next().unwrap_or_default();
            Err(Failure::new(
                Class::Rejected,
                format!("`{name}` of `{member}` is not set"),
            )
            .help("set it in the environment or in .env"))
        }
    }
}
