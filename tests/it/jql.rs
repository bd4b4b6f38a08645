//! Our judgement of issues against the sandbox's, which reads JQL by an implementation of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use flowline::connectors::jira::jql::{Answer, Filter, IssueView, Text, parse};
use flowline::project::{Request, open};
use flowline::record::Value;
use flowline::sandbox::{Options, Sandbox};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::Client;
use serde_json::{Value as Json, json};

const NOW: &str = "2026-11-24T10:00:00Z";

struct Site {
    sandbox: Sandbox,
    client: Client,
}

impl Site {
    async fn start() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let at: Timestamp = NOW.parse().unwrap();
        let mut options = Options::new(Arc::new(move || at));
        options.limits = false;
        options.index_lag = false;
        options.issues = 400;
        Self {
            sandbox: Sandbox::start(options).await.unwrap(),
            client: Client::new(),
        }
    }

    async fn ask(&self, path: &str, body: Option<&Json>) -> Json {
        let url = format!("{}{path}", self.sandbox.jira_url());
        let request = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        let answer = request
            .basic_auth(self.sandbox.jira_email(), Some(self.sandbox.jira_token()))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let json: Json = answer.json().await.unwrap();
        assert!(status.is_success(), "{path} {body:?}: {json}");
        json
    }

    /// All issues that a query finds; with all that they have, or their ids alone.
    async fn search(&self, jql: &str, fields: &str) -> Vec<Json> {
        let mut issues = Vec::new();
        let mut token = Json::Null;
        loop {
            let mut body =
                json!({ "jql": jql, "fields": [fields], "maxResults": 500, "expand": "names" });
            if !token.is_null() {
                body["nextPageToken"] = token;
            }
            let mut page = self.ask("/rest/api/3/search/jql", Some(&body)).await;
            let names = page["names"].take();
            for issue in page["issues"].as_array_mut().unwrap() {
                issue["names"] = names.clone();
                issues.push(issue.take());
            }
            token = page["nextPageToken"].take();
            if token.is_null() {
                return issues;
            }
        }
    }
}

/// Queries that both can answer.
const DECIDED: &[&str] = &[
    "project = SUPPORT",
    "project in (support, 10001) AND issuetype not in (Bug, Task)",
    "project = Product OR issuetype = \"Support Request\"",
    "type = 10004 AND NOT status = Done",
    "status in (\"In Progress\", 10005, closed)",
    "status != \"To Do\" AND statusCategory != Done",
    "statusCategory in (indeterminate, \"To Do\")",
    "priority in (High, Highest) OR priority is EMPTY",
    "priority not in (Low, EMPTY)",
    "NOT (priority = High OR resolution is EMPTY)",
    "resolution = Unresolved",
    "resolution is not EMPTY AND resolution != Done",
    "assignee in (currentUser(), \"tom becker\")",
    "assignee is EMPTY",
    "NOT assignee = currentUser()",
    "assignee not in (currentUser(), \"Hana Suzuki\")",
    "reporter = currentUser() OR assignee = \"SOFIA MARQUEZ\"",
    "labels = EMPTY",
    "labels is not EMPTY",
    "key in (SUPPORT-1, SUPPORT-2, PRODUCT-1)",
    "key >= SUPPORT-20 AND key < SUPPORT-40",
    "id != PRODUCT-1 AND issuekey <= PRODUCT-5",
    "created >= -30d",
    "created < startOfMonth() AND updated >= startOfMonth(-1)",
    "updated >= \"-1w 2d\" OR created <= endOfYear(-1)",
    "updated > \"2026-11-01 10:15\" AND updated < 2026-11-20 OR created < \"2026/03/01\"",
    "updated >= 1795000000000",
    "resolved > startOfDay(-20) OR resolutiondate is EMPTY",
    "NOT created >= startOfWeek()",
    "due is EMPTY",
    "cf[10016] > 3",
    "\"Story Points\" in (1, 5) OR \"story points\" is EMPTY",
    "\"Customer Tier[Dropdown]\" in (business, 10103)",
    "\"Customer Tier\" is not EMPTY AND cf[10051] != Enterprise",
    "project = SUPPORT AND NOT (status = Done AND NOT (priority = High OR labels is EMPTY))",
];

/// Searches of texts: Jira compares stems, the sandbox words.
const SEARCHES: &[&str] = &[
    "summary ~ export",
    "summary ~ \"\\\"second account\\\"\" OR summary ~ \"audit log\"",
    "summary !~ export",
    "description ~ firefox",
    "description ~ \"\\\"choose billing\\\"\"",
    "text ~ screenshot AND project = SUPPORT",
    "NOT summary ~ time",
    "comment ~ screenshot",
    "comment ~ \"internal runbook\" AND comment is not EMPTY",
];

fn filter(jql: &str) -> Filter {
    let text = Text::new(jql);
    let query = parse(text).unwrap_or_else(|problems| panic!("{jql}: {problems:?}"));
    Filter::compile(&query, text).unwrap_or_else(|problems| panic!("{jql}: {problems:?}"))
}

fn id(issue: &Json) -> String {
    issue["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn issues_are_judged_as_jira_finds_them() {
    let site = Site::start().await;
    let myself = site.ask("/rest/api/3/myself", None).await;
    let user = myself["accountId"].as_str().unwrap();
    let zone = TimeZone::get(myself["timeZone"].as_str().unwrap()).unwrap();
    let issues = site.search("project is not EMPTY", "*all").await;
    assert!(issues.len() >= 300, "{}", issues.len());
    let records: Vec<(String, Value)> = issues
        .iter()
        .map(|issue| (id(issue), Value::from(issue.clone())))
        .collect();
    let mut idle = Vec::new();
    let mut differ = Vec::new();
    for (jql, decided) in DECIDED
        .iter()
        .map(|jql| (jql, true))
        .chain(SEARCHES.iter().map(|jql| (jql, false)))
    {
        let found: BTreeSet<String> = site.search(jql, "id").await.iter().map(id).collect();
        let filter = filter(jql);
        let mut wrong = Vec::new();
        let mut open = 0;
        for (id, record) in &records {
            let view = IssueView {
                record,
                current_user: Some(user),
                now: NOW.parse().unwrap(),
                zone: zone.clone(),
            };
            match filter.judge(&view) {
                Answer::CannotTell => open += 1,
                answer if (answer == Answer::Yes) != found.contains(id) => {
                    wrong.push((id.clone(), answer));
                }
                _ => {}
            }
        }
        if !wrong.is_empty() {
            differ.push(format!("{jql}: {wrong:?}, {} found", found.len()));
        }
        if decided && open > 0 || open > records.len() / 2 {
            differ.push(format!("{jql}: {open} not decided"));
        }
        if found.is_empty() || found.len() == records.len() {
            idle.push(*jql);
        }
    }
    assert_eq!(differ, Vec::<String>::new());
    // A query that finds all or nothing shows little; no issue of the sandbox is due.
    assert_eq!(idle, ["due is EMPTY"]);
}

#[test]
fn the_shipped_pipelines_have_no_mistake_in_their_queries() {
    let opened = open(&Request {
        root: Path::new(env!("CARGO_MANIFEST_DIR")),
        environment: &std::collections::BTreeMap::new().into_iter().collect(),
        env: None,
        env_file: None,
    });
    assert!(!opened.names.is_empty());
    let told: Vec<&str> = opened
        .diagnostics
        .iter()
        .map(|one| one.code.as_str())
        .filter(|code| code.starts_with("jql."))
        .collect();
    assert_eq!(told, Vec::<&str>::new());
    let plan = opened.plans.values().next().unwrap();
    assert!(!plan.sources.is_empty());
}
