//! Lists that come in pages by `startAt`.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::lists::number;
use super::session::{Session, broken};
use crate::http::Failure;
use crate::record::{Projection, Value};

/// Where boards and sprints are listed,
const AGILE: &str = "/rest/agile/1.0/";
/// and where what lies beside them has moved to.
const SOFTWARE: &str = "/rest/software/1.0/";

/// A list being read, page after page.
pub(super) struct Pages {
    path: String,
    list: Option<&'static str>,
    size: usize,
    start: usize,
    reads: Projection,
    /// Hashes of the first elements so far: one that comes again is a list that goes in circles.
    firsts: HashSet<u64>,
    /// The page before was empty, which need not be the end.
    gap: bool,
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

    /// A list that is the whole answer: it ends with two empty pages, since a page may be short, or
    /// empty, where the caller does not see all of it.
    pub(super) fn bare(path: String, size: usize, element: Projection) -> Self {
        Self {
            path,
            list: None,
            size,
            start: 0,
            reads: element,
            firsts: HashSet::new(),
            gap: false,
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

    /// Asks where a list of boards or sprints would have moved to, once, before anything of it came.
    pub(super) fn moved(&mut self) -> bool {
        let moved = self.path.strip_prefix(AGILE).filter(|_| self.start == 0);
        let Some(rest) = moved else { return false };
        self.path = format!("{SOFTWARE}{rest}");
        true
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
        if let Some(first) = list.first() {
            let mut hasher = DefaultHasher::new();
            first.to_json().hash(&mut hasher);
            if !self.firsts.insert(hasher.finish()) {
                return Err(broken(&self.path, "the same page comes again"));
            }
        }
        let last = answer.get("isLast") == Some(&Value::Bool(true));
        let total = number(answer.get("total"));
        self.ended = last || self.ends(list.len(), total);
        self.gap = list.is_empty();
        self.start += if self.gap { self.size } else { list.len() };
        Ok(Some(list.to_vec()))
    }

    /// True after a page of so many elements that does not say itself that it is the last.
    fn ends(&self, given: usize, total: Option<usize>) -> bool {
        if given == 0 {
            return self.list.is_some() || self.gap;
        }
        // A full page may be followed by more, whatever was counted: counts lie in both directions.
        let counted = total.is_some_and(|total| self.start + given >= total);
        counted && given < self.size
    }
}
