//! What the emulated people write.

use std::fmt::Write as _;

use super::issue::Seed;
use crate::sandbox::exchange::push_json_string;
use crate::sandbox::random::Random;

const SUPPORT: [&str; 18] = [
    "Cannot log in after resetting the password",
    "Invoice shows the wrong company address",
    "Export to CSV stops at 1,000 rows",
    "Confirmation e-mail arrives two hours late",
    "App crashes when opening an attachment",
    "How do I add a second administrator?",
    "Dashboard is empty since this morning",
    "Charged twice for the November plan",
    "Webhook deliveries fail with a timeout",
    "Please restore a deleted project",
    "Search does not find names with accents",
    "Two-factor code is not accepted",
    "Can we get a copy of the signed DPA?",
    "Import of contacts skips the first line",
    "Report is sent to people who left",
    "Need help with single sign-on setup",
    "Mobile app shows yesterday's numbers",
    "Trial ended although we have a contract",
];

const PRODUCT: [&str; 12] = [
    "Let administrators export the audit log",
    "Show time zone beside each date",
    "Duplicate a report with its filters",
    "Page through more than 10,000 results",
    "Remember the last used filter",
    "Colour-blind safe palette for charts",
    "Bulk edit of tags",
    "Tooltip covers the button on small screens",
    "Undo for a deleted view",
    "Speed up the first load of the dashboard",
    "Keyboard shortcuts for the editor",
    "Webhooks for archived projects",
];

const OPS: [&str; 8] = [
    "Renew the wildcard certificate",
    "Rotate database credentials",
    "Disk usage alert on the reporting host",
    "Move nightly backup to the new region",
    "Upgrade the queue to the supported version",
    "Clean up unused load balancers",
    "Review on-call schedule for December",
    "Latency spike between 02:00 and 03:00",
];

const OPENINGS: [&str; 8] = [
    "Hi team, since yesterday this does not work for anybody in our office.",
    "We noticed this during our monthly closing and need a solution by Friday.",
    "This happens every time, on Chrome as well as on Firefox.",
    "One of our customers told us about this and we could reproduce it.",
    "It worked before the last update.",
    "Not urgent, but it costs us about an hour each week.",
    "I have tried it with two accounts, the result is the same.",
    "As discussed on the phone, here are the details.",
];

const STEPS: [&str; 8] = [
    "Open the settings and choose Billing",
    "Click Export, then CSV",
    "Sign in with the account of an administrator",
    "Wait for about ten seconds",
    "Select a date range across two months",
    "Upload a file of more than 5 MB",
    "Switch the language to français",
    "Press Save & close",
];

const CLOSINGS: [&str; 6] = [
    "Thanks a lot for looking into it!",
    "Please tell me if you need anything else.",
    "Best regards from Zürich",
    "A workaround would already help us.",
    "We can offer a call this week.",
    "Merci d'avance 🙂",
];

const REPLIES: [&str; 8] = [
    "Thank you for the details, we are looking into it.",
    "Could you send us a screenshot of the message?",
    "Here is the screenshot. It now also happens on the second account.",
    "We have released a fix; please reload the page and try again.",
    "Works again, thank you very much!",
    "Sorry for the delay. Our developers have found the cause.",
    "Any news on this?",
    "I have added a credit to your next invoice.",
];

const INTERNAL: [&str; 4] = [
    "Internal: customer is on the old plan, check the contract before answering.",
    "Internal: same cause as the ticket of last week, see the runbook.",
    "Internal: escalated to the product team.",
    "Internal: do not promise a date.",
];

/// A summary that fits the project.
pub(super) fn summary(random: &mut Random, project: u8, kind: u8) -> String {
    let words = match project {
        0 => random.word(&SUPPORT),
        1 => random.word(&PRODUCT),
        _ => random.word(&OPS),
    };
    match kind {
        0 => format!("Epic: {words}"),
        _ if random.chance(0.06) => format!("[URGENT] {words}"),
        _ => words.to_owned(),
    }
}

