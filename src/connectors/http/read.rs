//! Reading a JSON API's list, page after page.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use url::Url;

use super::link;
use super::session::{HttpSession, all_set};
use super::spec::{HttpCursor, HttpSource, Pages, address, scalar};
use crate::connectors::{BadRecord, Cursor, Page, Source, Start};
use crate::http::{Class, Failure, Response};
use crate::record::{Projection, Value};

/// More pages than any list has: the end of one that does not end.
const MAX_PAGES: u64 = 100_000;

/// A list being read.
pub struct HttpReader<'s> {
    session: HttpSession,
    spec: &'s HttpSource,
    zone: &'s TimeZone,
    answer: Projection,
    /// The first page's address.
    origin: Url,
    next: Next,
    /// Hashes of what the pages were asked with, and of the last answer: what comes again is a
    /// list that goes in circles.
    seen: HashSet<u64>,
    last_answer: Option<u64>,
    pages: u64,
    number: u64,
    left: u64,
    greatest: Option<Arc<str>>,
    notices: Vec<String>,
}

/// The next page.
enum Next {
    /// This address, with the number or offset that it was made of.
    At(Url, u64),
    End,
}

impl<'s> HttpReader<'s> {
    /// Opens a list where it is to start.
    ///
    /// # Errors
    /// Where the address may not be asked.
    pub fn open(
        session: HttpSession,
        spec: &'s HttpSource,
        reads: &Projection,
        zone: &'s TimeZone,
        start: &Start,
    ) -> Result<Self, Failure> {
        all_set("url", &spec.url)?;
        for (name, value) in &spec.headers {
            all_set(name, value)?;
        }
        let mut origin = address(&spec.url).map_err(|why| {
            Failure::new(
                Class::Rejected,
                format!("`url` of the source `http` is {why}"),
            )
            .help("write an address that starts with https://")
        })?;
        let greatest: Option<Arc<str>> = start
            .cursor
            .as_ref()
            .filter(|_| spec.cursor.is_some())
            .map(|cursor| cursor.0.as_str().into());
        if let (Some(cursor), Some(greatest)) = (&spec.cursor, &greatest) {
            set_query(&mut origin, &cursor.query, greatest);
        }
        let mut notices = Vec::new();
        if start.since.is_some() {
            notices.push("`http` knows no `--since`: it is read from its beginning".to_owned());
        }
        let first = match &spec.pages {
            Some(Pages::Number { first, .. }) => *first,
            _ => 0,
        };
        let mut reader = Self {
            session,
            spec,
            zone,
            answer: spec.answer(reads),
            next: Next::End,
            origin,
            seen: HashSet::new(),
            last_answer: None,
            pages: 0,
            number: 0,
            left: start.limit.unwrap_or(u64::MAX),
            greatest,
            notices,
        };
        reader.next = reader.counted(first);
        Ok(reader)
    }

    /// The page of a number or offset.
    fn counted(&self, count: u64) -> Next {
        let mut url = self.origin.clone();
        match &self.spec.pages {
            Some(Pages::Offset { query, limit, size }) => {
                set_query(&mut url, query, &count.to_string());
                set_query(&mut url, limit, &size.to_string());
            }
            Some(Pages::Number { query, .. }) => set_query(&mut url, query, &count.to_string()),
            _ => {}
        }
        Next::At(url, count)
    }

