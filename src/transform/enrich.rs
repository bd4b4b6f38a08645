//! `enrich`: adds what a look-up found. What it asks is data; who answers is not known here.

use std::sync::Arc;

use super::{Spill, SpillError, SpillPlace};
use crate::diagnostic::Span;
use crate::expression::conversion::scalar_text;
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::record::{Object, Record, Value};

/// Adds what look-ups found.
#[derive(Debug)]
pub struct Enrich {
    /// The fields that are added.
    pub fields: Vec<Looked>,
}

/// A field that a look-up fills.
#[derive(Debug)]
pub struct Looked {
    /// The field.
    pub name: Arc<str>,
    /// Which look-up of the plan.
    pub lookup: usize,
    /// What is asked for.
    pub arguments: Arguments,
    /// A record for which nothing is found is a dead letter.
    pub dead: bool,
    /// Where it is written.
    pub span: Span,
}

/// What a look-up is asked for.
#[derive(Debug)]
pub enum Arguments {
    /// An id or a key.
    Id(Expression),
    /// An e-mail.
    Email(Expression),
    /// JQL, what its template inserts between marks.
    Jql(Expression),
    /// What stands in columns.
    Columns(Vec<(Arc<str>, Expression)>),
}

/// What a record asks of a look-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which look-up of the plan.
    pub lookup: usize,
    /// What is asked for: text, or an object of columns.
    pub argument: Value,
}

impl Question {
    /// Equal for equal questions.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {}", self.lookup, self.argument.to_json())
    }
}

impl Looked {
    /// What a record asks; none where an argument is missing.
    ///
    /// # Errors
    /// Where an argument is none that can be asked for.
    pub fn question(&self, record: &Record) -> Result<Option<Question>, Trouble> {
        let argument = match &self.arguments {
            Arguments::Id(id) => text(id, record)?.map(Value::from),
            Arguments::Email(email) => {
                let email = text(email, record)?.map(|email| email.to_lowercase());
                // One that is none is nobody's.
                email
                    .filter(|email| email.contains('@') && !email.contains(char::is_whitespace))
                    .map(Value::from)
            }
            Arguments::Jql(jql) => text(jql, record)?.map(|jql| unmarked(&jql).into()),
            Arguments::Columns(columns) => {
                let mut wanted = Object::with_capacity(columns.len());
                for (name, expression) in columns {
                    let Some(cell) = text(expression, record)? else {
                        return Ok(None);
                    };
                    wanted.push(Arc::clone(name), cell.into());
                }
                Some(wanted.into())
            }
        };
        Ok(argument.map(|argument| Question {
            lookup: self.lookup,
            argument,
        }))
    }
}

/// Text that is not empty; none where it is missing.
fn text(expression: &Expression, record: &Record) -> Result<Option<String>, Trouble> {
    let value = match expression.evaluate(&record.value) {
        Ok(value) => value,
        Err(trouble) if trouble.kind == TroubleKind::Missing => return Ok(None),
        Err(trouble) => return Err(trouble),
    };
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let Some(text) = scalar_text(&value) else {
        let what = format!("the look-up is asked for {}", value.kind());
        let trouble = Trouble::new(TroubleKind::WrongKind, what, "text or a number", 0..0);
        return Err(trouble.located(expression.source(), expression.span()));
    };
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Begins and ends what a template of JQL inserts: no character of any text.
const MARKS: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];

/// Puts what a template of JQL inserts between marks.
#[must_use]
pub fn marked(text: &str) -> String {
    let [begin, end] = MARKS;
    let text = text.replace(MARKS, "");
    format!("{begin}{text}{end}")
}

/// JQL in which what was inserted is a string: escaped inside quotes, quoted outside them.
fn unmarked(marked: &str) -> String {
    let [begin, end] = MARKS;
    let mut jql = String::with_capacity(marked.len());
    let mut quote = None;
    let mut inserted = false;
    let mut escaped = false;
    for one in marked.chars() {
        if one == begin || one == end {
            inserted = one == begin;
            if quote.is_none() {
                jql.push('"');
            }
            continue;
        }
        if inserted {
            match one {
                '"' | '\'' | '\\' => jql.extend(['\\', one]),
                '\n' => jql.push_str("\\n"),
                '\r' => jql.push_str("\\r"),
                '\t' => jql.push_str("\\t"),
                one if one.is_control() => jql.push(' '),
                one => jql.push(one),
            }
            continue;
        }
        match (one, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            ('"' | '\'', None) => quote = Some(one),
            (one, Some(open)) if one == open => quote = None,
            _ => {}
        }
        jql.push(one);
    }
    jql
}

