//! Taking records through a plan, up to operations: the one code path of `run`, `plan` and `test`.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Made, OnUnmatched, Plan, SinkPlan, Stage};
use crate::diagnostic::Span;
use crate::expression::{Trouble, TroubleKind};
use crate::operation::Operation;
use crate::record::{Record, Value};
use crate::transform::{Answers, Groups, MaskKey, News, Question, Spill, SpillError, Step};

/// How many held records are given on at once.
const RELEASED_AT_ONCE: usize = 200;

/// A plan being carried out on records: holds what `aggregate` and `dedupe` must see whole.
pub struct Processor<'p> {
    plan: &'p Plan,
    key: &'p MaskKey,
    run_time: Timestamp,
    /// A room for each stage: the pipeline's own first, then each sink's.
    rooms: Vec<Vec<Room>>,
    /// Each `aggregate` with the room and the index that it has.
    aggregates: Vec<(Arc<str>, usize, usize)>,
    /// What the steps of sinks let go of the record at hand.
    let_go: Vec<Dropped>,
    /// How many records stages have taken to hold.
    held: u64,
    /// What look-ups have answered; none where the plan has no look-ups.
    answers: Option<Answers>,
    /// Held records that are given on next, once what they ask is answered.
    waiting: Option<Waiting>,
}

/// Held records on their way.
struct Waiting {
    room: usize,
    /// The stage that they go on with.
    from: usize,
    records: Vec<Record>,
    /// What came of giving them on.
    out: Processed,
}

/// Where a stage holds records.
enum Room {
    /// It holds none.
    None,
    /// `dedupe`.
    Rows(Box<dyn Spill>),
    /// `aggregate`.
    Groups(Groups),
}

/// What became of records.
#[derive(Debug, Default)]
pub struct Processed {
    /// What is to be sent.
    pub operations: Vec<Operation>,
    /// How many records came through the pipeline's own transforms and were taken by a sink.
    pub kept: u64,
    /// Records that no sink got anything of, because a step or a `when` let them go. What one
    /// sink passes over and another takes is not dropped.
    pub dropped: Vec<Dropped>,
    /// Records without an identity for a sink.
    pub unmatched: Vec<Unmatched>,
    /// Records that could not be handled.
    pub troubles: Vec<Troubled>,
    /// Groups that the next run must know, or need not know any more.
    pub groups: Vec<GroupNews>,
}

/// What became of a group of an `aggregate` since the last run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupNews {
    /// Which `aggregate`, by its place and the names that it groups by.
    pub place: Arc<str>,
    /// What became of the group.
    pub news: News,
}

/// A record that no sink got anything of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The record's name.
    pub record: Arc<str>,
    /// What let it go: the key of a step of the pipeline, or of the first sink, or its `when`.
    pub at: Span,
}

/// A record without an identity for a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The record's name.
    pub record: Arc<str>,
    /// The sink's index.
    pub sink: usize,
}

/// A record that could not be handled.
#[derive(Clone, Debug)]
pub struct Troubled {
    /// The record, to be kept with the reason.
    pub record: Record,
    /// The sink's index; none in the pipeline's own transforms.
    pub sink: Option<usize>,
    /// Why.
    pub trouble: Trouble,
}

impl<'p> Processor<'p> {
    /// Starts to carry out a plan; `spill` gives room for records that are held.
    pub fn new(
        plan: &'p Plan,
        key: &'p MaskKey,
        run_time: Timestamp,
        spill: &mut dyn FnMut() -> Result<Box<dyn Spill>, SpillError>,
    ) -> Result<Self, SpillError> {
        let mut rooms_of = |stages: &[Stage]| {
            let room = |stage: &Stage| -> Result<Room, SpillError> {
                Ok(match stage {
                    Stage::Step(_) | Stage::Enrich(_) => Room::None,
                    Stage::Dedupe(..) => Room::Rows(spill()?),
                    Stage::Aggregate(_) => Room::Groups(Groups::new(spill()?, spill()?)),
                })
            };
            stages
                .iter()
                .map(room)
                .collect::<Result<Vec<_>, SpillError>>()
        };
        let mut rooms = vec![rooms_of(&plan.stages)?];
        for sink in &plan.sinks {
            rooms.push(rooms_of(&sink.stages)?);
        }
        let answers = match plan.lookups.as_slice() {
            [] => None,
            _ => Some(Answers::new(spill()?)),
        };
        Ok(Self {
            answers,
            waiting: None,
            plan,
            key,
            run_time,
            rooms,
            aggregates: aggregates(plan),
            let_go: Vec::new(),
            held: 0,
        })
    }

