//! Groups of aggregates from one run to the next: read at its start, kept with what is made of
//! them.

use crate::plan::{GroupNews, Processor};
use crate::state::{Group, GroupId, Seal};
use crate::transform::News;

/// The groups of the last run, as a run takes them up.
#[derive(Debug, Default)]
pub struct Recalled {
    /// Groups of an `aggregate` that is not there any more, or under another key.
    pub stale: Vec<GroupId>,
    /// How many of them no one can read: the project's key is another.
    pub unreadable: u64,
}

impl Recalled {
    /// Gives the processor groups of the last run.
    ///
    /// # Errors
    /// Where they cannot be set aside, in one sentence.
    pub fn recall(
        &mut self,
        groups: &[Group],
        seal: Option<&Seal>,
        processor: &mut Processor<'_>,
    ) -> Result<(), String> {
        for group in groups {
            let text = seal.and_then(|seal| seal.open(&group.id, &group.sealed));
            let known = match text.as_deref().and_then(|text| text.split_once('\n')) {
                Some((place, by)) => processor
                    .remember(place, by)
                    .map_err(|error| error.to_string())?,
                None => {
                    self.unreadable += 1;
                    false
                }
            };
            if !known {
                self.stale.push(group.id);
            }
        }
        Ok(())
    }

    /// What a person must be told of them.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        (self.unreadable > 0).then(|| {
            format!(
                "{} groups of the last run were kept under another key: those that are gone \
                 cannot be told from them",
                self.unreadable
            )
        })
    }
}

/// What the state keeps of a group, or by what it forgets it.
pub(super) enum Kept {
    /// From now on it is known.
    Known(Group),
    /// From now on it is not.
    Gone(GroupId),
}

/// Seals the news of a group.
///
/// # Errors
/// Where it cannot be sealed, in one sentence.
pub(super) fn kept(news: GroupNews, seal: &Seal) -> Result<Kept, String> {
    let text = |by: &str| format!("{}\n{by}", news.place);
    Ok(match &news.news {
        News::Gone(by) => Kept::Gone(seal.id(&text(by))),
        News::New(by) => {
            let text = text(by);
            let id = seal.id(&text);
            let sealed = seal.seal(&id, &text)?;
            Kept::Known(Group { id, sealed })
        }
    })
}
