//! `expect`: a data contract; a record that breaks it is a dead letter with the message.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::{Source, Span};
use crate::expression::{Condition, Trouble, TroubleKind};
use crate::record::Record;

/// What a record must be.
pub struct Expect {
    /// The contract.
    pub contract: Contract,
    /// What a person reads of a record that breaks it.
    pub message: Option<String>,
    /// The pipeline file.
    pub file: Arc<Source>,
    /// The contract's characters in it.
    pub span: Span,
}

/// A contract.
pub enum Contract {
    /// A condition that must hold.
    Condition(Condition),
    /// A JSON Schema 2020-12 that must accept the record.
    Schema(Box<jsonschema::Validator>),
}

impl Expect {
    /// Accepts a record, or says why not without any of its values.
    ///
    /// # Errors
    /// Where the record breaks the contract.
    pub fn check(&self, record: &Record) -> Result<(), Trouble> {
        let broken = match &self.contract {
            Contract::Condition(condition) => {
                (!condition.holds(&record.value)).then(|| "the condition does not hold".to_owned())
            }
            Contract::Schema(validator) => {
                let value = serde_json::to_value(&record.value)
                    .map_err(|error| self.trouble(error.to_string()))?;
                validator.validate(&value).err().map(|error| {
                    let at = error.instance_path().to_string();
                    let at = if at.is_empty() {
                        "the record".to_owned()
                    } else {
                        format!("`{at}`")
                    };
                    format!("{at} breaks the schema: {}", error.masked())
                })
            }
        };
        match broken {
            None => Ok(()),
            Some(reason) => {
                let reason = self.message.clone().unwrap_or(reason);
                Err(self.trouble(reason))
            }
        }
    }

    fn trouble(&self, reason: String) -> Trouble {
        Trouble::new(TroubleKind::Contract, reason, "", 0..0).located(&self.file, self.span)
    }
}

impl fmt::Debug for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expect")
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::{applied, said_of};

    const SCHEMA: &str = "  - expect:
      schema: { type: object, required: [key], properties: { key: { type: string }, n: { $ref: '#/$defs/n' } }, $defs: { n: { type: [integer, 'null'] } } }
";

    #[test]
    fn a_record_that_holds_goes_on_unchanged() {
        for (expect, json) in [
            ("  - expect: { condition: $.project }", r#"{"project":{}}"#),
            (SCHEMA, r#"{"key":"A-1","n":null,"more":1}"#),
        ] {
            assert_eq!(applied(expect, json).unwrap(), [json]);
        }
    }

    #[test]
    fn one_that_breaks_it_is_refused_with_the_message() {
        let message = "      message: an issue without key";
        let said = applied(&format!("{SCHEMA}{message}"), "{}").unwrap_err();
        assert_eq!(said, "pipelines/a.yaml:4:5: an issue without key");
        let condition = "  - expect: { condition: $.project, message: an issue without project }";
        let said = applied(condition, r#"{"project":null}"#).unwrap_err();
        assert_eq!(said, "pipelines/a.yaml:4:5: an issue without project");
    }

    #[test]
    fn without_a_message_it_says_where_but_no_value() {
        let said = applied(SCHEMA, r#"{"key":"A-1","n":"secret"}"#).unwrap_err();
        assert!(said.contains("`/n` breaks the schema"), "{said}");
        assert!(!said.contains("secret"), "{said}");
        let said = applied(SCHEMA, "[]").unwrap_err();
        assert!(said.contains("the record breaks the schema"), "{said}");
        let said = applied("  - expect: { condition: $.a }", "{}").unwrap_err();
        assert!(said.contains("the condition does not hold"), "{said}");
    }

    #[test]
    fn a_contract_is_one_of_both_and_a_schema_is_one() {
        for (expect, code) in [
            ("{ message: x }", "expect.one_contract"),
            ("{ schema: {}, condition: $.a }", "expect.one_contract"),
            ("{ schema: { type: text } }", "expect.bad_schema"),
        ] {
            assert_eq!(
                said_of(&format!("  - expect: {expect}")),
                [code],
                "{expect}"
            );
        }
    }
}
