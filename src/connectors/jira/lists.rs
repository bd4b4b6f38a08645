//! Lists that belong to an issue: changes, comments, worklogs.

use std::collections::HashSet;
use std::sync::Arc;

use super::records::is_internal;
use super::session::{Session, broken};
use crate::http::Failure;
use crate::record::{Object, Value};

/// How many elements a page is asked to have: Jira's most.
const PAGE: usize = 100;

/// All elements of a list that comes in pages by `startAt`.
///
/// # Errors
/// What stands in the way; a list whose pages come again and again.
pub(super) async fn all_pages(
    session: &Session,
    path: &str,
    list: &str,
) -> Result<Vec<Value>, Failure> {
    let mut all: Vec<Value> = Vec::new();
    let mut ids = HashSet::new();
    let mut start = 0;
    loop {
        let asked = format!("{path}?startAt={start}&maxResults={PAGE}");
        let page = session.value(&asked).await?;
        let Some(values) = page.get(list).and_then(Value::as_array) else {
            return Err(broken(path, &format!("it has no list `{list}`")));
        };
        start += values.len();
        let before = all.len();
        for value in values {
            // Something new moves what comes after it to a later page.
            let new = value.get("id").is_none_or(|id| ids.insert(id.to_json()));
            if new {
                all.push(value.clone());
            }
        }
        let last = page.get("isLast") == Some(&Value::Bool(true));
        let total = number(page.get("total"));
        // A full page may be followed by more, whatever was counted: counts lie in both directions.
        let counted = total.is_some_and(|total| start >= total) && values.len() < PAGE;
        if values.is_empty() || last || counted {
            return Ok(all);
        }
        if all.len() == before {
            return Err(broken(path, "the same page comes again"));
        }
    }
}

/// A list of comments or worklogs as the record holds it: all of it, but for internal ones.
pub(super) fn without_internal(embedded: &Value, list: &str, mut all: Vec<Value>) -> Object {
    all.retain(|one| !is_internal(one));
    let mut complete = embedded.as_object().cloned().unwrap_or_default();
    complete.insert("total", all.len() as u64);
    complete.insert(list, all);
    complete
}

/// The lists of an issue whose elements may not be for everybody's eyes: field and list.
const HANGING: [(&str, &str); 2] = [("comment", "comments"), ("worklog", "worklogs")];

/// Leaves out of an issue what is internal of the comments and worklogs that it holds, also as Jira
/// renders them.
pub(in crate::connectors::jira) fn hide_internal(issue: &mut Object) {
    for (field, list) in HANGING {
        let mut hidden = HashSet::new();
        for fields in ["fields", "renderedFields"] {
            let held = issue.get(fields).and_then(|fields| fields.get(field));
            let Some(held) = held else { continue };
            let all = held.get(list).and_then(Value::as_array).unwrap_or_default();
            let id = |one: &Value| one.get("id").map(Value::to_json);
            hidden.extend(all.iter().filter(|one| is_internal(one)).filter_map(id));
            let is_hidden =
                |one: &Value| is_internal(one) || id(one).is_some_and(|id| hidden.contains(&id));
            let left: Vec<Value> = all.iter().filter(|one| !is_hidden(one)).cloned().collect();
            let gone = all.len() - left.len();
            if gone == 0 {
                continue;
            }
            let mut shown = held.as_object().cloned().unwrap_or_default();
            if let Some(total) = number(shown.get("total")) {
                shown.insert("total", total.saturating_sub(gone) as u64);
            }
            shown.insert(list, left);
            if let Some(Value::Object(fields)) = issue.get_mut(fields) {
                Arc::make_mut(fields).insert(field, shown);
            }
        }
    }
}

/// The same of an issue as a value.
pub(super) fn hide_internal_of(issue: &mut Value) {
    if let Value::Object(members) = issue {
        hide_internal(Arc::make_mut(members));
    }
}

/// A count.
pub(super) fn number(value: Option<&Value>) -> Option<usize> {
    match value? {
        Value::Number(number) => usize::try_from(number.as_i64()?).ok(),
        _ => None,
    }
}
