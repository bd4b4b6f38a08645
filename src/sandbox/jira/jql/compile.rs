//! A query checked against the site, and its judgement of an issue.

use std::borrow::Cow;
use std::cell::OnceCell;

use jiff::tz::TimeZone;

use super::super::issue::Issue;
use super::super::more;
use super::super::people::CALLER;
use super::super::site::{Facet, Site};
use super::super::words;
use super::dates::{self, Moment};
use super::parse::{Clause, Operand, Operator, Query, Term};
use super::terms::{DateField, KnownField, Milestone, SetField, field};

/// A field that results can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum SortField {
    Key,
    Id,
    Date(DateField),
    Set(SetField),
    Summary,
    StoryPoints,
    /// One without values: every issue is equal.
    Void,
}

/// A value that results are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(in super::super) enum Key {
    /// Sorts last.
    Number(i64),
    Text(String),
    None,
}

/// An issue as a test looks at it; the whole issue is computed only where a test needs it.
pub(in super::super) struct Look<'a> {
    pub(in super::super) site: &'a Site,
    pub(in super::super) facet: &'a Facet,
    whole: OnceCell<Option<Cow<'a, Issue>>>,
}

impl<'a> Look<'a> {
    pub(in super::super) fn new(site: &'a Site, facet: &'a Facet) -> Self {
        Self {
            site,
            facet,
            whole: OnceCell::new(),
        }
    }

    fn whole(&self) -> Option<&Issue> {
        self.whole
            .get_or_init(|| self.site.issue(self.facet.index))
            .as_deref()
    }
}

type Judge = Box<dyn Fn(&Look<'_>) -> bool + Send + Sync>;

enum Test {
    All(Vec<Self>),
    Any(Vec<Self>),
    One(Judge),
}

impl Test {
    fn holds(&self, look: &Look<'_>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(look)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(look)),
            Self::One(judge) => judge(look),
        }
    }
}

/// A query that can be asked of issues.
pub(in super::super) struct Compiled {
    test: Option<Test>,
    pub(in super::super) order: Vec<(SortField, bool)>,
    /// Whether its verdicts change as time passes.
    pub(in super::super) timed: bool,
}

impl Compiled {
    /// Whether the query restricts anything.
    pub(in super::super) fn bounded(&self) -> bool {
        self.test.is_some()
    }

    /// Whether an issue matches.
    pub(in super::super) fn matches(&self, look: &Look<'_>) -> bool {
        self.test.as_ref().is_none_or(|test| test.holds(look))
    }

    /// What an issue is ordered by.
    pub(in super::super) fn key(field: SortField, look: &Look<'_>) -> Key {
        let facet = look.facet;
        match field {
            SortField::Key => {
                let project = more::project(usize::from(facet.project)).map_or("", |p| p.key);
                Key::Text(format!("{project}-{:010}", facet.number))
            }
            SortField::Id => Key::Number(facet.index.into()),
            SortField::Date(date) => date.of(facet).map_or(Key::None, Key::Number),
            SortField::Set(SetField::Reporter | SetField::Assignee | SetField::Creator) => {
                let SortField::Set(set) = field else {
                    return Key::None;
                };
                set.of(facet)
                    .and_then(|index| look.site.people.get(usize::from(index)))
                    .map_or(Key::None, |person| Key::Text(person.name.to_lowercase()))
            }
            SortField::Set(SetField::Project) => Key::Text(
                more::project(usize::from(facet.project))
                    .map_or("", |p| p.name)
                    .to_owned(),
            ),
            SortField::Set(set) => set
                .of(facet)
                .map_or(Key::None, |value| Key::Number(value.into())),
            SortField::Summary => look
                .whole()
                .map_or(Key::None, |issue| Key::Text(issue.summary.to_lowercase())),
            SortField::StoryPoints => look
                .whole()
                .and_then(|issue| issue.story_points)
                .map_or(Key::None, |points| Key::Number((points * 1000.0) as i64)),
            SortField::Void => Key::None,
        }
    }
}

/// Checks a query; errors are messages as Jira words them.
pub(in super::super) fn compile(
    site: &Site,
    query: &Query,
    now: i64,
) -> Result<Compiled, Vec<String>> {
    let mut context = Context {
        site,
        now,
        zone: site.zone.clone(),
        errors: Vec::new(),
        timed: false,
    };
    let test = query
        .clause
        .as_ref()
        .map(|clause| context.clause(clause, false));
    let mut order = Vec::new();
    for (name, descends) in &query.order {
        match field(name) {
            Some(known) => order.push((sort_field(known, name), *descends)),
            None if name.eq_ignore_ascii_case("rank") => order.push((SortField::Id, *descends)),
            None => context.unknown_field(name),
        }
    }
    if order.len() > 7 {
        context
            .errors
            .push("The maximum number of fields in the ORDER BY clause is 7.".to_owned());
    }
    if context.errors.is_empty() {
        Ok(Compiled {
            test,
            order,
            timed: context.timed,
        })
    } else {
        Err(context.errors)
    }
}

