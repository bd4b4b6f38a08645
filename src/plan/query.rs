//! JQL of pipelines.

use super::compiler::Compiler;
use crate::config::Written;
use crate::diagnostic::Code;

const NOT_TEXT: Code = Code::new("jql.not_text");

/// Compiles a query; none where it has a mistake.
pub(super) fn compile(
    written: &Written,
    _live: bool,
    compiler: &mut Compiler<'_>,
) -> Option<String> {
    let Some(text) = written.as_text() else {
        compiler.mistake(
            NOT_TEXT,
            format!("{} where JQL is expected", written.describe()),
            written.span,
            "JQL",
            "write e.g. `jql: project = SUPPORT`",
        );
        return None;
    };
    Some(compiler.strings.expand(text).text)
}
