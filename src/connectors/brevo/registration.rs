//! Brevo's webhooks: what is registered, and registering it.

use serde::Deserialize;
use serde_json::json;

use super::session::{OTHER, Session};
use crate::http::{Class, Failure, Method, Safety, Secret};

/// A webhook as the account has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Registered {
    /// Its id.
    pub id: u64,
    /// Where it delivers.
    pub url: String,
    /// Its events, by the names that they are registered with.
    #[serde(default)]
    pub events: Vec<String>,
    /// `marketing` or `transactional`.
    #[serde(rename = "type", default)]
    pub kind: String,
}

#[derive(Deserialize)]
struct All {
    #[serde(default)]
    webhooks: Vec<Registered>,
}

impl Session {
    /// The account's webhooks of a kind.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn webhooks(&self, kind: &str) -> Result<Vec<Registered>, Failure> {
        match self
            .get::<All>(OTHER, &format!("/webhooks?type={kind}"))
            .await
        {
            Ok(all) => Ok(all.webhooks),
            // An account without any.
            Err(failure) if failure.class == Class::NotFound => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }

    /// Registers a webhook, or corrects the one of that id.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn put_webhook(
        &self,
        id: Option<u64>,
        (kind, url, events): (&str, &str, &[String]),
        token: &Secret,
    ) -> Result<(), Failure> {
        let mut body = json!({
            "url": url, "description": "flowline", "events": events,
            "auth": { "type": "bearer", "token": token.expose() },
        });
        let (method, path, safety) = match id {
            Some(id) => (Method::Put, format!("/webhooks/{id}"), Safety::Repeatable),
            None => {
                body["type"] = kind.into();
                (Method::Post, "/webhooks".to_owned(), Safety::Once)
            }
        };
        let body = body.to_string().into_bytes();
        self.send(method, OTHER, &path, Some(body), safety)
            .await
            .map(drop)
    }

    /// Removes a webhook.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn remove_webhook(&self, id: u64) -> Result<(), Failure> {
        let path = format!("/webhooks/{id}");
        self.send(Method::Delete, OTHER, &path, None, Safety::Repeatable)
            .await
            .map(drop)
    }
}
