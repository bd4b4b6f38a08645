//! Byte spans, source text, codes, labels and help; knows nothing of YAML.

mod drawn;
mod render;
mod report;
mod source;
mod span;
mod suggest;

pub use render::{RenderOptions, counts, render, to_json};
pub use report::{Code, Diagnostic, Diagnostics, Label, Severity};
pub use source::{Position, Source};
pub use span::{Span, Spanned};
pub use suggest::nearest;
