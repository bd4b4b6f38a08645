//! The embedded store: one SQLite file, WAL, `synchronous = FULL`, one writing thread.
//!
//! Rows are found by keyed hashes and carry a checksum over all their columns; what is settled is
//! deleted with `secure_delete` on. Several processes may have the file open.

mod ballast;
mod database;
mod dead_letters;
mod fold;
mod gauges;
mod groups;
mod hash;
mod inbox;
mod lanes;
mod ledger;
mod marks;
mod outbox;
mod parts;
mod permits;
mod reader;
mod receipts;
mod remembered;
mod row;
mod schema;
mod serving;
mod store;
mod vault;
mod worker;

pub use database::DatabaseTime;
pub use marks::SecretMarks;
pub use reader::StateReader;
pub use store::SqliteStore;
pub use vault::Vault;
