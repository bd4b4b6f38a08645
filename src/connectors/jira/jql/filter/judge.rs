//! A filter asked of an issue.

use super::value::{self, Held};
use super::{Answer, Check, Filter, Sort, Subject, Test, View, Wanted};
use crate::connectors::jira::jql::tree::Operator;
use crate::record::Value;

impl Filter {
    /// Whether an issue matches.
    pub fn judge(&self, view: &dyn View) -> Answer {
        self.test.judge(view)
    }
}

impl Test {
    fn judge(&self, view: &dyn View) -> Answer {
        match self {
            Self::All(tests) => Answer::all(tests.iter().map(|test| test.judge(view))),
            Self::Any(tests) => Answer::any(tests.iter().map(|test| test.judge(view))),
            Self::One(check) => check.judge(view),
        }
    }
}

impl Check {
    fn judge(&self, view: &dyn View) -> Answer {
        match &self.subject {
            Subject::Issue => self.issue(view),
            Subject::AllText => self.all_text(view),
            Subject::Comments => match view.field("comment") {
                Some(comments) => match value::comments(comments) {
                    Some(texts) => self.texts(&texts, texts.is_empty()),
                    None => Answer::CannotTell,
                },
                None => Answer::CannotTell,
            },
            Subject::Field(path, sort) => {
                let Some((first, rest)) = path.split_first() else {
                    return Answer::CannotTell;
                };
                let Some(mut held) = view.field(first) else {
                    return Answer::CannotTell;
                };
                for name in rest {
                    if held.is_null() {
                        break;
                    }
                    match held.get(name) {
                        Some(member) => held = member,
                        // A project outside of all categories has no such member.
                        None if *name == "projectCategory" => held = &Value::Null,
                        None => return Answer::CannotTell,
                    }
                }
                self.held(held, Some(*sort), view)
            }
            Subject::Custom(id) => match view.field(id) {
                Some(held) => self.held(held, None, view),
                None => Answer::CannotTell,
            },
            Subject::Named(name) => {
                let ids = view.named(name);
                if ids.is_empty() {
                    return Answer::CannotTell;
                }
                let answers: Vec<Answer> = ids
                    .iter()
                    .map(|id| match view.field(id) {
                        Some(held) => self.held(held, None, view),
                        None => Answer::CannotTell,
                    })
                    .collect();
                // Fields of one name that disagree: Jira chooses among them.
                match answers.split_first() {
                    Some((first, rest)) if rest.iter().all(|answer| answer == first) => *first,
                    _ => Answer::CannotTell,
                }
            }
        }
    }

    /// The answer where nothing is there.
    fn nothing(&self) -> Answer {
        match self.operator {
            Operator::Is | Operator::Equals | Operator::In => Answer::of(self.empty),
            // Whether a text that is not there lacks a word is not the same to all of Jira's fields.
            Operator::NotLike => Answer::CannotTell,
            _ => Answer::No,
        }
    }

    fn held(&self, held: &Value, sort: Option<Sort>, view: &dyn View) -> Answer {
        if value::is_empty(held) {
            return self.nothing();
        }
        match self.operator {
            Operator::Is => return Answer::No,
            Operator::IsNot => return Answer::Yes,
            Operator::Like | Operator::NotLike => {
                return match value::texts(held) {
                    Some(texts) => self.texts(&texts, false),
                    None => Answer::CannotTell,
                };
            }
            _ => {}
        }
        let sort = sort.unwrap_or_else(|| value::sort(held, &self.wanted));
        let elements = held.as_array().unwrap_or(std::slice::from_ref(held));
        let one_of = |operator: Operator| {
            Answer::any(elements.iter().flat_map(|element| {
                self.wanted.iter().map(move |wanted| {
                    value::compare(
                        &Held {
                            value: element,
                            sort,
                        },
                        operator,
                        wanted,
                        view,
                    )
                })
            }))
        };
        match self.operator {
            Operator::Equals | Operator::In => one_of(Operator::Equals),
            Operator::NotEquals | Operator::NotIn => one_of(Operator::Equals).negated(),
            operator => one_of(operator),
        }
    }

    fn texts(&self, texts: &[String], nothing: bool) -> Answer {
        if nothing {
            return self.nothing();
        }
        match self.operator {
            Operator::Is | Operator::Equals => return Answer::No,
            Operator::IsNot | Operator::NotEquals => return Answer::Yes,
            _ => {}
        }
        let whole = texts.join("\n");
        let found = Answer::all(self.wanted.iter().map(|wanted| match wanted {
            Wanted::Words(search) => search.find(&whole),
            _ => Answer::CannotTell,
        }));
        if self.operator == Operator::NotLike {
            found.negated()
        } else {
            found
        }
    }

    fn issue(&self, view: &dyn View) -> Answer {
        let text = |name| view.member(name).and_then(Value::as_str);
        let (key, id) = (text("key"), text("id"));
        let same = |wanted: &Wanted| match wanted {
            Wanted::Text(wanted) if wanted.bytes().all(|byte| byte.is_ascii_digit()) => {
                id.map_or(Answer::CannotTell, |id| Answer::of(id == wanted))
            }
            Wanted::Text(wanted) => key.map_or(Answer::CannotTell, |key| {
                Answer::of(key.eq_ignore_ascii_case(wanted))
            }),
            _ => Answer::CannotTell,
        };
        match self.operator {
            Operator::Is => Answer::No,
            Operator::IsNot => Answer::Yes,
            Operator::Equals | Operator::In => Answer::any(self.wanted.iter().map(same)),
            Operator::NotEquals | Operator::NotIn => {
                Answer::any(self.wanted.iter().map(same)).negated()
            }
            operator => Answer::any(self.wanted.iter().map(|wanted| match (wanted, key) {
                (Wanted::Text(wanted), Some(key)) => value::compare_keys(key, operator, wanted),
                _ => Answer::CannotTell,
            })),
        }
    }

    /// Over the summary, the description, the environment, the comments and custom texts.
    fn all_text(&self, view: &dyn View) -> Answer {
        let mut texts = Vec::new();
        let mut whole = true;
        for id in ["summary", "description"] {
            match view.field(id) {
                Some(held) => texts.extend(value::texts(held).unwrap_or_default()),
                None => whole = false,
            }
        }
        if let Some(held) = view.field("environment") {
            texts.extend(value::texts(held).unwrap_or_default());
        }
        match view.field("comment").map(value::comments) {
            Some(Some(comments)) => texts.extend(comments),
            _ => whole = false,
        }
        let found = self.texts(&texts, false);
        let missed = if self.operator == Operator::NotLike {
            Answer::Yes
        } else {
            Answer::No
        };
        // What was not looked through may have the word.
        if !whole && found == missed {
            Answer::CannotTell
        } else {
            found
        }
    }
}
