//! What an account has: attributes and lists; what of it a sink needs.

mod check;
mod fit;
mod read;

pub use check::{Needs, create_attributes, refusal};

use indexmap::IndexMap;

use super::spec::ListRef;
use crate::config::{Attribute, BrevoCatalog};

pub(super) use read::folder;

/// What an account has.
#[derive(Clone, Debug, Default)]
pub struct AccountFacts {
    /// Attributes that can be written, by name, in capitals.
    pub attributes: IndexMap<String, Attribute>,
    /// Names of attributes that Brevo computes, in capitals.
    pub computed: Vec<String>,
    /// Names of lists by id.
    pub lists: IndexMap<i64, String>,
}

impl AccountFacts {
    /// As the catalog keeps it.
    #[must_use]
    pub fn to_catalog(&self, account: &str, taken: &str) -> BrevoCatalog {
        BrevoCatalog {
            account: account.to_owned(),
            taken: taken.to_owned(),
            attributes: self.attributes.clone(),
            lists: self
                .lists
                .iter()
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect(),
        }
    }

    /// The id of a list; none where the account lacks it.
    ///
    /// # Errors
    /// A name that several lists have: which of them is meant must be said by its id.
    pub fn list_id(&self, list: &ListRef) -> Result<Option<i64>, String> {
        find_list(&self.lists, list)
    }
}

/// The id of a list among these; none where it is not there.
pub(super) fn find_list(
    lists: &IndexMap<i64, String>,
    list: &ListRef,
) -> Result<Option<i64>, String> {
    let name = match list {
        ListRef::Id(id) => return Ok(lists.contains_key(id).then_some(*id)),
        ListRef::Name(name) => name,
    };
    let mut found = lists.iter().filter(|(_, known)| *known == name);
    match (found.next(), found.next()) {
        (Some((one, _)), Some((other, _))) => Err(format!(
            "the account has several lists `{name}`, {one} and {other} among them: name it by its id"
        )),
        (one, _) => Ok(one.map(|(id, _)| *id)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::connectors::brevo) use super::fit::tests::account;

    #[test]
    fn a_name_of_several_lists_is_never_guessed() {
        let facts = AccountFacts {
            lists: [(22, "Support"), (23, "Product"), (24, "Support")]
                .map(|(id, name)| (id, name.to_owned()))
                .into_iter()
                .collect(),
            ..AccountFacts::default()
        };
        let id = |list: ListRef| facts.list_id(&list);
        assert_eq!(id(ListRef::Name("Product".to_owned())), Ok(Some(23)));
        assert_eq!(id(ListRef::Name("Leads".to_owned())), Ok(None));
        assert_eq!(id(ListRef::Id(24)), Ok(Some(24)));
        assert_eq!(id(ListRef::Id(7)), Ok(None));
        let error = id(ListRef::Name("Support".to_owned())).unwrap_err();
        assert!(error.contains("22 and 24"), "{error}");
    }
}
