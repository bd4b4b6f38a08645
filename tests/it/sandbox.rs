//! The sandbox, as a client meets it: each strictness of the real services has a test named after
//! it.

use std::sync::Arc;

use flowline::sandbox::{Fault, FaultKind, Faults, Options, Sandbox};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// A sandbox and a client of it.
struct Harness {
    sandbox: Sandbox,
    client: Client,
}

fn options() -> Options {
    let at: jiff::Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let mut options = Options::new(Arc::new(move || at));
    options.limits = false;
    options.index_lag = false;
    options
}

impl Harness {
    async fn start(options: Options) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let sandbox = Sandbox::start(options).await.unwrap();
        Self {
            sandbox,
            client: Client::new(),
        }
    }

    async fn jira(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("{}{path}", self.sandbox.jira_url());
        let request = self
            .client
            .request(method, url)
            .basic_auth(self.sandbox.jira_email(), Some(self.sandbox.jira_token()));
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
        .send()
        .await
        .unwrap()
    }

    /// A control request, as text both ways.
    async fn plainly(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}{path}", self.sandbox.control_url());
        let request = self.client.request(method.parse().unwrap(), url);
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn search(&self, body: Value) -> (u16, Value) {
        let answer = self
            .jira(Method::POST, "/rest/api/3/search/jql", Some(body))
            .await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn brevo(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.sandbox.brevo_url());
        let request = self
            .client
            .request(method, url)
            .header("api-key", self.sandbox.brevo_key());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self
            .client
            .request(method, format!("{}{path}", self.sandbox.control_url()));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn the_old_search_is_gone() {
    let h = Harness::start(options()).await;
    for method in [Method::GET, Method::POST] {
        let answer = h.jira(method, "/rest/api/3/search", None).await;
        assert_eq!(answer.status(), 410);
        assert!(answer.text().await.unwrap().contains("CHANGE-2046"));
    }
}

#[tokio::test]
async fn a_search_gives_ids_alone_and_no_total_and_its_last_page_has_no_token() {
    let h = Harness::start(options()).await;
    let mut seen = Vec::new();
    let mut token = None;
    loop {
        let mut body = json!({ "jql": "project = SUPPORT ORDER BY updated, key", "maxResults": 7 });
        if let Some(token) = &token {
            body["nextPageToken"] = json!(token);
        }
        let (status, page) = h.search(body).await;
        assert_eq!(status, 200, "{page}");
        assert!(page.get("total").is_none() && page.get("startAt").is_none());
        for issue in page["issues"].as_array().unwrap() {
            assert_eq!(
                issue.as_object().unwrap().keys().collect::<Vec<_>>(),
                ["id"]
            );
            seen.push(issue["id"].as_str().unwrap().to_owned());
        }
        match page.get("nextPageToken") {
            Some(next) => {
                assert_eq!(page["isLast"], false);
                token = Some(next.as_str().unwrap().to_owned());
            }
            None => {
                assert_eq!(page["isLast"], true);
                break;
            }
        }
    }
    let (_, all) = h
        .search(json!({ "jql": "project = SUPPORT", "maxResults": 5000 }))
        .await;
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len());
    assert_eq!(seen.len(), all["issues"].as_array().unwrap().len());
    assert!(seen.len() > 30);
}

#[tokio::test]
async fn unbounded_jql_and_bad_page_sizes_are_refused() {
    let h = Harness::start(options()).await;
    for jql in ["", "order by created"] {
        let (status, body) = h.search(json!({ "jql": jql })).await;
        assert_eq!(status, 400);
        assert_eq!(
            body["errorMessages"][0],
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        );
    }
    for size in [0, 5001] {
        let (status, _) = h
            .search(json!({ "jql": "project = OPS", "maxResults": size }))
            .await;
        assert_eq!(status, 400);
    }
    let (status, body) = h.search(json!({ "jql": "foo = 1" })).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["errorMessages"][0],
        "Field 'foo' does not exist or you do not have permission to view it."
    );
}

