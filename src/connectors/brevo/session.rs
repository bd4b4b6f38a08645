//! A Brevo account and the right to write to it.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::dialect::BrevoDialect;
use crate::http::{
    Call, Class, Client, Failure, Method, Pacer, Parts, Request, Response, Safety, Secret,
};

/// `/contacts/…`: 10 a second on every plan.
pub(super) const CONTACTS: &str = "contacts";
/// `POST /events`: 10 a second.
pub(super) const EVENTS: &str = "events";
/// `POST /events/batch` and `GET /events`, which no list of limits names: the smallest is assumed.
pub(super) const BATCHES: &str = "events/batch";
/// Everything else: 100 an hour.
pub(super) const OTHER: &str = "other";

/// An account and a key to it.
pub struct Session {
    client: Client,
    base: Url,
    key: Secret,
    /// The account: what the state is bound to.
    pub account: String,
    /// How long to wait before an event's absence is believed, in milliseconds.
    pub visible_after_ms: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    email: Option<String>,
    organization_id: Option<String>,
    company_name: Option<String>,
}

impl Session {
    /// Checks the key and finds the account.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn open(parts: Parts, url: &Url, key: Secret) -> Result<Self, Failure> {
        let pacer = Pacer::default();
        pacer.documented(CONTACTS, 10.0, 1.0);
        pacer.documented(EVENTS, 10.0, 1.0);
        let client = Client::new(parts, Arc::new(BrevoDialect), pacer);
        let mut session = Self {
            client,
            base: url.clone(),
            key,
            account: String::new(),
            visible_after_ms: 60_000,
        };
        let account: Account = session.get(OTHER, "/account").await?;
        session.account = account
            .organization_id
            .or(account.email)
            .or(account.company_name)
            .unwrap_or_else(|| "unknown".to_owned());
        Ok(session)
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// What went wrong, or an answer that is not what it should be.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        family: &'static str,
        path: &str,
    ) -> Result<T, Failure> {
        let response = self
            .send(Method::Get, family, path, None, Safety::Repeatable)
            .await?;
        serde_json::from_slice(&response.body).map_err(|error| {
            let path = path.split('?').next().unwrap_or(path);
            Failure::new(
                Class::BrokenAnswer,
                format!("Brevo: {path}: the answer is not what it should be: {error}"),
            )
            .help("run again; if it stays, check `url` and a proxy in between")
        })
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// What went wrong at the last try.
    pub(super) async fn send(
        &self,
        method: Method,
        family: &'static str,
        path: &str,
        body: Option<Vec<u8>>,
        safety: Safety,
    ) -> Result<Response, Failure> {
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| {
            Failure::new(
                Class::Rejected,
                format!("Brevo: the address is none: {error}"),
            )
            .help("check `url` in flowline.yaml")
        })?;
        let mut request = Request::new(method, url).secret_header("api-key", self.key.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        self.client
            .call(Call {
                request,
                family,
                safety,
            })
            .await
    }
}
