//! `/healthz`, `/readyz` and `/metrics`: how the server stands, for whoever asks.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures::future::BoxFuture;
use serde::Serialize;

use super::metrics::{Facts, Format, Metrics};
use crate::state::StateError;

/// Why the server cannot work, or what may keep it from working soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What kind of trouble: the code of a diagnostic, or one of the server's own.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The file that it is about.
    pub file: Option<String>,
}

/// How the server stands.
#[derive(Debug, Default)]
pub struct Health(Mutex<Standing>);

#[derive(Clone, Debug, Default)]
struct Standing {
    reasons: Vec<Reason>,
    warnings: Vec<Reason>,
}

impl Health {
    /// Says why it cannot work, and what is to be warned of.
    pub fn set(&self, reasons: Vec<Reason>, warnings: Vec<Reason>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Standing { reasons, warnings };
    }

    fn get(&self) -> Standing {
        let standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standing.clone()
    }
}

/// Asks the state what only it knows.
pub trait AskState: Send + Sync {
    /// What `/metrics` needs of it.
    fn facts(&self) -> BoxFuture<'_, Result<Facts, StateError>>;
}

/// What the routes work with.
pub struct Shown {
    /// How the server stands.
    pub health: Arc<Health>,
    /// What it has counted.
    pub metrics: Arc<Metrics>,
    /// What the state knows.
    pub state: Arc<dyn AskState>,
}

/// The routes.
pub fn router(shown: Arc<Shown>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(shown)
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<Reason>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<Reason>>,
}

async fn ready(State(shown): State<Arc<Shown>>) -> Response {
    let Standing {
        mut reasons,
        warnings,
    } = shown.health.get();
    if let Err(error) = shown.state.facts().await {
        reasons.push(of_state(&error));
    }
    if reasons.is_empty() {
        let body = Ready {
            ready: true,
            reasons: None,
            warnings: Some(warnings),
        };
        return (StatusCode::OK, axum::Json(body)).into_response();
    }
    let body = Ready {
        ready: false,
        reasons: Some(reasons),
        warnings: None,
    };
    (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response()
}

/// The state cannot be asked.
fn of_state(error: &StateError) -> Reason {
    Reason {
        code: "state.unavailable".to_owned(),
        message: error.to_string(),
        file: None,
    }
}

async fn metrics(State(shown): State<Arc<Shown>>, headers: HeaderMap) -> Response {
    let accept = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(",");
    let format = Format::asked_for(&accept);
    // Zeros in place of what is not known would be a lie.
    let facts = match shown.state.facts().await {
        Ok(facts) => facts,
        Err(error) => {
            tracing::error!("the state cannot be asked for the metrics: {error}");
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                "the state cannot be asked\n",
            )
                .into_response();
        }
    };
    let text = shown.metrics.text(&facts, format);
    ([(header::CONTENT_TYPE, format.content_type())], text).into_response()
}
