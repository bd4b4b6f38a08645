//! Jira and Brevo emulated on loopback ports: seeded, strict, with faults on demand.
//!
//! Two HTTP servers answer as the services do, as far as their definitions and observed behaviour
//! tell; what neither tells is decided here and said in the comment of the place. Everything that
//! looks random is drawn from one seed. The servers hold no code of the product's: an emulator
//! that shares a mistake with its client would prove nothing.
//!
//! Both ports also answer `/_sandbox/…`, by which tests set faults, edit issues, move the clock
//! and read the end state ([`control`] lists the paths). Those requests need no credentials, meet
//! no faults and count against no limit.

mod clock;
pub mod control;
mod counts;
mod error;
mod exchange;
mod faults;
mod front;
mod gzip;
mod hooks;
mod journal;
mod limits;
mod log;
mod options;
mod random;
mod server;

mod brevo;
mod jira;

pub use error::SandboxError;
pub use exchange::Service;
pub use faults::{Fault, FaultKind, Faults};
pub use options::Options;
pub use server::{Extras, Sandbox, SeededWebhook};
