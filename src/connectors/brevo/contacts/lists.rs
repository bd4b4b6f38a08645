//! Lists by their names, created where the sink says so.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::{ContactWriter, rejected};
use crate::connectors::brevo::account::{AccountFacts, find_list, folder};
use crate::connectors::brevo::session::{CONTACTS, Session};
use crate::connectors::brevo::spec::ListRef;
use crate::http::{Class, Failure, Method, Safety};
use crate::record::Value;
use std::sync::Arc;
use tokio::sync::RwLock;

/// The lists of an account by their names; grows where lists are created.
pub(in crate::connectors::brevo) struct ListBook {
    session: Arc<Session>,
    /// Names by id.
    lists: RwLock<IndexMap<i64, String>>,
    /// Lists that the account lacks are created, in this folder.
    create_lists: Option<Option<Value>>,
}

impl ContactWriter {
    /// See [`ListBook::list_ids`].
    pub(super) async fn list_ids(
        &self,
        lists: &[Value],
        to_be_in: bool,
    ) -> Result<Vec<i64>, Failure> {
        self.lists.list_ids(lists, to_be_in).await
    }
}

impl ListBook {
    pub(in crate::connectors::brevo) fn new(
        session: Arc<Session>,
        lists: IndexMap<i64, String>,
        create_lists: Option<Option<Value>>,
    ) -> Self {
        Self {
            session,
            lists: RwLock::new(lists),
            create_lists,
        }
    }

    /// The ids of lists. One to be in that is lacking is created where the sink says so; then one
    /// not to be in that is lacking has nobody in it.
    pub(in crate::connectors::brevo) async fn list_ids(
        &self,
        lists: &[Value],
        to_be_in: bool,
    ) -> Result<Vec<i64>, Failure> {
        let mut ids = Vec::with_capacity(lists.len());
        for value in lists {
            let list = ListRef::from_value(value)
                .ok_or_else(|| rejected("an entry of the lists names none"))?;
            if let Some(id) = self.list_id(&list, to_be_in).await? {
                // Two names of one list are one list.
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Ok(ids)
    }

    async fn list_id(&self, list: &ListRef, to_be_in: bool) -> Result<Option<i64>, Failure> {
        if let Some(id) = find_list(&*self.lists.read().await, list).map_err(rejected)? {
            return Ok(Some(id));
        }
        match (list, &self.create_lists) {
            (ListRef::Name(_), Some(_)) if !to_be_in => Ok(None),
            (ListRef::Name(name), Some(folder)) => {
                // One at a time: the next one finds it there.
                let mut lists = self.lists.write().await;
                if let Some(id) = find_list(&lists, list).map_err(rejected)? {
                    return Ok(Some(id));
                }
                create(&self.session, &mut lists, name, folder.as_ref())
                    .await
                    .map(Some)
            }
            (ListRef::Name(name), None) => {
                Err(rejected(format!("the account has no list `{name}`"))
                    .help("create it in Brevo, name another, or say `create_lists: true`"))
            }
            (ListRef::Id(id), _) => Err(rejected(format!("the account has no list {id}"))
                .help("`flowline fields` shows the account's lists")),
        }
    }
}

/// Creates the lists that a sink names in its file and the account lacks, in a folder; says which,
/// in one sentence each.
///
/// # Errors
/// What stands in the way.
pub async fn create_lists(
    session: &Session,
    account: &mut AccountFacts,
    folder: Option<&Value>,
    names: &[String],
) -> Result<Vec<String>, Failure> {
    let mut told = Vec::new();
    for name in names {
        let known = find_list(&account.lists, &ListRef::Name(name.clone())).map_err(rejected)?;
        if known.is_none() {
            create(session, &mut account.lists, name, folder).await?;
            told.push(format!("created the list `{name}`"));
        }
    }
    Ok(told)
}

async fn create(
    session: &Session,
    lists: &mut IndexMap<i64, String>,
    name: &str,
    named: Option<&Value>,
) -> Result<i64, Failure> {
    let folder = folder(session, named).await?;
    let body = json!({ "name": name, "folderId": folder })
        .to_string()
        .into_bytes();
    // Once: a name may be given to several lists.
    let answer = session
        .send(
            Method::Post,
            CONTACTS,
            "/contacts/lists",
            Some(body),
            Safety::Once,
        )
        .await;
    let id = match answer {
        Ok(answer) => serde_json::from_slice::<Json>(&answer.body)
            .ok()
            .and_then(|answer| answer.get("id")?.as_i64())
            .ok_or_else(|| {
                Failure::new(
                    Class::BrokenAnswer,
                    "Brevo: POST /contacts/lists: the answer names no list",
                )
                .help("run again")
            }),
        Err(failure) => Err(failure),
    };
    let id = match id {
        Ok(id) => id,
        // It may be there none the less.
        Err(failure) if failure.is_retryable() => {
            let now = AccountFacts::read(session).await?;
            find_list(&now.lists, &ListRef::Name(name.to_owned()))
                .map_err(rejected)?
                .ok_or(failure)?
        }
        Err(failure) => return Err(failure),
    };
    lists.insert(id, name.to_owned());
    Ok(id)
}
