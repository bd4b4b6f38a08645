//! Worklogs: seeded, edited, and told by the feeds of what changed and what is gone.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::catalog::SITE;
use super::errors;
use super::issue::{Issue, LONG_HISTORY, Seed};
use super::issues::page;
use super::jql::{self, Look};
use super::people::STAFF;
use super::render::put;
use super::site::Site;
use super::words;
use crate::sandbox::exchange::{Reply, Request};
use crate::sandbox::random::Random;

/// An issue embeds no more than this.
const EMBEDDED: usize = 20;
/// A feed's page holds no more than this.
const FEED: usize = 1_000;
/// The feeds leave out what happened so shortly before.
const UNSETTLED: i64 = 60_000;

/// A worklog.
#[derive(Debug, Clone)]
pub(super) struct Worklog {
    pub(super) id: u64,
    pub(super) author: u16,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) started: i64,
    pub(super) seconds: u64,
    pub(super) text: String,
    /// The role that alone may see it.
    pub(super) visibility: Option<String>,
}

/// The worklogs of all issues, and what was deleted when.
pub(super) struct Worklogs {
    by_issue: HashMap<u32, Vec<Worklog>>,
    gone: Vec<(u64, i64)>,
}

/// A change of a worklog that is there.
pub(super) struct Change<'a> {
    pub(super) seconds: Option<u64>,
    pub(super) text: Option<&'a str>,
    pub(super) visibility: Option<&'a str>,
}

impl Worklogs {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            by_issue: HashMap::new(),
            gone: Vec::new(),
        }
    }

    /// Those of a seeded issue: most have none, one has more than an issue embeds.
    pub(super) fn seed(&mut self, seed: Seed, issue: &Issue) {
        let mut random = Random::new(seed.seed, 0x8_0000_0000 | u64::from(issue.index));
        let count = match issue.index {
            LONG_HISTORY => 30,
            _ if random.chance(0.7) => 0,
            _ => random.below(3) + 1,
        };
        let span = (issue.updated - issue.created).max(1);
        let mut at = issue.created;
        for place in 0..count as u64 {
            at += random.between(0, span / count as i64);
            let seconds = 900 * (random.below(20) as u64 + 1);
            self.by_issue.entry(issue.index).or_default().push(Worklog {
                id: 60_000_000 + 32 * u64::from(issue.index) + place,
                author: 2 + random.below(usize::from(STAFF) - 2) as u16,
                created: at,
                updated: at,
                started: at - seconds as i64 * 1_000,
                seconds,
                text: words::comment(&mut random, true),
                visibility: random.chance(0.1).then(|| "Administrators".to_owned()),
            });
        }
    }

    fn of(&self, issue: u32) -> &[Worklog] {
        self.by_issue.get(&issue).map_or(&[], Vec::as_slice)
    }

    /// Adds one to an issue.
    pub(super) fn add(&mut self, issue: u32, worklog: Worklog) {
        self.by_issue.entry(issue).or_default().push(worklog);
    }

    /// The issue that a worklog belongs to, and the worklog.
    fn find(&mut self, id: u64) -> Option<(u32, &mut Worklog)> {
        self.by_issue.iter_mut().find_map(|(issue, worklogs)| {
            let worklog = worklogs.iter_mut().find(|worklog| worklog.id == id)?;
            Some((*issue, worklog))
        })
    }

    /// The issue that a worklog belongs to, and the worklog.
    pub(super) fn get(&self, id: u64) -> Option<(u32, &Worklog)> {
        self.by_issue.iter().find_map(|(issue, worklogs)| {
            let worklog = worklogs.iter().find(|worklog| worklog.id == id)?;
            Some((*issue, worklog))
        })
    }

    /// Changes one; gives its issue.
    pub(super) fn change(&mut self, id: u64, change: &Change<'_>, now: i64) -> Option<u32> {
        let (issue, worklog) = self.find(id)?;
        worklog.updated = now;
        worklog.seconds = change.seconds.unwrap_or(worklog.seconds);
        if let Some(text) = change.text {
            text.clone_into(&mut worklog.text);
        }
        if let Some(role) = change.visibility {
            worklog.visibility = Some(role.to_owned()).filter(|role| !role.is_empty());
        }
        Some(issue)
    }

    /// Deletes one; gives its issue.
    pub(super) fn delete(&mut self, id: u64, now: i64) -> Option<u32> {
        let (issue, _) = self.find(id)?;
        self.by_issue
            .get_mut(&issue)?
            .retain(|worklog| worklog.id != id);
        self.gone.push((id, now));
        Some(issue)
    }
}

