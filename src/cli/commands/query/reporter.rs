//! Whose issues: an e-mail address or an account id.

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::services;
use crate::connectors::jira::Session;
use crate::connectors::jira::query;

/// A person as the command line names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reporter {
    /// By address.
    Email(String),
    /// By account id.
    Account(String),
}

impl Reporter {
    /// Reads what `--reporter` says; it is never repeated on stderr.
    ///
    /// # Errors
    /// Where it is neither; it has been said.
    pub(super) fn read(text: &str, output: &Output) -> Result<Self, Exit> {
        let text = text.trim();
        if is_email(text) {
            return Ok(Self::Email(text.to_owned()));
        }
        if is_account(text) {
            return Ok(Self::Account(text.to_owned()));
        }
        output.error("--reporter is neither an e-mail address nor an account id");
        output.help("write e.g. `--reporter jane@example.com`; an account id is in the address of a person's profile in Jira; names are no keys");
        Err(Exit::Wrong)
    }

    /// What Jira is asked with: the account, where the site shows whose address it is.
    pub(super) async fn account(
        self,
        session: &Session,
        context: &Context,
    ) -> Result<String, Exit> {
        let address = match self {
            Self::Account(account) => return Ok(account),
            Self::Email(address) => address,
        };
        let users = query::users(session, &address).await;
        let users = users.map_err(|failure| services::failed(context, &failure))?;
        let same = |shown: &Option<String>| {
            shown
                .as_ref()
                .is_some_and(|shown| shown.to_lowercase() == address.to_lowercase())
        };
        let mut found: Vec<&query::User> = users
            .iter()
            .filter(|user| same(&user.email_address))
            .collect();
        if found.is_empty() {
            // An address that is hidden still finds its account.
            found = users
                .iter()
                .filter(|user| user.email_address.as_deref().is_none_or(str::is_empty))
                .collect();
        }
        match found.as_slice() {
            [one] => Ok(one.account_id.clone()),
            // Jira may know whom it does not show.
            [] => Ok(address),
            _ => {
                context
                    .output
                    .error("several accounts may have the address of --reporter");
                context
                    .output
                    .help("name one by its account id: `--reporter ACCOUNT_ID`");
                Err(Exit::Wrong)
            }
        }
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain =
        |one: char| !one.is_whitespace() && !one.is_control() && !"\"\\<>(),;".contains(one);
    !local.is_empty()
        && !domain.contains('@')
        && domain.split('.').all(|label| !label.is_empty())
        && text.chars().all(plain)
}

/// `5b10ac8d82e05b22cc7d4ef5`, `557058:f58131cb-b67d-43c7-b30d-6b58d40bd077` and their like.
fn is_account(text: &str) -> bool {
    let fits = |one: char| one.is_ascii_alphanumeric() || "-_:.".contains(one);
    (5..=128).contains(&text.len())
        && text.chars().all(fits)
        && text.chars().any(|one| one.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_an_account_and_neither_are_told_apart() {
        for text in ["jane@example.com", "Ä.b+c@sub.example.org", "o'neil@x.io"] {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "5b10ac8d82e05b22cc7d4ef5",
            "557058:f58131cb-b67d-43c7-b30d-6b58d40bd077",
            "qm:0a1b2c3d-0000-4000-8000-000000000000:1",
        ] {
            assert!(is_account(text) && !is_email(text), "{text}");
        }
        for text in [
            "",
            "jane",
            "Jane Porter",
            "jane@",
            "@example.com",
            "a@b@c.de",
            "a b@c.de",
            "a@b..de",
            "x\" OR project = SECRET",
            "currentUser()",
        ] {
            assert!(!is_email(text) && !is_account(text), "{text}");
        }
    }
}
