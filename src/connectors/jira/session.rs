//! A Jira site and the right to ask it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::dialect::JiraDialect;
use crate::http::{
    Call, Class, Client, Failure, Method, Pacer, Parts, Request, Response, Safety, Secret,
};
use crate::record::{Object, Projection, Value};

/// The endpoint family of reading: its limit is per endpoint, 100 a second and more.
const READING: &str = "jira";

/// How a site is reached.
#[derive(Clone, Debug)]
pub struct Site {
    /// `https://acme.atlassian.net`, without a slash at its end.
    pub url: Url,
}

/// An e-mail and its API token.
#[derive(Clone, Debug)]
pub struct Basic {
    /// The account's e-mail.
    pub email: String,
    /// Its API token.
    pub token: Secret,
}

/// A site, a credential and who that is.
pub struct Session {
    client: Client,
    base: Url,
    authorization: Secret,
    /// The site's id: what the state is bound to.
    pub cloud_id: String,
    site: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantInfo {
    cloud_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerInfo {
    server_title: Option<String>,
}

/// Who the credential belongs to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Myself {
    /// The account.
    pub account_id: String,
    /// The zone in which Jira reads the dates of its queries.
    pub time_zone: Option<String>,
}

impl Session {
    /// Checks the credential and finds the site's id.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn open(parts: Parts, site: &Site, basic: &Basic) -> Result<Self, Failure> {
        let pacer = Pacer::default();
        pacer.documented(READING, 100.0, 1.0);
        let client = Client::new(parts, Arc::new(JiraDialect), pacer);
        let pair = format!("{}:{}", basic.email, basic.token.expose());
        let authorization = Secret::new(format!("Basic {}", STANDARD.encode(pair)));
        let mut session = Self {
            client,
            base: site.url.clone(),
            authorization,
            cloud_id: String::new(),
            site: Value::Null,
        };
        // A search with a dead credential may answer 200 with nothing: this one does not.
        session.myself().await?;
        let tenant: TenantInfo = session.get("/_edge/tenant_info").await?;
        session.cloud_id = tenant.cloud_id;
        session.site = session.site_value(None);
        Ok(session)
    }

    /// How long so many calls of a family would take from now on, by its limit alone.
    #[must_use]
    pub fn forecast(&self, family: &'static str, calls: u64) -> std::time::Duration {
        self.client.forecast(family, calls)
    }

    /// Who the credential belongs to.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn myself(&self) -> Result<Myself, Failure> {
        self.get("/rest/api/3/myself").await
    }

    fn site_value(&self, name: Option<String>) -> Value {
        let mut members = Object::with_capacity(4);
        members.insert("id", self.cloud_id.as_str());
        members.insert("url", self.base.as_str().trim_end_matches('/'));
        members.insert("host", self.base.host_str().unwrap_or_default());
        members.insert("name", name);
        members.into()
    }

    /// The record's `site`; its name costs a call.
    pub(super) async fn site(&self, with_name: bool) -> Result<Value, Failure> {
        if !with_name {
            return Ok(self.site.clone());
        }
        let info: ServerInfo = self.get("/rest/api/3/serverInfo").await?;
        Ok(self.site_value(info.server_title))
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// What went wrong, or an answer that is not what it should be.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let response = self.send(Method::Get, path, None).await?;
        parsed(path, &response)
    }

    /// Reads JSON of any depth as a record's value.
    pub(super) async fn value(&self, path: &str) -> Result<Value, Failure> {
        let response = self.send(Method::Get, path, None).await?;
        Value::read(&response.body, &Projection::Whole)
            .map_err(|error| broken(path, &error.to_string()))
    }

    /// Asks with a body; the answer as it came.
    pub(super) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Response, Failure> {
        self.send(Method::Post, path, Some(body)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Failure> {
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| {
            Failure::new(
                Class::Rejected,
                format!("Jira: the address is none: {error}"),
            )
            .help("check `site` in flowline.yaml")
        })?;
        let mut request =
            Request::new(method, url).secret_header("authorization", self.authorization.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        // All that is asked here are reads, by whatever method.
        self.client
            .call(Call {
                request,
                family: READING,
                safety: Safety::Repeatable,
            })
            .await
    }
}

/// An answer's JSON.
pub(super) fn parsed<T: DeserializeOwned>(path: &str, response: &Response) -> Result<T, Failure> {
    serde_json::from_slice(&response.body).map_err(|error| broken(path, &error.to_string()))
}

/// An answer that is not what it should be.
pub(super) fn broken(path: &str, why: &str) -> Failure {
    let path = path.split('?').next().unwrap_or(path);
    Failure::new(
        Class::BrokenAnswer,
        format!("Jira: {path}: the answer is not what it should be: {why}"),
    )
    .help("run again; if it stays, check the site's address and a proxy in between")
}
