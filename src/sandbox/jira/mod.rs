//! Jira Cloud, as far as a reader of issues meets it.

mod agile;
mod auth;
mod catalog;
mod create;
mod desk;
mod edit;
mod errors;
mod issue;
mod issues;
mod jql;
mod meta;
mod more;
mod people;
mod render;
mod scopes;
mod search;
mod site;
mod told;
mod webhooks;
mod words;
mod worklogs;
mod writes;

use std::sync::{PoisonError, RwLock};

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use self::search::Results;
use self::site::Site;
use super::exchange::{Reply, Request};
use super::hooks::{Hooks, Post};
use super::limits::Windows;

pub(super) use self::auth::{CLIENT_ID, CLIENT_SECRET, Consent, SCOPED_TOKEN, SERVICE_TOKEN};
pub(super) use self::edit::Edit;
pub(super) use self::issue::Seed;
pub(super) use self::more::More;
pub(super) use self::people::CALLER_EMAIL;

/// The API token that belongs to [`CALLER_EMAIL`].
pub(super) const TOKEN: &str = "sandbox-jira-token";

/// The emulated service.
pub(super) struct Jira {
    site: RwLock<Site>,
    results: Results,
    auth: auth::Auth,
}

impl Jira {
    /// The site as seeded.
    pub(super) fn new(seed: Seed, issue_bytes: Option<usize>, lag: bool) -> Self {
        Self {
            site: RwLock::new(Site::new(seed, issue_bytes, lag)),
            results: Results::default(),
            auth: auth::Auth::default(),
        }
    }

    /// Makes an edit; gives `{id, key}` and the posts that tell of it, or what is wrong.
    pub(super) fn edit_and_tell(
        &self,
        edit: &Edit,
        hooks: &Hooks,
        now: i64,
    ) -> Result<(Value, Vec<Post>), String> {
        let mut site = self.site.write().unwrap_or_else(PoisonError::into_inner);
        let before = told::Before::of(&site, edit);
        let named = edit::apply(&mut site, edit, now)?;
        let events = told::of_edit(&site, edit, &before, &named, now);
        let posts = webhooks::posts(&site, hooks, &events, now);
        Ok((named, posts))
    }

    /// Answers a request about webhooks; none where it is about something else.
    pub(super) fn webhooks(&self, hooks: &mut Hooks, request: &Request, now: i64) -> Option<Reply> {
        let through;
        let (request, way) = match self.auth.judge(request, now) {
            auth::Gate::Answered(reply) => return Some(reply),
            auth::Gate::Passed(request) => {
                through = request;
                (&through, through.header(auth::WAY))
            }
            // Whatever a client says of its way, it came without one.
            auth::Gate::Site => (request, None),
        };
        let route = request.route();
        let (admin, rest) = match route.as_slice() {
            ["rest", "webhooks", "1.0", "webhook", rest @ ..] => (true, rest),
            ["rest", "api", "3", "webhook", rest @ ..] => (false, rest),
            _ => return None,
        };
        if way.is_none() && credential(request) != Credential::Valid {
            return Some(errors::messages(
                401,
                &["Client must be authenticated to access this resource."],
            ));
        }
        if admin && way.is_some() {
            // No scope lets a token in there.
            return Some(Reply::json(
                401,
                &json!({ "code": 401, "message": "Unauthorized; scope does not match" }),
            ));
        }
        if admin && self.auth.lacks("ADMINISTER") {
            return Some(errors::messages(
                403,
                &["Only Jira administrators can manage webhooks."],
            ));
        }
        let app = (way == Some("oauth")).then_some(CLIENT_SECRET);
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
        let reply = if admin {
            webhooks::admin(&site, hooks, request, rest, now)
        } else {
            webhooks::dynamic(&site, hooks, request, rest, (now, app))
        };
        Some(reply.unwrap_or_else(|refusal| refusal))
    }

    /// Makes an edit; gives `{id, key}` or what is wrong.
    pub(super) fn edit(&self, edit: &Edit, now: i64) -> Result<Value, String> {
        let mut site = self.site.write().unwrap_or_else(PoisonError::into_inner);
        edit::apply(&mut site, edit, now)
    }

