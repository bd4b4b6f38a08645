//! Logs: to stderr, off unless asked for.

use tracing_subscriber::EnvFilter;

use super::args::{Global, LogFormat, LogLevel};

/// Starts logging as the flags say.
pub(super) fn start(global: &Global, colour: bool) {
    let level = match global.log_level {
        Some(LogLevel::Error) => "error",
        Some(LogLevel::Warn) => "warn",
        Some(LogLevel::Info) => "info",
        Some(LogLevel::Debug) => "debug",
        Some(LogLevel::Trace) => "trace",
        None if global.log_api_calls => "off,flowline::api=info",
        None => return,
    };
    // Only our own: libraries log what may hold addresses and headers.
    let filter = if level.contains(',') {
        level.to_owned()
    } else {
        format!(
            "off,flowline={level},flowline::api={}",
            if global.log_api_calls { "info" } else { "off" }
        )
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(|| Stderr)
        .with_ansi(colour);
    let started = match global.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    // Somebody else's logger in the same process stays.
    started.unwrap_or_default();
}

/// Stderr whose reader may go away (`2>&1 | head`): nobody is left to tell, and the run goes on.
struct Stderr;

impl std::io::Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().write_all(bytes).unwrap_or_default();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
