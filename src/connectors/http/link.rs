//! The header `Link` (RFC 8288).

/// The target of the first link with the relation `next` that is about the page itself.
pub(super) fn next(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let (target, after) = rest.split_once('<')?.1.split_once('>')?;
        let (parameters, more) = parameters(after);
        let about = |name: &str| parameters.iter().find(|(known, _)| known == name);
        let is_next = about("rel").is_some_and(|(_, relations)| {
            let mut relations = relations.split_ascii_whitespace();
            relations.any(|one| one.eq_ignore_ascii_case("next"))
        });
        if is_next && about("anchor").is_none() {
            return Some(target.trim().to_owned());
        }
        rest = more;
    }
}

/// The parameters up to the comma before the next link, and what follows it.
fn parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(after) = rest.strip_prefix(';') else {
            return (found, rest);
        };
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let (name, after_name) = after.split_at_checked(end).unwrap_or((after, ""));
        let name = name.trim().to_ascii_lowercase();
        let (value, after_value) = match after_name.strip_prefix('=') {
            None => (String::new(), after_name),
            Some(value) => match value.trim_start().strip_prefix('"') {
                Some(quoted) => quoted_text(quoted),
                None => {
                    let end = value.find([';', ',']).unwrap_or(value.len());
                    let (value, rest) = value.split_at_checked(end).unwrap_or((value, ""));
                    (value.trim().to_owned(), rest)
                }
            },
        };
        // Of two of a name the first counts.
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, value));
        }
        rest = after_value;
    }
}

fn quoted_text(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        match one {
            '"' => break,
            '\\' => value.extend(characters.next()),
            one => value.push(one),
        }
    }
    (value, characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_next_link_is_found_however_it_is_written() {
        for (header, target) in [
            (
                r#"<https://a.example/?p=2>; rel="next""#,
                Some("https://a.example/?p=2"),
            ),
            (r#"</c?p=1>; rel=prev, </c?p=3>;rel=next"#, Some("/c?p=3")),
            (
                r#"<a>; title="x, <b>; rel=\"next\""; rel="last", <c>; rel="x NEXT""#,
                Some("c"),
            ),
            (
                r#"<a?x=1,2;3>; REL="next"; title*=UTF-8''n"#,
                Some("a?x=1,2;3"),
            ),
            (
                r#"<a>; rel="next"; anchor="/other", <b>; rel="next""#,
                Some("b"),
            ),
            (r#"<a>; rel="prev"; rel="next""#, None),
            (r#"<a>; rel="nextish""#, None),
            ("<a", None),
            ("", None),
        ] {
            assert_eq!(next(header).as_deref(), target, "{header}");
        }
    }
}
