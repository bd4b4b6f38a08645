//! The HTML that Brevo takes in a note: p, b, strong, i, em, u, br and a.

/// Tags that are kept as they are, without attributes; `a` keeps its address.
const KEPT: [&str; 6] = ["b", "strong", "i", "em", "u", "a"];

/// HTML of the tags that a note may have: headings and items become paragraphs, other tags are
/// left out and what stands in them stays. All that is open is closed.
pub(super) fn of_a_note(html: &str) -> String {
    let mut out = Out::default();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        out.text.push_str(before);
        let (piece, after) = match tag(from) {
            Some(length) => from.split_at(length),
            None => {
                let entity = entity(from);
                out.text.push_str(match entity {
                    Some(length) => from.get(..length).unwrap_or_default(),
                    None if from.starts_with('<') => "&lt;",
                    None => "&amp;",
                });
                rest = from.get(entity.unwrap_or(1)..).unwrap_or_default();
                continue;
            }
        };
        out.tag(piece);
        rest = after;
    }
    out.text.push_str(rest);
    while let Some((_, end)) = out.open.pop() {
        out.text.push_str(end);
    }
    out.text
}

/// The length of the tag or comment that a text starts with.
fn tag(text: &str) -> Option<usize> {
    if text.starts_with("<!--") {
        return Some(text.find("-->").map_or(text.len(), |at| at + 3));
    }
    let name = text.strip_prefix("</").or_else(|| text.strip_prefix('<'))?;
    if !name.starts_with(|one: char| one.is_ascii_alphabetic()) {
        return None;
    }
    let mut quote = None;
    for (at, one) in text.char_indices() {
        match (quote, one) {
            (None, '"' | '\'') => quote = Some(one),
            (None, '>') => return Some(at + 1),
            (Some(open), one) if open == one => quote = None,
            _ => {}
        }
    }
    None
}

/// The length of the entity that a text starts with.
fn entity(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('&')?;
    let end = inside.find(';').filter(|end| (1..=32).contains(end))?;
    let name = inside.get(..end)?;
    let name = name.strip_prefix('#').unwrap_or(name);
    (!name.is_empty() && name.bytes().all(|one| one.is_ascii_alphanumeric())).then_some(end + 2)
}

#[derive(Default)]
struct Out {
    text: String,
    /// What is open: its name as written, and what ends it.
    open: Vec<(String, &'static str)>,
}

impl Out {
    fn tag(&mut self, piece: &str) {
        let inside = piece.trim_start_matches('<').trim_end_matches('>');
        let (ends, inside) = match inside.strip_prefix('/') {
            Some(inside) => (true, inside),
            None => (false, inside),
        };
        let name: String = inside
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let name = name.to_ascii_lowercase();
        if ends {
            self.end(&name);
        } else {
            self.start(&name, inside);
        }
    }

    fn start(&mut self, name: &str, inside: &str) {
        let end = match name {
            "br" | "hr" => {
                self.text.push_str("<br>");
                return;
            }
            "td" | "th" => {
                if !self.text.ends_with('>') {
                    self.text.push_str(" | ");
                }
                return;
            }
            "p" | "li" | "div" | "pre" | "blockquote" | "tr" => self.block(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let end = self.block();
                self.text.push_str("<strong>");
                if end.is_empty() {
                    "</strong>"
                } else {
                    "</strong></p>"
                }
            }
            "a" => match address(inside) {
                Some(address) => {
                    self.text.push_str("<a href=\"");
                    self.text.push_str(address);
                    self.text.push_str("\">");
                    "</a>"
                }
                None => "",
            },
            _ => match KEPT.iter().find(|kept| **kept == name) {
                Some(kept) => {
                    self.text.extend(["<", kept, ">"]);
                    match *kept {
                        "b" => "</b>",
                        "strong" => "</strong>",
                        "i" => "</i>",
                        "em" => "</em>",
                        _ => "</u>",
                    }
                }
                None => return,
            },
        };
        if name == "li" {
            self.text.push_str("• ");
        }
        self.open.push((name.to_owned(), end));
    }

    /// Opens a paragraph, or begins a line in the one that is open.
    fn block(&mut self) -> &'static str {
        if self.open.iter().any(|(_, end)| end.ends_with("</p>")) {
            if !self.text.ends_with('>') && !self.text.ends_with("• ") {
                self.text.push_str("<br>");
            }
            return "";
        }
        self.text.push_str("<p>");
        "</p>"
    }

    /// Closes up to the last one of this name; an end without a start is left out.
    fn end(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|(open, _)| open == name) else {
            return;
        };
        for (_, end) in self.open.split_off(at).into_iter().rev() {
            self.text.push_str(end);
        }
    }
}

/// The address of a link that leads to a page or a mailbox, as written.
fn address(inside: &str) -> Option<&str> {
    let at = inside.find("href")?;
    let after = inside.get(at + 4..)?.trim_start().strip_prefix('=')?;
    let after = after.trim_start();
    let quote = after
        .chars()
        .next()
        .filter(|one| matches!(one, '"' | '\''))?;
    let address = after.get(1..)?.split(quote).next()?;
    let known = ["https://", "http://", "mailto:"]
        .iter()
        .any(|start| address.to_ascii_lowercase().starts_with(start));
    (known && !address.contains(['"', '<', '>'])).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::of_a_note;

    #[test]
    fn only_tags_that_a_note_takes_are_left() {
        for (html, note) in [
            ("<p>a <b>b</b></p>", "<p>a <b>b</b></p>"),
            ("<h2>T</h2><p>x</p>", "<p><strong>T</strong></p><p>x</p>"),
            (
                "<ul><li><p>one</p></li><li><p>two</p></li></ul>",
                "<p>• one</p><p>• two</p>",
            ),
            ("<script>x</script><span class=\"a\">y</span>", "xy"),
            (
                "<a href=\"https://acme.example/?a=1&amp;b=2\" onclick=\"x()\">l</a>",
                "<a href=\"https://acme.example/?a=1&amp;b=2\">l</a>",
            ),
            ("<a href=\"javascript:x()\">l</a>", "l"),
            ("a < b & c &amp; d", "a &lt; b &amp; c &amp; d"),
            ("<p>a<br/>b", "<p>a<br>b</p>"),
            ("</p>a<b", "a&lt;b"),
            ("<blockquote><p>a</p><p>b</p></blockquote>", "<p>a<br>b</p>"),
            (
                "<table><tr><td>a</td><td>b</td></tr></table>",
                "<p>a | b</p>",
            ),
        ] {
            assert_eq!(of_a_note(html), note, "{html}");
        }
    }
}
