//! Ctrl-C and SIGTERM: the first ends cleanly, the second at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::output::Output;

/// Listens for as long as the answer is kept.
pub(super) struct Interrupt {
    /// Cancelled by the first signal.
    pub(super) token: CancellationToken,
    _listening: AbortOnDropHandle<()>,
}

/// Starts to listen.
pub(super) fn listen(output: &Output) -> Interrupt {
    let token = CancellationToken::new();
    let cancel = token.clone();
    let output = output.clone();
    // Caught from now on, not from when the task gets its turn.
    let mut signals =
        [SignalKind::interrupt(), SignalKind::terminate()].map(|one| signal(one).ok());
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with the handle that is kept here"
    )]
    let task = tokio::spawn(async move {
        one_of(&mut signals).await;
        output.say("\nInterrupted: what was sent is recorded. Once more to stop at once.");
        cancel.cancel();
        one_of(&mut signals).await;
        #[expect(
            clippy::exit,
            reason = "the user asked twice; the state is durable at any moment"
        )]
        std::process::exit(130);
    });
    Interrupt {
        token,
        _listening: AbortOnDropHandle::new(task),
    }
}

/// Waits for a signal.
async fn one_of([interrupt, terminate]: &mut [Option<Signal>; 2]) {
    tokio::select! {
        () = caught(interrupt) => {}
        () = caught(terminate) => {}
    }
}

async fn caught(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
