//! Recorded cases, played and compared; prints nothing.

mod case;
mod difference;
mod play;

pub(super) use case::{Case, cases, left_behind, orphans, read};
pub(super) use difference::difference;
pub(super) use play::play;
