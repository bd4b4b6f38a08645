//! What is kept sealed, as those see it who may ask for it.

use std::fmt;

/// A credential as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptCredential {
    /// What was kept, opened.
    pub text: String,
    /// Grows with each change.
    pub version: i64,
    /// A token of it was being exchanged when this was read: by another process, or by one that
    /// ended before it knew the answer.
    pub exchanging: bool,
}

impl fmt::Debug for KeptCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptCredential")
            .field("version", &self.version)
            .field("exchanging", &self.exchanging)
            .finish_non_exhaustive()
    }
}

/// What is known of a connection's credential without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialView {
    /// The connection.
    pub connection: String,
    /// When its access token ends, in epoch milliseconds; none for what does not end by itself.
    pub expires_at: Option<i64>,
    /// A token of it is being exchanged.
    pub exchanging: bool,
}
