//! Summaries that fit a terminal. Text from data stays on its line and can't send a control sequence.

use super::cost;
use super::discovered;
use super::format::{self, NONE, Unit, count, counted, level, p_value, percent, share_of};
use super::headline::{Headline, headline, non_inferiority, regressions};
use super::label_changes;
use super::measure::Measure;
use super::parts;
use super::repeats::RepeatRow;
use super::run_report::accuracy_interval;
use super::words::{self, list_title, metric_badge, predicates, short_verdict};
use crate::model::comparison::Warning;
use crate::model::report::RunReport;
use crate::model::{Accounting, AccountingClass, Comparison, Metric, PinnedRun};

/// Slices listed.
const SLICES: usize = 8;
/// Warnings listed.
const WARNINGS: usize = 6;
/// Narrower terminals get lines of this width all the same.
const NARROWEST: usize = 40;
/// Columns that a text from data gets within a sentence.
const DATA: usize = 60;

/// A comparison in about thirty lines.
pub fn summary(c: &Comparison, width: usize, color: bool) -> String {
    let mut page = Page::new(width, color);
    let head = headline(c);
    let lead = Headline {
        lead: one_line(&head.lead),
        ..head.clone()
    };
    page.verdict(
        head.class,
        &format!("{}: {}", head.word, lead.sentence(|text| cut(&one_line(text), DATA))),
    );
    if let Some(sentence) = non_inferiority(c) {
        page.note(&sentence);
    }
    page.blank();
    page.labelled("Baseline", &identity(&c.baseline));
    page.labelled("Candidate", &identity(&c.candidate));
    page.labelled("Samples", &accounting(&c.accounting));
    page.labelled("Outcomes", &outcomes(c));
    if let Some(line) = label_changes::line(c) {
        page.labelled("Labels", &line);
    }
    if let Some(repeats) = &c.repeats {
        let row = |row: RepeatRow| format!("{} {} → {}", row.name.to_lowercase(), row.baseline, row.candidate);
        let rows: Vec<String> = super::repeats::rows(repeats).into_iter().map(row).collect();
        page.labelled("Repeats", &rows.join(", "));
    }
    if let Some(clusters) = parts::clusters(c) {
        page.labelled("Clusters", &one_line(&clusters));
    }
    if let Some(costs) = &c.cost {
        page.labelled("Cost", &cost::line(costs, [c.baseline.rows, c.candidate.rows]));
    }
    let interval = format!("{} interval", level(c.options.alpha));
    let mut table = Table::new(["Metric", "Baseline", "Candidate", "Delta", &interval, "p", "Verdict"]);
    for metric in &c.metrics {
        let unit = Unit::of_metric(&metric.name);
        let badge = metric_badge(metric, c.options.alpha, c.flips());
        let [baseline, candidate] = unit.values(metric.baseline, metric.candidate);
        table.row(
            badge.class,
            vec![
                metric_name(&metric.name),
                baseline,
                candidate,
                bare_delta(unit, metric.delta),
                change_interval(unit, metric),
                p_value(metric.p_value, NONE),
                short_verdict(&badge).to_owned(),
            ],
        );
    }
    page.blank();
    page.table(table);
    if c.metrics
        .iter()
        .any(|metric| Unit::of_metric(&metric.name) == Unit::Share)
    {
        page.note("Shares are in percent, their deltas and intervals in points.");
    }
    regression_slices(&mut page, c);
    search(&mut page, c);
    page.warnings(&c.warnings);
    page.text
}

