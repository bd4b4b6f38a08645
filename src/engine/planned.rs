//! A compiled plan as the stages of a run.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::groups::{Kept, Recalled, kept};
use super::{Guard, OnError, Staged, Stages, Trouble};
use crate::operation::{Operation, Place};
use crate::plan::{self, Plan, Processed, Processor, SourceKind};
use crate::record::{Object, Projection, Record, Value};
use crate::state::{Fact, Group, ScratchTable, Seal};
use crate::transform::{MaskKey, Question, Spill, SpillError};

/// A plan at work; what it must hold back lies in temporary files.
pub struct Planned<'p> {
    plan: &'p Plan,
    processor: Processor<'p>,
    of_jira: bool,
    /// Where the issues are that its records tell of; none where they tell of none.
    issues: Option<Issues>,
    /// Paths that the plan reads and no record had so far.
    unseen: Vec<Vec<Arc<str>>>,
    /// Seals the groups of aggregates; none where there are no aggregates.
    seal: Option<&'p Seal>,
    recalled: Recalled,
}

impl<'p> Planned<'p> {
    /// Starts a plan; `run_time` is the time of what it aggregates, `seal` keeps the groups for
    /// the next run.
    ///
    /// # Errors
    /// Where there is no room for temporary files.
    pub fn new(
        plan: &'p Plan,
        key: &'p MaskKey,
        seal: Option<&'p Seal>,
        run_time: Timestamp,
    ) -> Result<Self, SpillError> {
        let mut spill =
            || -> Result<Box<dyn Spill>, SpillError> { Ok(Box::new(ScratchTable::new()?)) };
        let mut unseen = Vec::new();
        paths(&plan.reads, &mut Vec::new(), &mut unseen);
        // That nothing was deleted is how it should be.
        unseen.retain(|path| !matches!(path.as_slice(), [name] if &**name == "deleted"));
        Ok(Self {
            plan,
            processor: Processor::new(plan, key, run_time, &mut spill)?,
            of_jira: plan
                .sources
                .iter()
                .any(|source| source.kind.name().starts_with("jira.")),
            issues: plan.sources.iter().find_map(|source| match source.kind {
                SourceKind::JiraIssues(_) => Some(Issues::Records),
                SourceKind::JiraComments(_) | SourceKind::JiraWorklogs(_) => Some(Issues::Members),
                SourceKind::JiraWebhook(_) => Some(Issues::Either),
                _ => None,
            }),
            unseen,
            seal,
            recalled: Recalled::default(),
        })
    }

    fn give(&self, processed: Processed, out: &mut Staged) -> Result<(), String> {
        out.operations.extend(processed.operations);
        out.kept += processed.kept;
        out.dropped += processed.dropped.len() as u64;
        out.unmatched += processed.unmatched.len() as u64;
        for troubled in processed.troubles {
            let sink = troubled.sink.and_then(|index| self.plan.sinks.get(index));
            let trouble = troubled.trouble;
            out.troubles.push(Trouble {
                record: troubled.record.name,
                sink: sink.map(|sink| Arc::clone(&sink.name)),
                class: trouble.kind.code().as_str().into(),
                at: trouble.place.map(|(file, span)| {
                    let position = file.position(span.start);
                    Place {
                        file: file.name().into(),
                        line: position.line,
                        column: position.column,
                    }
                }),
                reason: trouble.message,
                on_error: sink.map_or(self.plan.on_error, |sink| sink.on_error).into(),
            });
        }
        let Some(seal) = self.seal else {
            return Ok(());
        };
        for news in processed.groups {
            match kept(news, seal)? {
                Kept::Known(group) => out.groups.push(group),
                Kept::Gone(id) => out.gone.push(id),
            }
        }
        Ok(())
    }
}

impl Stages for Planned<'_> {
    fn recall(&mut self, groups: &[Group]) -> Result<(), String> {
        self.recalled.recall(groups, self.seal, &mut self.processor)
    }

    fn questions(&mut self, records: &[Record]) -> Result<Vec<Question>, String> {
        let mut open = Vec::new();
        if self.plan.lookups.is_empty() {
            return Ok(open);
        }
        for record in records {
            let questions = self.processor.questions(record);
            open.extend(questions.map_err(|error| error.to_string())?);
        }
        Ok(open)
    }

    fn questions_of_held(&mut self) -> Result<Vec<Question>, String> {
        let questions = self.processor.questions_of_held();
        questions.map_err(|error| error.to_string())
    }

    fn answer(&mut self, question: &Question, found: Option<&Value>) -> Result<(), String> {
        let kept = self.processor.answer(question, found);
        kept.map_err(|error| error.to_string())
    }

    fn process(&mut self, record: Record, out: &mut Staged) -> Result<(), String> {
        self.unseen.retain(|path| !has(&record.value, path));
        if let Some(issues) = self.issues {
            out.facts.extend(issue_facts(issues, &record));
        }
        // A value is shared: this copies nothing.
        let value = record.value.clone();
        let mut processed = Processed::default();
        let done = self.processor.process(record, &mut processed);
        if self.of_jira {
            let linked = processed
                .operations
                .iter()
                .filter(|operation| is_of_a_user(operation, &value));
            out.facts
                .extend(linked.map(|operation| Fact::Linked(Arc::clone(&operation.key))));
        }
        self.give(processed, out)?;
        done.map_err(|error| error.to_string())
    }

    fn release(&mut self, out: &mut Staged) -> Result<bool, String> {
        let mut processed = Processed::default();
        let more = self.processor.release(&mut processed);
        self.give(processed, out)?;
        out.gone.append(&mut self.recalled.stale);
        more.map_err(|error| error.to_string())
    }

    fn notices(&mut self) -> Vec<String> {
        let unseen = self
            .unseen
            .iter()
            .map(|path| format!("`$.{}` matched nothing in any record", path.join(".")));
        unseen.chain(self.recalled.notice()).collect()
    }
}

