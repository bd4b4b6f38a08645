//! Durable state: cursors, ledger, outbox, dead letters, inbox and leases; knows no pipelines.