#[tokio::test]
async fn the_embedded_changelog_is_cut_and_the_whole_one_is_oldest_first() {
    let h = Harness::start(options()).await;
    let (_, page) = h
        .search(json!({ "jql": "id = 10008", "fields": ["status"], "expand": "changelog,names" }))
        .await;
    let changelog = &page["issues"][0]["changelog"];
    assert_eq!(changelog["total"], 60);
    assert_eq!(changelog["histories"].as_array().unwrap().len(), 40);
    assert_eq!(page["names"]["status"], "Status");
    let whole: Value = h
        .jira(Method::GET, "/rest/api/3/issue/10008/changelog", None)
        .await
        .json()
        .await
        .unwrap();
    let ids = |list: &Value| -> Vec<u64> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|x| x["id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(ids(&whole["values"]).len(), 60);
    assert!(ids(&whole["values"]).is_sorted());
    assert!(ids(&changelog["histories"]).iter().rev().is_sorted());
}

#[tokio::test]
async fn jql_dates_are_read_in_the_callers_zone() {
    let h = Harness::start(options()).await;
    let id = h
        .control(Method::POST, "/jira/edit", Some(json!({ "create": {
            "project": "SUPPORT", "issue_type": "Bug", "summary": "New", "reporter": "new.person@acme.example"
        } })))
        .await;
    let found = async |jql: String| {
        let (status, page) = h.search(json!({ "jql": jql })).await;
        assert_eq!(status, 200, "{page}");
        page["issues"]
            .as_array()
            .unwrap()
            .iter()
            .any(|issue| issue["id"] == id["id"])
    };
    // 10:00 UTC is 02:00 in Los Angeles.
    assert!(found("created >= \"2026-11-24 02:00\"".to_owned()).await);
    assert!(!found("created >= \"2026-11-24 02:01\"".to_owned()).await);
    assert!(!found("created >= \"2026-11-24 10:00\"".to_owned()).await);
    assert!(found("created >= -1m".to_owned()).await);
    let at = "2026-11-24T10:00:00Z"
        .parse::<jiff::Timestamp>()
        .unwrap()
        .as_millisecond();
    assert!(found(format!("updated >= {at}")).await);
    assert!(!found(format!("updated > {at}")).await);
}

#[tokio::test]
async fn wrong_credentials_are_answered_with_nothing_where_anonymous_callers_may_read() {
    let h = Harness::start(options()).await;
    let url = format!(
        "{}/rest/api/3/search/jql?jql=project%3DOPS",
        h.sandbox.jira_url()
    );
    let answer = h
        .client
        .get(url)
        .basic_auth("x@acme.example", Some("no"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["x-seraph-loginreason"],
        "AUTHENTICATED_FAILED"
    );
    assert_eq!(answer.json::<Value>().await.unwrap()["issues"], json!([]));
    let url = format!("{}/rest/api/3/myself", h.sandbox.jira_url());
    let answer = h
        .client
        .get(url)
        .basic_auth("x@acme.example", Some("no"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    let me: Value = h
        .jira(Method::GET, "/rest/api/3/myself", None)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(me["timeZone"], "America/Los_Angeles");
}

#[tokio::test]
async fn an_edit_is_seen_by_the_search_only_after_a_while() {
    let mut options = options();
    options.index_lag = true;
    let h = Harness::start(options).await;
    let edit = json!({ "status": { "issue": "10001", "to": "Waiting for customer" } });
    h.control(Method::POST, "/jira/edit", Some(edit)).await;
    let jql = json!({ "jql": "updated >= -1m" });
    assert_eq!(h.search(jql.clone()).await.1["issues"], json!([]));
    let issue: Value = h
        .jira(Method::GET, "/rest/api/3/issue/10001", None)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(issue["fields"]["status"]["name"], "Waiting for customer");
    h.control(Method::POST, "/clock", Some(json!({ "advance_s": 10 })))
        .await;
    assert_eq!(h.search(jql).await.1["issues"][0]["id"], "10001");
}

#[tokio::test]
async fn a_contact_is_made_with_an_id_and_updated_without_one() {
    let h = Harness::start(options()).await;
    let body = json!({ "email": "Ada@Acme.Example", "attributes": {
        "FIRSTNAME": "Ada", "OPT_OUT": "yes", "LAST_TICKET_DATE": "24/11/2026", "NOPE": 1
    }, "listIds": [22] });
    let (status, made) = h.brevo(Method::POST, "/contacts", Some(body.clone())).await;
    assert_eq!(status, 201);
    assert!(made["id"].is_u64());
    let (status, refused) = h.brevo(Method::POST, "/contacts", Some(body)).await;
    assert_eq!(status, 400);
    assert_eq!(refused["code"], "duplicate_parameter");
    assert_eq!(
        refused["metadata"]["duplicate_identifiers"],
        json!(["email"])
    );
    let body = json!({ "email": "ada@acme.example", "updateEnabled": true, "ext_id": "77", "attributes": { "FIRSTNAME": "" } });
    assert_eq!(
        h.brevo(Method::POST, "/contacts", Some(body)).await,
        (204, Value::Null)
    );
    let (_, contact) = h
        .brevo(Method::GET, "/contacts/77?identifierType=ext_id", None)
        .await;
    assert_eq!(
        contact["attributes"],
        json!({ "EXT_ID": "77" }),
        "wrong types are passed over"
    );
    assert_eq!(
        h.brevo(Method::GET, "/contacts/77", None).await.0,
        404,
        "read as a contact id"
    );
    let null = json!({ "email": "b@acme.example", "attributes": { "FIRSTNAME": null } });
    assert_eq!(h.brevo(Method::POST, "/contacts", Some(null)).await.0, 400);
}

#[tokio::test]
async fn a_batch_of_events_tells_the_places_of_the_bad_ones() {
    let h = Harness::start(options()).await;
    let event = |name: Value| json!({ "event_name": name, "identifiers": { "email_id": "jane.porter@northwind.example" }, "event_properties": { "event_id": "1" } });
    let batch = |events: Vec<Value>| Some(json!({ "events": events }));
    let (status, body) = h
        .brevo(
            Method::POST,
            "/events/batch",
            batch(vec![event(json!("a")), event(json!("b"))]),
        )
        .await;
    assert_eq!((status, &body["count"]), (202, &json!(2)));
    let (status, body) = h
        .brevo(
            Method::POST,
            "/events/batch",
            batch(vec![event(json!("a")), event(json!("jira:x"))]),
        )
        .await;
    assert_eq!(status, 207);
    assert_eq!(body["errors"][0]["eventIndex"], json!([1]));
    let (status, body) = h
        .brevo(
            Method::POST,
            "/events/batch",
            batch(vec![event(json!("a b"))]),
        )
        .await;
    assert_eq!((status, &body["status"]), (400, &json!("failed")));
    assert!(body.get("code").is_none());
    assert_eq!(
        h.brevo(
            Method::POST,
            "/events/batch",
            batch(vec![event(json!("a")); 201])
        )
        .await
        .0,
        400
    );
    let (_, listed) = h.brevo(Method::GET, "/events?event_name=a", None).await;
    assert_eq!(listed["count"], 2);
    assert_eq!(listed["events"][0]["event_properties"]["event_id"], "1");
}

#[tokio::test]
async fn limits_are_kept_by_family_and_stated_in_headers() {
    let mut options = options();
    options.limits = true;
    let h = Harness::start(options).await;
    let get = async |path: &str| {
        let url = format!("{}{path}", h.sandbox.brevo_url());
        h.client
            .get(url)
            .header("api-key", h.sandbox.brevo_key())
            .send()
            .await
            .unwrap()
    };
    for left in (0..10).rev() {
        let answer = get("/contacts/lists").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.headers()["x-sib-ratelimit-remaining"],
            left.to_string()
        );
    }
    let refused = get("/contacts/lists").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["x-sib-ratelimit-reset"], "1");
    let other = get("/account").await;
    assert_eq!(other.headers()["x-sib-ratelimit-limit"], "100");
}

#[tokio::test]
async fn faults_strike_as_told_and_a_lost_answer_was_applied() {
    let mut options = options();
    let only = |kind| Fault {
        first: Some(1),
        path: Some("/contacts".to_owned()),
        ..Fault::new(kind)
    };
    options.faults = Faults {
        rules: vec![
            only(FaultKind::LostAnswer),
            only(FaultKind::Truncated),
            only(FaultKind::Reset),
        ],
    };
    let h = Harness::start(options).await;
    let url = format!("{}/contacts", h.sandbox.brevo_url());
    let post = async |email: &str| {
        let body = json!({ "email": email });
        let answer = h
            .client
            .post(&url)
            .header("api-key", h.sandbox.brevo_key())
            .json(&body)
            .send()
            .await?;
        answer.bytes().await
    };
    assert!(post("lost@acme.example").await.is_err());
    assert!(post("cut@acme.example").await.is_err());
    assert!(post("reset@acme.example").await.is_err());
    let state = h
        .control(Method::GET, "/brevo/contacts", None)
        .await
        .to_string();
    assert!(state.contains("lost@acme.example") && state.contains("cut@acme.example"));
    assert!(!state.contains("reset@acme.example"));
}

#[tokio::test]
async fn a_second_start_sees_what_the_first_did() {
    let folder = tempfile::tempdir().unwrap();
    let with_state = || {
        let mut options = options();
        options.state = Some(folder.path().to_owned());
        options
    };
    let h = Harness::start(with_state()).await;
    h.brevo(
        Method::POST,
        "/contacts",
        Some(json!({ "email": "kept@acme.example", "listIds": [23] })),
    )
    .await;
    h.brevo(
        Method::POST,
        "/events",
        Some(json!({ "event_name": "a", "identifiers": { "email_id": "kept@acme.example" } })),
    )
    .await;
    let edit = json!({ "status": { "issue": "10001", "to": "In Review" } });
    h.control(Method::POST, "/jira/edit", Some(edit)).await;
    let state = async |h: &Harness| {
        let issue: Value = h
            .jira(
                Method::GET,
                "/rest/api/3/issue/10001?expand=changelog",
                None,
            )
            .await
            .json()
            .await
            .unwrap();
        (
            h.control(Method::GET, "/brevo/contacts", None).await,
            h.control(Method::GET, "/brevo/events", None).await,
            issue,
        )
    };
    let before = state(&h).await;
    h.sandbox.stop().await;
    let h = Harness::start(with_state()).await;
    assert_eq!(state(&h).await, before);
    assert!(before.0.to_string().contains("kept@acme.example"));
    assert_eq!(before.1["events"].as_array().unwrap().len(), 1);
}

/// A schema of an official definition, with what it refers to.
fn schema_of(definition: &Value, name: &str) -> Value {
    json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": definition["components"]
    })
}

