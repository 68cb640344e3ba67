//! Templates and assets, embedded in the binary. Strict: a name that a view does not have fails the render.

use super::error::SiteError;
use crate::names;
use handlebars::Handlebars;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

const CSS: &str = include_str!("../../templates/assets/report.css");
const JS: &str = include_str!("../../templates/assets/report.js");
const PLAIN_CSS: &str = include_str!("../../templates/assets/plain.css");

/// Every template by name; pages first, then partials.
const TEMPLATES: [(&str, &str); 34] = [
    ("overview", include_str!("../../templates/overview.hbs")),
    ("run", include_str!("../../templates/run.hbs")),
    ("slice", include_str!("../../templates/slice.hbs")),
    ("list", include_str!("../../templates/list.hbs")),
    ("lists", include_str!("../../templates/lists.hbs")),
    ("samples_head", include_str!("../../templates/samples_head.hbs")),
    ("sample", include_str!("../../templates/sample.hbs")),
    ("samples_foot", include_str!("../../templates/samples_foot.hbs")),
    ("method", include_str!("../../templates/method.hbs")),
    ("reproduce", include_str!("../../templates/reproduce.hbs")),
    ("index", include_str!("../../templates/index.hbs")),
    ("pointer", include_str!("../../templates/pointer.hbs")),
    ("head", include_str!("../../templates/partials/head.hbs")),
    ("foot", include_str!("../../templates/partials/foot.hbs")),
    ("predicates", include_str!("../../templates/partials/predicates.hbs")),
    ("bar", include_str!("../../templates/partials/bar.hbs")),
    ("chart", include_str!("../../templates/partials/chart.hbs")),
    ("square", include_str!("../../templates/partials/square.hbs")),
    ("slice_table", include_str!("../../templates/partials/slice_table.hbs")),
    ("notes", include_str!("../../templates/partials/notes.hbs")),
    ("counts", include_str!("../../templates/partials/counts.hbs")),
    ("confusion", include_str!("../../templates/partials/confusion.hbs")),
    ("classes", include_str!("../../templates/partials/classes.hbs")),
    ("latency", include_str!("../../templates/partials/latency.hbs")),
    (
        "label_changes",
        include_str!("../../templates/partials/label_changes.hbs"),
    ),
    ("repeats", include_str!("../../templates/partials/repeats.hbs")),
    ("files", include_str!("../../templates/partials/files.hbs")),
    ("changes", include_str!("../../templates/changes.hbs")),
    ("pieces", include_str!("../../templates/partials/pieces.hbs")),
    ("info", include_str!("../../templates/partials/info.hbs")),
    ("keys", include_str!("../../templates/partials/keys.hbs")),
    ("facts", include_str!("../../templates/partials/facts.hbs")),
    ("sample_rows", include_str!("../../templates/partials/sample_rows.hbs")),
    ("answer", include_str!("../../templates/partials/answer.hbs")),
];

/// Partials that stand within a line: registered without their last line break.
const INLINE: [&str; 6] = ["answer", "bar", "chart", "info", "pieces", "predicates"];

/// Names of the assets, with a digest of their bytes in them.
fn assets() -> [(String, &'static str); 2] {
    let name = |stem: &str, extension: &str, text: &str| format!("{stem}-{}.{extension}", names::short_hash(text));
    [(name("report", "css", CSS), CSS), (name("report", "js", JS), JS)]
}

/// Paths and bytes of the files that every page of a report loads.
pub(super) fn asset_files() -> Vec<(String, Vec<u8>)> {
    assets()
        .into_iter()
        .map(|(name, text)| (format!("assets/{name}"), text.as_bytes().to_vec()))
        .collect()
}

/// The registered templates.
pub(super) struct Templates {
    engine: Handlebars<'static>,
}

impl Templates {
    /// The templates, parsed at the first call: that takes longer than rendering most pages.
    pub(super) fn get() -> Result<&'static Templates, SiteError> {
        static PARSED: OnceLock<Templates> = OnceLock::new();
        match PARSED.get() {
            Some(templates) => Ok(templates),
            None => Templates::new().map(|templates| PARSED.get_or_init(|| templates)),
        }
    }

    fn new() -> Result<Templates, SiteError> {
        let [(css, _), (js, _)] = assets();
        let plain = PLAIN_CSS.trim();
        let digest = format!("sha256-{}", base64(&Sha256::digest(plain.as_bytes())));
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        for (name, text) in TEMPLATES {
            let text = text
                .replace("@CSS@", &css)
                .replace("@JS@", &js)
                .replace("@PLAIN_DIGEST@", &digest)
                .replace("@PLAIN@", plain);
            let text = if INLINE.contains(&name) { text.trim_end() } else { &text };
            engine
                .register_template_string(name, text)
                .map_err(|source| SiteError::Template {
                    name,
                    source: Box::new(source),
                })?;
        }
        Ok(Templates { engine })
    }

    /// Renders a page.
    pub(super) fn render(&self, template: &str, path: &str, view: &impl Serialize) -> Result<Vec<u8>, SiteError> {
        let text = self.engine.render(template, view);
        text.map(String::into_bytes).map_err(|source| SiteError::Render {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }
}

/// Standard base64 with padding, as a Content-Security-Policy wants digests.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let sextet = (bits >> (18 - 6 * i) & 63) as usize;
            text.push(if i <= chunk.len() {
                char::from(ALPHABET[sextet])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_never_leave_data_unescaped() {
        for (name, text) in TEMPLATES {
            assert!(!text.contains("{{{") && !text.contains("{{&"), "{name} does not escape");
            assert!(
                !text.contains("style=") && !text.contains("onclick"),
                "{name} has inline code"
            );
        }
    }

    #[test]
    fn base64_is_standard() {
        let table = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in table {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