/// Seconds as Jira shows them: `1h 30m`.
fn spent(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60);
    match (hours, minutes) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h {minutes}m"),
    }
}

impl Site {
    pub(super) fn push_worklog(&self, out: &mut String, issue: u64, worklog: &Worklog) {
        put!(
            out,
            r#"{{"self":"{SITE}/rest/api/3/issue/{issue}/worklog/{0}","author":"#,
            worklog.id
        );
        self.push_person(out, Some(worklog.author));
        out.push_str(r#","updateAuthor":"#);
        self.push_person(out, Some(worklog.author));
        out.push_str(r#","comment":"#);
        out.push_str(&words::paragraph(&worklog.text));
        for (name, at) in [
            ("created", worklog.created),
            ("updated", worklog.updated),
            ("started", worklog.started),
        ] {
            put!(out, r#","{name}":"#);
            self.push_time(out, at);
        }
        if let Some(role) = &worklog.visibility {
            put!(
                out,
                r#","visibility":{{"type":"role","value":"{role}","identifier":"10002"}}"#
            );
        }
        put!(
            out,
            r#","timeSpent":"{}","timeSpentSeconds":{},"id":"{}","issueId":"{issue}"}}"#,
            spent(worklog.seconds),
            worklog.seconds,
            worklog.id
        );
    }

    fn push_worklogs(
        &self,
        out: &mut String,
        issue: u64,
        shown: &[Worklog],
        (start, size, total): (usize, usize, usize),
    ) {
        put!(
            out,
            r#"{{"startAt":{start},"maxResults":{size},"total":{total},"worklogs":["#
        );
        for (place, worklog) in shown.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            self.push_worklog(out, issue, worklog);
        }
        out.push_str("]}");
    }

    /// The worklogs that an issue embeds.
    pub(super) fn push_embedded_worklogs(&self, out: &mut String, issue: &Issue) {
        let all = self.worklogs.of(issue.index);
        let shown = all.get(..EMBEDDED.min(all.len())).unwrap_or_default();
        self.push_worklogs(out, issue.id(), shown, (0, EMBEDDED, all.len()));
    }
}

/// `GET /issue/{idOrKey}/worklog`: up to 5,000 a page.
pub(super) fn of_issue(site: &Site, request: &Request, id_or_key: &str) -> Result<Reply, Reply> {
    let issue = site
        .find(id_or_key)
        .and_then(|index| site.issue(index))
        .ok_or_else(errors::no_issue)?;
    let (start, size) = page(request, 5_000, 5_000)?;
    let all = site.worklogs.of(issue.index);
    let shown = all.get(start.min(all.len())..).unwrap_or_default();
    let shown = shown.get(..size.min(shown.len())).unwrap_or_default();
    let mut out = String::new();
    site.push_worklogs(&mut out, issue.id(), shown, (start, size, all.len()));
    Ok(Reply::json_text(200, out))
}

/// `GET /worklog/updated` and `/worklog/deleted`: oldest first, without the last minute.
pub(super) fn feed(site: &Site, request: &Request, name: &str, now: i64) -> Result<Reply, Reply> {
    let since: i64 = match request.query("since") {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            errors::problem(
                400,
                "Bad Request",
                &format!("since is not a number: {text}"),
            )
        })?,
    };
    let mut all: Vec<(i64, u64)> = if name == "deleted" {
        let gone = site.worklogs.gone.iter();
        gone.map(|(id, at)| (*at, *id)).collect()
    } else {
        let issues = site.worklogs.by_issue.iter();
        let there = issues.filter(|(issue, _)| site.facet(**issue).is_some());
        let worklogs = there.flat_map(|(_, worklogs)| worklogs);
        worklogs
            .map(|worklog| (worklog.updated, worklog.id))
            .collect()
    };
    all.retain(|(at, _)| *at >= since && *at < now - UNSETTLED);
    all.sort_unstable();
    let last = all.len() <= FEED;
    all.truncate(FEED);
    let until = all.last().map_or(since, |(at, _)| *at);
    let url = |since: i64| format!("{SITE}/rest/api/3/worklog/{name}?since={since}");
    let values: Vec<Value> = all
        .iter()
        .map(|(at, id)| json!({ "worklogId": id, "updatedTime": at, "properties": [] }))
        .collect();
    let mut answer = json!({
        "values": values, "since": since, "until": until, "self": url(since), "lastPage": last
    });
    if !last {
        answer["nextPage"] = json!(url(until));
    }
    Ok(Reply::json(200, &answer))
}

