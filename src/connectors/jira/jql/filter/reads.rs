//! What a filter reads of an issue.

use super::{Filter, Subject, Test};

/// What a filter reads of an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// These fields, by their ids.
    Fields(Vec<String>),
    /// All of them, and their display names: a field is asked for by its name.
    All,
}

impl Filter {
    /// What is to be there of an issue for it to be judged.
    #[must_use]
    pub fn reads(&self) -> Reads {
        let mut fields = Vec::new();
        let mut open = vec![&self.test];
        while let Some(test) = open.pop() {
            match test {
                Test::All(tests) | Test::Any(tests) => open.extend(tests),
                Test::One(check) => match &check.subject {
                    Subject::Issue => {}
                    Subject::Field(path, _) => {
                        fields.extend(path.first().map(|name| (*name).to_owned()));
                    }
                    Subject::Comments => fields.push("comment".to_owned()),
                    Subject::Custom(id) => fields.push(id.clone()),
                    Subject::AllText | Subject::Named(_) => return Reads::All,
                },
            }
        }
        fields.sort();
        fields.dedup();
        Reads::Fields(fields)
    }
}
