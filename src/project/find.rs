//! Where a project is.

use std::path::{Path, PathBuf};

/// The file that makes a folder a project.
pub const PROJECT_FILE: &str = "flowline.yaml";

/// The nearest folder upwards that has a `flowline.yaml`.
#[must_use]
pub fn find(from: &Path) -> Option<PathBuf> {
    from.ancestors()
        .find(|folder| folder.join(PROJECT_FILE).is_file())
        .map(Path::to_owned)
}
