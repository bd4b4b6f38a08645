//! The project's key: FLOWLINE_KEY, or `.flowline/key`, made when something first needs it, or the
//! system's keyring where that file cannot be made.

mod file;
mod keyring;
mod rotate;

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use self::keyring::Slot;
use super::context::Context;
use super::exit::Exit;
use crate::state::{Seal, StateError, Vault};
use crate::transform::MaskKey;

pub(super) use rotate::rotate;

/// 32 bytes that stand outside the state.
type Bytes = Zeroizing<[u8; 32]>;

/// The key of a project's state.
pub(super) struct ProjectKey {
    bytes: Bytes,
    /// What `mask` hashes with stays what it was when the key is replaced.
    mask: Bytes,
}

impl ProjectKey {
    /// What `mask` hashes with.
    pub(super) fn mask(&self) -> MaskKey {
        MaskKey::new(*self.mask)
    }

    /// What seals in the state.
    ///
    /// # Errors
    /// Never; it has been said.
    pub(super) fn seal(&self, context: &Context) -> Result<Seal, Exit> {
        seal(&self.bytes, context)
    }
}

fn seal(bytes: &Bytes, context: &Context) -> Result<Seal, Exit> {
    Seal::new(bytes).map_err(|message| {
        context.output.error(&message);
        Exit::Defect
    })
}

/// What `mask` hashes with where there is no key yet and none may be made.
///
/// # Errors
/// Where the system gives no random numbers; it has been said.
pub(super) fn mask_without_key(context: &Context) -> Result<MaskKey, Exit> {
    random(context).map(|bytes| MaskKey::stand_in(*bytes))
}

fn random(context: &Context) -> Result<Bytes, Exit> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        context.output.error(&format!("no random numbers: {error}"));
        Exit::Refused
    })?;
    Ok(bytes)
}

/// The key of the state in `file`; one is made where the project has none.
///
/// # Errors
/// A key that is none, or not the state's, or a file that others can read; it has been said.
pub(super) fn project_key(root: &Path, file: &Path, context: &Context) -> Result<ProjectKey, Exit> {
    if let Some(key) = existing(root, file, context)? {
        return Ok(key);
    }
    // A new key opens nothing: what is sealed had another one.
    let sealed = Vault::open_existing(file, seal(&random(context)?, context)?);
    sealed.map_err(|error| lost(&error, context))?;
    let bytes = random(context)?;
    match file::make(root, file::KEY, &STANDARD.encode(*bytes)) {
        Ok(()) => {}
        // Another process was first: its key is the project's.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => keyring::keep(root, Slot::Key, &STANDARD.encode(*bytes)).map_err(|why| {
            let output = &context.output;
            output.error(&format!(
                ".flowline/key cannot be made: {error}; and the system's keyring does not take it: {why}"
            ));
            output.help("set FLOWLINE_KEY to 32 bytes in base64: `openssl rand -base64 32`");
            Exit::Wrong
        })?,
    }
    existing(root, file, context)?.ok_or_else(|| {
        context.output.error(".flowline/key is gone again");
        Exit::Wrong
    })
}

/// The key of the state in `file`, where the project has one.
///
/// # Errors
/// As [`project_key`].
pub(super) fn existing(
    root: &Path,
    file: &Path,
    context: &Context,
) -> Result<Option<ProjectKey>, Exit> {
    let mut wrong = None;
    for bytes in candidates(root, context)? {
        match Vault::open_existing(file, seal(&bytes, context)?) {
            Ok(vault) => {
                let mask = match vault {
                    Some(vault) => vault.mask().map_err(|error| refuse(&error, context))?,
                    None => None,
                };
                let mask = match mask {
                    Some(text) => decoded(&text),
                    None => Some(bytes.clone()),
                };
                let Some(mask) = mask else {
                    context.output.error("the state's key for masks is damaged");
                    return Err(Exit::Wrong);
                };
                return Ok(Some(ProjectKey { bytes, mask }));
            }
            // While a key is being replaced some states have the next one already.
            Err(error @ StateError::WrongKey { .. }) => wrong = wrong.or(Some(error)),
            Err(error) => return Err(refuse(&error, context)),
        }
    }
    match wrong {
        Some(error) => Err(refuse(&error, context)),
        None => Ok(None),
    }
}

/// The sealed part of a state, for writing; the key is made where the project has none.
///
/// # Errors
/// As [`project_key`]; it has been said.
pub(super) fn vault(root: &Path, file: &Path, context: &Context) -> Result<Vault, Exit> {
    let key = project_key(root, file, context)?;
    Vault::open(file, key.seal(context)?).map_err(|error| refuse(&error, context))
}

/// The sealed part of a state, where there is one.
///
/// # Errors
/// A key that is missing or wrong; it has been said.
pub(super) fn existing_vault(
    root: &Path,
    file: &Path,
    context: &Context,
) -> Result<Option<Vault>, Exit> {
    let seal_of = match existing(root, file, context)? {
        Some(key) => key.seal(context)?,
        None => {
            let any = Vault::open_existing(file, seal(&random(context)?, context)?);
            return any.map_err(|error| lost(&error, context));
        }
    };
    Vault::open_existing(file, seal_of).map_err(|error| refuse(&error, context))
}

/// The keys that may be the state's, the project's own first.
fn candidates(root: &Path, context: &Context) -> Result<Vec<Bytes>, Exit> {
    let own = match context.environment.get("FLOWLINE_KEY") {
        Some(text) => Some(decoded(text).ok_or_else(|| {
            context.output.error("FLOWLINE_KEY is no key");
            context
                .output
                .help("32 bytes in base64: `openssl rand -base64 32`");
            Exit::Wrong
        })?),
        None => match file::read(root, file::KEY, context)? {
            Some(bytes) => Some(bytes),
            None => match in_keyring(root, Slot::Key) {
                Some(kept) => {
                    let next = in_keyring(root, Slot::Next);
                    return Ok(std::iter::once(kept).chain(next).collect());
                }
                None => None,
            },
        },
    };
    let next = file::read(root, file::NEXT, context)?;
    Ok(own.into_iter().chain(next).collect())
}

/// A key that the system's keyring has.
fn in_keyring(root: &Path, slot: Slot) -> Option<Bytes> {
    keyring::kept(root, slot).as_deref().and_then(decoded)
}

fn decoded(text: &str) -> Option<Bytes> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).ok()?);
    <[u8; 32]>::try_from(bytes.as_slice())
        .ok()
        .map(Zeroizing::new)
}

/// What is sealed has a key, and the project has none.
fn lost(error: &StateError, context: &Context) -> Exit {
    if !matches!(error, StateError::WrongKey { .. }) {
        return refuse(error, context);
    }
    let output = &context.output;
    output.error("there are sealed secrets in the state, but neither FLOWLINE_KEY nor .flowline/key, which opens them");
    output.help("bring back the key; where it is lost, so are the secrets: give the project a state of another path, and set and connect anew");
    Exit::Wrong
}

fn refuse(error: &StateError, context: &Context) -> Exit {
    context.output.error(&error.to_string());
    context.output.help(&error.help());
    Exit::Wrong
}
