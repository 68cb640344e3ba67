//! The summary for a pull request. Text from data can neither become Markdown or HTML nor mention or link anything.

use super::cost;
use super::discovered;
use super::format::{NONE, Unit, count, counted, level, p_value, setting};
use super::headline::{Headline, headline, non_inferiority, regressions};
use super::label_changes;
use super::measure::Measure;
use super::parts;
use super::terminal::{accounting, change_interval, cut, one_line, outcomes};
use super::words::{metric_badge, metric_title, predicates, short_verdict};
use crate::model::{Comparison, PinnedRun};
use std::fmt::Write;

/// Slices listed.
const SLICES: usize = 10;
/// Warnings listed.
const WARNINGS: usize = 10;
/// Longest text from data; hosts cap a comment at 65,536 characters.
const DATA: usize = 120;

/// A comparison as a comment.
pub fn summary(c: &Comparison) -> String {
    let head = headline(c);
    let sentence = Headline {
        lead: text(&one_line(&head.lead)),
        ..head.clone()
    }
    .sentence(code);
    let mut out = format!(
        "### evaldiff: {}\n\n{} → {}\n\n{sentence}\n\n",
        head.word,
        code(&c.baseline.model_version),
        code(&c.candidate.model_version),
    );
    if let Some(sentence) = non_inferiority(c) {
        let _ = write!(out, "{}\n\n", text(&sentence));
    }
    metrics(&mut out, c);
    let _ = write!(
        out,
        "\n- Samples: {}\n- Outcomes: {}\n",
        accounting(&c.accounting),
        outcomes(c)
    );
    if let Some(clusters) = parts::clusters(c) {
        let _ = writeln!(out, "- Clusters: {}", text(&cut(&one_line(&clusters), 4 * DATA)));
    }
    if let Some(line) = label_changes::line(c) {
        let _ = writeln!(out, "- Label changes: {line}");
    }
    if let Some(costs) = &c.cost {
        let _ = writeln!(
            out,
            "- Cost: {}",
            text(&cost::line(costs, [c.baseline.rows, c.candidate.rows]))
        );
    }
    for warning in c.warnings.iter().take(WARNINGS) {
        let _ = writeln!(out, "- Warning: {}", text(&cut(&one_line(&warning.text), 4 * DATA)));
    }
    if c.warnings.len() > WARNINGS {
        let _ = writeln!(out, "- {}", more(c.warnings.len() - WARNINGS, "warning"));
    }
    slices(&mut out, c);
    search(&mut out, c);
    details(&mut out, c);
    out
}

fn metrics(out: &mut String, c: &Comparison) {
    let _ = writeln!(
        out,
        "| Metric | Baseline | Candidate | Delta | {} interval | p | Verdict |",
        level(c.options.alpha)
    );
    out.push_str("|---|--:|--:|--:|--:|--:|---|\n");
    for metric in &c.metrics {
        let unit = Unit::of_metric(&metric.name);
        let [baseline, candidate] = unit.values(metric.baseline, metric.candidate);
        row(
            out,
            &[
                text(&one_line(&metric_title(&metric.name))),
                baseline,
                candidate,
                unit.delta(metric.delta),
                change_interval(unit, metric),
                html(&p_value(metric.p_value, NONE)),
                short_verdict(&metric_badge(metric, c.options.alpha, c.flips())).to_owned(),
            ],
        );
    }
}

fn slices(out: &mut String, c: &Comparison) {
    let total = regressions(c).count();
    if total == 0 {
        return;
    }
    let tested = counted(c.slices_tested, "tested slice", "tested slices");
    let _ = write!(out, "\n#### {} of {tested} regressed\n\n", count(total as u64));
    out.push_str("| Slice, most harm first | Samples | Baseline | Candidate | Delta | Regressed | Fixed | q |\n");
    out.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
    let unit = Measure::of(&c.roles).unit;
    for slice in regressions(c).take(SLICES) {
        let [baseline, candidate] = unit.values(slice.baseline, slice.candidate);
        row(
            out,
            &[
                code(&predicates(&slice.predicates)),
                count(slice.n),
                baseline,
                candidate,
                unit.delta(slice.delta),
                count(slice.regressed),
                count(slice.fixed),
                html(&p_value(slice.q_value, NONE)),
            ],
        );
    }
    if total > SLICES {
        let _ = write!(out, "\n{}, in the report.\n", more(total - SLICES, "slice"));
    }
}

