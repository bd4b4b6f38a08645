//! The groups that an aggregate made in the last run.

/// A group of the last run.
///
/// A group that is gone is yielded once more with its values of `by`, so these must outlive the
/// run, and they may be people's data: an account id, an e-mail. A keyed hash as the ledger has
/// it would not do, since it cannot be read back; asking the destination what it holds is no way
/// either, since a file or an event cannot be asked. They are therefore sealed under the project's
/// key, which stands outside the state: who has only the state reads nothing. They go when the
/// group goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// By what it is found: a hash under the project's key.
    pub id: GroupId,
    /// What it is, sealed.
    pub sealed: Vec<u8>,
}

/// See [`Group::id`].
pub type GroupId = [u8; 16];