    /// What of this the site lacks.
    pub(super) fn lacking(&self, more: &More) -> Option<More> {
        more.lacking(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The bodies of the webhooks that the newest issues would have been told by.
    pub(super) fn seeded_webhooks(&self) -> Vec<Value> {
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
        let events = told::of_seed(&site, 12);
        events.into_iter().map(|event| event.body).collect()
    }

    /// Whether an edit made at `now` is still unseen by the search.
    pub(super) fn unseen_until(&self, now: i64) -> Option<i64> {
        self.site
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .unseen_until(now)
    }

    /// Does what a test asks of the authorisation server.
    pub(super) fn consent(&self, consent: &Consent, now: i64) {
        self.auth.control(consent, now);
    }

    /// Answers a request, to the site or through the gateway.
    /// What is created is made by `make`, which keeps it.
    pub(super) fn answer(
        &self,
        request: &Request,
        now: i64,
        make: impl Fn(&Edit) -> Result<Value, String>,
    ) -> Reply {
        let (reply, passed) = match self.auth.judge(request, now) {
            auth::Gate::Answered(reply) => return reply,
            auth::Gate::Passed(request) => {
                let through = Some(Credential::Valid);
                let created = self.create(&request, through, &make);
                (created, Some(request))
            }
            auth::Gate::Site => (self.create(request, None, &make), None),
        };
        reply.unwrap_or_else(|| match passed {
            Some(request) => self.answer_site(&request, Some(Credential::Valid), now),
            None => self.answer_site(request, None, now),
        })
    }

    /// Creates what a request asks for; none where it asks for something else, or is nobody's.
    fn create(
        &self,
        request: &Request,
        through: Option<Credential>,
        make: &impl Fn(&Edit) -> Result<Value, String>,
    ) -> Option<Reply> {
        let route = request.route();
        let ["rest", "api", "3", rest @ ..] = route.as_slice() else {
            return None;
        };
        if request.method != Method::POST {
            return None;
        }
        let edit = {
            let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
            match rest {
                ["issue"] => create::issue(&site, request),
                ["issue", key, "comment"] => writes::comment(&site, request, key),
                _ => return None,
            }
        };
        if through.unwrap_or_else(|| credential(request)) != Credential::Valid {
            return None;
        }
        if let Some(refusal) = errors::browser(request) {
            return Some(refusal);
        }
        let made = match edit.map(|edit| make(&edit)) {
            Ok(Ok(made)) => made,
            Ok(Err(message)) => return Some(errors::messages(400, &[&message])),
            Err(refusal) => return Some(refusal),
        };
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
        Some(
            writes::created(&site, &made)
                .wrote()
                .with_header("x-aaccountid", "sandbox"),
        )
    }

    fn answer_site(&self, request: &Request, through: Option<Credential>, now: i64) -> Reply {
        if request.method == Method::GET && !request.body.is_empty() {
            return Reply::html(403, "ERROR: The request could not be satisfied")
                .with_header("server", "CloudFront");
        }
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
        let route = request.route();
        if let ("GET", ["_edge", "tenant_info"]) = (request.method.as_str(), route.as_slice()) {
            return Reply::json(200, &json!({ "cloudId": catalog::CLOUD_ID }));
        }
        if let ("GET", ["rest", "servicedeskapi", "request", key]) =
            (request.method.as_str(), route.as_slice())
        {
            return match through.unwrap_or_else(|| credential(request)) {
                Credential::Valid => desk::request(&site, key),
                _ => errors::messages(
                    401,
                    &["Client must be authenticated to access this resource."],
                ),
            };
        }
        if let ["rest", "agile", "1.0", rest @ ..] = route.as_slice() {
            let credential = through.unwrap_or_else(|| credential(request));
            if credential != Credential::Valid {
                return errors::unauthenticated();
            }
            return agile::answer(&site, request, rest).unwrap_or_else(|| unknown(request));
        }
        let ["rest", "api", version @ ("2" | "3"), rest @ ..] = route.as_slice() else {
            return unknown(request);
        };
        let credential = through.unwrap_or_else(|| credential(request));
        if matches!(rest, ["search"]) && matches!(request.method.as_str(), "GET" | "POST") {
            return search::gone();
        }
        if *version == "2" {
            return match (request.method.as_str(), rest) {
                ("GET", ["serverInfo"]) => meta::server_info(&site, now),
                _ => unknown(request),
            };
        }
        // Without a valid credential the caller is anonymous, and nothing of the site is public.
        let unseen = matches!(rest, ["search" | "project" | "issue", ..])
            && self.auth.lacks("BROWSE_PROJECTS");
        let anonymous = credential != Credential::Valid || unseen;
        let reply = if anonymous {
            self.answer_anonymous(&site, request, rest, now)
        } else {
            self.answer_known(&site, request, rest, now)
        };
        if credential == Credential::Wrong {
            return reply.with_header("x-seraph-loginreason", "AUTHENTICATED_FAILED");
        }
        reply.with_header("x-aaccountid", "sandbox")
    }

    fn answer_known(&self, site: &Site, request: &Request, rest: &[&str], now: i64) -> Reply {
        let either = |reply: Result<Reply, Reply>| reply.unwrap_or_else(|refusal| refusal);
        match (request.method.as_str(), rest) {
            ("GET" | "POST", ["search", "jql"]) => {
                search::search(site, &self.results, request, now, false)
            }
            ("POST", ["search", "approximate-count"]) => search::count(site, request, now, false),
            ("GET", ["myself"]) => meta::myself(site),
            ("GET", ["serverInfo"]) => meta::server_info(site, now),
            ("GET", ["field"]) => meta::fields(),
            ("GET", ["status"]) => meta::statuses(),
            ("GET", ["statuses", "search"]) => either(meta::status_search(request)),
            ("GET", ["priority", "search"]) => either(meta::priorities(request)),
            ("GET", ["project", "search"]) => either(meta::projects(site, request)),
            ("GET", ["mypermissions"]) => either(meta::permissions(site, request, |name| {
                self.auth.lacks(name)
            })),
            ("GET", ["user" | "users", "search"]) if self.auth.lacks("USER_PICKER") => {
                Reply::json(200, &json!([]))
            }
            ("GET", ["project", key, "version"]) => {
                either(agile::project_versions(site, request, key, now))
            }
            ("GET", ["issue", key, "worklog"]) => either(worklogs::of_issue(site, request, key)),
            ("GET", ["worklog", feed @ ("updated" | "deleted")]) => {
                either(worklogs::feed(site, request, feed, now))
            }
            ("POST", ["worklog", "list"]) => either(worklogs::list(site, request)),
            ("POST", ["jql", "match"]) => either(worklogs::matches(site, request, now)),
            ("GET", ["users", "search"]) => either(meta::all_users(site, request)),
            ("GET", ["user", "search"]) => either(meta::users(site, request)),
            ("POST", ["jql", "parse"]) => either(meta::jql_parse(site, request, now)),
            ("GET", ["user", "bulk"]) => either(desk::users(site, request)),
            ("POST", ["issue", "bulkfetch"]) => either(issues::bulk(site, request)),
            ("POST", ["comment", "list"]) => either(writes::listed(site, request)),
            ("GET", ["comment", id, "properties", key]) => {
                either(writes::property_of_comment(site, id, key))
            }
            ("POST", ["changelog", "bulkfetch"]) => either(issues::changelogs(site, request)),
            ("GET", ["issue", key, "properties", name]) => {
                either(writes::property_of_issue(site, key, name))
            }
            ("GET", ["issue", key]) => issues::one(site, request, key),
            ("GET", ["issue", key, "changelog"]) => either(issues::changelog(site, request, key)),
            ("GET", ["issue", key, "comment"]) => either(issues::comments(site, request, key)),
            ("GET", ["issue", key, "comment", id]) => either(issues::comment(site, key, id)),
            ("GET", ["version", id]) => agile::version(site, id, now).map_or_else(
                || {
                    let message = format!("Could not find version for id '{id}'");
                    errors::messages(404, &[&message])
                },
                |version| Reply::json(200, &version),
            ),
            _ => unknown(request),
        }
    }

    /// Endpoints that anonymous callers may ask answer with nothing; the others with 401.
    fn answer_anonymous(&self, site: &Site, request: &Request, rest: &[&str], now: i64) -> Reply {
        match (request.method.as_str(), rest) {
            ("GET" | "POST", ["search", "jql"]) => {
                search::search(site, &self.results, request, now, true)
            }
            ("POST", ["search", "approximate-count"]) => search::count(site, request, now, true),
            ("GET", ["serverInfo"]) => meta::server_info(site, now),
            ("GET", ["project", "search"]) => Reply::json(
                200,
                &json!({ "startAt": 0, "maxResults": 50, "total": 0, "isLast": true, "values": [] }),
            ),
            ("GET", ["field" | "status"] | ["user", "search"]) => Reply::json(200, &json!([])),
            ("POST", ["issue", "bulkfetch"]) => {
                Reply::json(200, &json!({ "issues": [], "issueErrors": [] }))
            }
            ("GET", ["issue", ..]) => errors::no_issue(),
            _ => errors::unauthenticated(),
        }
    }
}

/// Counts a request against Jira's burst limit; the refusal where it is exceeded. Otherwise the
/// headers that the answer carries.
pub(super) fn limit(
    windows: &mut Windows,
    request: &Request,
    now: i64,
) -> Result<Vec<(&'static str, String)>, Reply> {
    let route = super::counts::route(request.method.as_str(), &request.segments);
    let single = matches!(
        request.route().as_slice(),
        ["rest", "api", _, "issue" | "user", _]
    );
    let most = match request.method.as_str() {
        _ if single && request.method == Method::GET => 150,
        "PUT" | "DELETE" => 50,
        _ => 100,
    };
    let verdict = windows.count(&route, most, 1_000, now);
    let mut headers = vec![
        ("x-ratelimit-limit", verdict.limit.to_string()),
        ("x-ratelimit-remaining", verdict.remaining.to_string()),
    ];
    if verdict.remaining * 5 < verdict.limit {
        headers.push(("x-ratelimit-nearlimit", "true".to_owned()));
    }
    if verdict.allowed {
        return per_issue(windows, request, now).map_or(Ok(headers), Err);
    }
    // Some refusals are pages for people.
    let html = now.rem_euclid(3) == 0;
    let mut reply = rate_limited(1, html);
    headers.push((
        "x-ratelimit-reset",
        super::clock::utc(now + verdict.resets_in),
    ));
    reply.headers.extend(headers);
    Err(reply)
}

/// The refusal of writing one issue too often: 20 times in 2 seconds, 100 times in 30.
fn per_issue(windows: &mut Windows, request: &Request, now: i64) -> Option<Reply> {
    let route = request.route();
    let ["rest", "api", _, "issue", issue, ..] = route.as_slice() else {
        return None;
    };
    let writes = matches!(request.method.as_str(), "POST" | "PUT" | "DELETE");
    if !writes || matches!(*issue, "bulkfetch" | "bulk") {
        return None;
    }
    let issue = issue.to_uppercase();
    let over = [(20, 2_000), (100, 30_000)]
        .into_iter()
        .find_map(|(most, length)| {
            let name = format!("writes of {issue} in {length}");
            let verdict = windows.count(&name, most, length, now);
            (!verdict.allowed).then_some(verdict.resets_in)
        })?;
    let wait = u64::try_from(over).unwrap_or_default().div_ceil(1_000);
    let mut reply = rate_limited(wait, false);
    for (name, value) in &mut reply.headers {
        if *name == "ratelimit-reason" {
            "jira-per-issue-on-write".clone_into(value);
        }
    }
    Some(reply)
}

/// What answers state where limits are off: more than anybody can ask in a second.
pub(super) fn unlimited() -> Vec<(&'static str, String)> {
    ["x-ratelimit-limit", "x-ratelimit-remaining"]
        .map(|name| (name, "1000000".to_owned()))
        .to_vec()
}

/// A 429 of the burst limit.
pub(super) fn rate_limited(retry_after: u64, html: bool) -> Reply {
    let reply = if html {
        Reply::html(429, "Oops - an error has occurred")
    } else {
        Reply::json(
            429,
            &json!({
                "errorMessages": ["The request has been rate-limited. Please try again later."],
                "errors": {}, "status": 429
            }),
        )
    };
    reply
        .with_header("retry-after", retry_after.to_string())
        .with_header("ratelimit-reason", "jira-burst-based")
}

fn unknown(request: &Request) -> Reply {
    errors::problem(
        404,
        "Not Found",
        &format!("No endpoint {} {}.", request.method, request.path),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    None,
    Valid,
    Wrong,
}

fn credential(request: &Request) -> Credential {
    let Some(header) = request.header("authorization") else {
        return Credential::None;
    };
    let sent = header
        .strip_prefix("Basic ")
        .and_then(|text| STANDARD.decode(text.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match sent.as_deref().and_then(|text| text.split_once(':')) {
        Some((email, token)) if email.eq_ignore_ascii_case(CALLER_EMAIL) && token == TOKEN => {
            Credential::Valid
        }
        _ => Credential::Wrong,
    }
}
