//! The classic scopes that endpoints need, as the official definition lists them.

/// The scopes of an endpoint, all of which a token must have.
pub(super) fn needed(method: &str, route: &[&str]) -> Vec<&'static str> {
    let rest = match route {
        ["rest", "api", "2" | "3", rest @ ..] => rest,
        ["rest", "servicedeskapi", "request", ..] => return vec!["read:servicedesk-request"],
        ["rest", "agile", _, "board"] => {
            return vec!["read:board-scope:jira-software", "read:project:jira"];
        }
        ["rest", "agile" | "software", _, .., "issue"] => {
            return vec![
                "read:sprint:jira-software",
                "read:issue-details:jira",
                "read:jql:jira",
            ];
        }
        ["rest", "agile" | "software", ..] => return vec!["read:sprint:jira-software"],
        _ => return Vec::new(),
    };
    match (method, rest) {
        (_, ["serverInfo"]) | ("GET", ["priority", "search"]) => Vec::new(),
        ("GET", ["myself" | "user"] | ["user", "bulk" | "search"] | ["users", "search"]) => {
            vec!["read:jira-user"]
        }
        ("GET", ["statuses", "search"] | ["permissions"]) => vec!["manage:jira-configuration"],
        (_, ["webhook", ..]) => vec!["read:jira-work", "manage:jira-webhook"],
        (
            "POST",
            ["search", ..]
            | ["issue" | "changelog", "bulkfetch"]
            | ["comment" | "worklog", "list"]
            | ["jql", "parse"],
        )
        | ("GET", _) => vec!["read:jira-work"],
        _ => vec!["write:jira-work"],
    }
}

#[cfg(test)]
mod tests {
    use super::needed;

    #[test]
    fn the_scopes_are_those_of_the_official_definition() {
        let Some(folder) = option_env!("FLOWLINE_SHARED_SPECS") else {
            println!("skipped: FLOWLINE_SHARED_SPECS is not set");
            return;
        };
        let path = std::path::Path::new(folder).join("jira-scopes.tsv");
        let table = std::fs::read_to_string(path).unwrap();
        for line in table.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [method, path, classic, ..] = columns[..] else {
                continue;
            };
            let route: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            let mut expected: Vec<&str> = classic.split(',').collect();
            expected.retain(|scope| !scope.is_empty());
            // No scope of the classic set lets anybody in there.
            if path.ends_with("/user/email") {
                continue;
            }
            assert_eq!(needed(method, &route), expected, "{method} {path}");
        }
    }
}