    /// A group that an `aggregate` made in the last run; false where there is none of that place
    /// any more.
    ///
    /// # Errors
    /// Where the group cannot be kept.
    pub fn remember(&mut self, place: &str, by: &str) -> Result<bool, SpillError> {
        let known = self.aggregates.iter().find(|(known, ..)| **known == *place);
        let Some((_, room, index)) = known else {
            return Ok(false);
        };
        let stages = match room.checked_sub(1) {
            None => Some(&self.plan.stages),
            Some(sink) => self.plan.sinks.get(sink).map(|sink| &sink.stages),
        };
        let stage = stages.and_then(|stages| stages.get(*index));
        let rooms = self.rooms.get_mut(*room);
        let room = rooms.and_then(|rooms| rooms.get_mut(*index));
        match (stage, room) {
            (Some(Stage::Aggregate(aggregate)), Some(Room::Groups(groups))) => {
                aggregate.remember(by, groups)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Takes a record as far as it gets.
    ///
    /// # Errors
    /// Where records that are held cannot be kept.
    pub fn process(&mut self, record: Record, out: &mut Processed) -> Result<(), SpillError> {
        self.pipeline(0, vec![record], out)
    }

    /// Gives on what was held, once the source has ended.
    ///
    /// # Errors
    /// Where records that were held cannot be read back.
    pub fn finish(&mut self, out: &mut Processed) -> Result<(), SpillError> {
        while self.release(out)? {}
        Ok(())
    }

    /// Gives on some of what was held; false once nothing is left. What [`Self::questions_of_held`]
    /// asks must be answered.
    ///
    /// # Errors
    /// Where records that were held cannot be read back.
    pub fn release(&mut self, out: &mut Processed) -> Result<bool, SpillError> {
        if self.waiting.is_none() {
            self.waiting = self.next_held()?;
        }
        let Some(waiting) = self.waiting.take() else {
            return Ok(false);
        };
        out.groups.extend(waiting.out.groups);
        out.troubles.extend(waiting.out.troubles);
        match waiting.room.checked_sub(1) {
            None => self.pipeline(waiting.from, waiting.records, out)?,
            Some(sink) => self.sink(sink, waiting.from, waiting.records, out)?,
        }
        Ok(true)
    }

    /// The next of what was held.
    fn next_held(&mut self) -> Result<Option<Waiting>, SpillError> {
        let plan = self.plan;
        let of_sinks = plan.sinks.iter().map(|sink| &sink.stages);
        for (room, stages) in std::iter::once(&plan.stages).chain(of_sinks).enumerate() {
            for index in 0..stages.len() {
                let mut out = Processed::default();
                let records = self.held(room, stages, index, &mut out)?;
                let nothing = out.groups.is_empty() && out.troubles.is_empty();
                if !records.is_empty() || !nothing {
                    return Ok(Some(Waiting {
                        room,
                        from: index + 1,
                        records,
                        out,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// What the look-ups must answer before a record can go through.
    ///
    /// # Errors
    /// Where answers cannot be read.
    pub fn questions(&mut self, record: &Record) -> Result<Vec<Question>, SpillError> {
        let mut open = Vec::new();
        self.ask(0, 0, vec![record.clone()], &mut open)?;
        Ok(open)
    }

    /// What the look-ups must answer before [`Self::release`].
    ///
    /// # Errors
    /// Where what was held, or answers, cannot be read.
    pub fn questions_of_held(&mut self) -> Result<Vec<Question>, SpillError> {
        if self.answers.is_none() {
            return Ok(Vec::new());
        }
        if self.waiting.is_none() {
            self.waiting = self.next_held()?;
        }
        let mut open = Vec::new();
        if let Some(waiting) = &self.waiting {
            let (room, from, records) = (waiting.room, waiting.from, waiting.records.clone());
            self.ask(room, from, records, &mut open)?;
        }
        Ok(open)
    }

    /// Keeps what a look-up found; none: there is nothing.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn answer(&mut self, question: &Question, found: Option<&Value>) -> Result<(), SpillError> {
        match &mut self.answers {
            Some(answers) => answers.keep(question, found),
            None => Ok(()),
        }
    }

    /// Takes records as far as answers are known, without any effect; what is not known is open.
    fn ask(
        &mut self,
        room: usize,
        from: usize,
        mut records: Vec<Record>,
        open: &mut Vec<Question>,
    ) -> Result<(), SpillError> {
        let plan = self.plan;
        let Some(answers) = &mut self.answers else {
            return Ok(());
        };
        let stages = match room.checked_sub(1) {
            None => &plan.stages,
            Some(sink) => match plan.sinks.get(sink) {
                Some(sink) => &sink.stages,
                None => return Ok(()),
            },
        };
        for stage in stages.iter().skip(from) {
            let arrived = std::mem::take(&mut records);
            for record in arrived {
                match stage {
                    // What goes wrong is told when the record goes through.
                    Stage::Step(step) => step.apply(record, self.key, &mut records).unwrap_or(()),
                    Stage::Enrich(step) => {
                        let questions = step.open(&record, answers)?;
                        if questions.is_empty() {
                            records.extend(step.apply(record, answers)?.ok());
                        }
                        open.extend(questions);
                    }
                    // They are held here.
                    Stage::Aggregate(_) | Stage::Dedupe(..) => {}
                }
            }
        }
        if room > 0 {
            return Ok(());
        }
        for record in records {
            for (index, sink) in plan.sinks.iter().enumerate() {
                if refuses(sink, &record).is_none() {
                    self.ask(index + 1, 0, vec![record.clone()], open)?;
                }
            }
        }
        Ok(())
    }

    fn held(
        &mut self,
        room: usize,
        stages: &[Stage],
        index: usize,
        out: &mut Processed,
    ) -> Result<Vec<Record>, SpillError> {
        let of_it = |(_, its_room, its_index): &&(Arc<str>, usize, usize)| {
            (*its_room, *its_index) == (room, index)
        };
        let place = self.aggregates.iter().find(of_it);
        let place = place.map(|(place, ..)| Arc::clone(place));
        let rooms = self.rooms.get_mut(room);
        let (Some(room_of_it), Some(stage)) = (
            rooms.and_then(|rooms| rooms.get_mut(index)),
            stages.get(index),
        ) else {
            return Ok(Vec::new());
        };
        match (stage, room_of_it) {
            (Stage::Dedupe(dedupe, _), Room::Rows(rows)) => {
                dedupe.give(rows.as_mut(), RELEASED_AT_ONCE)
            }
            (Stage::Aggregate(aggregate), Room::Groups(groups)) => {
                let mut records = Vec::new();
                // A batch of nothing but troubled groups must not look like the end.
                loop {
                    let given = aggregate.give(groups, self.run_time, RELEASED_AT_ONCE)?;
                    let end = given.is_empty();
                    for group in given {
                        if let (Some(news), Some(place)) = (group.news, &place) {
                            out.groups.push(GroupNews {
                                place: Arc::clone(place),
                                news,
                            });
                        }
                        match group.trouble {
                            None => records.push(group.record),
                            Some(trouble) => out.troubles.push(Troubled {
                                record: group.record,
                                sink: room.checked_sub(1),
                                trouble,
                            }),
                        }
                    }
                    if end || !records.is_empty() {
                        return Ok(records);
                    }
                }
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The pipeline's own stages from one on, then every sink.
    fn pipeline(
        &mut self,
        from: usize,
        records: Vec<Record>,
        out: &mut Processed,
    ) -> Result<(), SpillError> {
        let plan = self.plan;
        let records = self.stages(0, &plan.stages, from, records, out)?;
        for record in records {
            let before = self.came_of(out);
            self.let_go.clear();
            for (index, sink) in plan.sinks.iter().enumerate() {
                match refuses(sink, &record) {
                    None => self.sink(index, 0, vec![record.clone()], out)?,
                    Some(at) => self.let_go.push(Dropped {
                        record: Arc::clone(&record.name),
                        at,
                    }),
                }
            }
            if self.came_of(out) > before {
                out.kept += 1;
            } else {
                out.dropped.extend(self.let_go.drain(..).next());
            }
        }
        Ok(())
    }

    /// Grows with each thing that comes of a record.
    fn came_of(&self, out: &Processed) -> u64 {
        let listed = out.operations.len() + out.unmatched.len() + out.troubles.len();
        self.held + listed as u64
    }

    /// A sink's own stages from one on, then its operations.
    fn sink(
        &mut self,
        index: usize,
        from: usize,
        records: Vec<Record>,
        out: &mut Processed,
    ) -> Result<(), SpillError> {
        let plan = self.plan;
        let Some(sink) = plan.sinks.get(index) else {
            return Ok(());
        };
        for record in self.stages(index + 1, &sink.stages, from, records, out)? {
            let mut made = sink.kind.operation(&record, index, &sink.place);
            if let (Ok(made), Some(keys)) = (&mut made, &sink.keys) {
                keys.keep_apart(made);
            }
            match made {
                Ok(Made::Operation(operation)) => out.operations.push(*operation),
                Ok(Made::Nothing) => {}
                Ok(Made::Several(operations)) => out.operations.extend(operations),
                Ok(Made::Unmatched) if sink.on_unmatched == OnUnmatched::Skip => {
                    out.unmatched.push(Unmatched {
                        record: Arc::clone(&record.name),
                        sink: index,
                    });
                }
                Ok(Made::Unmatched) => {
                    let reason = "no identity for this sink";
                    let trouble = Trouble::new(TroubleKind::Unmatched, reason, "", 0..0)
                        .located(&plan.file, sink.span);
                    out.troubles.push(Troubled {
                        record,
                        sink: Some(index),
                        trouble,
                    });
                }
                Err(trouble) => out.troubles.push(Troubled {
                    record,
                    sink: Some(index),
                    trouble,
                }),
            }
        }
        Ok(())
    }

    /// Takes records through stages until they come out or are held.
    fn stages(
        &mut self,
        room: usize,
        stages: &[Stage],
        from: usize,
        mut records: Vec<Record>,
        out: &mut Processed,
    ) -> Result<Vec<Record>, SpillError> {
        let sink = room.checked_sub(1);
        for (index, stage) in stages.iter().enumerate().skip(from) {
            if records.is_empty() {
                break;
            }
            let arrived = std::mem::take(&mut records);
            if let Stage::Step(step) = stage {
                for record in arrived {
                    self.step(step, record, sink, &mut records, out);
                }
                continue;
            }
            if let (Stage::Enrich(step), Some(answers)) = (stage, &mut self.answers) {
                for record in arrived {
                    match step.apply(record, answers)? {
                        Ok(record) => records.push(record),
                        Err(failed) => {
                            let (record, trouble) = *failed;
                            out.troubles.push(Troubled {
                                record,
                                sink,
                                trouble,
                            });
                        }
                    }
                }
                continue;
            }
            let rooms = self.rooms.get_mut(room);
            let Some(room) = rooms.and_then(|rooms| rooms.get_mut(index)) else {
                continue;
            };
            self.held += arrived.len() as u64;
            for record in arrived {
                if let Err(trouble) = hold(stage, &record, room, sink, out)? {
                    out.troubles.push(Troubled {
                        record,
                        sink,
                        trouble,
                    });
                }
            }
        }
        Ok(records)
    }

    fn step(
        &mut self,
        step: &Step,
        record: Record,
        sink: Option<usize>,
        records: &mut Vec<Record>,
        out: &mut Processed,
    ) {
        let before = records.len();
        let name = Arc::clone(&record.name);
        match step.apply(record, self.key, records) {
            Ok(()) if records.len() == before => {
                let dropped = Dropped {
                    record: name,
                    at: step.span,
                };
                match sink {
                    None => out.dropped.push(dropped),
                    Some(_) => self.let_go.push(dropped),
                }
            }
            Ok(()) => {}
            Err(failed) => {
                let (record, trouble) = *failed;
                out.troubles.push(Troubled {
                    record,
                    sink,
                    trouble,
                });
            }
        }
    }
}

/// The aggregates of a plan by a name that outlives edits of what stands around them: groups of
/// another place or of other names are none that this run lacks.
fn aggregates(plan: &Plan) -> Vec<(Arc<str>, usize, usize)> {
    let of_sinks = plan.sinks.iter().map(|sink| &sink.stages);
    let mut found = Vec::new();
    for (room, stages) in std::iter::once(&plan.stages).chain(of_sinks).enumerate() {
        let mut number = 0;
        for (index, stage) in stages.iter().enumerate() {
            let Stage::Aggregate(aggregate) = stage else {
                continue;
            };
            number += 1;
            let mut names: Vec<Arc<str>> = aggregate
                .by
                .iter()
                .map(|(name, _)| Arc::clone(name))
                .collect();
            names.sort();
            let names = Value::from(names.into_iter().map(Value::from).collect::<Vec<_>>());
            let names = names.to_json();
            let place = match room.checked_sub(1).and_then(|sink| plan.sinks.get(sink)) {
                None => format!("transforms {number} {names}"),
                Some(sink) => format!("sink {room} {} {number} {names}", sink.name),
            };
            found.push((place.into(), room, index));
        }
    }
    found
}

/// Takes a record where a stage holds it until all have come.
fn hold(
    stage: &Stage,
    record: &Record,
    room: &mut Room,
    sink: Option<usize>,
    out: &mut Processed,
) -> Result<Result<(), Trouble>, SpillError> {
    match (stage, room) {
        (Stage::Aggregate(aggregate), Room::Groups(groups)) => aggregate.take(record, groups),
        (Stage::Dedupe(dedupe, span), Room::Rows(rows)) => {
            let taken = dedupe.take(record, rows.as_mut())?;
            Ok(taken.map(|gone| {
                // In a sink it was taken: what becomes of it concerns that sink alone.
                let gone = gone.filter(|_| sink.is_none());
                out.dropped
                    .extend(gone.map(|record| Dropped { record, at: *span }));
            }))
        }
        // Each stage that holds records was given its room in `new`.
        _ => Ok(Ok(())),
    }
}

/// What of a sink does not let a record in; none where it comes in.
fn refuses(sink: &SinkPlan, record: &Record) -> Option<Span> {
    if record.deleted && !sink.takes_deleted {
        return Some(sink.span);
    }
    let when = sink.when.as_ref()?;
    (!when.condition.holds(&record.value)).then_some(when.span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{key, plan, record};
    use crate::transform::MemorySpill;

    /// What came of records: how many were kept, and each dropped one with the line of the reason.
    fn came(rest: &str, records: &[&str]) -> (u64, Vec<String>) {
        let plan = plan(&format!(
            "sources: [file: {{ path: in.jsonl, id: $.id }}]\n{rest}"
        ));
        let key = key();
        let time = "2026-11-24T10:15:00Z".parse().unwrap();
        let mut spill =
            || -> Result<Box<dyn Spill>, SpillError> { Ok(Box::<MemorySpill>::default()) };
        let mut processor = Processor::new(&plan, &key, time, &mut spill).unwrap();
        let mut out = Processed::default();
        for (number, json) in records.iter().enumerate() {
            let mut record = record(json);
            record.name = format!("R-{number}").into();
            processor.process(record, &mut out).unwrap();
        }
        processor.finish(&mut out).unwrap();
        let dropped = out.dropped.iter();
        let dropped = dropped.map(|one| format!("{}: {}", one.record, plan.line(one.at)));
        (out.kept, dropped.collect())
    }

    const TWO_SINKS: &str = "sinks:
  - file:
      path: a.jsonl
      when: $.a
  - file:
      path: b.jsonl
      transforms:
        - keep: $.b
        - each: { one: '$.l[*]' }
";

    #[test]
    fn dropped_is_what_no_sink_got_anything_of_with_the_first_reason() {
        let records = [
            r#"{"a":1}"#,
            r#"{"b":1,"l":[1,2]}"#,
            r#"{"b":1,"l":[]}"#,
            r#"{}"#,
            r#"{"a":1,"b":1,"l":[]}"#,
        ];
        let (kept, dropped) = came(TWO_SINKS, &records);
        assert_eq!(kept, 3);
        assert_eq!(dropped, ["R-2: when: $.a", "R-3: when: $.a"]);
    }

    #[test]
    fn a_step_of_the_pipeline_drops_for_all_sinks() {
        let rest =
            format!("transforms:\n  - drop: $.gone\n  - each: {{ x: '$.x[*]' }}\n{TWO_SINKS}");
        let (kept, dropped) = came(
            &rest,
            &[
                r#"{"gone":1,"a":1}"#,
                r#"{"a":1,"x":[]}"#,
                r#"{"a":1,"x":[1,2]}"#,
            ],
        );
        assert_eq!(kept, 2, "each makes records");
        assert_eq!(dropped, ["R-0: drop: $.gone", "R-1: each: { x: '$.x[*]' }"]);
    }

    #[test]
    fn what_a_sink_has_no_identity_for_or_holds_or_refuses_is_not_dropped() {
        let sinks = "sinks:
  - brevo.contacts:
      when: $.contact
      identify: { email: $.email }
  - file:
      path: a.jsonl
      transforms:
        - keep: $.k
        - dedupe: { by: $.k }
  - file:
      path: b.jsonl
      transforms:
        - expect: { condition: '!$.bad' }
        - drop: $.email || $.k || $.contact
";
        let (kept, dropped) = came(
            sinks,
            &[
                r#"{"contact":1}"#,
                r#"{"k":1}"#,
                r#"{"k":1}"#,
                r#"{"bad":1}"#,
                r#"{"email":"a@b.example"}"#,
            ],
        );
        assert_eq!(kept, 4);
        assert_eq!(dropped, ["R-4: when: $.contact"]);
    }

    #[test]
    fn of_equal_records_the_pipelines_own_dedupe_drops_the_others() {
        let rest = "transforms:\n  - dedupe: { by: $.k }\nsinks: [file: { path: a.jsonl }]\n";
        let (kept, dropped) = came(rest, &[r#"{"k":1}"#, r#"{"k":2}"#, r#"{"k":1}"#]);
        assert_eq!(kept, 2);
        assert_eq!(dropped, ["R-0: dedupe: { by: $.k }"]);
    }
}