/// What look-ups have answered in a run: each question is asked once.
pub struct Answers {
    rows: Box<dyn Spill>,
}

impl Answers {
    /// None yet.
    #[must_use]
    pub fn new(rows: Box<dyn Spill>) -> Self {
        Self { rows }
    }

    /// What was found: none where it was not asked, in it none where there is nothing.
    ///
    /// # Errors
    /// Where answers cannot be read.
    pub fn get(&mut self, question: &Question) -> Result<Option<Option<Value>>, SpillError> {
        let row = self.rows.get(&question.key())?;
        row.map(|row| match row.as_str() {
            "" => Ok(None),
            json => Value::from_json(json)
                .map(Some)
                .map_err(|error| SpillError(error.to_string())),
        })
        .transpose()
    }

    /// Keeps what was found.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn keep(&mut self, question: &Question, found: Option<&Value>) -> Result<(), SpillError> {
        let row = found.map(Value::to_json).unwrap_or_default();
        self.rows.put(&question.key(), &row, SpillPlace::Stay)
    }
}

impl Enrich {
    /// The questions of a record that are not answered yet.
    ///
    /// # Errors
    /// Where answers cannot be read.
    pub fn open(
        &self,
        record: &Record,
        answers: &mut Answers,
    ) -> Result<Vec<Question>, SpillError> {
        let mut open = Vec::new();
        for looked in &self.fields {
            // What cannot be asked is told when the record goes through.
            if let Ok(Some(question)) = looked.question(record)
                && answers.get(&question)?.is_none()
            {
                open.push(question);
            }
        }
        Ok(open)
    }

    /// The record with what was found.
    ///
    /// # Errors
    /// Where answers cannot be read; inside, what is wrong with the record.
    pub fn apply(
        &self,
        mut record: Record,
        answers: &mut Answers,
    ) -> Result<Result<Record, Box<(Record, Trouble)>>, SpillError> {
        let mut found = Vec::with_capacity(self.fields.len());
        for looked in &self.fields {
            let question = match looked.question(&record) {
                Ok(question) => question,
                Err(trouble) => return Ok(Err(Box::new((record, trouble)))),
            };
            let value = match question {
                None => None,
                Some(question) => answers.get(&question)?.ok_or_else(|| {
                    SpillError("a look-up was not answered before its record went on".to_owned())
                })?,
            };
            if value.is_none() && looked.dead {
                let message = format!("`enrich` found no `{}`", looked.name);
                let trouble = Trouble::new(TroubleKind::NotFound, message, "", 0..0);
                return Ok(Err(Box::new((record, trouble))));
            }
            found.push((Arc::clone(&looked.name), value.unwrap_or_default()));
        }
        let mut members = record.value.as_object().cloned().unwrap_or_default();
        for (name, value) in found {
            members.insert(name, value);
        }
        record.value = members.into();
        Ok(Ok(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_of_jql_inserts_is_a_string() {
        let insert = |before: &str, text: &str, after: &str| {
            unmarked(&format!("{before}{}{after}", marked(text)))
        };
        for (before, text, after, jql) in [
            (
                "fixVersion = ",
                "1.0",
                " AND x = 1",
                r#"fixVersion = "1.0" AND x = 1"#,
            ),
            (
                "a = \"v ",
                "1\" OR x = \"2",
                "\"",
                r#"a = "v 1\" OR x = \"2""#,
            ),
            ("a = 'it ", "'s", "'", r"a = 'it \'s'"),
            ("a = \"\\\"", "x", "\" AND b = y", r#"a = "\"x" AND b = y"#),
            ("a = ", "x) OR (\n", "", r#"a = "x) OR (\n""#),
            ("a ~ \"", "\\", "\"", r#"a ~ "\\""#),
            ("a = ", "\u{fdd1} OR b", "", r#"a = " OR b""#),
        ] {
            assert_eq!(insert(before, text, after), jql);
        }
    }
}
