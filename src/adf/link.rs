//! Links: which are safe to follow, and when a link's text already says its address.

/// Whether following the address would run a script or open data, whatever white space and
/// control characters hide it.
pub(super) fn runs_script(href: &str) -> bool {
    let mut scheme = String::new();
    for character in href.chars() {
        if character.is_control() || character.is_whitespace() || is_invisible(character) {
            continue;
        }
        if character == ':' {
            return matches!(&*scheme, "javascript" | "data" | "vbscript");
        }
        if scheme.len() > "javascript".len() {
            return false;
        }
        scheme.push(character.to_ascii_lowercase());
    }
    false
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}

/// Whether HTML may hold the address: the schemes of mail and web, or an address without one.
pub(super) fn is_safe_in_html(href: &str) -> bool {
    if runs_script(href) {
        return false;
    }
    let visible: String = href
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace() && !is_invisible(*c))
        .take_while(|c| !matches!(c, '/' | '?' | '#'))
        .collect();
    match visible.split_once(':') {
        None => true,
        Some((scheme, _)) => ["http", "https", "mailto", "tel", "ftp"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known)),
    }
}

/// Whether the text of a link says its address already.
pub(super) fn says(text: &str, href: &str) -> bool {
    bare(text).eq_ignore_ascii_case(bare(href))
}

fn bare(address: &str) -> &str {
    let mut address = address.trim();
    for scheme in ["https://", "http://", "mailto:"] {
        if let Some(start) = address.get(..scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            address = address.get(scheme.len()..).unwrap_or_default();
            break;
        }
    }
    address.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_found_behind_control_characters() {
        for href in [
            "javascript:x",
            "JaVa\tScript:x",
            " \u{1}data:text/html,x",
            "vb\u{200b}script:x",
        ] {
            assert!(runs_script(href), "{href:?}");
            assert!(!is_safe_in_html(href), "{href:?}");
        }
        for href in [
            "https://a.example/javascript:x",
            "/javascript",
            "mailto:a@b.example",
            "#data",
        ] {
            assert!(!runs_script(href), "{href:?}");
            assert!(is_safe_in_html(href), "{href:?}");
        }
        assert!(!is_safe_in_html("file:///etc/passwd"));
        assert!(is_safe_in_html("/path?at=12:30"));
    }

    #[test]
    fn the_text_of_a_link_may_say_its_address() {
        assert!(says("example.com", "HTTPS://Example.com/"));
        assert!(says("a@b.example", "mailto:a@b.example"));
        assert!(!says("here", "https://example.com"));
    }
}