fn sort_field(known: KnownField, name: &str) -> SortField {
    match known {
        KnownField::Set(set) => SortField::Set(set),
        KnownField::Date(date) => SortField::Date(date),
        KnownField::Key if name.eq_ignore_ascii_case("id") => SortField::Id,
        KnownField::Key => SortField::Key,
        KnownField::Words("summary") => SortField::Summary,
        KnownField::StoryPoints => SortField::StoryPoints,
        KnownField::Labels | KnownField::Words(_) | KnownField::Milestone(_) | KnownField::Void => {
            SortField::Void
        }
    }
}

struct Context<'a> {
    site: &'a Site,
    now: i64,
    zone: TimeZone,
    errors: Vec<String>,
    timed: bool,
}

impl Context<'_> {
    fn unknown_field(&mut self, name: &str) {
        self.errors.push(format!(
            "Field '{name}' does not exist or you do not have permission to view it."
        ));
    }

    fn clause(&mut self, clause: &Clause, negated: bool) -> Test {
        match clause {
            Clause::And(clauses) | Clause::Or(clauses) => {
                let tests = clauses
                    .iter()
                    .map(|clause| self.clause(clause, negated))
                    .collect();
                // Negation turns "and" into "or" and goes into the terms, where empty stays false.
                if matches!(clause, Clause::And(_)) == negated {
                    Test::Any(tests)
                } else {
                    Test::All(tests)
                }
            }
            Clause::Not(clause) => self.clause(clause, !negated),
            Clause::Term(term) => Test::One(self.term(term, negated)),
        }
    }

    fn term(&mut self, term: &Term, negated: bool) -> Judge {
        let Some(known) = field(&term.field) else {
            self.unknown_field(&term.field);
            return never();
        };
        let list = matches!(term.operand, Operand::List(_));
        let of_lists = matches!(
            term.operator,
            Operator::In | Operator::NotIn | Operator::WasIn | Operator::WasNotIn
        );
        if of_lists && !list && !matches!(term.operand, Operand::Function(..)) {
            self.errors.push(format!(
                "Operator '{}' does not support the non-list value '{}' for field '{}'.",
                term.operator.shown(),
                shown(&term.operand),
                term.field
            ));
            return never();
        }
        if list && !of_lists {
            self.errors.push(format!(
                "Operator '{}' does not support the list value {} for field '{}'.",
                term.operator.shown(),
                shown(&term.operand),
                term.field
            ));
            return never();
        }
        let operator = if negated {
            term.operator.negated()
        } else {
            term.operator
        };
        if matches!(term.operator, Operator::Is | Operator::IsNot) {
            if term.operand != Operand::Empty {
                self.errors.push(format!(
                    "The operator '{}' can only be used with EMPTY or NULL for field '{}'.",
                    term.operator.shown(),
                    term.field
                ));
                return never();
            }
            return emptiness(known, operator == Operator::Is);
        }
        match known {
            KnownField::Set(set) => self.set(term, set, operator),
            KnownField::Date(date) => self.date(term, date, operator),
            KnownField::Key => self.key(term, operator),
            KnownField::Labels => self.labels(term, operator),
            KnownField::Words(name) => self.words(term, name, operator),
            KnownField::StoryPoints => self.number(term, operator),
            KnownField::Milestone(milestone) => self.milestone(term, milestone, operator),
            KnownField::Void => match operator {
                // Nothing has a value, so only emptiness holds.
                Operator::Equals if term.operand == Operand::Empty => Box::new(|_| true),
                _ => never(),
            },
        }
    }

    fn unsupported(&mut self, term: &Term) -> Judge {
        self.errors.push(format!(
            "The operator '{}' is not supported by the '{}' field.",
            term.operator.shown(),
            term.field
        ));
        never()
    }

    /// The operands one by one: the values and whether EMPTY is among them.
    fn operands(term: &Term) -> (Vec<&Operand>, bool) {
        let all: Vec<&Operand> = match &term.operand {
            Operand::List(list) => list.iter().collect(),
            other => vec![other],
        };
        let empty = all.iter().any(|operand| **operand == Operand::Empty);
        (
            all.into_iter()
                .filter(|operand| **operand != Operand::Empty)
                .collect(),
            empty,
        )
    }

    fn milestone(&mut self, term: &Term, milestone: Milestone, operator: Operator) -> Judge {
        let (operands, empty) = Self::operands(term);
        let values = operands.into_iter().filter_map(|operand| match operand {
            Operand::Value(text, _) => Some(milestone.named(self.site, text)),
            _ => None,
        });
        let values: Vec<u64> = values.flatten().collect();
        match operator {
            Operator::Equals | Operator::In => Box::new(move |look| {
                milestone
                    .of(look.facet)
                    .map_or(empty, |value| values.contains(&value))
            }),
            Operator::NotEquals | Operator::NotIn => Box::new(move |look| {
                milestone
                    .of(look.facet)
                    .is_some_and(|value| !values.contains(&value))
            }),
            _ => self.unsupported(term),
        }
    }

    fn set(&mut self, term: &Term, set: SetField, operator: Operator) -> Judge {
        let (operands, empty) = Self::operands(term);
        let mut values = Vec::new();
        for operand in operands {
            match operand {
                Operand::Value(text, _) => {
                    let found = set.value(self.site, text);
                    let unresolved =
                        set == SetField::Resolution && text.eq_ignore_ascii_case("unresolved");
                    if found.is_empty() && unresolved {
                        return emptiness(
                            KnownField::Set(set),
                            matches!(operator, Operator::Equals | Operator::In),
                        );
                    }
                    if found.is_empty() {
                        self.errors.push(format!(
                            "The value '{text}' does not exist for the field '{}'.",
                            term.field
                        ));
                    }
                    values.extend(found);
                }
                Operand::Function(name, arguments)
                    if name.eq_ignore_ascii_case("currentUser") && arguments.is_empty() =>
                {
                    values.push(CALLER);
                }
                Operand::Function(name, _) => {
                    self.errors
                        .push(format!("Unable to find JQL function '{name}()'."));
                }
                Operand::Empty | Operand::List(_) | Operand::None => {}
            }
        }
        match operator {
            Operator::Equals | Operator::In => Box::new(move |look| {
                set.of(look.facet)
                    .map_or(empty, |value| values.contains(&value))
            }),
            Operator::NotEquals | Operator::NotIn => Box::new(move |look| {
                set.of(look.facet)
                    .is_some_and(|value| !values.contains(&value))
            }),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
                if set.ordered() =>
            {
                let bound = values.first().copied().unwrap_or_default();
                // Priorities are numbered from the highest down.
                Box::new(move |look| {
                    set.of(look.facet)
                        .is_some_and(|value| compares(operator, bound.cmp(&value)))
                })
            }
            Operator::Was
            | Operator::WasIn
            | Operator::WasNot
            | Operator::WasNotIn
            | Operator::Changed
            | Operator::NotChanged
                if matches!(
                    set,
                    SetField::Status
                        | SetField::Assignee
                        | SetField::Priority
                        | SetField::Resolution
                ) =>
            {
                self.history(term, set, operator, values)
            }
            _ => self.unsupported(term),
        }
    }

    /// `WAS` and `CHANGED`, over the changelog.
    fn history(
        &mut self,
        term: &Term,
        set: SetField,
        operator: Operator,
        values: Vec<u16>,
    ) -> Judge {
        let id = match set {
            SetField::Status => "status",
            SetField::Assignee => "assignee",
            SetField::Priority => "priority",
            _ => "resolution",
        };
        let (mut after, mut before) = (i64::MIN, i64::MAX);
        let (mut by, mut from, mut to) = (None, None, None);
        for (name, operand) in &term.predicates {
            match name.as_str() {
                "after" => after = self.moment(&term.field, operand).map_or(after, |m| m.at),
                "before" => before = self.moment(&term.field, operand).map_or(before, |m| m.at),
                "on" => {
                    if let Some(moment) = self.moment(&term.field, operand) {
                        (after, before) = (moment.at, moment.at + moment.width);
                    }
                }
                "during" => {
                    if let Operand::List(list) = operand
                        && let [first, last] = list.as_slice()
                        && let (Some(first), Some(last)) = (
                            self.moment(&term.field, first),
                            self.moment(&term.field, last),
                        )
                    {
                        (after, before) = (first.at, last.at);
                    }
                }
                other => {
                    let of = if other == "by" {
                        SetField::Assignee
                    } else {
                        set
                    };
                    let found = match operand {
                        Operand::Value(text, _) => of.value(self.site, text),
                        Operand::Function(..) => vec![CALLER],
                        _ => Vec::new(),
                    };
                    match other {
                        "by" => by = Some(found),
                        "from" => from = Some(found),
                        _ => to = Some(found),
                    }
                }
            }
        }
        let changed = matches!(operator, Operator::Changed | Operator::NotChanged);
        let wanted = !matches!(
            operator,
            Operator::WasNot | Operator::WasNotIn | Operator::NotChanged
        );
        Box::new(move |look| {
            let site = look.site;
            let Some(issue) = look.whole() else {
                return false;
            };
            let names = |value: Option<&str>, indexes: &[u16]| {
                value.is_some_and(|value| {
                    set.value(site, site.person_text(value).0)
                        .iter()
                        .any(|found| indexes.contains(found))
                })
            };
            let mut hit = false;
            for history in &issue.histories {
                let within = history.at > after && history.at < before;
                let author = by
                    .as_ref()
                    .is_none_or(|by: &Vec<u16>| by.contains(&history.author));
                for item in history
                    .items
                    .iter()
                    .filter(|item| item.field_id == Some(id))
                {
                    if changed {
                        hit |= within
                            && author
                            && from
                                .as_ref()
                                .is_none_or(|from| names(item.from.as_deref(), from))
                            && to.as_ref().is_none_or(|to| names(item.to.as_deref(), to));
                    } else {
                        hit |= within && author && names(item.to.as_deref(), &values);
                        hit |= names(item.from.as_deref(), &values) && history.at > after;
                    }
                }
            }
            if !changed {
                let now = set
                    .of(look.facet)
                    .is_some_and(|value| values.contains(&value));
                hit |= now && before == i64::MAX && by.is_none();
            }
            hit == wanted
        })
    }

    fn moment(&mut self, field: &str, operand: &Operand) -> Option<Moment> {
        match operand {
            Operand::Value(text, quoted) => {
                let literal = dates::literal(text, *quoted, &self.zone, self.now);
                self.timed |= !text.starts_with(|c: char| c.is_ascii_digit());
                if literal.is_none() {
                    self.errors.push(format!(
                        "Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
                    ));
                }
                literal
            }
            Operand::Function(name, arguments) => {
                self.timed = true;
                let value = dates::function(name, arguments, &self.zone, self.now);
                if value.is_none() {
                    self.errors
                        .push(format!("Unable to find JQL function '{name}()'."));
                }
                value
            }
            Operand::Empty | Operand::List(_) | Operand::None => None,
        }
    }

    fn date(&mut self, term: &Term, date: DateField, operator: Operator) -> Judge {
        let (operands, empty) = Self::operands(term);
        let moments: Vec<Moment> = operands
            .into_iter()
            .filter_map(|operand| self.moment(&term.field, operand))
            .collect();
        let within = |at: i64, moment: &Moment| at >= moment.at && at < moment.at + moment.width;
        match operator {
            Operator::Equals | Operator::In => Box::new(move |look| {
                date.of(look.facet)
                    .map_or(empty, |at| moments.iter().any(|moment| within(at, moment)))
            }),
            Operator::NotEquals | Operator::NotIn => Box::new(move |look| {
                date.of(look.facet)
                    .is_some_and(|at| !moments.iter().any(|moment| within(at, moment)))
            }),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                let Some(bound) = moments.first().map(|moment| moment.at) else {
                    return never();
                };
                Box::new(move |look| {
                    date.of(look.facet)
                        .is_some_and(|at| compares(operator, at.cmp(&bound)))
                })
            }
            _ => self.unsupported(term),
        }
    }

    fn key(&mut self, term: &Term, operator: Operator) -> Judge {
        let (operands, _) = Self::operands(term);
        let mut wanted: Vec<u32> = Vec::new();
        for operand in operands {
            let Operand::Value(text, _) = operand else {
                self.errors.push(format!(
                    "The value '{}' is invalid for the field '{}'.",
                    shown(operand),
                    term.field
                ));
                continue;
            };
            match self.site.find(text) {
                Some(index) => wanted.push(index),
                None => self.errors.push(format!(
                    "An issue with key '{text}' does not exist for field '{}'.",
                    term.field
                )),
            }
        }
        match operator {
            Operator::Equals | Operator::In => {
                Box::new(move |look| wanted.contains(&look.facet.index))
            }
            Operator::NotEquals | Operator::NotIn => {
                Box::new(move |look| !wanted.contains(&look.facet.index))
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                let bound = wanted
                    .first()
                    .and_then(|index| self.site.facet(*index))
                    .map(|facet| (facet.project, facet.number));
                let Some((project, number)) = bound else {
                    return never();
                };
                Box::new(move |look| {
                    look.facet.project == project
                        && compares(operator, look.facet.number.cmp(&number))
                })
            }
            _ => self.unsupported(term),
        }
    }

    fn labels(&mut self, term: &Term, operator: Operator) -> Judge {
        let (operands, empty) = Self::operands(term);
        let wanted: Vec<String> = operands
            .into_iter()
            .filter_map(|operand| match operand {
                Operand::Value(text, _) => Some(text.clone()),
                _ => None,
            })
            .collect();
        let has = move |look: &Look<'_>| {
            look.whole().map(|issue| {
                (
                    issue.labels.is_empty(),
                    issue
                        .labels
                        .iter()
                        .any(|label| wanted.iter().any(|w| w == label)),
                )
            })
        };
        match operator {
            Operator::Equals | Operator::In => {
                Box::new(move |look| has(look).is_some_and(|(none, any)| any || (empty && none)))
            }
            Operator::NotEquals | Operator::NotIn => {
                Box::new(move |look| has(look).is_some_and(|(none, any)| !none && !any))
            }
            _ => self.unsupported(term),
        }
    }

    fn words(&mut self, term: &Term, name: &'static str, operator: Operator) -> Judge {
        let wanted = match (&term.operand, operator) {
            (Operand::Value(text, _), Operator::Like | Operator::NotLike) => terms_of(text),
            _ => return self.unsupported(term),
        };
        let like = operator == Operator::Like;
        Box::new(move |look| {
            let Some(issue) = look.whole() else {
                return false;
            };
            let mut text = String::new();
            if matches!(name, "summary" | "text") {
                text.push_str(&issue.summary);
                text.push(' ');
            }
            if matches!(name, "description" | "text")
                && let Some(description) = look.site.description(issue)
            {
                text.push_str(&words::plain(&description));
            }
            if matches!(name, "comment" | "text") {
                for comment in &issue.comments {
                    text.push_str(&comment.text);
                    text.push(' ');
                }
            }
            let there = terms_of(&text);
            wanted.iter().all(|word| there.contains(word)) == like
        })
    }

    fn number(&mut self, term: &Term, operator: Operator) -> Judge {
        let (operands, empty) = Self::operands(term);
        let mut values = Vec::new();
        for operand in operands {
            match operand {
                Operand::Value(text, _) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                    values.extend(text.parse::<f64>());
                }
                other => self.errors.push(format!(
                    "The value '{}' is not a number for field '{}'.",
                    shown(other),
                    term.field
                )),
            }
        }
        let of = |look: &Look<'_>| look.whole().and_then(|issue| issue.story_points);
        match operator {
            Operator::Equals | Operator::In => {
                Box::new(move |look| of(look).map_or(empty, |points| values.contains(&points)))
            }
            Operator::NotEquals | Operator::NotIn => {
                Box::new(move |look| of(look).is_some_and(|points| !values.contains(&points)))
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => {
                let Some(bound) = values.first().copied() else {
                    return never();
                };
                Box::new(move |look| {
                    of(look).is_some_and(|points| compares(operator, points.total_cmp(&bound)))
                })
            }
            _ => self.unsupported(term),
        }
    }
}

