//! `/search/jql`, `/search/approximate-count` and the search that is gone.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors;
use super::jql::{self, Compiled, Key, Look, SortField};
use super::render::{Want, put};
use super::site::{Facet, Site};
use crate::sandbox::exchange::{Reply, Request, push_json_string};
use crate::sandbox::gzip::crc32;

/// A page token lives seven days.
const TOKEN_LIFE: i64 = 7 * 86_400_000;
/// Results kept so that the next page need not be searched anew.
const KEPT_RESULTS: usize = 8;

/// Results by query, so that paging through many issues searches once.
#[derive(Default)]
pub(super) struct Results {
    kept: Mutex<Vec<(u64, Arc<Vec<u32>>)>>,
}

/// What is asked, of both methods.
struct Asked {
    jql: String,
    token: Option<String>,
    size: usize,
    want: Want,
    fresh: Vec<u32>,
}

/// Where the next page begins: behind an issue with these sort keys.
#[derive(Serialize, Deserialize)]
struct Token {
    /// What it was made for.
    query: u32,
    keys: Vec<Key>,
    index: u32,
    made: i64,
}

/// The answer to the search that was removed.
pub(super) fn gone() -> Reply {
    Reply::json(
        410,
        &json!({
            "errorMessages": ["The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"],
            "errors": {}
        }),
    )
}

