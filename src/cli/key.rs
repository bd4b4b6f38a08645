//! The project's key: FLOWLINE_KEY, or `.flowline/key`, made when something first needs it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::context::Context;
use super::exit::Exit;
use crate::state::Seal;
use crate::transform::MaskKey;

/// 32 bytes that stand outside the state.
pub(super) struct ProjectKey([u8; 32]);

impl ProjectKey {
    /// What `mask` hashes with.
    pub(super) const fn mask(&self) -> MaskKey {
        MaskKey::new(self.0)
    }

    /// What seals in the state.
    ///
    /// # Errors
    /// Never; it has been said.
    pub(super) fn seal(&self, context: &Context) -> Result<Seal, Exit> {
        Seal::new(&self.0).map_err(|message| {
            context.output.error(&message);
            Exit::Defect
        })
    }
}

/// What `mask` hashes with where there is no key yet and none may be made.
///
/// # Errors
/// Where the system gives no random numbers; it has been said.
pub(super) fn mask_without_key(context: &Context) -> Result<MaskKey, Exit> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        context.output.error(&format!("no random numbers: {error}"));
        Exit::Refused
    })?;
    Ok(MaskKey::stand_in(bytes))
}

/// The project's key; one is made where there is none.
///
/// # Errors
/// A key that is none, or a file that others can read; it has been said.
pub(super) fn project_key(root: &Path, context: &Context) -> Result<ProjectKey, Exit> {
    if let Some(key) = existing(root, context)? {
        return Ok(key);
    }
    match make(root) {
        Ok(()) => {}
        // Another process was first: its key is the project's.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            context
                .output
                .error(&format!(".flowline/key cannot be made: {error}"));
            return Err(Exit::Wrong);
        }
    }
    existing(root, context)?.ok_or_else(|| {
        context.output.error(".flowline/key is gone again");
        Exit::Wrong
    })
}

/// The project's key, where there is one.
///
/// # Errors
/// As [`project_key`].
pub(super) fn existing(root: &Path, context: &Context) -> Result<Option<ProjectKey>, Exit> {
    let output = &context.output;
    let decoded = |text: &str| {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        <[u8; 32]>::try_from(bytes).ok().map(ProjectKey)
    };
    if let Some(text) = context.environment.get("FLOWLINE_KEY") {
        return decoded(text).map(Some).ok_or_else(|| {
            output.error("FLOWLINE_KEY is no key");
            output.help("32 bytes in base64: `openssl rand -base64 32`");
            Exit::Wrong
        });
    }
    let path = root.join(".flowline").join("key");
    let read = fs::metadata(&path).and_then(|facts| {
        let mode = facts.permissions().mode();
        fs::read_to_string(&path).map(|text| (text, mode))
    });
    let (text, mode) = match read {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            output.error(&format!(".flowline/key cannot be read: {error}"));
            return Err(Exit::Wrong);
        }
    };
    if mode & 0o077 != 0 {
        output.error("others can read .flowline/key");
        output.help("chmod 600 .flowline/key");
        return Err(Exit::Wrong);
    }
    decoded(&text).map(Some).ok_or_else(|| {
        output.error(".flowline/key is no key");
        output.help("32 bytes in base64; without the old key masks come out otherwise");
        Exit::Wrong
    })
}

/// Makes a key under another name first: whoever finds the file finds it whole.
fn make(root: &Path) -> io::Result<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let folder = root.join(".flowline");
    fs::create_dir_all(&folder)?;
    let beside = folder.join(format!("key.{}", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(STANDARD.encode(bytes).as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::hard_link(&beside, folder.join("key")));
    fs::remove_file(&beside).and(written)
}
