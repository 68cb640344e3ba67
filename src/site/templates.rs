//! Templates and assets, embedded in the binary. Strict: a name that a view does not have fails the render.

use super::error::SiteError;
use crate::names;
use handlebars::template::TemplateElement;
use handlebars::{Handlebars, Template, TemplateError, html_escape};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

const CSS: &str = include_str!("../../templates/assets/report.css");
const JS: &str = include_str!("../../templates/assets/report.js");
const PLAIN_CSS: &str = include_str!("../../templates/assets/plain.css");
const INDEX_JS: &str = include_str!("../../templates/assets/index.js");

/// Every template by name; pages first, then partials.
const TEMPLATES: [(&str, &str); 38] = [
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
    ("predicate", include_str!("../../templates/partials/predicate.hbs")),
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
    ("cost", include_str!("../../templates/partials/cost.hbs")),
    ("residuals", include_str!("../../templates/partials/residuals.hbs")),
    ("shifts", include_str!("../../templates/partials/shifts.hbs")),
    ("repeats", include_str!("../../templates/partials/repeats.hbs")),
    ("files", include_str!("../../templates/partials/files.hbs")),
    ("changes", include_str!("../../templates/changes.hbs")),
    ("piece", include_str!("../../templates/partials/piece.hbs")),
    ("media", include_str!("../../templates/partials/media.hbs")),
    ("info", include_str!("../../templates/partials/info.hbs")),
    ("keys", include_str!("../../templates/partials/keys.hbs")),
    ("facts", include_str!("../../templates/partials/facts.hbs")),
    ("sample_row", include_str!("../../templates/partials/sample_row.hbs")),
    ("answer", include_str!("../../templates/partials/answer.hbs")),
];

/// Style and script of a report's pages, and what a theme adds to the style, as files of a theme.
const STYLE: &str = "report.css";
const SCRIPT: &str = "report.js";
const ADDED_STYLE: &str = "theme.css";

/// Templates of pages that lead to reports: reports of any theme share them.
const SITE_WIDE: [&str; 2] = ["index", "pointer"];

/// Partials that stand within a line: registered without their last line break.
const INLINE: [&str; 6] = ["answer", "bar", "chart", "info", "piece", "predicate"];

/// Names of the files that a theme may have.
pub(super) fn file_names() -> Vec<String> {
    let replaced = TEMPLATES.iter().filter(|(name, _)| !SITE_WIDE.contains(name));
    let replaced = replaced.map(|(name, _)| format!("{name}.hbs"));
    replaced
        .chain([STYLE, SCRIPT, ADDED_STYLE].map(str::to_owned))
        .collect()
}

/// Partials that stand for one of many rows, or for all of them: they become text of the built-in templates that hold them,
/// for a partial gets a copy of its view, and a copy of each value that it prints.
const EMBEDDED: [&str; 6] = ["slice_table", "sample_row", "answer", "piece", "bar", "predicate"];

/// Bytes of a template that are compiled together, at least.
const PIECE: usize = 500;

/// The registered templates, with the assets that their pages load.
pub(super) struct Templates {
    engine: Handlebars<'static>,
    /// Path and text of style and script; their names have a digest of their bytes in them.
    assets: [(String, String); 2],
    /// The files that stand in the place of built-in templates.
    replaced: BTreeMap<String, PathBuf>,
}

impl Templates {
    /// The templates, parsed at the first call: that takes longer than rendering most pages.
    pub(super) fn get() -> Result<&'static Templates, SiteError> {
        static PARSED: OnceLock<Templates> = OnceLock::new();
        // Two threads that want them at once do not both parse them.
        static PARSING: Mutex<()> = Mutex::new(());
        let _alone = PARSING.lock();
        match PARSED.get() {
            Some(templates) => Ok(templates),
            None => Templates::new().map(|templates| PARSED.get_or_init(|| templates)),
        }
    }

    fn new() -> Result<Templates, SiteError> {
        Templates::themed(Path::new(""), &BTreeMap::new())
    }

    /// Templates of which these files of a folder replace some.
    pub(super) fn themed(folder: &Path, files: &BTreeMap<String, String>) -> Result<Templates, SiteError> {
        let file = |name: &str, built_in: &'static str| files.get(name).map_or(built_in, String::as_str).to_owned();
        let style = file(STYLE, CSS) + files.get(ADDED_STYLE).map_or("", String::as_str);
        let asset = |stem: &str, extension: &str, text: String| {
            (format!("{stem}-{}.{extension}", names::short_hash(&text)), text)
        };
        let assets = [asset("report", "css", style), asset("report", "js", file(SCRIPT, JS))];
        let mut templates = Templates {
            engine: Handlebars::new(),
            assets,
            replaced: BTreeMap::new(),
        };
        templates.engine.set_strict_mode(true);
        templates.engine.register_escape_fn(escape);
        for (name, built_in) in TEMPLATES {
            let file_name = format!("{name}.hbs");
            if files.contains_key(&file_name) {
                templates.replaced.insert(name.to_owned(), folder.join(&file_name));
            }
            let inline = INLINE.contains(&name);
            let text = |file: &str| templates.filled(if inline { file.trim_end() } else { file });
            let compiled = match files.get(&file_name) {
                Some(file) => Template::compile_with_name(text(file), name.to_owned()),
                None => compiled(name, &text(&embedded(built_in, files))),
            };
            let added = compiled.map(|template| templates.engine.register_template(name, template));
            added.map_err(|source| match templates.replaced.get(name) {
                Some(path) => SiteError::Theme {
                    path: path.clone(),
                    line: source.pos().map(|(line, _)| line),
                    reason: format!("is no template: {}", source.reason()),
                },
                None => SiteError::Template {
                    name,
                    source: Box::new(source),
                },
            })?;
        }
        Ok(templates)
    }

    /// A template with the names of assets, and with style and script where a page stands alone.
    fn filled(&self, template: &str) -> String {
        let [(css, _), (js, _)] = &self.assets;
        let (plain, filter) = (PLAIN_CSS.trim(), INDEX_JS.trim());
        template
            .replace("@CSS@", css)
            .replace("@JS@", js)
            .replace("@PLAIN_DIGEST@", &digest(plain))
            .replace("@PLAIN@", plain)
            .replace("@FILTER_DIGEST@", &digest(filter))
            .replace("@FILTER@", filter)
    }

    /// Paths and bytes of the files that every page of a report loads.
    pub(super) fn asset_files(&self) -> Vec<(String, Vec<u8>)> {
        let files = self.assets.iter();
        files
            .map(|(name, text)| (format!("assets/{name}"), text.as_bytes().to_vec()))
            .collect()
    }

    /// Renders a page.
    pub(super) fn render(&self, template: &str, path: &str, view: &impl Serialize) -> Result<Vec<u8>, SiteError> {
        let text = self.engine.render(template, view);
        text.map(String::into_bytes).map_err(|source| {
            let themed = source.template_name.as_ref().and_then(|name| self.replaced.get(name));
            match themed {
                Some(file) => SiteError::Theme {
                    path: file.clone(),
                    line: source.line_no,
                    reason: format!("cannot be filled for {path}: {}", source.reason()),
                },
                None => SiteError::Render {
                    path: path.to_owned(),
                    source: Box::new(source),
                },
            }
        })
    }
}

