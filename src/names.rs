//! Names that came from users, made safe for paths, in the table as on the site.

/// Longest part of the original that is kept when a name has to be altered.
const KEPT: usize = 48;

/// A path component for a name: itself if it consists of lower-case letters, digits, `.`, `_` and `-`, else the
/// allowed characters with a short hash of the whole name.
///
/// Upper-case letters count as altered, so that two names differing only in case get two paths even where the file
/// system ignores case. Never empty, never `.` or `..`, never hidden.
pub fn safe_component(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let kept = name.len() <= 80 && !name.is_empty() && !name.starts_with(['.', '-']) && !name.ends_with('.');
    if kept && name.chars().all(plain) {
        return name.to_string();
    }
    let mut out: String = name
        .chars()
        .map(|c| if plain(c) || c.is_ascii_uppercase() { c } else { '_' })
        .take(KEPT)
        .collect();
    if out.is_empty() || out.starts_with(['.', '-']) {
        out.insert(0, '_');
    }
    out.push('_');
    out.push_str(&short_hash(name));
    out
}

/// First eight hex digits of the BLAKE3 digest of a text.
pub fn short_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_and_others_are_told_apart() {
        assert_eq!(safe_component("v1.2.0"), "v1.2.0");
        assert_eq!(safe_component("eval.tickets_v2-a"), "eval.tickets_v2-a");
        let odd = [
            "",
            ".",
            "..",
            "../../etc",
            "a/b",
            "a b",
            "V1",
            "v1 ",
            ".hidden",
            "modèle",
            "🚀",
            "v1.",
        ];
        let mut seen = std::collections::BTreeSet::new();
        for name in odd {
            let safe = safe_component(name);
            assert!(
                !safe.is_empty() && !safe.starts_with('.') && !safe.contains(['/', '\\', ' ']),
                "{name} -> {safe}"
            );
            assert!(seen.insert(safe.to_lowercase()), "{name} -> {safe} is taken");
        }
        assert_ne!(safe_component("V1").to_lowercase(), safe_component("v1").to_lowercase());
        assert!(safe_component(&"x".repeat(500)).len() < 80);
    }
}