/// A comment's text.
pub(super) fn comment(random: &mut Random, internal: bool) -> String {
    random
        .word(if internal { &INTERNAL } else { &REPLIES })
        .to_owned()
}

/// ADF of one paragraph, as JSON.
pub(super) fn paragraph(text: &str) -> String {
    let mut out = String::from(r#"{"type":"doc","version":1,"content":["#);
    push_paragraph(&mut out, text);
    out.push_str("]}");
    out
}

/// The description of a seeded issue, ADF as JSON, padded to about `bytes`.
pub(super) fn description(seed: Seed, index: u32, bytes: Option<usize>) -> String {
    let mut random = Random::new(seed.seed, 0x3_0000_0000 | u64::from(index));
    let mut out = String::with_capacity(bytes.unwrap_or(0) + 1024);
    out.push_str(r#"{"type":"doc","version":1,"content":["#);
    push_paragraph(&mut out, random.word(&OPENINGS));
    if random.chance(0.5) {
        out.push_str(r#",{"type":"heading","attrs":{"level":3},"content":[{"type":"text","text":"Steps to reproduce"}]},{"type":"orderedList","attrs":{"order":1},"content":["#);
        for step in 0..=random.below(3) {
            if step > 0 {
                out.push(',');
            }
            out.push_str(r#"{"type":"listItem","content":["#);
            push_paragraph(&mut out, random.word(&STEPS));
            out.push_str("]}");
        }
        out.push_str("]}");
    }
    if random.chance(0.25) {
        out.push_str(r#",{"type":"panel","attrs":{"panelType":"warning"},"content":[{"type":"paragraph","content":[{"type":"text","text":"Affects "},{"type":"text","text":"all users","marks":[{"type":"strong"}]},{"type":"text","text":" of our account."}]}]}"#);
    }
    if random.chance(0.2) {
        out.push_str(r#",{"type":"codeBlock","attrs":{"language":"text"},"content":[{"type":"text","text":"HTTP 500\nrequest id: "#);
        // Writing to a string cannot fail.
        write!(out, "{:08x}", random.next() as u32).unwrap_or_default();
        out.push_str(r#""}]}"#);
    }
    if random.chance(0.3) {
        out.push_str(r#",{"type":"paragraph","content":[{"type":"text","text":"See "},{"type":"text","text":"our status page","marks":[{"type":"link","attrs":{"href":"https://status.acme.example/"}}]},{"type":"hardBreak"},{"type":"text","text":"and the log attached."}]}"#);
    }
    while bytes.is_some_and(|bytes| out.len() + 200 < bytes) {
        out.push(',');
        let text = [
            random.word(&OPENINGS),
            random.word(&STEPS),
            random.word(&CLOSINGS),
        ]
        .join(" ");
        push_paragraph(&mut out, &text);
    }
    out.push(',');
    push_paragraph(&mut out, random.word(&CLOSINGS));
    out.push_str("]}");
    out
}

fn push_paragraph(out: &mut String, text: &str) {
    out.push_str(r#"{"type":"paragraph","content":[{"type":"text","text":"#);
    push_json_string(out, text);
    out.push_str("}]}");
}

/// The visible words of ADF, for the text search.
pub(super) fn plain(adf: &str) -> String {
    fn walk(value: &serde_json::Value, out: &mut String) {
        match value {
            serde_json::Value::Object(map) => {
                if let Some(text) = map.get("text").and_then(serde_json::Value::as_str) {
                    out.push_str(text);
                    out.push(' ');
                }
                if let Some(content) = map.get("content") {
                    walk(content, out);
                }
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| walk(value, out)),
            _ => {}
        }
    }
    let mut out = String::new();
    // The depth is bounded: the emulator wrote the document itself or took it through serde.
    if let Ok(value) = serde_json::from_str(adf) {
        walk(&value, &mut out);
    }
    out
}