/// `POST /worklog/list`: at most 1,000; what is not there is simply not there.
pub(super) fn list(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    errors::only(&body, &["ids"])?;
    let ids: Vec<u64> = body
        .get("ids")
        .and_then(Value::as_array)
        .and_then(|ids| ids.iter().map(Value::as_u64).collect())
        .ok_or_else(errors::payload)?;
    if ids.len() > FEED {
        return Err(errors::messages(400, &["The ids are more than 1000."]));
    }
    let mut found: Vec<(u32, &Worklog)> = site
        .worklogs
        .by_issue
        .iter()
        .filter(|(issue, _)| site.facet(**issue).is_some())
        .flat_map(|(issue, worklogs)| worklogs.iter().map(|worklog| (*issue, worklog)))
        .filter(|(_, worklog)| ids.contains(&worklog.id))
        .collect();
    found.sort_by_key(|(_, worklog)| worklog.id);
    let mut out = String::from("[");
    for (place, (issue, worklog)) in found.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        site.push_worklog(&mut out, 10_001 + u64::from(issue), worklog);
    }
    out.push(']');
    Ok(Reply::json_text(200, out))
}

/// `POST /jql/match`: which of the issues each query finds; what is wrong stands in a 200.
pub(super) fn matches(site: &Site, request: &Request, now: i64) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    errors::only(&body, &["issueIds", "jqls"])?;
    let ids: Vec<u64> = body
        .get("issueIds")
        .and_then(Value::as_array)
        .and_then(|ids| ids.iter().map(Value::as_u64).collect())
        .ok_or_else(errors::payload)?;
    let queries = errors::texts(body.get("jqls").unwrap_or(&Value::Null))?;
    let (facets, _) = site.searchable(now, &[]);
    let answers: Vec<Value> = queries
        .into_iter()
        .map(|text| {
            let compiled = jql::parse(text)
                .map_err(|message| vec![message])
                .and_then(|query| jql::compile(site, &query, now));
            match compiled {
                Ok(compiled) => {
                    let found = facets.iter().filter(|facet| {
                        ids.contains(&(10_001 + u64::from(facet.index)))
                            && compiled.matches(&Look::new(site, facet))
                    });
                    let found: Vec<u64> =
                        found.map(|facet| 10_001 + u64::from(facet.index)).collect();
                    json!({ "matchedIssues": found, "errors": [] })
                }
                Err(messages) => json!({ "matchedIssues": [], "errors": messages }),
            }
        })
        .collect();
    Ok(Reply::json(200, &json!({ "matches": answers })))
}
