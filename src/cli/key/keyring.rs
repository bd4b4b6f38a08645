//! The system's keyring, by the tool that the system has for it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Which of a project's keys is meant.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    /// The project's own.
    Key,
    /// The one that is taking its place.
    Next,
}

/// How this project's key is called there.
fn project(root: &Path, slot: Slot) -> String {
    let full = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    match slot {
        Slot::Key => full.display().to_string(),
        Slot::Next => format!("{} next", full.display()),
    }
}

/// A key of this project; none where the system has no keyring or this has no such key.
pub(super) fn kept(root: &Path, slot: Slot) -> Option<String> {
    let project = project(root, slot);
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("security");
        command.args([
            "find-generic-password",
            "-w",
            "-s",
            "flowline",
            "-a",
            &project,
        ]);
        command
    } else {
        let mut command = Command::new("secret-tool");
        command.args(["lookup", "service", "flowline", "project", &project]);
        command
    };
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// Keeps a key of this project, in the place of the one that is there.
///
/// # Errors
/// Where the system has no keyring, in a few words.
pub(super) fn keep(root: &Path, slot: Slot, text: &str) -> Result<(), String> {
    let project = project(root, slot);
    // Neither tool is given the key as an argument, which other processes could see.
    let (mut command, input) = if cfg!(target_os = "macos") {
        let mut command = Command::new("security");
        command.arg("-i");
        let line = format!("add-generic-password -U -s flowline -a \"{project}\" -w {text}\n");
        (command, line)
    } else {
        let mut command = Command::new("secret-tool");
        command.args([
            "store",
            "--label=flowline",
            "service",
            "flowline",
            "project",
        ]);
        command.arg(&project);
        (command, text.to_owned())
    };
    let tool = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{tool}: {error}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{tool} refuses")),
    }
}

/// Forgets the key that has taken the other's place. One that stays behind is known as the
/// project's own by the next change of keys: no failure is worth telling.
pub(super) fn forget_next(root: &Path) {
    let project = project(root, Slot::Next);
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("security");
        command.args(["delete-generic-password", "-s", "flowline", "-a", &project]);
        command
    } else {
        let mut command = Command::new("secret-tool");
        command.args(["clear", "service", "flowline", "project", &project]);
        command
    };
    command.stdin(Stdio::null()).stdout(Stdio::null());
    drop(command.stderr(Stdio::null()).status());
}
