//! Looking up what records ask, between pages.

use std::collections::HashSet;

use super::{End, Job, Stages};
use crate::connectors::Lookups;
use crate::record::Record;
use crate::transform::Question;

/// How many questions are asked at once: what was found is kept before more is asked.
const AT_ONCE: usize = 500;

/// What is looked up next, each question once.
fn distinct(questions: Vec<Question>) -> Vec<Question> {
    let mut known = HashSet::new();
    let mut questions = questions;
    questions.retain(|question| known.insert(question.key()));
    questions
}

/// Looks up until these records, or what was held back, can go through.
async fn look_up(
    lookups: &dyn Lookups,
    stages: &mut dyn Stages,
    records: Option<&[Record]>,
) -> Result<(), End> {
    let set_aside = |reason| End::SetAside { reason };
    loop {
        let questions = match records {
            Some(records) => stages.questions(records),
            None => stages.questions_of_held(),
        };
        let questions = distinct(questions.map_err(set_aside)?);
        if questions.is_empty() {
            return Ok(());
        }
        for questions in questions.chunks(AT_ONCE) {
            let found = lookups.ask(questions).await.map_err(End::from)?;
            for (question, found) in questions.iter().zip(found) {
                stages.answer(question, found.as_ref()).map_err(set_aside)?;
            }
        }
    }
}

/// Looks up what records ask, unless the run is interrupted.
pub(super) async fn before(
    job: &Job,
    stages: &mut dyn Stages,
    records: Option<&[Record]>,
    cancel: &tokio_util::sync::CancellationToken,
) -> Result<(), End> {
    let Some(lookups) = &job.lookups else {
        return Ok(());
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(End::Interrupted),
        done = look_up(lookups.as_ref(), stages, records) => done,
    }
}
