//! How it is told what a token lacks, and how to get it.

use crate::runtime::MissingScope;

/// What is missing, and which pipelines need it.
pub(super) fn told_missing(missing: &[MissingScope]) -> String {
    let each: Vec<String> = missing
        .iter()
        .map(|one| {
            let by = match one.pipelines.as_slice() {
                [] => "by every connection".to_owned(),
                [one] => format!("by the pipeline {one}"),
                several => format!("by the pipelines {}", several.join(", ")),
            };
            format!("`{}`, needed {by}", one.scope)
        })
        .collect();
    let scopes = if missing.len() == 1 {
        "scope"
    } else {
        "scopes"
    };
    format!("the token lacks the {scopes} {}", each.join("; "))
}

/// How to get what is missing.
pub(super) fn get_scopes(connection: &str) -> String {
    format!(
        "flowline connect {connection}, which asks for it; where the app may not ask for that yet, add it first under Permissions at https://developer.atlassian.com/console/myapps"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_is_told_with_who_needs_it() {
        let one = |scope, pipelines: &[&str]| MissingScope {
            scope,
            pipelines: pipelines.iter().map(|&name| name.to_owned()).collect(),
        };
        assert_eq!(
            told_missing(&[
                one("read:jira-user", &[]),
                one("write:jira-work", &["back", "escalate"])
            ]),
            "the token lacks the scopes `read:jira-user`, needed by every connection; `write:jira-work`, needed by the pipelines back, escalate"
        );
        assert_eq!(
            told_missing(&[one("manage:jira-webhook", &["live"])]),
            "the token lacks the scope `manage:jira-webhook`, needed by the pipeline live"
        );
    }
}
