//! What outlives a run: cursors, what was sent, what waits to be sent, what could not be.
//!
//! The unit of everything is the [`Lane`]. Every changing call is durable when it returns, and no
//! transaction spans a call to a service. Knows operations and cursors; must not know pipelines,
//! services or what a payload means. [`SqliteStore`] is the embedded store; the traits are small
//! enough that a PostgreSQL twin can stand behind them.

mod admin;
mod commit;
mod dead_letter;
mod delivery;
mod error;
mod gauge;
mod group;
mod inbox;
mod lane;
mod permit;
mod scratch;
mod seal;
mod serving;
mod sqlite;
mod store;
mod stored;
mod vault;

pub use admin::{Admin, Binding, LaneView, Limit, Reset, Tracked, View};
pub use commit::{Change, Commit, Decision, Fact, SinkTerms, SourceKnown};
pub use dead_letter::{DeadLetter, NewDeadLetter, Remains, RetriedRecord};
pub use delivery::{Delivery, Due, DueRow, Guarded, Held, RowState, Settlement};
pub use error::StateError;
pub use gauge::{Gauge, GaugeOf};
pub use group::{Group, GroupId};
pub use inbox::{Appended, Cursors, Inbox, InboxItem, InboxView};
pub use lane::{Claim, Lane, Lease, Origin, RunRecord, ScopeOf};
pub use permit::{Permit, Permits};
pub use scratch::ScratchTable;
pub use seal::Seal;
pub use serving::{Serving, Standing, Watched};
pub use sqlite::{DatabaseTime, SecretMarks, SqliteStore, StateReader, Vault};
pub use store::Store;
pub use vault::{CredentialView, KeptCredential};

#[cfg(test)]
mod tests;