/// One run in about thirty lines.
pub fn run_summary(r: &RunReport, width: usize, color: bool) -> String {
    let mut page = Page::new(width, color);
    let version = cut(&one_line(&r.model_version), DATA);
    let measure = Measure::of(&r.roles);
    let sentence = match r.overall_accuracy {
        None if !measure.kind.has_labels() && r.scored_samples > 0 => format!(
            "{} of {version} is {} on {}.",
            one_line(&measure.title),
            measure
                .unit
                .value(r.metrics.first().and_then(|metric| metric.candidate)),
            counted(r.scored_samples, "scored sample", "scored samples"),
        ),
        None => format!("No accuracy for {version}: the run has no scored sample."),
        accuracy => format!(
            "{version} answers {} of {} correctly{}.",
            percent(accuracy),
            counted(r.scored_samples, "scored sample", "scored samples"),
            accuracy_interval(r),
        ),
    };
    page.verdict("noise", &sentence);
    page.blank();
    page.labelled("Run", &identity(&r.run));
    let left_out = [
        ("errored", r.errored),
        ("skipped", r.skipped),
        ("unlabelled", r.unlabelled),
        ("duplicate", r.duplicate),
    ];
    let mut samples = format!(
        "{}, {} scored",
        counted(r.total_samples, "row", "rows"),
        count(r.scored_samples)
    );
    for (name, n) in left_out.into_iter().filter(|(_, n)| *n > 0) {
        samples.push_str(&format!(", {} {name}", count(n)));
    }
    page.labelled("Samples", &samples);
    let mut table = Table::new(["Metric", "Value"]);
    for metric in &r.metrics {
        table.row(
            "noise",
            vec![
                metric_name(&metric.name),
                Unit::of_metric(&metric.name).value(metric.candidate),
            ],
        );
    }
    page.blank();
    page.table(table);
    if !r.slices.is_empty() {
        let interval = format!("{} interval", level(r.options.alpha));
        let title = if measure.kind.has_labels() { "Accuracy" } else { "Mean" };
        let mut table = Table::new(["Slice", "Samples", title, &interval]);
        for slice in r.slices.iter().take(SLICES) {
            table.row(
                "noise",
                vec![
                    one_line(&predicates(&slice.predicates)),
                    count(slice.n),
                    measure.unit.value(slice.accuracy.or(slice.value)),
                    Unit::Share.value_interval(slice.ci_low, slice.ci_high),
                ],
            );
        }
        page.blank();
        page.heading(&format!(
            "Slices by {}, {} of {} first",
            one_line(&measure.lower()),
            measure.worst(),
            count(r.slices.len() as u64)
        ));
        page.table(table);
        page.more(r.slices.len(), SLICES, "slice", "slices");
    }
    page.warnings(&r.warnings);
    page.text
}

fn regression_slices(page: &mut Page, c: &Comparison) {
    let total = regressions(c).count();
    if total == 0 {
        return;
    }
    let mut table = Table::new([
        "Slice",
        "Samples",
        "Baseline",
        "Candidate",
        "Delta",
        "Regr.",
        "Fixed",
        "q",
    ]);
    let unit = Measure::of(&c.roles).unit;
    for slice in regressions(c).take(SLICES) {
        let [baseline, candidate] = unit.values(slice.baseline, slice.candidate);
        table.row(
            "worse",
            vec![
                one_line(&predicates(&slice.predicates)),
                count(slice.n),
                baseline,
                candidate,
                bare_delta(unit, slice.delta),
                count(slice.regressed),
                count(slice.fixed),
                p_value(slice.q_value, NONE),
            ],
        );
    }
    page.blank();
    let tested = counted(c.slices_tested, "tested slice", "tested slices");
    page.heading(&format!(
        "{} of {tested} regressed, most harm first",
        count(total as u64)
    ));
    page.table(table);
    page.more(total, SLICES, "slice", "slices");
}

/// What a search found, and what the other half of the samples says of it.
fn search(page: &mut Page, c: &Comparison) {
    let Some(found) = &c.discovered else { return };
    page.blank();
    let unit = Measure::of(&c.roles).unit;
    page.heading(&format!("{}.", discovered::sentence(found)));
    let total = discovered::confirmed(c).count();
    if total == 0 {
        return;
    }
    let mut table = Table::new(["Slice, on the half that tested it", "Samples", "Delta", "Interval", "q"]);
    for found in discovered::confirmed(c).take(SLICES) {
        let half = &found.confirming;
        table.row(
            discovered::badge(found, c.options.alpha).class,
            vec![
                one_line(&predicates(&found.slice.predicates)),
                count(half.n),
                bare_delta(unit, half.delta),
                unit.delta_interval(half.ci_low, half.ci_high),
                p_value(Some(found.q_value), NONE),
            ],
        );
    }
    page.table(table);
    page.more(total, SLICES, "slice", "slices");
}

/// Which run a side is.
fn identity(run: &PinnedRun) -> String {
    let mut text = format!(
        "{}, {}",
        cut(&one_line(&run.model_version), DATA),
        one_line(&run.reference)
    );
    if let Some(name) = &run.golden.name {
        let version = run
            .golden
            .version
            .as_deref()
            .map(|v| format!(" {}", one_line(v)))
            .unwrap_or_default();
        text.push_str(&format!(", golden {}{version}", one_line(name)));
    }
    format!("{text}, {}", counted(run.rows, "row", "rows"))
}

