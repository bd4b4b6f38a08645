//! Files of records: JSON, JSON Lines and CSV.
