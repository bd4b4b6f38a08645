//! Ctrl-C and SIGTERM: the first ends cleanly, the second at once.

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
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with the handle that is kept here"
    )]
    let task = tokio::spawn(async move {
        signal().await;
        output.say("\nInterrupted: what was sent is recorded. Once more to stop at once.");
        cancel.cancel();
        signal().await;
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
async fn signal() {
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = async {
            match &mut terminate {
                Some(terminate) => { terminate.recv().await; }
                None => std::future::pending::<()>().await,
            }
        } => {}
    }
}
