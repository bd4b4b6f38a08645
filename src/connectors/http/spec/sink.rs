//! `http` as a sink.

use std::sync::Arc;

use super::Auth;
use crate::config::SecretSource;
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::operation::{Operation, Place, Policy, Version};
use crate::record::{Object, Record, Value};

/// Requests to what has no sink of its own, each sent once.
#[derive(Debug)]
pub struct HttpSink {
    /// What makes a request one; none: the record's identity.
    pub id: Option<Expression>,
    /// As it is written on the wire.
    pub method: &'static str,
    /// What is asked.
    pub url: Expression,
    /// How to get in.
    pub auth: Option<Auth>,
    /// Further headers, their names in lower case.
    pub headers: Vec<(Arc<str>, Expression)>,
    /// Further headers that are secrets.
    pub secret_headers: Vec<(String, SecretSource)>,
    /// The body, sent as JSON.
    pub body: Option<Expression>,
    /// A request may be repeated: its key is honoured, or the method says so.
    pub repeatable: bool,
    /// How old a record may be that is from before the first run, in milliseconds.
    pub backfill_ms: i64,
    /// What the keys are unique in: the method and the address as it is written.
    pub scope: Arc<str>,
}

impl HttpSink {
    /// The operation of a record: `{ method, url, headers?, body? }`.
    ///
    /// # Errors
    /// Where the record has no id, or the address is none that may be asked.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Operation, Trouble> {
        let key = crate::connectors::keyed::key_of(self.id.as_ref(), record)?;
        let url = self.url.evaluate(&record.value)?;
        let trouble = |reason: String| Trouble::new(TroubleKind::WrongKind, reason, "", 0..0);
        let Some(Value::String(url)) = url else {
            return Err(trouble(
                "the record has no `url` for the request".to_owned(),
            ));
        };
        let url = super::address(&url).map_err(|why| trouble(format!("`url` is {why}")))?;
        let mut headers = Object::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let value = value.evaluate(&record.value)?;
            if let Some(text) = value.as_ref().and_then(super::source::scalar) {
                headers.push(Arc::clone(name), text.into());
            }
        }
        let mut payload = Object::with_capacity(4);
        payload.push("method".into(), self.method.into());
        payload.push("url".into(), url.as_str().into());
        if !headers.is_empty() {
            payload.push("headers".into(), headers.into());
        }
        if let Some(body) = &self.body
            && let Some(body) = body.evaluate(&record.value)?
        {
            payload.push("body".into(), body);
        }
        Ok(Operation {
            sink: "http".into(),
            sink_index,
            scope: Arc::clone(&self.scope),
            key,
            policy: Policy::Once,
            version: Version::default(),
            payload: payload.into(),
            unites: Vec::new(),
            receipt: None,
            subject: None,
            happened_at: record.happened_at(record.time),
            record: Arc::clone(&record.name),
            at: at.clone(),
        })
    }
}
