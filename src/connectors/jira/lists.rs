//! Lists that belong to an issue: changes, comments, worklogs.

use std::collections::HashSet;

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

/// A count.
pub(super) fn number(value: Option<&Value>) -> Option<usize> {
    match value? {
        Value::Number(number) => usize::try_from(number.as_i64()?).ok(),
        _ => None,
    }
}