/// A line on what a search found, and one for each slice that the other half of the samples confirmed.
fn search(out: &mut String, c: &Comparison) {
    let Some(found) = &c.discovered else { return };
    let unit = Measure::of(&c.roles).unit;
    let _ = write!(out, "\n{}", discovered::sentence(found));
    let total = discovered::confirmed(c).count();
    out.push_str(if total == 0 { ".\n" } else { ":\n\n" });
    for found in discovered::confirmed(c).take(SLICES) {
        let _ = writeln!(
            out,
            "- {}: {} (q {})",
            code(&predicates(&found.slice.predicates)),
            discovered::numbers(found, unit),
            html(&p_value(Some(found.q_value), NONE)),
        );
    }
    if total > SLICES {
        let _ = write!(out, "\n{}, in the report.\n", more(total - SLICES, "slice"));
    }
}

fn details(out: &mut String, c: &Comparison) {
    out.push_str(
        "\n<details>\n<summary>Where the numbers come from</summary>\n\n| | Baseline | Candidate |\n|---|---|---|\n",
    );
    let optional = |value: &Option<String>| value.as_deref().map_or_else(|| NONE.to_owned(), code);
    let mut both = |title: &str, value: &dyn Fn(&PinnedRun) -> String| {
        row(out, &[title.to_owned(), value(&c.baseline), value(&c.candidate)]);
    };
    both("Model version", &|run| code(&run.model_version));
    both("Snapshot", &|run| code(&run.snapshot_id));
    both("Run", &|run| code(&run.run_id));
    both("Committed", &|run| code(&run.committed_at));
    both("Rows", &|run| count(run.rows));
    both("Rows digest", &|run| optional(&run.rows_digest));
    both("Golden dataset", &|run| optional(&run.golden.name));
    both("Golden version", &|run| optional(&run.golden.version));
    both("Golden digest", &|run| optional(&run.golden.digest));
    let _ = write!(
        out,
        "\nTable {} ({}), significance level {}, minimum effect {} for slices and {} for the headline, \
         configuration {}, evaldiff {}.\n\n</details>\n",
        code(&c.table),
        code(&c.candidate.table_uuid),
        setting(c.options.alpha),
        setting(c.options.min_effect_slice),
        setting(c.options.min_effect_headline),
        code(&c.config_digest),
        text(&one_line(&c.tool_version)),
    );
}

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn more(n: usize, noun: &str) -> String {
    counted(n as u64, &format!("more {noun}"), &format!("more {noun}s"))
}

/// A text from data, set as code: hosts look for no mentions, references or emoji in there.
fn code(data: &str) -> String {
    code_within(data, DATA)
}

fn code_within(data: &str, most: usize) -> String {
    format!("<code>{}</code>", text(&cut(&one_line(data), most)))
}

/// A text on one line without Markdown or HTML. What hosts look for after parsing, when entities are characters again
/// (mentions, issue numbers, bare addresses), is broken up by a character without width.
fn text(data: &str) -> String {
    const BREAK: &str = "&#8203;";
    let mut out = String::with_capacity(data.len());
    let mut before = ['\0'; 3];
    for (at, c) in data.char_indices() {
        match c {
            '@' | '#' => {
                let _ = write!(out, "&#{};{BREAK}", u32::from(c));
            }
            ':' if data[at..].starts_with("://") => {
                let _ = write!(out, "&#58;{BREAK}");
            }
            '.' if before.iter().all(|c| c.eq_ignore_ascii_case(&'w')) => {
                let _ = write!(out, "{BREAK}.");
            }
            '\n' | '\r' => out.push(' '),
            '&' | '<' | '>' | '|' | '`' | '*' | '_' | '~' | '[' | ']' | '!' | '\\' | '$' | '{' | '}' | '^' | '/' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => out.push(c),
        }
        before = [before[1], before[2], c];
    }
    out
}

