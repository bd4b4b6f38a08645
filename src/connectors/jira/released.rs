//! Which versions were released when a project's were last read: the day of a release is all that
//! Jira tells of it, and the pipeline's first run may lie on that day.

use std::sync::Arc;

use super::records::id_of;
use crate::connectors::{Known, Memory};
use crate::http::Failure;
use crate::record::{Happened, Record};

/// Stands among the parts, so that a project without a released version is known as well.
const READ: &str = "read";

/// The released versions of one project: those of the last reading, and of this one.
pub(super) struct Released {
    owner: Arc<str>,
    before: Vec<Arc<str>>,
    now: Vec<Arc<str>>,
}

impl Released {
    /// Begins to read a project's.
    pub(super) async fn of(project: &str, memory: &dyn Memory) -> Result<Self, Failure> {
        let owner: Arc<str> = project.into();
        let known = memory.known(std::slice::from_ref(&owner)).await?;
        Ok(Self {
            owner,
            before: known.into_iter().flat_map(|known| known.parts).collect(),
            now: vec![READ.into()],
        })
    }

    /// Says of a released version's record when it was released.
    pub(super) fn place(&mut self, record: &mut Record) {
        let Some(id) = id_of(record.value.get("id")) else {
            return;
        };
        record.happened = if self.before.is_empty() && record.time.is_none() {
            Happened::Before
        } else if self.before.is_empty() || self.before.contains(&id) {
            Happened::AtItsTime
        } else {
            Happened::SinceLastRun
        };
        self.now.push(id);
    }

    /// What the next run is to know, once all has been read.
    pub(super) fn known(self) -> Option<Known> {
        (self.now != self.before).then_some(Known {
            owner: self.owner,
            parts: self.now,
        })
    }
}
