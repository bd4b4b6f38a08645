//! A Brevo account and the right to write to it.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::dialect::BrevoDialect;
use crate::http::{
    Authorizer, Call, Class, Client, Failure, Fixed, Method, Pacer, Parts, Request, Response,
    Safety, Secret,
};
use crate::record::{Projection, Value};

/// `/contacts/…`: 10 a second on every plan.
pub(super) const CONTACTS: &str = "contacts";
/// `POST /events`: 10 a second.
pub(super) const EVENTS: &str = "events";
/// Other `/smtp/…`: 300 an hour.
pub(super) const TEMPLATES: &str = "smtp";
/// Everything else, 100 an hour: the account, and `POST /events/batch` and `GET /events`, which no
/// list of limits names.
pub(super) const OTHER: &str = "other";

/// `POST /smtp/email`: 1,000 a second.
pub(super) const EMAIL: &str = "email";
/// All of them.
pub const FAMILIES: &[&str] = &[CONTACTS, EVENTS, OTHER, EMAIL, TEMPLATES];

/// An account and a key to it.
pub struct Session {
    client: Client,
    base: Url,
    /// The account: what the state is bound to.
    pub account: String,
    /// The address of the account, from which notices are sent; none where Brevo does not say.
    pub(super) email: Option<String>,
    /// How long to wait before an event's absence is believed, in milliseconds.
    pub visible_after_ms: i64,
}

#[derive(Deserialize)]
struct Account {
    email: Option<String>,
    // In camel case in older answers.
    #[serde(alias = "organizationId")]
    organization_id: Option<String>,
}

