//! A query to a filter; what cannot be judged here is refused under itself.

use super::search::Search;
use super::{Check, Filter, Sort, Subject, Test, Wanted};
use crate::connectors::jira::jql::dates::{Literal, Moment};
use crate::connectors::jira::jql::names::{self, Kind};
use crate::connectors::jira::jql::text::Text;
use crate::connectors::jira::jql::tree::{
    Clause, Field, Operand, OperandKind, Operator, Query, Term,
};
use crate::diagnostic::Code;
use crate::expression::Problem;

const NOT_EVALUATED: Code = Code::new("jql.not_evaluated");

impl Filter {
    /// Compiles a query.
    ///
    /// # Errors
    /// What cannot be judged here, each under its characters.
    pub fn compile(query: &Query, text: Text<'_>) -> Result<Self, Vec<Problem>> {
        let mut compiler = Compiler {
            text,
            problems: Vec::new(),
        };
        let test = compiler.clause(&query.clause, false);
        match test {
            Some(test) if compiler.problems.is_empty() => Ok(Self { test }),
            _ => Err(compiler.problems),
        }
    }
}

struct Compiler<'t> {
    text: Text<'t>,
    problems: Vec<Problem>,
}

impl Compiler<'_> {
    fn clause(&mut self, clause: &Clause, negated: bool) -> Option<Test> {
        match clause {
            Clause::And(clauses) | Clause::Or(clauses) => {
                let tests: Vec<Option<Test>> = clauses
                    .iter()
                    .map(|clause| self.clause(clause, negated))
                    .collect();
                let tests = tests.into_iter().collect::<Option<Vec<Test>>>()?;
                // Negated, all of them becomes one of them.
                Some(if matches!(clause, Clause::And(_)) == negated {
                    Test::Any(tests)
                } else {
                    Test::All(tests)
                })
            }
            Clause::Not(clause) => self.clause(clause, !negated),
            Clause::Term(term) => match self.term(term, negated) {
                Ok(check) => Some(Test::One(check)),
                Err(problem) => {
                    self.problems.push(problem);
                    None
                }
            },
        }
    }

    fn term(&self, term: &Term, negated: bool) -> Result<Check, Problem> {
        let written = term.operator.value;
        if written.is_history() {
            return Err(self.refusal(
                &term.operator.range,
                "asks for the past, which an event does not tell",
                "ask for what is (`status = Done`), or for the change: `keep: $.changes[?@.field == \"status\"]`",
            ));
        }
        let subject = self.subject(&term.field)?;
        self.fits(term, &subject)?;
        let operator = if negated { opposite(written) } else { written };
        let mut check = Check {
            subject,
            operator,
            wanted: Vec::new(),
            empty: false,
        };
        for operand in term.operand.iter().flat_map(Operand::each) {
            match &operand.kind {
                OperandKind::Empty => check.empty = true,
                OperandKind::Value { text, quoted } => {
                    if is_unresolved(&check.subject, text) {
                        check.empty = true;
                    } else {
                        let wanted = self.value(&check, text, *quoted, operand)?;
                        check.wanted.push(wanted);
                    }
                }
                OperandKind::Function(function) => {
                    let wanted = if function.name.value.eq_ignore_ascii_case("currentUser")
                        && function.arguments.is_empty()
                    {
                        Some(Wanted::CurrentUser)
                    } else {
                        Moment::of_call(function).map(Wanted::Moment)
                    };
                    let Some(wanted) = wanted else {
                        return Err(self.refusal(
                            &operand.range,
                            "is answered by Jira alone",
                            "functions here are `currentUser()`, `now()`, `startOfDay()` … `endOfYear()`; name the values themselves, or leave `live` out",
                        ));
                    };
                    check.wanted.push(wanted);
                }
                OperandKind::List(_) => {}
            }
        }
        Ok(check)
    }

    fn subject(&self, field: &Field) -> Result<Subject, Problem> {
        if field.property {
            return Err(self.elsewhere(field));
        }
        if let Some(number) = field.custom {
            return Ok(Subject::Custom(format!("customfield_{number}")));
        }
        let Some(known) = names::field(&field.name) else {
            // The form that Jira's editor writes: `Team[Dropdown]`.
            let name = field
                .name
                .strip_suffix(']')
                .and_then(|name| name.rsplit_once('['));
            let name = name.map_or(&*field.name, |(name, _)| name);
            return Ok(Subject::Named(name.trim().to_owned()));
        };
        let path = known.path.to_vec();
        Ok(match known.kind {
            Kind::Choice | Kind::Ranked | Kind::Labels | Kind::Components | Kind::Versions => {
                Subject::Field(path, Sort::Name)
            }
            Kind::Person => Subject::Field(path, Sort::Person),
            Kind::Time => Subject::Field(path, Sort::Time),
            Kind::Day => Subject::Field(path, Sort::Day),
            Kind::Number => Subject::Field(path, Sort::Number),
            Kind::Issue => Subject::Issue,
            Kind::Text if known.path == ["comment"] => Subject::Comments,
            Kind::Text if known.path.is_empty() => Subject::AllText,
            Kind::Text => Subject::Field(path, Sort::Text),
            Kind::Elsewhere => return self.by_name(field),
        })
    }

    /// Fields of Jira's products that are custom fields of the site, by their names.
    fn by_name(&self, field: &Field) -> Result<Subject, Problem> {
        const CUSTOM: [&str; 3] = ["sprint", "epic link", "epic name"];
        let lower = field.name.to_lowercase();
        if CUSTOM.contains(&lower.trim()) {
            return Ok(Subject::Named(field.name.trim().to_owned()));
        }
        Err(self.elsewhere(field))
    }

    fn elsewhere(&self, field: &Field) -> Problem {
        self.refusal(
            &field.range,
            "is not in an issue's record: Jira alone answers it",
            "leave it out, or leave `live` out",
        )
    }

    /// The operator is one that this field can be asked by here.
    fn fits(&self, term: &Term, subject: &Subject) -> Result<(), Problem> {
        let operator = term.operator.value;
        let likes = matches!(operator, Operator::Like | Operator::NotLike);
        let asks_empty = matches!(operator, Operator::Is | Operator::IsNot)
            || term
                .operand
                .as_ref()
                .is_some_and(|operand| operand.kind == OperandKind::Empty);
        let fits = match subject {
            Subject::Issue => !likes,
            Subject::Field(_, Sort::Name | Sort::Person) => !likes && !operator.orders(),
            Subject::Field(_, Sort::Time | Sort::Day | Sort::Number) => !likes,
            Subject::Field(_, Sort::Text) | Subject::AllText | Subject::Comments => {
                likes || asks_empty
            }
            Subject::Custom(_) | Subject::Named(_) => true,
        };
        if fits {
            return Ok(());
        }
        let ranked = names::field(&term.field.name)
            .is_some_and(|known| matches!(known.kind, Kind::Ranked | Kind::Versions));
        let (why, help) = if operator.orders() && ranked {
            (
                "needs the order of the site's values, which a record does not tell",
                "name them: `in (High, Highest)`",
            )
        } else if likes {
            (
                "does not search here",
                "write `=`, or `in (…)` for several values",
            )
        } else {
            (
                "cannot be judged here",
                "texts are searched by their words, with `~`",
            )
        };
        Err(self.refusal(&term.operator.range, why, help))
    }

    fn value(
        &self,
        check: &Check,
        text: &str,
        quoted: bool,
        operand: &Operand,
    ) -> Result<Wanted, Problem> {
        if matches!(check.operator, Operator::Like | Operator::NotLike) {
            return match Search::read(text) {
                Some(search) => Ok(Wanted::Words(search)),
                None => Err(self.refusal(
                    &operand.range,
                    "searches in a way that Jira alone knows",
                    "here are words, `*` and `?` in them, and phrases: `\"\\\"exact words\\\"\"`",
                )),
            };
        }
        let timed = matches!(check.subject, Subject::Field(_, Sort::Time | Sort::Day));
        if timed {
            return match Literal::read(text, quoted) {
                Some(literal) => Ok(Wanted::Moment(Moment::Literal(literal))),
                None => Err(self.refusal(
                    &operand.range,
                    "is no time",
                    "write `2026-11-24`, `\"2026-11-24 10:15\"`, `-7d`, `\"-1w 2d\"`, `startOfDay(-1)` …",
                )),
            };
        }
        if matches!(check.subject, Subject::Field(_, Sort::Number)) && text.parse::<f64>().is_err()
        {
            return Err(self.refusal(&operand.range, "is no number", "write a number"));
        }
        Ok(Wanted::Text(text.to_owned()))
    }

    fn refusal(&self, range: &std::ops::Range<usize>, why: &str, help: &str) -> Problem {
        let shown = self.text.show(range.clone());
        Problem::error(
            NOT_EVALUATED,
            format!("`{shown}` {why}"),
            range.clone(),
            "cannot be judged here, which `live: true` needs",
        )
        .help(help)
    }
}

/// `resolution = Unresolved` asks for what has none.
fn is_unresolved(subject: &Subject, text: &str) -> bool {
    *subject == Subject::Field(vec!["resolution"], Sort::Name)
        && text.eq_ignore_ascii_case("unresolved")
}

/// The operator that holds where this one does not, what is empty left out by both.
const fn opposite(operator: Operator) -> Operator {
    match operator {
        Operator::Equals => Operator::NotEquals,
        Operator::NotEquals => Operator::Equals,
        Operator::Less => Operator::GreaterOrEqual,
        Operator::LessOrEqual => Operator::Greater,
        Operator::Greater => Operator::LessOrEqual,
        Operator::GreaterOrEqual => Operator::Less,
        Operator::Like => Operator::NotLike,
        Operator::NotLike => Operator::Like,
        Operator::In => Operator::NotIn,
        Operator::NotIn => Operator::In,
        Operator::Is => Operator::IsNot,
        Operator::IsNot => Operator::Is,
        history => history,
    }
}
