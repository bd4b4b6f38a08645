//! A new key in the place of the old one.
//!
//! The next key is durable before anything is sealed under it, and each state is sealed anew as a
//! whole. Whoever is killed in between leaves states of either key, and both keys beside them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keyring::{self, Slot};
use super::{Bytes, ProjectKey, existing, file, in_keyring, project_key, random, refuse, seal};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::state::Vault;

/// Seals the states in `files` under a new key; answers how many there are.
///
/// # Errors
/// Where one of them cannot be sealed anew; it has been said, and the same command goes on.
pub(in crate::cli) fn rotate(
    root: &Path,
    files: &[PathBuf],
    context: &Context,
) -> Result<usize, Exit> {
    let output = &context.output;
    let holder = holder(root, context)?;
    let files: Vec<&PathBuf> = files.iter().filter(|file| file.is_file()).collect();
    // Every state must open before any is touched.
    let mut keys: Vec<(&PathBuf, ProjectKey)> = Vec::new();
    for file in &files {
        keys.push((file, project_key(root, file, context)?));
    }
    if keys.is_empty() && existing(root, Path::new(""), context)?.is_none() {
        project_key(root, Path::new(""), context)?;
        return Ok(0);
    }
    let bytes = next(root, holder, context)?;
    if holder == Holder::Environment {
        // Printed first: once the states have it, nothing else knows it.
        output.result(&STANDARD.encode(*bytes));
    }
    for (file, key) in keys {
        if *key.bytes == *bytes {
            continue;
        }
        let mask = STANDARD.encode(*key.mask);
        let next = seal(&bytes, context)?;
        Vault::open(file, key.seal(context)?)
            .and_then(|vault| vault.seal_anew(next, &mask))
            .map_err(|error| refuse(&error, context))?;
    }
    let done = match holder {
        Holder::File => file::promote(root).map_err(|error| error.to_string()),
        Holder::Environment => file::forget_next(root).map_err(|error| error.to_string()),
        Holder::Keyring => keyring::keep(root, Slot::Key, &STANDARD.encode(*bytes))
            .map(|()| keyring::forget_next(root)),
    };
    done.map_err(|error| {
        output.error(&format!(
            "the new key cannot take the old one's place: {error}"
        ));
        output.help("run `flowline secrets rotate` again");
        Exit::Wrong
    })?;
    if holder == Holder::Environment {
        output.say("set FLOWLINE_KEY to the key above: the old one opens nothing any more");
    }
    Ok(files.len())
}

/// Who has the project's key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// Whoever sets the environment: the next key waits in a file, and is printed.
    Environment,
    /// A file of the project.
    File,
    /// The system's keyring, which has the next key too.
    Keyring,
}

fn holder(root: &Path, context: &Context) -> Result<Holder, Exit> {
    if context.environment.get("FLOWLINE_KEY").is_some() {
        return Ok(Holder::Environment);
    }
    let in_keyring =
        file::read(root, file::KEY, context)?.is_none() && keyring::kept(root, Slot::Key).is_some();
    Ok(if in_keyring {
        Holder::Keyring
    } else {
        Holder::File
    })
}

/// The next key: the one that a killed process made, else a new one, durable from here on.
fn next(root: &Path, holder: Holder, context: &Context) -> Result<Bytes, Exit> {
    let begun = match holder {
        // One that is the project's own already was left behind.
        Holder::Keyring => in_keyring(root, Slot::Next)
            .filter(|next| Some(next) != in_keyring(root, Slot::Key).as_ref()),
        Holder::Environment | Holder::File => file::read(root, file::NEXT, context)?,
    };
    if let Some(bytes) = begun {
        return Ok(bytes);
    }
    let bytes = random(context)?;
    let text = STANDARD.encode(*bytes);
    let made = match holder {
        Holder::Keyring => keyring::keep(root, Slot::Next, &text)
            .map_err(|why| format!("the system's keyring does not take the next key: {why}")),
        Holder::Environment | Holder::File => file::make(root, file::NEXT, &text)
            .map_err(|error| format!(".flowline/key.next cannot be made: {error}")),
    };
    made.map_err(|why| {
        context.output.error(&why);
        Exit::Wrong
    })?;
    Ok(bytes)
}