impl Session {
    /// Checks the key and finds the account.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn open(parts: Parts, url: &Url, key: Secret) -> Result<Self, Failure> {
        Self::enter(parts, url, Arc::new(Fixed::new("api-key", key))).await
    }

    /// Checks the right to ask and finds the account.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn enter(
        parts: Parts,
        url: &Url,
        authorizer: Arc<dyn Authorizer>,
    ) -> Result<Self, Failure> {
        let pacer = Pacer::default();
        pacer.documented(CONTACTS, 10.0, 1.0);
        pacer.documented(EVENTS, 10.0, 1.0);
        pacer.documented(EMAIL, 1_000.0, 1.0);
        pacer.counted_in(TEMPLATES, 3_600.0);
        // The answer to the question for the account states the limit before it matters.
        pacer.counted_in(OTHER, 3_600.0);
        let client = Client::new(parts, Arc::new(BrevoDialect), pacer).authorized(authorizer);
        let mut session = Self {
            client,
            base: url.clone(),
            account: String::new(),
            email: None,
            visible_after_ms: 60_000,
        };
        let account: Account = match session.get(OTHER, "/account").await {
            // Every account has itself: this is another server, or another path of it.
            Err(failure) if failure.class == Class::NotFound => {
                return Err(failure
                    .help("check the connection's `url`: Brevo's is https://api.brevo.com/v3"));
            }
            answer => answer?,
        };
        session.email.clone_from(&account.email);
        session.account = account.organization_id.or(account.email).ok_or_else(|| {
            Failure::new(
                Class::BrokenAnswer,
                "Brevo: GET /account: the answer does not say which account it is",
            )
            .help("check `url` and a proxy in between")
        })?;
        Ok(session)
    }

    /// How long a call of a family would have to wait now, and how long each further one.
    pub(super) fn outlook(&self, family: &'static str) -> (Duration, Duration) {
        self.client.outlook(family)
    }

    /// How long so many calls of a family would take from now on, by its limit alone.
    #[must_use]
    pub fn forecast(&self, family: &'static str, calls: u64) -> Duration {
        self.client.forecast(family, calls)
    }

    /// Waits.
    pub(super) async fn sleep(&self, duration: Duration) {
        self.client.clock().sleep(duration).await;
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// What went wrong, or an answer that is not what it should be.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        family: &'static str,
        path: &str,
    ) -> Result<T, Failure> {
        let request = self.request(Method::Get, path, None)?;
        let name = request.name();
        let response = self.call(request, family, Safety::Repeatable).await?;
        read(&name, &response)
    }

    /// Reads what is known of a contact; none where the account has no such contact.
    ///
    /// # Errors
    /// What went wrong, or an answer that is not what it should be.
    pub(super) async fn contact<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, Failure> {
        let request = self.request(Method::Get, path, None)?.shown_as(CONTACT);
        let name = request.name();
        match self.call(request, CONTACTS, Safety::Repeatable).await {
            Ok(response) => read(&name, &response).map(Some),
            Err(failure) if failure.class == Class::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Reads of a contact what the projection names; none where the account has no such contact.
    ///
    /// # Errors
    /// What went wrong, or an answer that is not what it should be.
    pub(super) async fn contact_value(
        &self,
        path: &str,
        reads: &Projection,
    ) -> Result<Option<Value>, Failure> {
        let request = self.request(Method::Get, path, None)?.shown_as(CONTACT);
        let name = request.name();
        match self.call(request, CONTACTS, Safety::Repeatable).await {
            Ok(response) => Value::read(&response.body, reads).map(Some).map_err(|_| {
                Failure::new(
                    Class::BrokenAnswer,
                    format!("Brevo: {name}: the answer is not JSON"),
                )
                .help("run again; if it stays, check `url` and a proxy in between")
            }),
            Err(failure) if failure.class == Class::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Sends what is written of one contact, whose path names it.
    ///
    /// # Errors
    /// What went wrong at the last try.
    pub(super) async fn put_contact(&self, path: &str, body: Vec<u8>) -> Result<Response, Failure> {
        let request = self
            .request(Method::Put, path, Some(body))?
            .shown_as(CONTACT);
        self.call(request, CONTACTS, Safety::Repeatable).await
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// What went wrong at the last try.
    pub(super) async fn send(
        &self,
        method: Method,
        family: &'static str,
        path: &str,
        body: Option<Vec<u8>>,
        safety: Safety,
    ) -> Result<Response, Failure> {
        let request = self.request(method, path, body)?;
        self.call(request, family, safety).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Request, Failure> {
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| {
            Failure::new(
                Class::Rejected,
                format!("Brevo: the address is none: {error}"),
            )
            .help("check `url` in flowline.yaml")
        })?;
        let request = Request::new(method, url);
        Ok(match body {
            Some(body) => request.json(body),
            None => request,
        })
    }

    async fn call(
        &self,
        request: Request,
        family: &'static str,
        safety: Safety,
    ) -> Result<Response, Failure> {
        self.client
            .call(Call {
                request,
                family,
                safety,
            })
            .await
    }
}

/// A contact's path without the contact.
const CONTACT: &str = "/v3/contacts/…";

fn read<T: DeserializeOwned>(name: &str, response: &Response) -> Result<T, Failure> {
    serde_json::from_slice(&response.body).map_err(|error| {
        // The place alone: the error's words may hold a value.
        let (line, column) = (error.line(), error.column());
        Failure::new(
            Class::BrokenAnswer,
            format!(
                "Brevo: {name}: the answer is not what it should be (line {line}, column {column})"
            ),
        )
        .help("run again; if it stays, check `url` and a proxy in between")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connectors::brevo::testing::Script;

    #[tokio::test]
    async fn messages_do_not_name_the_contact_of_a_path() {
        let script = Script::default();
        script.answer(400, json!({ "code": "invalid_parameter", "message": "no" }));
        let session = script.session().await;
        let failure = session
            .put_contact("/contacts/jane%40example.com", b"{}".to_vec())
            .await
            .unwrap_err();
        assert!(!failure.message.contains("jane"), "{failure}");
        assert!(
            failure.message.contains("PUT /v3/contacts/…: 400"),
            "{failure}"
        );
    }

    #[tokio::test]
    async fn the_rest_is_counted_by_the_hour_also_in_an_hours_last_second() {
        let script = Script::default();
        let session = script
            .session_with(vec![
                ("x-sib-ratelimit-limit", "100"),
                ("x-sib-ratelimit-remaining", "3"),
                ("x-sib-ratelimit-reset", "1"),
            ])
            .await;
        assert_eq!(session.outlook(OTHER).1.as_secs(), 36);
        assert_eq!(session.outlook(CONTACTS).1.as_millis(), 102);
    }
}
