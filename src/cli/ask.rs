//! Asking for what only a person or a script knows: on a terminal, or one line of stdin.

use std::io::BufRead as _;

use super::context::Context;
use super::env::Environment;
use super::exit::Exit;

/// How long a line may be: no secret is longer.
const LONGEST: u64 = 64 * 1024;

/// A secret: hidden while it is typed, or the next line of stdin.
///
/// # Errors
/// Where nothing comes; it has been said.
pub(super) fn secret(what: &str, context: &Context) -> Result<String, Exit> {
    if Environment::can_ask() {
        let typed = rpassword::prompt_password(format!("{what}: "));
        return given(what, typed, context);
    }
    line(what, context)
}

/// A line that may be seen: on a terminal it is asked for.
///
/// # Errors
/// Where nothing comes; it has been said.
pub(super) fn line(what: &str, context: &Context) -> Result<String, Exit> {
    if Environment::can_ask() {
        context.output.say(&format!("{what}:"));
    }
    // No more than the line is taken: what follows may be for the next question.
    let mut bytes = Vec::new();
    let mut stdin = std::io::Read::take(std::io::stdin().lock(), LONGEST);
    let read = stdin.read_until(b'\n', &mut bytes);
    let text = read.and_then(|_| {
        String::from_utf8(bytes)
            .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is no UTF-8"))
    });
    given(what, text, context)
}

fn given(what: &str, text: std::io::Result<String>, context: &Context) -> Result<String, Exit> {
    let output = &context.output;
    let text = text.map_err(|error| {
        output.error(&format!("{what} cannot be read: {error}"));
        Exit::Wrong
    })?;
    let text = text.trim();
    if text.is_empty() {
        output.error(&format!("{what} is missing"));
        output.help("type it on a terminal, or give it as one line of stdin");
        return Err(Exit::Wrong);
    }
    if text.chars().any(char::is_control) {
        output.error(&format!("{what} holds a control character"));
        return Err(Exit::Wrong);
    }
    Ok(text.to_owned())
}
