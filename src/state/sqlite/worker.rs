//! One thread that owns a connection: whatever has queued becomes one transaction, and each
//! caller is answered after it is durable.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::super::StateError;
use super::ballast::Ballast;
use super::database::{Database, Fault};

/// How many callers' work becomes one transaction at most.
const GROUP: usize = 256;

/// Whether work adds to the state or drains it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Adds: refused on a full disk.
    Adds,
    /// Ends what is under way: on a full disk it gets the ballast's room.
    Drains,
}

trait Task: Send {
    fn effect(&self) -> Effect;
    fn run(&mut self, database: &Database) -> Result<(), Fault>;
    fn answer(self: Box<Self>, committed: Result<(), StateError>, path: &Arc<str>);
}

/// May run again after a transaction that found the disk full, so it keeps what it needs.
struct Work<T, F> {
    effect: Effect,
    work: F,
    result: Option<Result<T, Fault>>,
    caller: oneshot::Sender<Result<T, StateError>>,
}

impl<T: Send, F: FnMut(&Database) -> Result<T, Fault> + Send> Task for Work<T, F> {
    fn effect(&self) -> Effect {
        self.effect
    }

    fn run(&mut self, database: &Database) -> Result<(), Fault> {
        match (self.work)(database) {
            Ok(value) => {
                self.result = Some(Ok(value));
                Ok(())
            }
            Err(fault) if fault.is_full() => Err(fault),
            Err(fault) => {
                self.result = Some(Err(fault));
                Err(Fault::Damaged(String::new()))
            }
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), StateError>, path: &Arc<str>) {
        let answer = match (self.result, committed) {
            (Some(Err(fault)), _) => Err(fault.at(path)),
            (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(closed(path)),
        };
        // A caller that has gone away does not want to know.
        drop(self.caller.send(answer));
    }
}

/// A thread with a connection.
pub(super) struct Worker {
    queue: Option<mpsc::Sender<Box<dyn Task>>>,
    thread: Option<JoinHandle<()>>,
    path: Arc<str>,
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start(database: Database, ballast: Option<Ballast>) -> Result<Self, StateError> {
        let path = Arc::clone(&database.path);
        let (queue, waiting) = mpsc::channel(GROUP);
        let thread = std::thread::Builder::new()
            .name("flowline-state".into())
            .spawn(move || work_off(&database, ballast.as_ref(), waiting))
            .map_err(|error| StateError::Storage {
                path: Arc::clone(&path),
                message: error.to_string(),
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            path,
        })
    }

    /// Has work done; durable when it returns.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        effect: Effect,
        work: impl FnMut(&Database) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StateError> {
        let (caller, answer) = oneshot::channel();
        let task = Box::new(Work {
            effect,
            work,
            result: None,
            caller,
        });
        let Some(queue) = &self.queue else {
            return Err(closed(&self.path));
        };
        queue.send(task).await.map_err(|_| closed(&self.path))?;
        answer.await.map_err(|_| closed(&self.path))?
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // It has answered everybody; how it ended changes nothing.
            drop(thread.join());
        }
    }
}

fn closed(path: &Arc<str>) -> StateError {
    StateError::Storage {
        path: Arc::clone(path),
        message: "it is closed".into(),
    }
}

fn work_off(
    database: &Database,
    ballast: Option<&Ballast>,
    mut waiting: mpsc::Receiver<Box<dyn Task>>,
) {
    let mut group = Vec::with_capacity(GROUP);
    while waiting.blocking_recv_many(&mut group, GROUP) > 0 {
        let mut result = transact(database, &mut group, ballast.is_some());
        let drains = group.iter().any(|task| task.effect() == Effect::Drains);
        if drains
            && result.as_ref().is_err_and(Fault::is_full)
            && ballast.is_some_and(Ballast::drop_it)
        {
            let full = result.map_err(|fault| fault.at(&database.path));
            let (mut drains, adds): (Vec<_>, Vec<_>) = group
                .drain(..)
                .partition(|task| task.effect() == Effect::Drains);
            for task in adds {
                task.answer(full.clone(), &database.path);
            }
            result = transact(database, &mut drains, true);
            group.append(&mut drains);
        }
        let result = result.map_err(|fault| fault.at(&database.path));
        for task in group.drain(..) {
            task.answer(result.clone(), &database.path);
        }
    }
}

/// One transaction for all; work that fails is undone alone.
fn transact(database: &Database, group: &mut [Box<dyn Task>], writes: bool) -> Result<(), Fault> {
    let connection = &database.connection;
    connection.execute_batch(if writes { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
    let done = run_all(database, group).and_then(|()| Ok(connection.execute_batch("COMMIT")?));
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    if done.is_err() {
        database.remembered.forget();
    }
    done
}

fn run_all(database: &Database, group: &mut [Box<dyn Task>]) -> Result<(), Fault> {
    let connection = &database.connection;
    // One alone needs no savepoint, which costs: its failure undoes the whole.
    if let [task] = group {
        return task.run(database);
    }
    for task in group {
        connection.execute_batch("SAVEPOINT one")?;
        match task.run(database) {
            Ok(()) => connection.execute_batch("RELEASE one")?,
            Err(fault) if fault.is_full() => return Err(fault),
            Err(_) => {
                connection.execute_batch("ROLLBACK TO one; RELEASE one")?;
                database.remembered.forget();
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::database::DatabaseTime;
    use super::*;

    #[tokio::test]
    async fn on_a_full_disk_the_ballast_lets_what_is_under_way_be_settled() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        let ballast = folder.path().join("state.db.ballast");
        let path: Arc<str> = "state.db".into();
        let database = Database::open(&file, &path, DatabaseTime::Own).unwrap();
        let worker = Worker::start(database, Some(Ballast::keep(&file))).unwrap();
        let full = StateError::Full { path: path.clone() };
        assert!(ballast.metadata().unwrap().len() > 1 << 20);

        // The disk is full for as long as the ballast takes up its room.
        let (room, error) = (ballast.clone(), full.clone());
        let work = move |_: &Database| match room.exists() {
            true => Err(Fault::State(error.clone())),
            false => Ok(7),
        };
        let adds = worker.call(Effect::Adds, work.clone()).await;
        assert_eq!(adds, Err(full.clone()));
        assert!(ballast.exists(), "it is not for adding");
        assert_eq!(worker.call(Effect::Drains, work).await, Ok(7));
        assert!(!ballast.exists());
    }
}
