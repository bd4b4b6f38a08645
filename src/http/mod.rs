//! One client behind a `Transport`: rate limits, retries, redaction, the error taxonomy; knows
//! neither Jira nor Brevo.

mod clock;
mod failure;
mod random;

pub use clock::{Clock, ManualClock, later, until};
pub use failure::{Class, Effect, Failure};
pub use random::{Random, SeededRandom, SystemRandom};
