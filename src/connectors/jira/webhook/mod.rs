//! Records of webhooks: what was delivered, re-read through REST so that a record looks the same
//! however it came.

mod recorded;
mod source;
mod things;
mod told;

pub use recorded::recorded_event;
pub use source::{InboxSource, Wanted};
