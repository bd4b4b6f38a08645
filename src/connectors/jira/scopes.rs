//! What a token must be allowed, by what it is used for and by what was refused.

/// What a connection is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Issues and what belongs to them are read.
    pub work: bool,
    /// Boards and sprints are read.
    pub sprints: bool,
    /// Requests of Jira Service Management are read.
    pub requests: bool,
    /// Issues or comments are written.
    pub writes: bool,
    /// Webhooks are registered.
    pub webhooks: bool,
}

impl Uses {
    /// What either uses.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            work: self.work || other.work,
            sprints: self.sprints || other.sprints,
            requests: self.requests || other.requests,
            writes: self.writes || other.writes,
            webhooks: self.webhooks || other.webhooks,
        }
    }
}

const READ_WORK: &str = "read:jira-work";
const READ_USER: &str = "read:jira-user";
const WRITE_WORK: &str = "write:jira-work";
const WEBHOOKS: &str = "manage:jira-webhook";
/// Requests are no part of Jira's own API.
const REQUESTS: &str = "read:servicedesk-request";
/// What a refresh token comes with: no call asks for it.
pub const OFFLINE: &str = "offline_access";

/// Boards and sprints have no scope in the classic set.
const SPRINTS: [&str; 5] = [
    "read:board-scope:jira-software",
    "read:project:jira",
    "read:sprint:jira-software",
    "read:issue-details:jira",
    "read:jql:jira",
];

/// The endpoints that are asked, by method and path below `/rest/api/3`, and their scope; `*` is
/// any one part. Where a path is not here, its scope is that of reading or writing.
const ENDPOINTS: [(&str, &str, &str); 16] = [
    ("GET", "myself", READ_USER),
    ("GET", "users/search", READ_USER),
    ("GET", "user/search", READ_USER),
    ("GET", "user", READ_USER),
    ("GET", "user/bulk", READ_USER),
    ("GET", "statuses/search", "manage:jira-configuration"),
    ("POST", "search/jql", READ_WORK),
    ("POST", "search/approximate-count", READ_WORK),
    ("POST", "issue/bulkfetch", READ_WORK),
    ("POST", "changelog/bulkfetch", READ_WORK),
    ("POST", "comment/list", READ_WORK),
    ("POST", "worklog/list", READ_WORK),
    ("POST", "jql/parse", READ_WORK),
    ("POST", "jql/match", READ_WORK),
    ("*", "webhook", WEBHOOKS),
    ("*", "webhook/refresh", WEBHOOKS),
];

/// What an app must be allowed for these uses, in a steady order.
#[must_use]
pub fn scopes(uses: Uses) -> Vec<&'static str> {
    let mut scopes = Vec::new();
    if uses.work {
        scopes.push(READ_WORK);
    }
    scopes.push(READ_USER);
    if uses.writes {
        scopes.push(WRITE_WORK);
    }
    if uses.webhooks {
        scopes.push(WEBHOOKS);
    }
    if uses.requests {
        scopes.push(REQUESTS);
    }
    if uses.sprints {
        scopes.extend(SPRINTS);
    }
    scopes.push(OFFLINE);
    scopes
}

/// The scope that a call needs.
pub(super) fn scope_of(method: &str, path: &str) -> &'static str {
    let path = path.split('?').next().unwrap_or(path);
    if let Some((_, rest)) = path.split_once("/rest/api/3/") {
        let rest = rest.trim_end_matches('/');
        let known = ENDPOINTS
            .iter()
            .find(|(verb, known, _)| (*verb == "*" || *verb == method) && *known == rest);
        if let Some((_, _, scope)) = known {
            return scope;
        }
    }
    if path.contains("/rest/servicedeskapi/") {
        return REQUESTS;
    }
    if path.contains("/rest/agile/") || path.contains("/rest/software/") {
        return if path.contains("sprint") {
            "read:sprint:jira-software"
        } else {
            "read:board-scope:jira-software"
        };
    }
    match method {
        "GET" => READ_WORK,
        _ => WRITE_WORK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_used_is_asked_for() {
        assert_eq!(scopes(Uses::default()), [READ_USER, OFFLINE]);
        let all = Uses {
            work: true,
            sprints: true,
            requests: true,
            writes: true,
            webhooks: true,
        };
        assert_eq!(scopes(all).len(), 11);
        let reads = Uses {
            work: true,
            ..Uses::default()
        };
        assert_eq!(scopes(reads), [READ_WORK, READ_USER, OFFLINE]);
    }

    #[test]
    fn the_scopes_of_endpoints_are_those_of_the_official_definition() {
        let Some(folder) = option_env!("FLOWLINE_SHARED_SPECS") else {
            println!("skipped: FLOWLINE_SHARED_SPECS is not set");
            return;
        };
        let path = std::path::Path::new(folder).join("jira-scopes.tsv");
        let table = std::fs::read_to_string(path).unwrap();
        let mut compared = 0;
        for line in table.lines().skip(1) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [method, path, classic, ..] = columns[..] else {
                continue;
            };
            // Some need none, and those of webhooks need two.
            if classic.is_empty() || path.ends_with("/permissions") {
                continue;
            }
            assert!(
                classic
                    .split(',')
                    .any(|scope| scope == scope_of(method, path)),
                "{method} {path}: {classic}, not {}",
                scope_of(method, path)
            );
            compared += 1;
        }
        assert!(compared > 25, "{compared}");
    }
}