/// Where issues are.
#[derive(Clone, Copy)]
enum Issues {
    /// Each record is one.
    Records,
    /// Each record has one under `issue`.
    Members,
    /// Either: a webhook tells of issues, of what belongs to one, or of neither.
    Either,
}

/// What `status` counts of the issue that a record tells of.
fn issue_facts(issues: Issues, record: &Record) -> Vec<Fact> {
    let identity = record.identity.as_ref();
    let text = |member: &str| record.value.at(&["issue", member])?.as_str().map(Arc::from);
    let (id, key): (Option<Arc<str>>, Option<Arc<str>>) = match issues {
        Issues::Records => (
            identity.and_then(|identity| identity.parts().first().cloned()),
            Some(Arc::clone(&record.name)),
        ),
        Issues::Either if record.value.get("fields").is_some() => (
            identity.and_then(|identity| identity.parts().first().cloned()),
            Some(Arc::clone(&record.name)),
        ),
        Issues::Members | Issues::Either => (text("id"), text("key")),
    };
    let project = key.as_deref().and_then(|key| key.rsplit_once('-'));
    let project = project.map(|(project, _)| Fact::Project(project.into()));
    id.map(Fact::Issue).into_iter().chain(project).collect()
}

/// True for a contact's operation that writes an identity of a Jira user whom the record names.
fn is_of_a_user(operation: &Operation, record: &Value) -> bool {
    if &*operation.sink != "brevo.contacts" {
        return false;
    }
    let texts = |name: &str| {
        let members = operation.payload.get(name).and_then(Value::as_object);
        let members = members.into_iter().flat_map(Object::iter);
        members.filter_map(|(_, value)| value.as_str())
    };
    let written: Vec<&str> = texts("identify").chain(texts("attributes")).collect();
    names_a_user(record, &written)
}

/// True where an account id or e-mail of a user in the record is one of these; looked for from the
/// outside in, since users stand in an issue's fields.
fn names_a_user(record: &Value, texts: &[&str]) -> bool {
    let mut left = VecDeque::from([record]);
    while let Some(value) = left.pop_front() {
        match value {
            Value::Array(elements) => left.extend(elements.iter()),
            Value::Object(members) => {
                for (name, member) in members.iter() {
                    let id = member
                        .as_str()
                        .filter(|_| matches!(&**name, "accountId" | "emailAddress"));
                    match id {
                        Some(id) if texts.iter().any(|text| text.eq_ignore_ascii_case(id)) => {
                            return true;
                        }
                        Some(_) => {}
                        None => left.push_back(member),
                    }
                }
            }
            _ => {}
        }
    }
    false
}

/// The paths that a projection reads, to their ends.
fn paths(reads: &Projection, names: &mut Vec<Arc<str>>, out: &mut Vec<Vec<Arc<str>>>) {
    match reads {
        Projection::Members(members) => {
            for (name, inner) in members {
                names.push(Arc::clone(name));
                paths(inner, names, out);
                names.pop();
            }
        }
        Projection::Whole | Projection::Raw if names.is_empty() => {}
        Projection::Whole | Projection::Raw => out.push(names.clone()),
    }
}

/// True where something that is not missing is under the names; lists are transparent.
fn has(value: &Value, names: &[Arc<str>]) -> bool {
    match (value, names) {
        (Value::Null, _) => false,
        // What was kept as text was not looked into.
        (Value::Raw(_), _) => true,
        (Value::Array(elements), _) => elements.iter().any(|element| has(element, names)),
        (_, []) => true,
        (Value::Object(members), [name, rest @ ..]) => {
            members.get(name).is_some_and(|member| has(member, rest))
        }
        _ => false,
    }
}

impl From<plan::OnError> for OnError {
    fn from(written: plan::OnError) -> Self {
        match written {
            plan::OnError::DeadLetter => Self::DeadLetter,
            plan::OnError::Skip => Self::Skip,
            plan::OnError::Stop => Self::Stop,
        }
    }
}

impl From<plan::Guard> for Guard {
    fn from(written: plan::Guard) -> Self {
        Self {
            max_changes: written.max_changes,
            max_share: written.max_share,
            max_dead: written.max_dead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_seen_where_any_element_has_it() {
        let value = Value::from_json(r#"{"a":[{"b":null},{"b":1}],"c":null,"d":[]}"#).unwrap();
        let path = |text: &str| text.split('.').map(Arc::from).collect::<Vec<Arc<str>>>();
        for (text, there) in [("a.b", true), ("a.x", false), ("c", false), ("d", false)] {
            assert_eq!(has(&value, &path(text)), there, "{text}");
        }
        let mut reads = Projection::nothing();
        reads.add(&path("a.b"), &Projection::Whole);
        reads.add(&path("c"), &Projection::Raw);
        let mut found = Vec::new();
        paths(&reads, &mut Vec::new(), &mut found);
        assert_eq!(found, [path("a.b"), path("c")]);
    }
}
