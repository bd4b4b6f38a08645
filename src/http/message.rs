//! Requests and answers as data.

use std::fmt;

use bytes::Bytes;
use url::Url;

use super::Secret;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or reads with a body.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// As it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A header's value.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    /// May be logged.
    Plain(String),
    /// A credential.
    Secret(Secret),
}

/// A request.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to, query included.
    pub url: Url,
    /// Names in lower case, with values.
    pub headers: Vec<(String, HeaderValue)>,
    /// The body; none for a request without one.
    pub body: Option<Bytes>,
    /// The path as messages show it, where the real one names a person.
    pub shown: Option<&'static str>,
}

impl fmt::Debug for Request {
    /// Without the body, which may hold a secret or a person's values, and without the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("call", &self.name())
            .field("headers", &self.headers)
            .field("bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub const fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: None,
            shown: None,
        }
    }

    /// Adds a header; its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers
            .push((name.to_owned(), HeaderValue::Plain(value.into())));
        self
    }

    /// Adds a header that holds a credential.
    #[must_use]
    pub fn secret_header(mut self, name: &str, value: Secret) -> Self {
        self.headers
            .push((name.to_owned(), HeaderValue::Secret(value)));
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, json: impl Into<Bytes>) -> Self {
        let mut request = self.header("content-type", "application/json");
        request.body = Some(json.into());
        request
    }

    /// Sends a form.
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(pairs).finish();
        let mut request = self.header("content-type", "application/x-www-form-urlencoded");
        request.body = Some(form.into());
        request
    }

    /// Shows this path in messages instead of the real one, which names a person.
    #[must_use]
    pub const fn shown_as(mut self, path: &'static str) -> Self {
        self.shown = Some(path);
        self
    }

    /// Method and path, for messages: no query, whose values may be a person's.
    #[must_use]
    pub fn name(&self) -> String {
        let path = self.shown.unwrap_or_else(|| self.url.path());
        format!("{} {path}", self.method)
    }
}

/// Headers of an answer.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The value of the first header of that name, whatever its case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Each header in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        Self(
            headers
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Response {
    /// An answer without headers.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Headers::default(),
            body: body.into(),
        }
    }

    /// True for 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }
}
