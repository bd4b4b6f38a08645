//! What `enrich` asks, joined to the services.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;

use super::Connected;
use crate::connectors::{Lookups, brevo, file, jira};
use crate::http::{Class, Failure};
use crate::plan::{LookupKind, LookupPlan, Plan};
use crate::record::Value;
use crate::transform::Question;

/// The look-ups of a plan; none where it has none.
#[must_use]
pub fn lookups(plan: &Arc<Plan>, connected: &Connected, root: &Path) -> Option<Box<dyn Lookups>> {
    (!plan.lookups.is_empty()).then(|| -> Box<dyn Lookups> {
        Box::new(PlanLookups {
            plan: Arc::clone(plan),
            jira: connected.jira.clone(),
            brevo: connected.brevo.clone(),
            root: root.to_owned(),
        })
    })
}

struct PlanLookups {
    plan: Arc<Plan>,
    jira: BTreeMap<Arc<str>, Arc<jira::Session>>,
    brevo: BTreeMap<Arc<str>, Arc<brevo::Session>>,
    root: PathBuf,
}

impl Lookups for PlanLookups {
    fn ask<'a>(
        &'a self,
        questions: &'a [Question],
    ) -> BoxFuture<'a, Result<Vec<Option<Value>>, Failure>> {
        Box::pin(async move {
            let mut found: Vec<Option<Value>> = vec![None; questions.len()];
            for (number, lookup) in self.plan.lookups.iter().enumerate() {
                let (places, arguments): (Vec<usize>, Vec<&Value>) = questions
                    .iter()
                    .enumerate()
                    .filter(|(_, question)| question.lookup == number)
                    .map(|(place, question)| (place, &question.argument))
                    .unzip();
                if places.is_empty() {
                    continue;
                }
                let answers = self.of(lookup, &arguments).await?;
                for (place, answer) in places.into_iter().zip(answers) {
                    if let Some(found) = found.get_mut(place) {
                        *found = answer;
                    }
                }
            }
            Ok(found)
        })
    }
}

impl PlanLookups {
    async fn of(
        &self,
        lookup: &LookupPlan,
        arguments: &[&Value],
    ) -> Result<Vec<Option<Value>>, Failure> {
        let texts: Vec<Arc<str>> = arguments
            .iter()
            .filter_map(|argument| match argument {
                Value::String(text) => Some(Arc::clone(text)),
                _ => None,
            })
            .collect();
        let name = lookup.connection.as_ref();
        let missing = || Failure::new(Class::Rejected, "a look-up has no connection");
        let jira = || {
            name.and_then(|name| self.jira.get(name))
                .ok_or_else(missing)
        };
        match &lookup.kind {
            LookupKind::Contact => {
                let session = name.and_then(|name| self.brevo.get(name));
                let session = session.ok_or_else(missing)?;
                brevo::lookup_contacts(session, &texts, &lookup.reads).await
            }
            LookupKind::User => jira::users(jira()?, &texts).await,
            LookupKind::Issue => jira::issues_of(jira()?, &texts, &lookup.reads).await,
            LookupKind::Request => jira::customers(jira()?, &texts).await,
            LookupKind::Search => {
                let mut found = Vec::with_capacity(texts.len());
                for jql in &texts {
                    found.push(Some(jira::search(jira()?, jql, &lookup.reads).await?));
                }
                Ok(found)
            }
            LookupKind::File { path } => {
                let rows = arguments.iter().filter_map(|argument| argument.as_object());
                let rows: Vec<_> = rows.collect();
                file::rows(&self.root, path, &rows)
            }
        }
    }
}