/// `GET` and `POST /rest/api/3/search/jql`.
pub(super) fn search(
    site: &Site,
    results: &Results,
    request: &Request,
    now: i64,
    anonymous: bool,
) -> Reply {
    let asked = match asked(site, request) {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    if anonymous {
        // Nothing of the site is public, and nothing is said to be wrong.
        return Reply::json_text(200, r#"{"issues":[],"isLast":true}"#.to_owned());
    }
    let compiled = match compiled(site, &asked.jql, now) {
        Ok(compiled) => compiled,
        Err(reply) => return reply,
    };
    let query = crc32(asked.jql.as_bytes());
    let token = match asked
        .token
        .as_deref()
        .map(|text| read_token(text, query, now))
    {
        None => None,
        Some(Some(token)) => Some(token),
        Some(None) => {
            return errors::messages(
                400,
                &["The provided next page token is invalid or has expired."],
            );
        }
    };
    let (facets, stale) = site.searchable(now, &asked.fresh);
    let found = results.find(site, &asked, &compiled, &facets, now);
    let start = token.map_or(0, |token| {
        found.partition_point(|at| {
            let Some(facet) = facets.get(*at as usize) else {
                return true;
            };
            let look = Look::new(site, facet);
            let keys: Vec<Key> = compiled
                .order
                .iter()
                .map(|(field, _)| Compiled::key(*field, &look))
                .collect();
            order(&compiled, &keys, facet.index, &token.keys, token.index).is_le()
        })
    });
    let size = asked.size.min(asked.want.page());
    let page = found.get(start..).unwrap_or_default();
    let last = page.len() <= size;
    let page = page.get(..size.min(page.len())).unwrap_or_default();

    let mut out = String::with_capacity(page.len() * 4096 + 64);
    out.push_str(r#"{"issues":["#);
    for (place, at) in page.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        let Some(facet) = facets.get(*at as usize) else {
            continue;
        };
        match stale.get(&facet.index) {
            Some(issue) => site.push_issue(&mut out, issue, &asked.want),
            None => match site.issue(facet.index) {
                Some(issue) => site.push_issue(&mut out, &issue, &asked.want),
                None => continue,
            },
        }
    }
    out.push(']');
    if asked.want.names {
        out.push_str(r#","names":"#);
        asked.want.push_names(&mut out);
    }
    // On the last page the token is absent, not null.
    if let (false, Some(facet)) = (last, page.last().and_then(|at| facets.get(*at as usize))) {
        let look = Look::new(site, facet);
        let token = Token {
            query,
            keys: compiled
                .order
                .iter()
                .map(|(field, _)| Compiled::key(*field, &look))
                .collect(),
            index: facet.index,
            made: now,
        };
        out.push_str(r#","nextPageToken":"#);
        push_json_string(&mut out, &write_token(&token));
    }
    put!(&mut out, r#","isLast":{last}}}"#);
    Reply::json_text(200, out)
}

/// `POST /rest/api/3/search/approximate-count`.
pub(super) fn count(site: &Site, request: &Request, now: i64, anonymous: bool) -> Reply {
    let body = match errors::object(request) {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let jql = body.get("jql").and_then(Value::as_str).unwrap_or_default();
    if anonymous {
        return Reply::json(200, &json!({ "count": 0 }));
    }
    match compiled(site, jql, now) {
        Err(reply) => reply,
        Ok(compiled) => {
            let (facets, _) = site.searchable(now, &[]);
            let count = facets
                .iter()
                .filter(|facet| compiled.matches(&Look::new(site, facet)))
                .count();
            Reply::json(200, &json!({ "count": count }))
        }
    }
}

fn compiled(site: &Site, jql: &str, now: i64) -> Result<Compiled, Reply> {
    let query = jql::parse(jql).map_err(|message| errors::messages(400, &[&message]))?;
    let compiled = jql::compile(site, &query, now).map_err(|messages| {
        errors::messages(
            400,
            &messages.iter().map(String::as_str).collect::<Vec<_>>(),
        )
    })?;
    if !compiled.bounded() {
        return Err(errors::messages(
            400,
            &[
                "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
            ],
        ));
    }
    Ok(compiled)
}

fn asked(site: &Site, request: &Request) -> Result<Asked, Reply> {
    let size_of = |size: i64| {
        if (1..=5000).contains(&size) {
            Ok(size as usize)
        } else {
            Err(errors::messages(
                400,
                &["The value of maxResults must be between 1 and 5000."],
            ))
        }
    };
    let fresh = |ids: Vec<u64>| {
        if ids.len() > 50 {
            return Err(errors::messages(
                400,
                &["reconcileIssues takes at most 50 issue ids."],
            ));
        }
        Ok(ids
            .into_iter()
            .filter_map(|id| site.find(&id.to_string()))
            .collect())
    };
    if request.method == axum::http::Method::GET {
        let size = match request.query("maxResults") {
            None => 50,
            Some(text) => text
                .parse()
                .map_err(|_| errors::problem(400, "Bad Request", "maxResults is not a number"))?,
        };
        let expand = request.query_list("expand");
        return Ok(Asked {
            jql: request.query("jql").unwrap_or_default().to_owned(),
            token: request.query("nextPageToken").map(str::to_owned),
            size: size_of(size)?,
            want: Want::new(request.query_list("fields"), &expand, "id"),
            fresh: fresh(
                request
                    .query_list("reconcileIssues")
                    .iter()
                    .filter_map(|id| id.parse().ok())
                    .collect(),
            )?,
        });
    }
    let body = errors::object(request)?;
    errors::only(
        &body,
        &[
            "jql",
            "nextPageToken",
            "maxResults",
            "fields",
            "expand",
            "properties",
            "fieldsByKeys",
            "reconcileIssues",
        ],
    )?;
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(errors::payload()),
    };
    let size = match body.get("maxResults") {
        None | Some(Value::Null) => 50,
        Some(value) => value.as_i64().ok_or_else(errors::payload)?,
    };
    let fields: Vec<&str> = match body.get("fields") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => errors::texts(value)?,
    };
    if let Some(properties) = body.get("properties")
        && errors::texts(properties)?.len() > 5
    {
        return Err(errors::messages(
            400,
            &["The maximum number of properties is 5."],
        ));
    }
    let properties = match body.get("properties") {
        None => Vec::new(),
        Some(list) => errors::texts(list)?,
    };
    let ids = match body.get("reconcileIssues") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .map(Value::as_u64)
            .collect::<Option<Vec<_>>>()
            .ok_or_else(errors::payload)?,
        Some(_) => return Err(errors::payload()),
    };
    // Here `expand` is one text, not a list as in bulkfetch.
    let expand = text("expand")?.unwrap_or_default();
    let expand: Vec<&str> = expand.split(',').map(str::trim).collect();
    Ok(Asked {
        jql: text("jql")?.unwrap_or_default(),
        token: text("nextPageToken")?,
        size: size_of(size)?,
        want: Want {
            properties: properties.into_iter().map(str::to_owned).collect(),
            ..Want::new(fields, &expand, "id")
        },
        fresh: fresh(ids)?,
    })
}

impl Results {
    /// The places, among the facets, of the issues that match, in order.
    fn find(
        &self,
        site: &Site,
        asked: &Asked,
        compiled: &Compiled,
        facets: &[Facet],
        now: i64,
    ) -> Arc<Vec<u32>> {
        let mut hasher = DefaultHasher::new();
        (&asked.jql, site.version, &asked.fresh, facets.len()).hash(&mut hasher);
        // What depends on the time, or on edits not seen yet, is searched anew.
        (
            compiled.timed.then_some(now),
            site.unseen_until(now).map(|_| now),
        )
            .hash(&mut hasher);
        let name = hasher.finish();
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = kept.iter().position(|(key, _)| *key == name) {
                let entry = kept.remove(at);
                let found = Arc::clone(&entry.1);
                kept.push(entry);
                return found;
            }
        }
        let mut rows: Vec<(Vec<Key>, u32, u32)> = Vec::new();
        for (place, facet) in facets.iter().enumerate() {
            let look = Look::new(site, facet);
            if compiled.matches(&look) {
                let keys = compiled
                    .order
                    .iter()
                    .map(|(field, _)| Compiled::key(*field, &look))
                    .collect();
                rows.push((keys, facet.index, place as u32));
            }
        }
        rows.sort_by(|a, b| order(compiled, &a.0, a.1, &b.0, b.1));
        let found = Arc::new(
            rows.into_iter()
                .map(|(_, _, place)| place)
                .collect::<Vec<_>>(),
        );
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_RESULTS {
            kept.remove(0);
        }
        kept.push((name, Arc::clone(&found)));
        found
    }
}

/// How two issues are ordered. Ties have no order that a client could rely on: they follow a
/// scrambled id. Without ORDER BY the newest issue is first.
fn order(
    compiled: &Compiled,
    a: &[Key],
    a_index: u32,
    b: &[Key],
    b_index: u32,
) -> std::cmp::Ordering {
    for ((field, descends), (a, b)) in compiled.order.iter().zip(a.iter().zip(b)) {
        if *field == SortField::Void {
            continue;
        }
        let ordering = a.cmp(b);
        if ordering.is_ne() {
            return if *descends {
                ordering.reverse()
            } else {
                ordering
            };
        }
    }
    if compiled.order.is_empty() {
        return b_index.cmp(&a_index);
    }
    let scrambled = |index: u32| index.wrapping_mul(0x9E37_79B1).rotate_left(7);
    scrambled(a_index).cmp(&scrambled(b_index))
}

fn write_token(token: &Token) -> String {
    let text = serde_json::to_string(token).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(format!("{:08x}{text}", crc32(text.as_bytes())))
}

fn read_token(text: &str, query: u32, now: i64) -> Option<Token> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let sum = u32::from_str_radix(text.get(..8)?, 16).ok()?;
    let json = text.get(8..)?;
    let token: Token = serde_json::from_str(json).ok()?;
    (sum == crc32(json.as_bytes()) && token.query == query && now - token.made < TOKEN_LIFE)
        .then_some(token)
}
