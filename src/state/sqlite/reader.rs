//! The state as `plan`, `status` and their like read it: nothing is written, no file is made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::super::{
    Binding, CredentialView, Cursors, DeadLetter, Decision, GaugeOf, Group, GroupId, InboxItem,
    InboxView, Lane, LaneView, Limit, Origin, ScopeOf, SinkTerms, StateError, Tracked, View,
};
use super::database::{Database, Fault};
use super::{dead_letters, fold, groups, inbox, lanes, ledger, parts, permits, vault};
use crate::connectors::Known;
use crate::operation::Operation;

/// An existing state, opened anew for each question, so that it never sees half a change of
/// another process.
pub struct StateReader {
    file: PathBuf,
    path: Arc<str>,
}

impl StateReader {
    /// The state at a path; none where there is no file yet.
    ///
    /// # Errors
    /// Where the file is no state, is newer than this program, or cannot be read.
    pub fn open_existing(file: &Path) -> Result<Option<Self>, StateError> {
        // One that a crash left empty is made anew by the next run.
        if std::fs::metadata(file).map_or(true, |facts| facts.is_file() && facts.len() == 0) {
            return Ok(None);
        }
        let reader = Self {
            file: file.into(),
            path: file.display().to_string().into(),
        };
        reader.ask(|_| Ok(()))?;
        Ok(Some(reader))
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T, StateError> {
        let database = Database::open_to_read(&self.file, &self.path)?;
        question(&database).map_err(|fault| fault.at(&self.path))
    }
}

impl View for StateReader {
    fn lanes(&self) -> BoxFuture<'_, Result<Vec<LaneView>, StateError>> {
        ready(self.ask(lanes::views)).boxed()
    }

    fn dead_letters<'a>(
        &'a self,
        pipeline: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<DeadLetter>, StateError>> {
        ready(self.ask(|database| dead_letters::list(database, pipeline))).boxed()
    }

    fn tracked(&self) -> BoxFuture<'_, Result<Tracked, StateError>> {
        ready(self.ask(permits::tracked)).boxed()
    }

    fn known<'a>(&'a self, scope_prefix: &'a str) -> BoxFuture<'a, Result<u64, StateError>> {
        ready(self.ask(|database| ledger::known(database, scope_prefix))).boxed()
    }

    fn limits(&self) -> BoxFuture<'_, Result<Vec<(String, Limit)>, StateError>> {
        ready(self.ask(permits::limits)).boxed()
    }

    fn holds<'a>(&'a self, bindings: &'a [Binding]) -> BoxFuture<'a, Result<(), StateError>> {
        ready(self.ask(|database| permits::hold(database, bindings).map(drop))).boxed()
    }

    fn bindings(&self) -> BoxFuture<'_, Result<Vec<Binding>, StateError>> {
        ready(self.ask(permits::bindings)).boxed()
    }

    fn secret_names(&self) -> BoxFuture<'_, Result<Vec<String>, StateError>> {
        ready(self.ask(vault::secret_names)).boxed()
    }

    fn credentials(&self) -> BoxFuture<'_, Result<Vec<CredentialView>, StateError>> {
        ready(self.ask(vault::credentials)).boxed()
    }

    fn origin<'a>(
        &'a self,
        lane: &'a Lane,
        scopes: &'a [ScopeOf],
    ) -> BoxFuture<'a, Result<Option<Origin>, StateError>> {
        ready(self.ask(|database| lanes::origin(database, lane, scopes))).boxed()
    }

    fn groups<'a>(
        &'a self,
        lane: &'a Lane,
        after: Option<GroupId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Group>, StateError>> {
        let groups = self.ask(|database| match lanes::find(database, lane)? {
            Some(row) => groups::after(database, row.id, after, limit),
            None => Ok(Vec::new()),
        });
        ready(groups).boxed()
    }

    fn gauges(&self) -> BoxFuture<'_, Result<Vec<GaugeOf>, StateError>> {
        ready(self.ask(lanes::gauges)).boxed()
    }

    fn known_of<'a>(
        &'a self,
        lane: &'a Lane,
        source: &'a str,
        owners: &'a [Arc<str>],
    ) -> BoxFuture<'a, Result<Vec<Known>, StateError>> {
        let known = self.ask(|database| {
            // A lane that never ran has no number: nothing is kept under this one.
            let lane = lanes::find(database, lane)?.map_or(-1, |row| row.id);
            parts::known(database, lane, source, owners)
        });
        ready(known).boxed()
    }

    fn decide<'a>(
        &'a self,
        sinks: &'a [SinkTerms],
        operations: &'a [Operation],
    ) -> BoxFuture<'a, Result<Vec<Decision>, StateError>> {
        ready(self.ask(|database| fold::foresee(database, sinks, operations))).boxed()
    }
}

impl InboxView for StateReader {
    fn inbox_after<'a>(
        &'a self,
        connection: &'a str,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<InboxItem>, StateError>> {
        ready(self.ask(|database| inbox::after(database, connection, after, limit))).boxed()
    }

    fn inbox_depths(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StateError>> {
        ready(self.ask(inbox::depths)).boxed()
    }

    fn cursors<'a>(&'a self, pipeline: &'a str) -> BoxFuture<'a, Result<Cursors, StateError>> {
        ready(self.ask(|database| lanes::cursors(database, &Lane::of(pipeline)))).boxed()
    }
}
