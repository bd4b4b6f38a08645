//! One issue, many issues by id, their changelogs and comments.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::catalog::SITE;
use super::errors;
use super::issue::Issue;
use super::render::{Want, put};
use super::site::Site;
use crate::sandbox::exchange::{Reply, Request, push_json_string};

/// `GET /issue/{idOrKey}`: as it is now, whatever the search sees.
pub(super) fn one(site: &Site, request: &Request, id_or_key: &str) -> Reply {
    let Some(issue) = site.find(id_or_key).and_then(|index| site.issue(index)) else {
        return errors::no_issue();
    };
    let want = Want::new(
        request.query_list("fields"),
        &request.query_list("expand"),
        "*all",
    );
    let mut out = String::with_capacity(16 * 1024);
    site.push_issue(&mut out, &issue, &want);
    if want.names {
        out.pop();
        out.push_str(r#","names":"#);
        want.push_names(&mut out);
        out.push('}');
    }
    Reply::json_text(200, out)
}

/// `POST /issue/bulkfetch`: at most 100, ascending ids; what is not there is simply not there.
pub(super) fn bulk(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    errors::only(
        &body,
        &[
            "issueIdsOrKeys",
            "fields",
            "expand",
            "fieldsByKeys",
            "properties",
        ],
    )?;
    let ids = errors::texts(body.get("issueIdsOrKeys").unwrap_or(&Value::Null))?;
    if ids.is_empty() || ids.len() > 100 {
        return Err(errors::messages(
            400,
            &["issueIdsOrKeys must hold between 1 and 100 issues."],
        ));
    }
    let list = |name: &str| body.get(name).map_or(Ok(Vec::new()), errors::texts);
    let mut want = Want::new(list("fields")?, &list("expand")?, "*navigable");
    want.properties = list("properties")?.into_iter().map(str::to_owned).collect();
    if want.properties.len() > 5 {
        return Err(errors::messages(
            400,
            &["The maximum number of properties is 5."],
        ));
    }
    let found: BTreeSet<u32> = ids.into_iter().filter_map(|id| site.find(id)).collect();
    let mut out = String::with_capacity(found.len() * 4096 + 64);
    out.push_str(r#"{"issues":["#);
    for (place, issue) in found
        .into_iter()
        .filter_map(|index| site.issue(index))
        .enumerate()
    {
        if place > 0 {
            out.push(',');
        }
        site.push_issue(&mut out, &issue, &want);
        if want.names {
            // Each issue tells its own here.
            out.pop();
            out.push_str(r#","names":"#);
            want.push_names(&mut out);
            out.push('}');
        }
    }
    out.push_str(r#"],"issueErrors":[]}"#);
    Ok(Reply::json_text(200, out))
}

/// `GET /issue/{idOrKey}/changelog`: oldest first, at most 100 a page.
pub(super) fn changelog(site: &Site, request: &Request, id_or_key: &str) -> Result<Reply, Reply> {
    let issue = site
        .find(id_or_key)
        .and_then(|index| site.issue(index))
        .ok_or_else(errors::no_issue)?;
    let (start, size) = page(request, 100, 100)?;
    let total = issue.histories.len();
    let from = start.min(total);
    let to = (from + size).min(total);
    let url = format!("{SITE}/rest/api/3/issue/{id_or_key}/changelog");
    let mut out = String::new();
    put!(
        &mut out,
        r#"{{"self":"{url}?startAt={start}&maxResults={size}","#
    );
    if to < total {
        put!(
            &mut out,
            r#""nextPage":"{url}?startAt={to}&maxResults={size}","#
        );
    }
    put!(
        &mut out,
        r#""maxResults":{size},"startAt":{start},"total":{total},"isLast":{},"values":["#,
        to >= total
    );
    for (place, history) in issue
        .histories
        .get(from..to)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        if place > 0 {
            out.push(',');
        }
        site.push_history(&mut out, history);
    }
    out.push_str("]}");
    Ok(Reply::json_text(200, out))
}

/// `POST /changelog/bulkfetch`: the histories of up to 1,000 issues, by token, oldest first.
pub(super) fn changelogs(site: &Site, request: &Request) -> Result<Reply, Reply> {
    let body = errors::object(request)?;
    errors::only(
        &body,
        &["issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"],
    )?;
    let ids = errors::texts(body.get("issueIdsOrKeys").unwrap_or(&Value::Null))?;
    if ids.is_empty() || ids.len() > 1_000 {
        return Err(errors::messages(
            400,
            &["issueIdsOrKeys must hold between 1 and 1000 issues."],
        ));
    }
    let fields = body.get("fieldIds").map_or(Ok(Vec::new()), errors::texts)?;
    if fields.len() > 10 {
        return Err(errors::messages(
            400,
            &["fieldIds must hold at most 10 fields."],
        ));
    }
    let size = match body.get("maxResults") {
        None | Some(Value::Null) => 1_000,
        Some(value) => value
            .as_u64()
            .filter(|size| (1..=10_000).contains(size))
            .ok_or_else(|| errors::messages(400, &["maxResults must be between 1 and 10000."]))?
            as usize,
    };
    let start: usize = match body.get("nextPageToken") {
        None | Some(Value::Null) => 0,
        Some(token) => token
            .as_str()
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| {
                text.strip_prefix("changelog:")
                    .and_then(|at| at.parse().ok())
            })
            .ok_or_else(|| {
                errors::messages(
                    400,
                    &["The provided next page token is invalid or has expired."],
                )
            })?,
    };
    let found: BTreeSet<u32> = ids.into_iter().filter_map(|id| site.find(id)).collect();
    let mut out = String::from(r#"{"issueChangeLogs":["#);
    let (mut seen, mut shown, mut more, mut open) = (0, 0, false, None);
    'issues: for issue in found.into_iter().filter_map(|index| site.issue(index)) {
        for history in &issue.histories {
            let concerned = fields.is_empty()
                || history
                    .items
                    .iter()
                    .any(|item| item.field_id.is_some_and(|id| fields.contains(&id)));
            if !concerned {
                continue;
            }
            seen += 1;
            if seen <= start {
                continue;
            }
            if shown == size {
                more = true;
                break 'issues;
            }
            if open == Some(issue.index) {
                out.push(',');
            } else {
                if open.is_some() {
                    out.push_str("]},");
                }
                put!(
                    &mut out,
                    r#"{{"issueId":"{}","changeHistories":["#,
                    issue.id()
                );
                open = Some(issue.index);
            }
            site.push_history(&mut out, history);
            shown += 1;
        }
    }
    if open.is_some() {
        out.push_str("]}");
    }
    out.push(']');
    if more {
        out.push_str(r#","nextPageToken":"#);
        push_json_string(
            &mut out,
            &URL_SAFE_NO_PAD.encode(format!("changelog:{}", start + shown)),
        );
    }
    out.push('}');
    Ok(Reply::json_text(200, out))
}

/// `GET /issue/{idOrKey}/comment`: at most 100 a page, by creation.
pub(super) fn comments(site: &Site, request: &Request, id_or_key: &str) -> Result<Reply, Reply> {
    let issue = site
        .find(id_or_key)
        .and_then(|index| site.issue(index))
        .ok_or_else(errors::no_issue)?;
    let (start, size) = page(request, 100, 100)?;
    let mut issue: Issue = issue.into_owned();
    match request.query("orderBy") {
        None | Some("created" | "+created") => {}
        Some("-created") => issue.comments.reverse(),
        Some(_) => {
            return Err(errors::messages(
                400,
                &["orderBy must be created, +created or -created."],
            ));
        }
    }
    let shown = issue
        .comments
        .get(start.min(issue.comments.len())..)
        .unwrap_or_default();
    let shown = shown.get(..size.min(shown.len())).unwrap_or_default();
    let mut out = String::new();
    site.push_comments(&mut out, &issue, shown, start, size);
    Ok(Reply::json_text(200, out))
}

/// `GET /issue/{idOrKey}/comment/{id}`.
pub(super) fn comment(site: &Site, id_or_key: &str, id: &str) -> Result<Reply, Reply> {
    let issue = site
        .find(id_or_key)
        .and_then(|index| site.issue(index))
        .ok_or_else(errors::no_issue)?;
    let mut comments = issue.comments.iter();
    let comment = comments
        .find(|comment| comment.id.to_string() == id)
        .ok_or_else(|| {
            let message = format!("Can not find a comment for the id: {id}.");
            errors::messages(404, &[&message])
        })?;
    let mut out = String::new();
    site.push_comment(&mut out, &issue, comment);
    Ok(Reply::json_text(200, out))
}

/// `startAt` and `maxResults`; what is more than allowed is silently less.
pub(super) fn page(
    request: &Request,
    default: usize,
    most: usize,
) -> Result<(usize, usize), Reply> {
    let number = |name: &str, default: usize| match request.query(name) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| {
            errors::problem(
                400,
                "Bad Request",
                &format!("{name} is not a number: {text}"),
            )
        }),
    };
    Ok((
        number("startAt", 0)?,
        number("maxResults", default)?.clamp(1, most),
    ))
}