/// Every key by class; classes without keys are left out, the matched ones never.
pub(super) fn accounting(accounting: &Accounting) -> String {
    let mut text = format!(
        "{} in both runs together: {} matched",
        counted(accounting.total(), "key", "keys"),
        count(accounting.matched),
    );
    for class in AccountingClass::ALL {
        let n = accounting.get(class);
        if class != AccountingClass::Matched && n > 0 {
            text.push_str(&format!(", {} {}", count(n), list_title(class.name()).to_lowercase()));
        }
    }
    text
}

/// Matched samples by outcome.
pub(super) fn outcomes(c: &Comparison) -> String {
    let o = &c.outcomes;
    let n = c.accounting.matched;
    if !c.roles.kind().has_labels() {
        return format!(
            "{} regressed ({}), {} fixed ({}), {} unchanged",
            count(o.regressed),
            share_of(o.regressed, n),
            count(o.fixed),
            share_of(o.fixed, n),
            count(o.unchanged),
        );
    }
    format!(
        "{} regressed ({}), {} fixed ({}), {} both correct, {} both wrong ({} with the same answer)",
        count(o.regressed),
        share_of(o.regressed, n),
        count(o.fixed),
        share_of(o.fixed, n),
        count(o.both_correct),
        count(o.both_wrong),
        count(o.both_wrong_same),
    )
}

/// The interval of a metric: of its delta, or of the value of a paired rate.
pub(super) fn change_interval(unit: Unit, metric: &Metric) -> String {
    match metric.delta {
        Some(_) => unit.delta_interval(metric.ci_low, metric.ci_high),
        None => unit.value_interval(metric.ci_low, metric.ci_high),
    }
}

/// A difference without its unit: the line below the table says it.
fn bare_delta(unit: Unit, delta: Option<f64>) -> String {
    match unit {
        Unit::Share => delta
            .filter(|d| d.is_finite())
            .map_or_else(|| NONE.to_owned(), |d| format::signed(d * 100.0, 1)),
        Unit::Plain | Unit::Measured | Unit::Milliseconds => unit.delta(delta),
    }
}

/// Titles short enough for a table of seven columns.
fn metric_name(name: &str) -> String {
    let title = match name {
        "mcc" => "MCC",
        "mae" => "MAE",
        "mean_error" => "Mean error",
        "rmse" => "RMSE",
        "average_precision" => "Avg. precision",
        "brier" => "Brier score",
        "ece" => "ECE",
        "negative_flip_rate" => "Negative flips",
        "positive_flip_rate" => "Positive flips",
        "relative_negative_flip_rate" => "Relative NFR",
        _ => return one_line(&words::metric_title(name)),
    };
    title.to_owned()
}

/// A text from data on one line, with nothing in it that moves the cursor or turns the direction of writing.
pub(super) fn one_line(text: &str) -> String {
    let safe = |c: char| match c {
        '\n' => '\u{240a}',
        '\t' => '\u{2409}',
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => '\u{fffd}',
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        _ => c,
    };
    words::shown(text).chars().map(safe).collect()
}

/// Columns that a character takes; near enough for a table, and never too few for common scripts.
fn char_columns(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f000..=0x1faff | 0x20000..=0x3fffd => 2,
        0x231a..=0x231b | 0x23e9..=0x23f3 | 0x2600..=0x27bf | 0x2b1b..=0x2b55 => 2,
        _ => 1,
    }
}

fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

