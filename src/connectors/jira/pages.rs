//! Lists that come in pages by `startAt`.

use std::sync::Arc;

use super::lists::number;
use super::session::{Session, broken};
use crate::http::Failure;
use crate::record::{Projection, Value};

/// A list being read, page after page.
pub(super) struct Pages {
    path: String,
    list: Option<&'static str>,
    size: usize,
    start: usize,
    reads: Projection,
    first: Option<String>,
    ended: bool,
}

impl Pages {
    /// A list under a name in each answer; `path` may have a query.
    pub(super) fn of(path: String, list: &'static str, size: usize, element: Projection) -> Self {
        let mut members: Vec<(Arc<str>, Projection)> = ["isLast", "total"]
            .map(|name| (Arc::from(name), Projection::Whole))
            .into();
        members.push((list.into(), element));
        Self {
            list: Some(list),
            ..Self::bare(path, size, Projection::Members(members))
        }
    }

    /// A list that is the whole answer: it ends with an empty page, since a page may be short
    /// where the caller does not see all of it.
    pub(super) const fn bare(path: String, size: usize, element: Projection) -> Self {
        Self {
            path,
            list: None,
            size,
            start: 0,
            reads: element,
            first: None,
            ended: false,
        }
    }

    /// Asks for fewer at once, where it can be fewer.
    pub(super) const fn smaller(&mut self) -> bool {
        let smaller = self.size > 100;
        if smaller {
            self.size = 100;
        }
        smaller
    }

    /// The next elements; none after the last. Nothing has moved where it fails.
    pub(super) async fn next(&mut self, session: &Session) -> Result<Option<Vec<Value>>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let separator = if self.path.contains('?') { '&' } else { '?' };
        let asked = format!(
            "{}{separator}startAt={}&maxResults={}",
            self.path, self.start, self.size
        );
        let answer = session.read(&asked, &self.reads).await?;
        let list = match self.list {
            Some(name) => answer.get(name).and_then(Value::as_array),
            None => answer.as_array(),
        };
        let Some(list) = list else {
            let name = self.list.unwrap_or_default();
            return Err(broken(&self.path, &format!("it has no list {name}")));
        };
        let first = list.first().map(Value::to_json);
        if first.is_some() && first == self.first {
            return Err(broken(&self.path, "the same page comes again"));
        }
        self.first = first;
        self.start += list.len();
        let last = answer.get("isLast") == Some(&Value::Bool(true));
        let total = number(answer.get("total"));
        self.ended = list.is_empty() || last || total.is_some_and(|total| self.start >= total);
        Ok(Some(list.to_vec()))
    }
}