fn never() -> Judge {
    Box::new(|_| false)
}

fn emptiness(known: KnownField, empty: bool) -> Judge {
    Box::new(move |look| {
        let is_empty = match known {
            KnownField::Set(set) => set.of(look.facet).is_none(),
            KnownField::Date(date) => date.of(look.facet).is_none(),
            KnownField::Key | KnownField::Words("summary" | "text") => false,
            KnownField::Labels => look.whole().is_some_and(|issue| issue.labels.is_empty()),
            KnownField::Words("comment") => {
                look.whole().is_some_and(|issue| issue.comments.is_empty())
            }
            KnownField::Words(_) => look
                .whole()
                .is_some_and(|issue| look.site.description(issue).is_none()),
            KnownField::StoryPoints => look
                .whole()
                .is_some_and(|issue| issue.story_points.is_none()),
            KnownField::Milestone(milestone) => milestone.of(look.facet).is_none(),
            KnownField::Void => true,
        };
        is_empty == empty
    })
}

fn compares(operator: Operator, ordering: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        _ => false,
    }
}

/// An operand as an error message quotes it.
fn shown(operand: &Operand) -> String {
    match operand {
        Operand::Empty => "EMPTY".to_owned(),
        Operand::Value(text, true) => format!("\"{text}\""),
        Operand::Value(text, false) => text.clone(),
        Operand::Function(name, arguments) => format!("{name}({})", arguments.join(", ")),
        Operand::List(list) => {
            format!(
                "({})",
                list.iter().map(shown).collect::<Vec<_>>().join(", ")
            )
        }
        Operand::None => String::new(),
    }
}

/// The words of a text, in lower case.
fn terms_of(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
