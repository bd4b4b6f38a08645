//! A new key in the place of the old one.
//!
//! The next key is durable before anything is sealed under it, and each state is sealed anew as a
//! whole. Whoever is killed in between leaves states of either key, and both keys beside them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ProjectKey, existing, file, project_key, random, refuse, seal};
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
    let in_file = context.environment.get("FLOWLINE_KEY").is_none();
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
    let bytes = match file::read(root, file::NEXT, context)? {
        Some(bytes) => bytes,
        None => {
            let bytes = random(context)?;
            file::make(root, file::NEXT, &STANDARD.encode(*bytes)).map_err(|error| {
                output.error(&format!(".flowline/key.next cannot be made: {error}"));
                Exit::Wrong
            })?;
            bytes
        }
    };
    if !in_file {
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
    let done = if in_file {
        file::promote(root)
    } else {
        file::forget_next(root)
    };
    done.map_err(|error| {
        output.error(&format!(
            "the new key cannot take the old one's place: {error}"
        ));
        output.help("run `flowline secrets rotate` again");
        Exit::Wrong
    })?;
    if !in_file {
        output.say("set FLOWLINE_KEY to the key above: the old one opens nothing any more");
    }
    Ok(files.len())
}
