//! The pace of a credential, shared by all processes through the state.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use super::{BrevoWay, Endpoint, JiraWay};
use crate::http::{SharedPace, Turn};
use crate::state::Permits;

/// A credential's pace in the state.
pub struct StatePace {
    permits: Arc<dyn Permits>,
    credential: String,
}

impl StatePace {
    /// The pace of the credential of an endpoint: connections with the same one share it.
    #[must_use]
    pub fn of(endpoint: &Endpoint, permits: Arc<dyn Permits>) -> Self {
        let mut hash = Sha256::new();
        match endpoint {
            Endpoint::Jira { at, way, .. } => {
                let site = at.site.as_ref().map(ToString::to_string);
                let known = at.cloud_id.clone().or(site).unwrap_or_default();
                hash.update(format!("{known}\n"));
                match way {
                    JiraWay::Basic(basic) | JiraWay::Scoped(basic) => {
                        hash.update(format!("{}\n", basic.email));
                        hash.update(basic.token.expose());
                    }
                    JiraWay::Service(token) => hash.update(token.expose()),
                    JiraWay::OAuth(app, _) => hash.update(&app.client_id),
                }
            }
            Endpoint::Brevo { url, way, .. } => {
                hash.update(format!("{url}\n"));
                match way {
                    BrevoWay::Key(key) => hash.update(key.expose()),
                    BrevoWay::OAuth(client) => hash.update(&client.client_id),
                }
            }
        }
        // Half of it tells credentials apart.
        let credential = hash
            .finalize()
            .iter()
            .take(16)
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        Self {
            permits,
            credential,
        }
    }

    fn row(&self, family: &str) -> String {
        format!("{}/{family}", self.credential)
    }
}

impl SharedPace for StatePace {
    fn take<'a>(
        &'a self,
        family: &'static str,
        interval: Duration,
        slots: u32,
    ) -> BoxFuture<'a, Option<Turn>> {
        Box::pin(async move {
            let interval_us = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
            match self
                .permits
                .permit(&self.row(family), interval_us, slots)
                .await
            {
                Ok(permit) => Some(Turn {
                    at_us: permit.at_us,
                    given_us: permit.now_us,
                }),
                Err(error) => {
                    // Each process still keeps to the limit by itself, and to what answers say.
                    tracing::warn!(%error, family, "the rate is not shared with other processes");
                    None
                }
            }
        })
    }

    fn pause<'a>(&'a self, family: &'static str, wait: Duration) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let for_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            if let Err(error) = self.permits.pause(&self.row(family), for_ms).await {
                tracing::warn!(%error, family, "other processes are not told of a pause");
            }
        })
    }
}
