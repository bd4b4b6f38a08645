//! Rich text: the corpus of public documents, random documents, and large ones.

mod corpus;
mod large;
mod random;

use serde_json::Value;

/// Without white space and in lower case, as the corpus compares; without the marks of quotes
/// too, which stand within text of several lines.
fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '>')
        .flat_map(char::to_lowercase)
        .collect()
}

/// What a Markdown parser makes of a rendering.
struct Parsed {
    text: String,
    urls: Vec<String>,
    headings: usize,
    code_blocks: usize,
    rules: usize,
}

fn parse(markdown: &str) -> Parsed {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut parsed = Parsed {
        text: String::new(),
        urls: Vec::new(),
        headings: 0,
        code_blocks: 0,
        rules: 0,
    };
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) | Event::Code(text) => parsed.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => parsed.text.push('\n'),
            Event::Rule => parsed.rules += 1,
            Event::Start(Tag::Heading { .. }) => parsed.headings += 1,
            Event::Start(Tag::CodeBlock(_)) => parsed.code_blocks += 1,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                parsed.urls.push(dest_url.into_string());
            }
            _ => {}
        }
    }
    parsed
}

/// Reads HTML back: its text, and that it is well-formed and of known elements alone.
fn read_html(html: &str) -> Result<String, String> {
    const VOID: [&str; 4] = ["br", "hr", "img", "input"];
    const KNOWN: &str = " a blockquote code del details div em h1 h2 h3 h4 h5 h6 li ol p pre strong \
                         sub summary sup table tbody td th tr u ul ";
    let mut text = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(character) = rest.chars().next() {
        if character == '<' {
            let end = rest.find('>').ok_or("a tag does not end")?;
            let tag = &rest[1..end];
            let name = tag.split(' ').next().unwrap_or_default();
            if let Some(name) = name.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(format!("</{name}> closes what is not open"));
                }
            } else if !VOID.contains(&name) {
                if !KNOWN.contains(&format!(" {name} ")) {
                    return Err(format!("<{name}> is unknown"));
                }
                open.push(name);
            }
            if tag.matches('"').count() % 2 == 1 || tag.contains(['<', '\'']) {
                return Err(format!("<{tag}> has an attribute that is not escaped"));
            }
            if let Some((_, alt)) = tag.split_once(" alt=") {
                text.push_str(&read_html(alt.trim_matches('"'))?);
            }
            let lower = tag.to_lowercase();
            if lower.contains("=\"javascript:") || lower.contains("=\"data:") {
                return Err(format!("<{tag}> runs a script"));
            }
            rest = &rest[end + 1..];
        } else if character == '&' {
            let entities = [
                ("&amp;", '&'),
                ("&lt;", '<'),
                ("&gt;", '>'),
                ("&quot;", '"'),
                ("&#39;", '\''),
            ];
            let found = entities.iter().find(|(entity, _)| rest.starts_with(entity));
            let (entity, decoded) = found.ok_or("an ampersand is not escaped")?;
            text.push(*decoded);
            rest = &rest[entity.len()..];
        } else if matches!(character, '>' | '"' | '\'') {
            return Err(format!("{character:?} is not escaped"));
        } else {
            text.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    match open.last() {
        None => Ok(text),
        Some(name) => Err(format!("<{name}> is not closed")),
    }
}

/// How many nodes of a type the JSON holds.
fn count(value: &Value, kind: &str) -> usize {
    let mut count = 0;
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        count += usize::from(value["type"] == kind);
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(members) => pending.extend(members.values()),
            _ => {}
        }
    }
    count
}