/// As [`html_escape`], which looks at one character after the other; most values have none to escape.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || b" .,:;-_/#%()?!".contains(&byte);
    match text.bytes().all(plain) {
        true => text.to_owned(),
        false => html_escape(text),
    }
}

/// A built-in template with the text of some partials in it. Those that a theme replaces stay partials, so that errors name
/// their file.
fn embedded(template: &str, theme: &BTreeMap<String, String>) -> String {
    let mut text = template.to_owned();
    for name in EMBEDDED
        .iter()
        .filter(|name| !theme.contains_key(&format!("{name}.hbs")))
    {
        let partial = TEMPLATES
            .iter()
            .find(|(other, _)| other == name)
            .map_or("", |(_, text)| text);
        text = match INLINE.contains(name) {
            true => text.replace(&format!("{{{{> {name}}}}}"), partial.trim_end()),
            false => text.replace(&format!("{{{{> {name}}}}}\n"), partial),
        };
    }
    text
}

/// Compiles a built-in template in pieces between which no block is open: for each tag the parser counts lines and columns from
/// the beginning of its text, which takes longer than all else where a template is long.
fn compiled(name: &str, text: &str) -> Result<Template, TemplateError> {
    let mut whole = Template::compile_with_name("", name.to_owned())?;
    let (mut piece, mut before, mut open) = (String::new(), 0, 0);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        piece.push_str(line);
        open += line.matches("{{#").count();
        open -= line.matches("{{/").count().min(open);
        if number + 1 < lines.len() && (open > 0 || piece.len() - before < PIECE) {
            continue;
        }
        let mut part = Template::compile_with_name(&piece, name.to_owned())?;
        // The empty lines before the piece.
        if let Some(TemplateElement::RawString(first)) = part.elements.first_mut() {
            first.drain(..before.min(first.len()));
        }
        whole.elements.append(&mut part.elements);
        whole.mapping.append(&mut part.mapping);
        // What errors name are lines of the whole.
        (before, open) = (number + 1, 0);
        piece = "\n".repeat(before);
    }
    Ok(whole)
}

/// What a Content-Security-Policy allows a style or script of a page itself by.
pub(super) fn digest(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
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
    use handlebars::template::TemplateMapping;

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
    fn every_character_is_escaped_as_the_engine_would() {
        for c in (0..=0x17f).filter_map(char::from_u32) {
            let text = format!("a{c}");
            assert_eq!(escape(&text), html_escape(&text));
        }
        assert_eq!(
            escape("<a href=\"x\">'`&"),
            "&lt;a href&#x3D;&quot;x&quot;&gt;&#x27;&#x60;&amp;"
        );
    }

    /// Pieces are no other template than the whole, down to the places that errors name.
    #[test]
    fn a_template_in_pieces_is_the_same() {
        /// Tags with their places, and the text between them.
        fn joined(template: Template) -> Vec<(TemplateElement, Option<TemplateMapping>)> {
            let mut joined: Vec<(TemplateElement, Option<TemplateMapping>)> = Vec::new();
            for (element, place) in template.elements.into_iter().zip(template.mapping) {
                match (joined.last_mut(), element) {
                    (_, TemplateElement::RawString(text)) if text.is_empty() => {}
                    // Where a piece ends in text and the next one begins with some.
                    (Some((TemplateElement::RawString(before), _)), TemplateElement::RawString(text)) => {
                        before.push_str(&text);
                    }
                    (_, text @ TemplateElement::RawString(_)) => joined.push((text, None)),
                    (_, tag) => joined.push((tag, Some(place))),
                }
            }
            joined
        }
        for (name, text) in TEMPLATES {
            let text = embedded(text, &BTreeMap::new());
            let whole = Template::compile_with_name(&text, name.to_owned()).unwrap();
            assert_eq!(joined(compiled(name, &text).unwrap()), joined(whole), "{name}");
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