/// A text of at most so many columns; what is cut off leaves an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    // Most texts are short; those that are not may be megabytes.
    if text.len() <= most || columns(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |c: &char| {
        let fits = char_columns(*c) <= left;
        left = left.saturating_sub(char_columns(*c));
        fits
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

/// Breaks at spaces; words longer than a line are cut.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').map(|word| cut(word, most)) {
        if !line.is_empty() && columns(&line) + 1 + columns(&word) > most {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// Rows of cells; the first column is text, and so is a column of verdicts, the others are numbers.
struct Table {
    head: Vec<String>,
    rows: Vec<(&'static str, Vec<String>)>,
}

impl Table {
    fn new<const N: usize>(head: [&str; N]) -> Table {
        Table {
            head: head.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    fn row(&mut self, class: &'static str, cells: Vec<String>) {
        self.rows.push((class, cells));
    }

    /// Widths and the gap between columns: two spaces if they fit, else one, and then the first column shrinks.
    fn layout(&self, most: usize) -> (Vec<usize>, usize) {
        let all = || std::iter::once(&self.head).chain(self.rows.iter().map(|(_, cells)| cells));
        let widest = |i: usize| {
            all()
                .filter_map(|cells| cells.get(i))
                .map(|cell| columns(cell))
                .max()
                .unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.head.len()).map(widest).collect();
        let gaps = widths.len().saturating_sub(1);
        let rest: usize = widths.iter().skip(1).sum();
        let gap = if widths.first().unwrap_or(&0) + rest + 2 * gaps <= most {
            2
        } else {
            1
        };
        if let Some(first) = widths.first_mut() {
            *first = (*first).min(most.saturating_sub(rest + gap * gaps).max(12));
        }
        (widths, gap)
    }

    fn line(&self, cells: &[String], (widths, gap): &(Vec<usize>, usize), most: usize) -> String {
        let mut out = String::new();
        for (i, (cell, &width)) in cells.iter().zip(widths).enumerate() {
            let cell = cut(cell, width);
            let fill = " ".repeat(width.saturating_sub(columns(&cell)));
            if i > 0 {
                out.push_str(&" ".repeat(*gap));
            }
            let left = i == 0 || self.head.get(i).is_some_and(|title| title == "Verdict");
            out.push_str(&if left { cell + &fill } else { fill + &cell });
        }
        cut(out.trim_end(), most)
    }
}

/// What has been written so far.
struct Page {
    text: String,
    width: usize,
    color: bool,
}

impl Page {
    fn new(width: usize, color: bool) -> Page {
        Page {
            text: String::new(),
            width: width.max(NARROWEST),
            color,
        }
    }

    fn line(&mut self, style: &str, line: &str) {
        if self.color && !style.is_empty() && !line.is_empty() {
            self.text.push_str(&format!("\u{1b}[{style}m{line}\u{1b}[0m\n"));
        } else {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    fn blank(&mut self) {
        self.line("", "");
    }

    fn heading(&mut self, text: &str) {
        for line in wrapped(text, self.width) {
            self.line("1", &line);
        }
    }

    fn note(&mut self, text: &str) {
        for line in wrapped(text, self.width) {
            self.line("2", &line);
        }
    }

    fn verdict(&mut self, class: &str, text: &str) {
        let style = match class {
            "better" => "1;32",
            "worse" => "1;31",
            "unknown" => "1;33",
            _ => "1",
        };
        for line in wrapped(text, self.width) {
            self.line(style, &line);
        }
    }

    fn labelled(&mut self, label: &str, text: &str) {
        const INDENT: usize = 11;
        for (i, line) in wrapped(text, self.width - INDENT).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            self.line("", &format!("{label:<INDENT$}{line}"));
        }
    }

    fn table(&mut self, table: Table) {
        let layout = table.layout(self.width);
        let head = table.line(&table.head, &layout, self.width);
        self.line("1", &head);
        for (class, cells) in &table.rows {
            let style = match *class {
                "better" => "32",
                "worse" => "31",
                "unknown" => "33",
                _ => "",
            };
            let line = table.line(cells, &layout, self.width);
            self.line(style, &line);
        }
    }

    fn more(&mut self, total: usize, shown: usize, one: &str, many: &str) {
        if total > shown {
            self.note(&format!(
                "and {}, in the report",
                counted((total - shown) as u64, &format!("more {one}"), &format!("more {many}"))
            ));
        }
    }

    fn warnings(&mut self, warnings: &[Warning]) {
        if warnings.is_empty() {
            return;
        }
        self.blank();
        for warning in warnings.iter().take(WARNINGS) {
            for line in wrapped(
                &format!("Warning: {}", cut(&one_line(&warning.text), 4 * self.width)),
                self.width,
            ) {
                self.line("33", &line);
            }
        }
        self.more(warnings.len(), WARNINGS, "warning", "warnings");
    }
}

#[cfg(test)]
pub(super) use tests::{HOSTILE, comparison};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::comparison::Confusion;
    use crate::model::report::{REPORT_SCHEMA, RunConfusion, RunSlice};
    use crate::model::{
        ColumnRoles, CompareOptions, Direction, Golden, Origin, Outcomes, Predicate, SliceResult, Verdict,
    };

    pub(in super::super) const HOSTILE: &str =
        "a|b`c`\n# x\u{1b}[2J\u{202e} @octocat <img src=x onerror=alert(1)> [l](https://e.example) www.e.example";

    fn side(version: &str) -> PinnedRun {
        PinnedRun {
            reference: "snapshot:7051729671394462071".into(),
            model_version: version.into(),
            run_id: "019aae00-0000-7000-8000-000000000071".into(),
            snapshot_id: "7051729671394462071".into(),
            table_uuid: "7f2d3a0e-0000-4000-8000-000000000001".into(),
            rows: 2_400,
            sequence_number: 1,
            committed_at: "2026-03-01T00:00:00.000Z".into(),
            manifest_list: "metadata/snap-1.avro".into(),
            golden: Golden {
                name: Some("tickets".into()),
                version: Some("v1".into()),
                digest: None,
            },
            rows_digest: None,
            properties: Default::default(),
            data_files: Vec::new(),
            delete_files: Vec::new(),
        }
    }

    fn metric(name: &str, delta: Option<f64>, tested: bool) -> Metric {
        Metric {
            name: name.into(),
            direction: Direction::Higher,
            baseline: delta.map(|_| 0.7),
            candidate: Some(0.7 + delta.unwrap_or(0.0)),
            delta,
            ci_low: tested.then_some(0.01),
            ci_high: tested.then_some(0.05),
            p_value: tested.then_some(0.000_01),
            verdict: tested.then_some(Verdict::Improved),
            note: None,
        }
    }

    fn slice(value: &str) -> SliceResult {
        SliceResult {
            predicates: vec![Predicate {
                column: "channel".into(),
                value: Some(value.into()),
            }],
            origin: Origin::Declared,
            n: 120,
            baseline: Some(0.8),
            candidate: Some(0.7),
            delta: Some(-0.1),
            ci_low: Some(-0.15),
            ci_high: Some(-0.05),
            regressed: 15,
            fixed: 3,
            churned: 20,
            harm: 12,
            p_value: Some(0.001),
            q_value: Some(0.01),
            detectable: Some(0.05),
            verdict: Verdict::Regressed,
            detail: None,
        }
    }

    pub(in super::super) fn comparison() -> Comparison {
        let names = [
            "accuracy",
            "macro_f1",
            "weighted_f1",
            "macro_precision",
            "macro_recall",
            "kappa",
            "mcc",
            "negative_flip_rate",
            "positive_flip_rate",
            "churn",
            "relative_negative_flip_rate",
            "mean_confidence",
            "brier",
            "ece",
        ];
        let paired = [
            "negative_flip_rate",
            "positive_flip_rate",
            "churn",
            "relative_negative_flip_rate",
        ];
        let make = |name: &&str| metric(name, (!paired.contains(name)).then_some(0.03), *name == "accuracy");
        Comparison {
            schema: "evaldiff.comparison/1".into(),
            tool_version: "0.1.0".into(),
            table: "ml_eval_results.predictions".into(),
            config_digest: "0a1b2c3d".into(),
            baseline: side("v0.7.1"),
            candidate: side("v1.2.0"),
            roles: ColumnRoles::default(),
            options: CompareOptions::default(),
            verdict: Verdict::Improved,
            detectable: Some(0.02),
            accounting: Accounting {
                matched: 2_390,
                only_baseline: 4,
                label_changed: 6,
                ..Default::default()
            },
            outcomes: Outcomes {
                both_correct: 1_600,
                regressed: 100,
                fixed: 172,
                both_wrong: 518,
                both_wrong_same: 300,
                ..Outcomes::default()
            },
            metrics: names.iter().map(make).collect(),
            label_changes: None,
            non_inferiority: None,
            discovered: None,
            resampling: None,
            classes: Vec::new(),
            confusion: Confusion::default(),
            repeats: None,
            clusters: None,
            latency: None,
            cost: None,
            calibration: None,
            scores: Vec::new(),
            errors: None,
            residuals: None,
            shifts: None,
            ranking: None,
            slices: vec![slice("email")],
            slices_tested: 40,
            warnings: vec![Warning {
                code: "label_changed".into(),
                text: "6 samples changed their ground truth".into(),
            }],
        }
    }

    fn run() -> RunReport {
        RunReport {
            schema: REPORT_SCHEMA.into(),
            tool_version: "0.1.0".into(),
            table: "ml_eval_results.predictions".into(),
            config_digest: "0a1b2c3d".into(),
            model_version: "v1.2.0".into(),
            evaluation_timestamp: "2026-03-01T00:00:00.000Z".into(),
            snapshot_id: "7051729671394462071".into(),
            run_id: "019aae00-0000-7000-8000-000000000071".into(),
            total_samples: 2_400,
            scored_samples: 2_390,
            errored: 10,
            skipped: 0,
            unlabelled: 0,
            duplicate: 0,
            overall_accuracy: Some(0.873),
            accuracy_interval: [Some(0.86), Some(0.884)],
            metrics: vec![metric("accuracy", None, false), metric("macro_f1", None, false)],
            per_class: Vec::new(),
            confusion_matrix: RunConfusion {
                labels: Vec::new(),
                counts: Vec::new(),
            },
            latency: None,
            cost: None,
            calibration: None,
            slices: (0..10)
                .map(|i| RunSlice {
                    predicates: vec![Predicate {
                        column: "lang".into(),
                        value: (i > 0).then(|| format!("l{i}")),
                    }],
                    n: 50,
                    accuracy: Some(0.5),
                    value: None,
                    ci_low: Some(0.4),
                    ci_high: Some(0.6),
                })
                .collect(),
            run: side("v1.2.0"),
            roles: ColumnRoles::default(),
            options: CompareOptions::default(),
            warnings: Vec::new(),
        }
    }

    fn fits(text: &str, width: usize) {
        for line in text.lines() {
            assert!(columns(line) <= width, "{} columns: {line}", columns(line));
        }
    }

    #[test]
    fn says_what_was_found_in_a_screen() {
        let text = summary(&comparison(), 80, false);
        fits(&text, 80);
        assert!(text.lines().count() <= 32, "{text}");
        assert!(
            text.starts_with("Improved: Accuracy rose 3.0 points (95% interval +1.0 to +5.0), but 1 slice"),
            "{text}"
        );
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "2,400 keys in both runs together: 2,390 matched, 4 only in the baseline, 6 label changed",
            "100 regressed (4.2%), 172 fixed (7.2%)",
            "Accuracy 70.0% 73.0% +3.0 +1.0 to +5.0 <0.0001 better",
            "Macro F1 0.700 0.730 +0.030 – – not tested",
            "Negative flips – 70.0% – – – –",
            "1 of 40 tested slices regressed, most harm first",
            "channel = email 120 80.0% 70.0% -10.0 15 3 0.0100",
            "Warning: 6 samples changed",
        ] {
            assert!(words.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn hostile_data_stays_in_its_cell() {
        let mut c = comparison();
        c.slices = (0..11).map(|_| slice(&HOSTILE.repeat(9))).collect();
        c.baseline.model_version = HOSTILE.repeat(3);
        c.warnings[0].text = format!("{HOSTILE} 漢字漢字 {}", "x".repeat(1 << 20));
        c.metrics[0].name = HOSTILE.into();
        for width in [40, 80, 200] {
            let text = summary(&c, width, false);
            assert!(!text.contains(['\u{1b}', '\u{202e}']));
            fits(&text, width);
        }
        let text = summary(&c, 80, false);
        assert!(text.contains("and 3 more slices, in the report"), "{text}");
        assert!(text.len() < 10_000);
    }

    #[test]
    fn verdicts_without_a_delta_are_said() {
        let mut c = comparison();
        for (verdict, start) in [
            (Verdict::NotComparable, "Not comparable: The runs cannot be compared"),
            (Verdict::Inconclusive, "Inconclusive: Too few samples changed"),
        ] {
            c.verdict = verdict;
            assert!(summary(&c, 80, false).starts_with(start));
        }
    }

    #[test]
    fn colour_adds_no_words() {
        let plain = summary(&comparison(), 80, false);
        let mut coloured = summary(&comparison(), 80, true);
        assert!(coloured.contains("\u{1b}[1;32m"));
        for code in ["1", "2", "31", "32", "33", "1;31", "1;32", "1;33", "0"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(coloured, plain);
    }

    #[test]
    fn a_run_fits_too() {
        let text = run_summary(&run(), 80, false);
        fits(&text, 80);

        for part in [
            "2,400 rows, 2,390 scored, 10 errored",
            "lang is missing",
            "and 2 more slices, in the report",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let none = RunReport {
            overall_accuracy: None,
            ..run()
        };
        assert!(run_summary(&none, 0, true).contains("No accuracy for v1.2.0"));
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
    }

    proptest::proptest! {
        #[test]
        fn any_data_fits(text in ".{0,200}", width in 0usize..150) {
            let mut c = comparison();
            c.slices = vec![slice(&text)];
            c.candidate.model_version = text.clone();
            c.warnings[0].text = text;
            let text = summary(&c, width, false);
            fits(&text, width.max(NARROWEST));
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
