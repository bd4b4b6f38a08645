//! The services, the time, and a project that an app of the company's was let into.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowline::connectors::jira;
use flowline::http::{
    Clock as _, HttpTransport, ManualClock, NoExchanges, Parts, Secret, SeededRandom,
};
use flowline::project::Opened;
use flowline::runtime::{Credential, KeptTokens, jira_uses};
use flowline::sandbox::{Fault, Faults, Options, Sandbox};
use flowline::state::Vault;
use reqwest::Method;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

/// When the day begins.
const BEGIN: &str = "2026-11-24T00:00:00Z";
/// Where the browser would be sent back to.
const REDIRECT: &str = "http://localhost:8787/callback";

pub(super) const PIPELINES: [&str; 5] = [
    "support-tickets",
    "issue-events",
    "status-changes",
    "team-capacity-open",
    "people-projects",
];

/// The services and the time.
pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) sandbox: Sandbox,
    pub(super) folder: TempDir,
    web: reqwest::Client,
}

impl World {
    pub(super) async fn start() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = Arc::new(ManualClock::at(BEGIN.parse().unwrap()));
        let time = Arc::clone(&clock);
        let mut options = Options::new(Arc::new(move || time.now()));
        options.limits = false;
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = TempDir::new().unwrap();
        project(folder.path(), &sandbox);
        let no_redirects = reqwest::redirect::Policy::none();
        Self {
            clock,
            sandbox,
            folder,
            web: reqwest::Client::builder()
                .redirect(no_redirects)
                .build()
                .unwrap(),
        }
    }

    pub(super) fn parts(&self) -> Parts {
        Parts {
            transport: Arc::new(HttpTransport::new().unwrap()),
            clock: Arc::clone(&self.clock) as Arc<_>,
            random: Arc::new(SeededRandom::new(7)),
            exchanges: Arc::new(NoExchanges),
            cancel: CancellationToken::new(),
            pace: None,
            share: None,
        }
    }

    /// A control request.
    pub(super) async fn control(&self, method: Method, path: &str, body: &Json) -> Json {
        let url = format!("{}{path}", self.sandbox.control_url());
        let request = self.web.request(method, url).json(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path} {body}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> Json {
        self.control(Method::GET, path, &Json::Null).await
    }

    pub(super) async fn edit(&self, edit: &Json) {
        self.control(Method::POST, "/jira/edit", edit).await;
    }

    pub(super) async fn fails(&self, rules: Vec<Fault>) {
        let faults = serde_json::to_value(Faults { rules }).unwrap();
        self.control(Method::PUT, "/faults", &faults).await;
    }

    /// How many requests were answered so: a status, or what became of the connection.
    pub(super) async fn answered(&self, route: &str, outcome: &str) -> u64 {
        let requests = self.get("/requests").await;
        let outcomes = &requests["requests"]["jira"][route]["outcomes"];
        outcomes[outcome].as_u64().unwrap_or_default()
    }

    /// What became of webhooks, once none is under way.
    pub(super) async fn hooks(&self) -> Json {
        loop {
            let hooks = self.get("/hooks").await;
            if hooks["under_way"] == 0 {
                return hooks;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The elements of what Brevo has of a kind.
    pub(super) async fn brevo(&self, what: &str) -> Vec<Json> {
        let mut found = self.get(&format!("/brevo/{what}")).await;
        serde_json::from_value(found[what].take()).unwrap()
    }

    /// Every issue of the two projects, as Jira has it.
    pub(super) async fn issues(&self) -> Vec<Json> {
        let mut issues = Vec::new();
        let mut token = Json::Null;
        loop {
            let mut body = json!({
                "jql": "project in (SUPPORT, PRODUCT)", "fields": ["*all"], "expand": "changelog",
                "maxResults": 50,
            });
            if !token.is_null() {
                body["nextPageToken"] = token;
            }
            let url = format!("{}/rest/api/3/search/jql", self.sandbox.jira_url());
            let request = self
                .web
                .post(url)
                .basic_auth(self.sandbox.jira_email(), Some(self.sandbox.jira_token()))
                .json(&body);
            let text = request.send().await.unwrap().text().await.unwrap();
            let page: Json = serde_json::from_str(&text).unwrap();
            issues.extend(page["issues"].as_array().unwrap().iter().cloned());
            token = page["nextPageToken"].clone();
            if token.is_null() {
                return issues;
            }
        }
    }

    /// A person lets the company's app in: what `connect` does between the browser and the state.
    pub(super) async fn connect(&self, opened: &Opened, vault: &Vault) {
        let server: Url = self.sandbox.jira_url().parse().unwrap();
        let (client_id, client_secret) = self.sandbox.jira_app();
        let app = jira::App {
            auth_server: server.clone(),
            client_id: client_id.to_owned(),
            client_secret: Secret::new(client_secret),
        };
        let scopes = jira::scopes(jira_uses(opened.loaded.as_ref().unwrap(), "support"));
        let page = app.authorize_url(REDIRECT, &scopes, "a-state");
        let agreed = self.web.get(page).send().await.unwrap();
        let location = agreed.headers()["location"].to_str().unwrap();
        let location: Url = location.parse().unwrap();
        let mut pairs = location.query_pairs();
        let (_, code) = pairs.find(|(name, _)| name == "code").unwrap();
        let tokens = app
            .exchange(self.parts(), &code, REDIRECT, &scopes)
            .await
            .unwrap();
        let sites = jira::accessible_resources(self.parts(), &server, &tokens.access);
        let site = sites.await.unwrap().swap_remove(0);
        let credential = Credential {
            cloud_id: Some(site.id),
            site: Some(site.url),
            tokens: Some(KeptTokens {
                access: tokens.access.expose().to_owned(),
                expires_at: tokens.expires_at,
                refresh: tokens.refresh.expose().to_owned(),
                scopes: tokens.scopes,
                refused: false,
            }),
            ..Credential::default()
        };
        vault
            .set_credential("support", &credential.text(), credential.ends())
            .unwrap();
    }
}

/// The pipelines that ship, joined to the sandbox.
fn project(folder: &Path, sandbox: &Sandbox) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder.join("pipelines")).unwrap();
    for name in PIPELINES {
        let file = format!("pipelines/{name}.yaml");
        fs::copy(root.join(&file), folder.join(&file)).unwrap();
    }
    let jira = sandbox.jira_url();
    let text = format!(
        "flowline: 1
connections:
  support:
    jira:
      site: '{jira}'
      gateway: '{jira}'
      auth_server: '{jira}'
      auth: {{ oauth2: {{ client_id: '${{CLIENT_ID}}', client_secret: '${{CLIENT_SECRET}}' }} }}
  marketing: {{ brevo: {{ url: '{}', api_key: '${{KEY}}' }} }}
vars: {{ support_list: 22 }}
",
        sandbox.brevo_url(),
    );
    fs::write(folder.join("flowline.yaml"), text).unwrap();
}
