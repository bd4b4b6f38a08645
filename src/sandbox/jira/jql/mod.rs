//! The emulator's own JQL: read, checked against the site, evaluated. It shares nothing with the
//! product's.

mod compile;
mod dates;
mod lex;
mod parse;
mod terms;

pub(super) use compile::{Compiled, Key, Look, SortField, compile};
pub(super) use parse::parse;

use super::site::Site;

/// A query as it judges issues.
///
/// # Errors
/// What is wrong with it.
pub(super) fn matcher(site: &Site, text: &str, now: i64) -> Result<Compiled, String> {
    let query = parse(text)?;
    compile(site, &query, now).map_err(|messages| messages.join("; "))
}

/// The field and the operator of each comparison.
///
/// # Errors
/// What is wrong with the query.
pub(super) fn terms_of(text: &str) -> Result<Vec<(String, String)>, String> {
    let query = parse(text)?;
    let mut terms = Vec::new();
    let mut open: Vec<parse::Clause> = query.clause.into_iter().collect();
    while let Some(clause) = open.pop() {
        match clause {
            parse::Clause::And(clauses) | parse::Clause::Or(clauses) => open.extend(clauses),
            parse::Clause::Not(clause) => open.push(*clause),
            parse::Clause::Term(term) => {
                terms.push((term.field, term.operator.shown().to_owned()));
            }
        }
    }
    Ok(terms)
}
