//! One client behind a `Transport`: rate limits, retries, redaction, the error taxonomy; knows
//! neither Jira nor Brevo.

mod answer;
mod authorize;
mod client;
mod clock;
mod failure;
mod message;
mod pace;
mod random;
mod secret;
mod share;
mod transport;
mod wire;

pub use answer::{class_of, failure_of, is_html, without_addresses};
pub use authorize::{Authorizer, Fixed, bearer};
pub use client::{Call, Client, Dialect, Exchange, Exchanges, NoExchanges, Parts, Safety};
pub use clock::{Clock, ManualClock, later, until};
pub use failure::{Class, Effect, Failure, Holds};
pub use message::{HeaderValue, Headers, Method, Request, Response};
pub use pace::{LimitSeen, Pacer};
pub use random::{Random, SeededRandom, SystemRandom};
pub use secret::Secret;
pub use share::{SharedPace, Turn};
pub use transport::{Transport, TransportError, TransportTrouble};
pub use wire::HttpTransport;

pub use crate::config::is_loopback;
