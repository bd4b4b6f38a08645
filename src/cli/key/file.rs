//! Keys in files of `.flowline`, that nobody else can read.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::{Bytes, decoded};
use crate::cli::context::Context;
use crate::cli::exit::Exit;

/// The project's key.
pub(super) const KEY: &str = "key";
/// The key that is taking its place.
pub(super) const NEXT: &str = "key.next";

/// Reads a key; none where there is no such file.
///
/// # Errors
/// Where others can read it, or it holds no key; it has been said.
pub(super) fn read(root: &Path, name: &str, context: &Context) -> Result<Option<Bytes>, Exit> {
    let output = &context.output;
    let path = root.join(".flowline").join(name);
    let read = fs::metadata(&path).and_then(|facts| {
        let mode = facts.permissions().mode();
        fs::read_to_string(&path).map(|text| (Zeroizing::new(text), mode))
    });
    let (text, mode) = match read {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            output.error(&format!(".flowline/{name} cannot be read: {error}"));
            return Err(Exit::Wrong);
        }
    };
    if mode & 0o077 != 0 {
        output.error(&format!("others can read .flowline/{name}"));
        output.help(&format!("chmod 600 .flowline/{name}"));
        return Err(Exit::Wrong);
    }
    decoded(&text).map(Some).ok_or_else(|| {
        output.error(&format!(".flowline/{name} is no key"));
        output.help("32 bytes in base64; without the old key masks come out otherwise");
        Exit::Wrong
    })
}

/// Makes a file under another name first: whoever finds it finds it whole.
pub(super) fn make(root: &Path, name: &str, text: &str) -> io::Result<()> {
    let folder = root.join(".flowline");
    fs::create_dir_all(&folder)?;
    let beside = folder.join(format!("{name}.{}", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::hard_link(&beside, folder.join(name)));
    let removed = fs::remove_file(&beside);
    fs::File::open(&folder)?.sync_all()?;
    written.and(removed)
}

/// The next key becomes the project's.
pub(super) fn promote(root: &Path) -> io::Result<()> {
    let folder = root.join(".flowline");
    fs::rename(folder.join(NEXT), folder.join(KEY))?;
    fs::File::open(&folder)?.sync_all()
}

/// The next key is kept elsewhere by now.
pub(super) fn forget_next(root: &Path) -> io::Result<()> {
    fs::remove_file(root.join(".flowline").join(NEXT))
}