    async fn page(&mut self) -> Result<Option<Page>, Failure> {
        let Next::At(url, count) = std::mem::replace(&mut self.next, Next::End) else {
            return Ok(None);
        };
        if self.left == 0 {
            return Ok(None);
        }
        self.pages += 1;
        if self.pages > MAX_PAGES || !self.seen.insert(hash(url.as_str())) {
            return Err(circle(&url));
        }
        let response = self.session.get(url.clone(), &self.spec.headers).await?;
        let broken = |why: &str| {
            let message = format!("http: GET {}: the answer is not JSON: {why}", url.path());
            Failure::new(Class::BrokenAnswer, message).help("check `url` of the pipeline")
        };
        let read = |projection: &Projection| {
            if response.body.is_empty() {
                // 204 and its like.
                return Ok(Value::Null);
            }
            Value::read(&response.body, projection).map_err(|error| {
                broken(if error.is_eof() {
                    "it ends too early"
                } else {
                    "a character is wrong"
                })
            })
        };
        let mut answer = read(&self.answer)?;
        let mut found = self.spec.records.select(&answer);
        if found.is_empty() {
            // The records may be members of an object, whose names the projection does not know.
            answer = read(&Projection::Whole)?;
            found = self.spec.records.select(&answer);
        }
        let body = hash(&response.body);
        if !found.is_empty() && self.last_answer.replace(body) == Some(body) && self.pages > 1 {
            return Err(circle(&url));
        }
        self.next = self.after(&url, count, found.len() as u64, &answer, &response)?;
        let mut page = Page {
            notices: std::mem::take(&mut self.notices),
            ..Page::default()
        };
        let mut cut = false;
        for value in found {
            if self.left == 0 {
                cut = true;
                break;
            }
            self.left -= 1;
            self.number += 1;
            if let Some(cursor) = &self.spec.cursor {
                let read = cursor.read.first(&value).as_ref().and_then(scalar);
                self.greatest = HttpCursor::greater(self.greatest.take(), read);
            }
            if value.as_object().is_none() {
                page.bad.push(BadRecord {
                    name: format!("http#{}", self.number).into(),
                    reason: format!("the element is {}, not an object", value.kind()),
                });
                continue;
            }
            let record = self.spec.recorded(self.zone, value, self.number);
            page.records.push(record);
        }
        // The list is in an order of its own: only its end says that all before the greatest one
        // was read.
        let ended = matches!(self.next, Next::End) && !cut;
        page.cursor = self
            .greatest
            .as_ref()
            .filter(|_| ended)
            .map(|greatest| Cursor(greatest.to_string()));
        Ok(Some(page))
    }

    /// The page after an answer of so many records.
    fn after(
        &self,
        url: &Url,
        count: u64,
        found: u64,
        answer: &Value,
        response: &Response,
    ) -> Result<Next, Failure> {
        Ok(match &self.spec.pages {
            None => Next::End,
            Some(Pages::Offset { size, .. }) if found < *size => Next::End,
            Some(Pages::Offset { .. }) => self.counted(count + found),
            Some(Pages::Number { .. }) if found == 0 => Next::End,
            Some(Pages::Number { .. }) => self.counted(count + 1),
            Some(Pages::Token { read, query }) => {
                match read.first(answer).as_ref().and_then(scalar) {
                    None => Next::End,
                    Some(token) => {
                        let mut next = self.origin.clone();
                        set_query(&mut next, query, &token);
                        Next::At(next, 0)
                    }
                }
            }
            Some(Pages::Url(read)) => match read.first(answer).as_ref().and_then(scalar) {
                None => Next::End,
                Some(next) => self.at(url, &next)?,
            },
            Some(Pages::Link) => {
                let links = response.headers.iter();
                let mut links = links.filter(|(name, _)| name.eq_ignore_ascii_case("link"));
                match links.find_map(|(_, value)| link::next(value)) {
                    None => Next::End,
                    Some(next) => self.at(url, &next)?,
                }
            }
        })
    }

    /// The address that an answer names: the credential goes nowhere else.
    fn at(&self, url: &Url, next: &str) -> Result<Next, Failure> {
        let refused = |why: String| {
            Failure::new(Class::Rejected, format!("http: GET {}: {why}", url.path())).help(
                "check `pages` of the source; a next page is asked for at `url`'s own origin only",
            )
        };
        let next = url
            .join(next)
            .map_err(|_| refused("the next page's address is none".to_owned()))?;
        if next.origin() != self.origin.origin() {
            let other = next.origin().ascii_serialization();
            return Err(refused(format!(
                "the next page is on another origin, {other}"
            )));
        }
        Ok(Next::At(next, 0))
    }
}

fn circle(url: &Url) -> Failure {
    Failure::new(
        Class::BrokenAnswer,
        format!("http: GET {}: the same page comes again", url.path()),
    )
    .help("check `pages` of the source: the API may not know its parameter")
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Sets a parameter of the query, in the place of one of that name.
fn set_query(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(name, value);
}

impl Source for HttpReader<'_> {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Page>, Failure>> {
        Box::pin(self.page())
    }
}