#[tokio::test]
async fn answers_follow_the_official_definitions() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test finds the definitions by the environment"
    )]
    let Ok(folder) = std::env::var("FLOWLINE_SHARED_SPECS") else {
        println!("skipped: FLOWLINE_SHARED_SPECS is not set");
        return;
    };
    let read = |name: &str| -> Value {
        let path = std::path::Path::new(&folder).join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let h = Harness::start(options()).await;
    let check = |definition: &Value, name: &str, body: &Value| {
        let validator = jsonschema::validator_for(&schema_of(definition, name)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(body)
            // The definition has these as texts; the real service sends null as well.
            .filter(|error| {
                let path = error.instance_path().to_string();
                let member = path.rsplit('/').next().unwrap_or_default();
                let null = body.pointer(&path).is_some_and(Value::is_null);
                !(null
                    && matches!(
                        member,
                        "emailAddress" | "from" | "to" | "fromString" | "toString"
                    ))
            })
            .map(|error| format!("{}: {}", error.instance_path(), error.masked()))
            .take(5)
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    };
    let jira = read("jira-platform-v3.openapi.json");
    let body = json!({ "jql": "project = SUPPORT", "fields": ["*all"], "expand": "changelog,names,renderedFields" });
    check(&jira, "SearchAndReconcileResults", &h.search(body).await.1);
    for (path, name) in [
        ("/rest/api/3/myself", "User"),
        ("/rest/api/3/serverInfo", "ServerInformation"),
        ("/rest/api/3/project/search", "PageBeanProject"),
        ("/rest/api/3/statuses/search", "PageOfStatuses"),
        ("/rest/api/3/priority/search", "PageBeanPriority"),
        ("/rest/api/3/issue/10008", "IssueBean"),
        ("/rest/api/3/issue/10008/changelog", "PageBeanChangelog"),
        ("/rest/api/3/issue/10008/comment", "PageOfComments"),
        (
            "/rest/api/3/mypermissions?permissions=ADMINISTER",
            "Permissions",
        ),
    ] {
        let answer = h.jira(Method::GET, path, None).await;
        assert_eq!(answer.status(), 200, "{path}");
        check(&jira, name, &answer.json().await.unwrap());
    }
    for (path, name) in [
        ("field", "FieldDetails"),
        ("status", "StatusDetails"),
        ("user/search?query=a", "User"),
    ] {
        let list: Value = h
            .jira(Method::GET, &format!("/rest/api/3/{path}"), None)
            .await
            .json()
            .await
            .unwrap();
        for item in list.as_array().unwrap() {
            check(&jira, name, item);
        }
    }
    for (path, body, name) in [
        (
            "issue/bulkfetch",
            json!({ "issueIdsOrKeys": ["10001", "10008"] }),
            "BulkIssueResults",
        ),
        (
            "changelog/bulkfetch",
            json!({ "issueIdsOrKeys": ["10001", "10008"] }),
            "BulkChangelogResponseBean",
        ),
        (
            "jql/parse?validation=strict",
            json!({ "queries": ["project = NOPE", "a"] }),
            "ParsedJqlQueries",
        ),
        (
            "search/approximate-count",
            json!({ "jql": "project = OPS" }),
            "JQLCountResultsBean",
        ),
    ] {
        let answer = h
            .jira(Method::POST, &format!("/rest/api/3/{path}"), Some(body))
            .await;
        assert_eq!(answer.status(), 200, "{path}");
        check(&jira, name, &answer.json().await.unwrap());
    }
    let brevo = read("brevo-v3.openapi.json");
    for (path, name) in [
        ("/account", "getAccount"),
        ("/contacts", "getContacts"),
        ("/contacts/1001", "getExtendedContactDetails"),
        ("/contacts/lists", "getLists"),
        ("/contacts/folders", "getFolders"),
    ] {
        let (status, body) = h.brevo(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}");
        check(&brevo, name, &body);
    }
    let import = json!({ "jsonBody": [{ "email": "a@acme.example" }], "listIds": [22] });
    let (_, started) = h
        .brevo(Method::POST, "/contacts/import", Some(import))
        .await;
    check(&brevo, "createdProcessId", &started);
    h.control(Method::POST, "/clock", Some(json!({ "advance_s": 5 })))
        .await;
    let (_, process) = h
        .brevo(
            Method::GET,
            &format!("/processes/{}", started["processId"]),
            None,
        )
        .await;
    assert_eq!(process["status"], "completed");
    assert_eq!(
        h.brevo(Method::GET, "/contacts/a%40acme.example", None)
            .await
            .1["listIds"],
        json!([22])
    );
}

#[tokio::test]
async fn a_get_with_a_body_and_an_unknown_path_are_refused_in_their_own_ways() {
    let h = Harness::start(options()).await;
    let answer = h
        .jira(Method::GET, "/rest/api/3/field", Some(json!({})))
        .await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    let answer = h.jira(Method::GET, "/rest/api/3/nothing", None).await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn an_import_loses_a_false_and_tells_its_bad_rows_only_in_its_report() {
    let h = Harness::start(options()).await;
    let row =
        |email: &str, value: Value| json!({ "email": email, "attributes": { "OPT_OUT": value } });
    let made = json!({ "email": "b@acme.example", "attributes": { "OPT_OUT": true } });
    assert_eq!(h.brevo(Method::POST, "/contacts", Some(made)).await.0, 201);
    let rows = json!([
        row("b@acme.example", json!(false)),
        row("nobody", json!(true))
    ]);
    let without_lists = json!({ "jsonBody": rows });
    assert_eq!(
        h.brevo(Method::POST, "/contacts/import", Some(without_lists))
            .await
            .0,
        400
    );
    let import = json!({ "jsonBody": rows, "listIds": [23] });
    let (status, started) = h
        .brevo(Method::POST, "/contacts/import", Some(import))
        .await;
    assert_eq!(status, 202);
    let path = format!("/processes/{}", started["processId"]);
    assert_ne!(
        h.brevo(Method::GET, &path, None).await.1["status"],
        "completed"
    );
    h.control(Method::POST, "/clock", Some(json!({ "advance_s": 5 })))
        .await;
    let (_, process) = h.brevo(Method::GET, &path, None).await;
    assert_eq!(process["status"], "completed");
    assert!(process["info"]["import"]["invalid_emails"].is_string());
    let (_, contact) = h.brevo(Method::GET, "/contacts/b@acme.example", None).await;
    assert_eq!(contact["attributes"]["OPT_OUT"], true);
    assert_eq!(contact["listIds"], json!([23]));
}

#[tokio::test]
async fn every_control_that_its_page_shows_is_answered() {
    let page = include_str!("../../docs/sandbox.md");
    let harness = Harness::start(options()).await;
    let mut asked = 0;
    for line in page.lines().filter(|line| line.starts_with("curl ")) {
        let (before, body) = line.split_once(" -d ").unwrap_or((line, ""));
        let mut words = before.split(' ').skip(1);
        let mut method = if body.is_empty() { "GET" } else { "POST" };
        let mut url = words.next().unwrap();
        if url == "-X" {
            method = words.next().unwrap();
            url = words.next().unwrap();
        }
        let (_, path) = url.split_once("/_sandbox").unwrap();
        let body = body.trim_matches('\'');
        let (status, answer) = harness.plainly(method, path, body).await;
        assert_eq!(status, 200, "{line}: {answer}");
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
    assert_eq!(harness.plainly("GET", "", "").await, (200, page.to_owned()));
    let (status, answer) = harness.plainly("GET", "/nothing", "").await;
    assert_eq!(status, 404);
    assert!(answer.contains("GET /_sandbox lists them"), "{answer}");
}