/// Our own text with a sign in it that HTML would take for its own.
fn html(text: &str) -> String {
    text.replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::terminal::{HOSTILE, comparison};
    use super::*;
    use crate::model::Verdict;

    #[test]
    fn reads_like_a_comment() {
        let text = summary(&comparison());
        for part in [
            "### evaldiff: Improved\n\n<code>v0.7.1</code> → <code>v1.2.0</code>\n\nAccuracy rose 3.0 points",
            "| Accuracy | 70.0% | 73.0% | +3.0 points | +1.0 to +5.0 | &lt;0.0001 | better |",
            "most harm: <code>channel = email</code>, -10.0 points on 120 samples.",
            "#### 1 of 40 tested slices regressed",
            "| <code>channel = email</code> | 120 | 80.0% | 70.0% | -10.0 points | 15 | 3 | 0.0100 |",
            "| Snapshot | <code>7051729671394462071</code> | <code>7051729671394462071</code> |",
            "- Warning: 6 samples changed their ground truth",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(text.ends_with("</details>\n"));
    }

    #[test]
    fn data_cannot_become_markup() {
        let mut c = comparison();
        let slice = c.slices[0].clone();
        c.slices = vec![slice; 30];
        for slice in &mut c.slices {
            slice.predicates[0].column = HOSTILE.into();
            slice.predicates[0].value = Some(HOSTILE.repeat(1_000));
        }
        c.warnings[0].text = HOSTILE.into();
        c.warnings = vec![c.warnings[0].clone(); 30];
        c.metrics[0].name = HOSTILE.into();
        c.metrics[0].verdict = None;
        c.table = HOSTILE.into();
        for run in [&mut c.baseline, &mut c.candidate] {
            for field in [
                &mut run.model_version,
                &mut run.snapshot_id,
                &mut run.manifest_list,
                &mut run.run_id,
            ] {
                *field = HOSTILE.into();
            }
            run.golden.name = Some(HOSTILE.into());
            run.rows_digest = Some(HOSTILE.into());
        }
        let text = summary(&c);
        for never in [
            "@", "`", "<img", "](", "://", "www.", "\n# x", "\u{1b}", "\u{202e}", "a|b",
        ] {
            assert!(!text.contains(never), "{never:?} is in\n{text}");
        }
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let cells = line.matches('|').count();
            assert!([4, 8, 9].contains(&cells), "{cells} bars: {line}");
        }
        assert!(text.contains("20 more slices, in the report."));
        assert!(text.len() < 65_536, "{}", text.len());
    }

    #[test]
    fn nothing_regressed_lists_nothing() {
        let mut c = comparison();
        c.slices.clear();
        c.verdict = Verdict::NotComparable;
        let text = summary(&c);
        assert!(text.contains(
            "### evaldiff: Not comparable\n\n<code>v0.7.1</code> → <code>v1.2.0</code>\n\nThe runs cannot be"
        ));
        assert!(!text.contains("most harm first"));
    }

    #[test]
    fn hosts_find_nothing_to_link() {
        assert_eq!(text("a@b.c"), "a&#64;&#8203;b.c");
        assert_eq!(text("see #12"), "see &#35;&#8203;12");
        assert_eq!(text("WWW.x"), "WWW&#8203;.x");
        assert_eq!(text("https://x"), "https&#58;&#8203;&#47;&#47;x");
        assert_eq!(text("v1.2.0, 95% (a-b)"), "v1.2.0, 95% (a-b)");
    }

    proptest::proptest! {
        #[test]
        fn any_data_stays_text(data in ".{0,200}") {
            let out = code(&data);
            let inner = out.strip_prefix("<code>").and_then(|rest| rest.strip_suffix("</code>")).unwrap_or("<");
            assert!(!inner.contains(['<', '>', '|', '`', '*', '_', '[', ']', '@', '\n', '\\', '$']), "{inner}");
            for entity in inner.split('&').skip(1) {
                let number = entity.strip_prefix('#').and_then(|rest| rest.split(';').next()).unwrap_or_default();
                assert!(number.parse::<u32>().is_ok(), "{inner}");
            }
        }
    }
}
