//! Plain text to a document.

/// The JSON of a document with the text: a paragraph for each run of lines between blank lines, a
/// hard break at each other newline. Text that is white space alone makes an empty document.
#[must_use]
pub fn from_text(text: &str) -> String {
    let mut json = String::from(r#"{"type":"doc","version":1,"content":["#);
    let mut paragraphs = 0_usize;
    let mut in_paragraph = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            if in_paragraph {
                json.push_str("]}");
            }
            in_paragraph = false;
            continue;
        }
        if in_paragraph {
            json.push_str(r#",{"type":"hardBreak"},"#);
        } else {
            if paragraphs > 0 {
                json.push(',');
            }
            json.push_str(r#"{"type":"paragraph","content":["#);
            paragraphs += 1;
            in_paragraph = true;
        }
        json.push_str(r#"{"type":"text","text":"#);
        push_string(&mut json, line);
        json.push('}');
    }
    if in_paragraph {
        json.push_str("]}");
    }
    json.push_str("]}");
    json
}

fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..='\u{1f}' => {
                let code = u32::from(character);
                let digits = [code / 16, code % 16].map(|digit| char::from_digit(digit, 16));
                json.push_str("\\u00");
                json.extend(digits.into_iter().flatten());
            }
            _ => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::{Format, render};
    use super::from_text;

    #[test]
    fn blank_lines_part_paragraphs_and_newlines_break_lines() {
        let json = from_text("\n\na \"b\"\\\r\nc\t\n \n\nd\n");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let text = |text: &str| serde_json::json!({ "type": "text", "text": text });
        assert_eq!(
            value,
            serde_json::json!({ "type": "doc", "version": 1, "content": [
                { "type": "paragraph", "content": [text("a \"b\"\\"), { "type": "hardBreak" }, text("c\t")] },
                { "type": "paragraph", "content": [text("d")] },
            ] })
        );
        assert_eq!(render(&json, Format::Text), "a \"b\"\\\nc\t\n\nd");
    }

    #[test]
    fn white_space_alone_makes_an_empty_document() {
        assert_eq!(
            from_text(" \n"),
            r#"{"type":"doc","version":1,"content":[]}"#
        );
    }
}
