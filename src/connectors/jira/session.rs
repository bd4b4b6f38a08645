//! A Jira site and the right to ask it.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::Entrance;
use super::dialect::{CREDENTIAL, JiraDialect};
use super::scopes::scope_of;
use crate::http::{
    Call, Class, Client, Failure, Method, Pacer, Parts, Request, Response, Safety, Secret,
};
use crate::record::{Object, Projection, Value};

/// The endpoint family of reading: its limit is per endpoint, 100 a second and more.
const READING: &str = "jira";
/// What creates.
const WRITING: &str = "jira writes";
/// How long to wait before absence is believed, in milliseconds: an index lags.
const VISIBLE_AFTER_MS: i64 = 120_000;
/// All endpoint families.
pub const FAMILIES: &[&str] = &[READING, WRITING];

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
    /// The site, where people see it.
    public: Option<Url>,
    if_refused: String,
    if_scope_missing: String,
    /// The site's id: what the state is bound to.
    pub cloud_id: String,
    site: Value,
    /// How long to wait before absence is believed, in milliseconds.
    pub visible_after_ms: i64,
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
    base_url: Option<String>,
    deployment_type: Option<String>,
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
        Self::enter(parts, Entrance::basic(site, basic)).await
    }

    /// Checks the credential and finds the site's id, by any way in.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn enter(parts: Parts, entrance: Entrance) -> Result<Self, Failure> {
        let pacer = Pacer::default();
        pacer.documented(READING, 100.0, 1.0);
        pacer.documented(WRITING, 100.0, 1.0);
        let stranger = Client::new(parts.clone(), Arc::new(JiraDialect), Pacer::default());
        let client = Client::new(parts, Arc::new(JiraDialect), pacer)
            .authorized(Arc::clone(&entrance.authorizer));
        let mut cloud_id = entrance.cloud_id;
        let base = match (&entrance.gateway, &entrance.site) {
            (Some(gateway), site) => {
                let id = match (cloud_id, site) {
                    (Some(id), _) => id,
                    (None, Some(site)) => tenant(&stranger, site).await?,
                    (None, None) => return Err(no_site()),
                };
                let base = at(gateway, &format!("/ex/jira/{id}"))?;
                cloud_id = Some(id);
                base
            }
            (None, Some(site)) => site.clone(),
            (None, None) => return Err(no_site()),
        };
        let mut session = Self {
            client,
            base,
            public: entrance.site.clone(),
            if_refused: entrance.if_refused,
            if_scope_missing: entrance.if_scope_missing,
            cloud_id: String::new(),
            site: Value::Null,
            visible_after_ms: VISIBLE_AFTER_MS,
        };
        // A search with a dead credential may answer 200 with nothing: this one does not.
        if let Err(failure) = session.myself().await {
            return Err(match &entrance.site {
                Some(site) if failure.class == Class::NotFound || failure.status == Some(404) => {
                    not_cloud(&stranger, site).await.unwrap_or(failure)
                }
                _ => failure,
            });
        }
        session.cloud_id = match cloud_id {
            Some(id) => id,
            None => {
                session
                    .get::<TenantInfo>("/_edge/tenant_info")
                    .await?
                    .cloud_id
            }
        };
        if session.public.is_none() {
            let info: ServerInfo = session.get("/rest/api/3/serverInfo").await?;
            session.public = info.base_url.and_then(|url| Url::parse(&url).ok());
        }
        session.site = session.site_value(None);
        Ok(session)
    }

    /// How long so many calls of a family would take from now on, by its limit alone.
    #[must_use]
    pub fn forecast(&self, family: &'static str, calls: u64) -> Duration {
        self.client.forecast(family, calls)
    }

    /// The time, by the clock of the calls.
    pub(super) fn now(&self) -> jiff::Timestamp {
        self.client.clock().now()
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
        let public = self.public.as_ref();
        let url = public.map_or("", |public| public.as_str().trim_end_matches('/'));
        members.insert("url", url);
        let host = public.and_then(Url::host_str).unwrap_or_default();
        members.insert("host", host);
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

    /// Reads JSON of any depth as a record's value, of it what the projection names.
    pub(super) async fn read(&self, path: &str, reads: &Projection) -> Result<Value, Failure> {
        let response = self.send(Method::Get, path, None).await?;
        Value::read(&response.body, reads).map_err(|error| broken(path, &error.to_string()))
    }

    /// Asks with a body and reads JSON as [`Self::read`] does.
    pub(super) async fn ask(
        &self,
        path: &str,
        body: &serde_json::Value,
        reads: &Projection,
    ) -> Result<Value, Failure> {
        let response = self.post(path, body.to_string().into_bytes()).await?;
        Value::read(&response.body, reads).map_err(|error| broken(path, &error.to_string()))
    }

    /// Reads JSON of any depth as a record's value.
    pub(super) async fn value(&self, path: &str) -> Result<Value, Failure> {
        self.read(path, &Projection::Whole).await
    }

    /// Asks with a body; the answer as it came.
    pub(super) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Response, Failure> {
        self.send(Method::Post, path, Some(body)).await
    }

    /// Creates something, after a wait: never repeated by itself.
    pub(super) async fn create(
        &self,
        path: &str,
        body: Vec<u8>,
        wait: Duration,
    ) -> Result<Response, Failure> {
        if !wait.is_zero() {
            self.client.clock().sleep(wait).await;
        }
        let request = self.request(Method::Post, path, Some(body))?;
        self.call(request, WRITING, Safety::Once, path).await
    }

    /// Asks with a body, to be answered in English whatever the account's language.
    pub(super) async fn in_english(&self, path: &str, body: Vec<u8>) -> Result<Response, Failure> {
        let request = self
            .request(Method::Post, path, Some(body))?
            .header("accept-language", "en")
            .header("x-force-accept-language", "true");
        self.call(request, READING, Safety::Repeatable, path).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Request, Failure> {
        let mut request = Request::new(method, at(&self.base, path)?);
        if let Some(body) = body {
            request = request.json(body);
        }
        if method != Method::Get {
            // A proxy's User-Agent is enough to be taken for a browser's forgery.
            request = request.header("x-atlassian-token", "no-check");
        }
        Ok(request)
    }

    async fn call(
        &self,
        request: Request,
        family: &'static str,
        safety: Safety,
        path: &str,
    ) -> Result<Response, Failure> {
        let method = request.method;
        let call = Call {
            request,
            family,
            safety,
        };
        self.client
            .call(call)
            .await
            .map_err(|failure| self.explained(failure, method, path))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Failure> {
        // Reads, by whatever method.
        self.change(method, path, body, Safety::Repeatable).await
    }

    /// Asks for a change; the answer as it came.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        safety: Safety,
    ) -> Result<Response, Failure> {
        let request = self.request(method, path, body)?;
        self.call(request, READING, safety, path).await
    }

    /// What to do depends on the way in.
    pub(super) fn explained(&self, mut failure: Failure, method: Method, path: &str) -> Failure {
        if failure.help.as_deref() == Some(CREDENTIAL) {
            failure.help = Some(self.if_refused.clone());
        }
        if failure.class == Class::Permission && failure.status == Some(401) {
            let scope = scope_of(method.as_str(), path);
            failure.help = Some(format!(
                "the token lacks the scope `{scope}`: {}",
                self.if_scope_missing
            ));
        }
        failure
    }
}

fn at(base: &Url, path: &str) -> Result<Url, Failure> {
    let url = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Url::parse(&url).map_err(|error| {
        Failure::new(
            Class::Rejected,
            format!("Jira: the address is none: {error}"),
        )
        .help("check `site` in flowline.yaml")
    })
}

fn no_site() -> Failure {
    Failure::new(
        Class::Rejected,
        "Jira: neither the site nor its cloud id is known",
    )
    .help("write `site: NAME.atlassian.net`, or `cloud_id`")
}

/// Asks a site without a credential.
async fn public<T: DeserializeOwned>(
    stranger: &Client,
    site: &Url,
    path: &str,
) -> Result<T, Failure> {
    let call = Call {
        request: Request::new(Method::Get, at(site, path)?),
        family: READING,
        safety: Safety::Repeatable,
    };
    parsed(path, &stranger.call(call).await?)
}

/// The cloud id of a site, which it tells everybody.
async fn tenant(stranger: &Client, site: &Url) -> Result<String, Failure> {
    match public::<TenantInfo>(stranger, site, "/_edge/tenant_info").await {
        Ok(tenant) => Ok(tenant.cloud_id),
        Err(failure) => Err(not_cloud(stranger, site).await.unwrap_or(failure)),
    }
}

/// What to say of a site that is none of Jira Cloud's, where it says so itself.
async fn not_cloud(stranger: &Client, site: &Url) -> Option<Failure> {
    let info = public::<ServerInfo>(stranger, site, "/rest/api/2/serverInfo").await;
    let kind = info.ok()?.deployment_type?;
    (kind != "Cloud").then(|| {
        Failure::new(
            Class::Rejected,
            format!("Jira: the site is not Jira Cloud: it says that it is {kind}"),
        )
        .help("flowline reads Jira Cloud only: check `site` in flowline.yaml")
    })
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
