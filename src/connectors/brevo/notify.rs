//! A plain e-mail to those who look after the pipelines.

use serde_json::json;

use super::Session;
use super::session::EMAIL;
use crate::http::{Class, Failure, Method, Safety};

impl Session {
    /// Sends a plain e-mail from the account's own address; never twice.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn notify(&self, to: &str, subject: &str, text: &str) -> Result<(), Failure> {
        let Some(sender) = &self.email else {
            return Err(Failure::new(
                Class::BrokenAnswer,
                "Brevo: GET /account: the answer does not say the account's address",
            ));
        };
        let body = json!({
            "sender": { "email": sender, "name": "flowline" },
            "to": [{ "email": to }],
            "subject": subject,
            "textContent": text,
        });
        self.send(
            Method::Post,
            EMAIL,
            "/smtp/email",
            Some(body.to_string().into_bytes()),
            Safety::Once,
        )
        .await
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::connectors::brevo::testing::Script;

    #[tokio::test]
    async fn a_notice_has_a_sender_a_receiver_a_subject_and_a_text() {
        let script = Script::default();
        script.answer(201, json!({ "messageId": "<1@smtp>" }));
        let session = script.session().await;
        session.notify("ops@acme.example", "s", "t").await.unwrap();
        let bodies = script.bodies("POST /smtp/email");
        let [body] = bodies.as_slice() else {
            panic!("{bodies:?}");
        };
        assert_eq!(body["to"], json!([{ "email": "ops@acme.example" }]));
        assert_eq!(
            (&body["subject"], &body["textContent"]),
            (&json!("s"), &json!("t"))
        );
        assert_eq!(body["sender"]["email"], "owner@acme.example");
    }
}
