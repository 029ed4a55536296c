//! The chart as SVG.

use std::fmt::Write as _;
use std::time::Duration;

use lazuli_engine::Op;

use super::analysis::{Analysis, Held};
use super::record::{Bar, Ending, Outcome, Recorder};
use crate::brief::span;
use crate::picture::svg::{STYLE, number};
use crate::picture::text::{fit, width, xml};

const CHART_STYLE: &str = include_str!("chart.css");

const ROW: f64 = 24.0;
/// Where bars begin, and how long the whole run is drawn.
const LEFT: f64 = 330.0;
const LENGTH: f64 = 900.0;
/// Room for what is written behind the last bar.
const RIGHT: f64 = 170.0;
const MARGIN: f64 = 24.0;
const NAME: f64 = 12.0;
const SMALL: f64 = 11.0;

/// The chart status alone.
pub(super) fn write(record: &Recorder, analysis: &Analysis) -> String {
    let (height, content) = draw(record, analysis);
    let head = 66.0;
    let words = in_words(record, analysis);
    let below = head + height + 26.0;
    let (w, h) = (
        LEFT + LENGTH + RIGHT + 2.0 * MARGIN,
        below + words.len() as f64 * 18.0 + MARGIN,
    );
    let (title, subtitle) = (xml(&record.title), xml(&record.subtitle));
    let mut lines = String::new();
    for (at, line) in words.iter().enumerate() {
        let line = xml(&fit(line, NAME, w - 2.0 * MARGIN));
        let y = number(below + at as f64 * 18.0);
        let _ = writeln!(
            lines,
            "<text class=\"words\" x=\"{MARGIN}\" y=\"{y}\">{line}</text>"
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lz\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         role=\"img\" aria-labelledby=\"lz-title\">\n<title id=\"lz-title\">{title}: {subtitle}</title>\n\
         <style>{STYLE}{CHART_STYLE}</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\
         <text class=\"headline\" x=\"{MARGIN}\" y=\"34\">{title}</text>\
         <text class=\"muted\" x=\"{MARGIN}\" y=\"52\">{subtitle}</text>\n\
         <g transform=\"translate({MARGIN} {head})\">\n{content}</g>\n{lines}</svg>\n",
        w = number(w),
        h = number(h),
    )
}

/// The whole width of the chart without margins.
pub(super) fn whole_width() -> f64 {
    LEFT + LENGTH + RIGHT
}

/// Bars in the order of their start; what did not begin comes last.
pub(super) fn rows(record: &Recorder) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..record.bars.len()).collect();
    rows.sort_by_key(|at| {
        let bar = &record.bars[*at];
        (bar.start.is_none(), bar.start, bar.end, *at)
    });
    rows
}

/// Height and content.
pub(super) fn draw(record: &Recorder, analysis: &Analysis) -> (f64, String) {
    let mut out = String::new();
    let rows = rows(record);
    let height = 22.0 + rows.len() as f64 * ROW + 6.0;
    let scale = Scale::of(analysis.total);
    scale.draw(&mut out, height);
    let mut row_of = vec![0; record.bars.len()];
    let mut wave = 0;
    for (row, at) in rows.iter().enumerate() {
        row_of[*at] = row;
        let bar = &record.bars[*at];
        if bar.wave > wave && bar.start.is_some() {
            wave = bar.wave;
            let y = number(top(row) - 0.5);
            let _ = writeln!(
                out,
                "<path class=\"wave\" d=\"M0 {y}H{}\"/><text class=\"kind\" x=\"{}\" y=\"{}\" text-anchor=\"end\">wave {}</text>",
                number(whole_width()),
                number(whole_width()),
                number(top(row) + 12.0),
                wave + 1
            );
        }
    }
    let is_critical = |at: usize| analysis.chain.iter().any(|link| link.bar == at);
    for (row, at) in rows.iter().enumerate() {
        draw_row(
            &mut out,
            &record.bars[*at],
            row,
            analysis.ready[*at],
            is_critical(*at),
            &scale,
        );
    }
    draw_chain(&mut out, record, analysis, &row_of, &scale);
    (height, out)
}

fn top(row: usize) -> f64 {
    22.0 + row as f64 * ROW
}

fn draw_row(
    out: &mut String,
    bar: &Bar,
    row: usize,
    ready: Option<Duration>,
    critical: bool,
    scale: &Scale,
) {
    let y = top(row);
    let classes = format!(
        "step op-{} {}{}",
        kind(bar.op),
        outcome(&bar.outcome),
        if critical { " critical" } else { "" }
    );
    let _ = write!(
        out,
        "<g class=\"{classes}\"><title>{}</title>",
        xml(&told(bar, ready))
    );
    let room = LEFT - 70.0 - 14.0;
    let name = fit(bar.urn.name(), NAME * 1.12, room);
    let used = width(&name, NAME * 1.12) + 10.0;
    let ty = bar.urn.ty().rsplit(['/', ':']).next().unwrap_or_default();
    let ty = match room - used > 40.0 {
        true => fit(ty, SMALL, room - used),
        false => String::new(),
    };
    let _ = write!(
        out,
        "<text class=\"op\" x=\"0\" y=\"{t}\">{}</text><text class=\"place\" x=\"70\" y=\"{t}\">{}</text><text class=\"kind\" x=\"{}\" y=\"{t}\">{}</text>",
        word(bar.op),
        xml(&name),
        number(70.0 + used),
        xml(&ty),
        t = number(y + 15.5),
    );
    let mut behind = LEFT;
    if let Some((start, end)) = bar.span() {
        let (from, to) = (scale.x(start), scale.x(end).max(scale.x(start) + 2.0));
        if let Some(ready) = ready.filter(|ready| scale.x(start) - scale.x(*ready) > 1.5) {
            let _ = write!(
                out,
                "<path class=\"wait\" d=\"M{} {m}H{}\"/>",
                number(scale.x(ready)),
                number(from),
                m = number(y + ROW / 2.0)
            );
        }
        let _ = write!(
            out,
            "<rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
            number(from),
            number(y + 4.0),
            number(to - from),
            number(ROW - 8.0)
        );
        for (when, text) in &bar.said {
            let _ = write!(
                out,
                "<circle class=\"said\" cx=\"{}\" cy=\"{}\" r=\"1.8\"><title>{}</title></circle>",
                number(scale.x(*when).clamp(from, to)),
                number(y + ROW / 2.0),
                xml(&format!("after {}: {text}", span(*when)))
            );
        }
        behind = to;
    }
    let words = behind_bar(bar);
    let room = whole_width() - behind - 8.0;
    let _ = writeln!(
        out,
        "<text class=\"behind\" x=\"{}\" y=\"{}\">{}</text></g>",
        number(behind + 6.0),
        number(y + 15.5),
        xml(&fit(&words, SMALL, room.max(60.0)))
    );
}

/// What stands behind a bar.
fn behind_bar(bar: &Bar) -> String {
    let lasted = span(bar.lasted());
    match &bar.outcome {
        Outcome::Done => lasted,
        Outcome::Running => format!("{lasted}, not ended"),
        Outcome::Unchanged => "unchanged".to_owned(),
        Outcome::Waiting => "not begun".to_owned(),
        Outcome::Skipped { reason } => format!("skipped: {reason}"),
        Outcome::Failed { code, message } => {
            let code = code
                .as_ref()
                .map(|code| format!("{code}: "))
                .unwrap_or_default();
            format!("{lasted}, failed: {code}{message}")
        }
    }
}

/// A bar in a sentence.
fn told(bar: &Bar, ready: Option<Duration>) -> String {
    let mut told = format!("{} {} ({})", word(bar.op), bar.urn.address(), bar.urn.ty());
    if let Some((start, end)) = bar.span() {
        let _ = write!(told, "\nfrom {} to {}", span(start), span(end));
        if let Some(ready) = ready.filter(|ready| *ready + Duration::from_millis(20) < start) {
            let _ = write!(told, "\ncould have begun at {}", span(ready));
        }
    }
    let _ = write!(told, "\n{}", behind_bar(bar));
    if let Some(location) = &bar.location {
        let _ = write!(told, "\n{location}");
    }
    told
}

/// From each bar of the chain down (or up) to the next.
fn draw_chain(
    out: &mut String,
    record: &Recorder,
    analysis: &Analysis,
    row_of: &[usize],
    scale: &Scale,
) {
    for link in &analysis.chain {
        let (Held::Needs(before) | Held::Place(before) | Held::Wave(before)) = link.held_by else {
            continue;
        };
        let (Some(end), Some(start)) = (record.bars[before].end, record.bars[link.bar].start)
        else {
            continue;
        };
        let middle = |at: usize| top(row_of[at]) + ROW / 2.0;
        let class = if matches!(link.held_by, Held::Place(_)) {
            "chain place"
        } else {
            "chain"
        };
        let _ = writeln!(
            out,
            "<path class=\"{class}\" d=\"M{} {}V{}H{}\"/>",
            number(scale.x(end)),
            number(middle(before)),
            number(middle(link.bar)),
            number(scale.x(start))
        );
    }
}

/// Time to pixels.
struct Scale {
    total: f64,
    tick: f64,
}

impl Scale {
    fn of(total: Duration) -> Self {
        let total = total.as_secs_f64().max(0.001);
        let rough = total / 8.0;
        let steps = [
            0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0,
            60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
        ];
        let tick = steps.into_iter().find(|step| *step >= rough);
        Self {
            total,
            tick: tick.unwrap_or_else(|| (rough / 3600.0).ceil() * 3600.0),
        }
    }

    fn x(&self, time: Duration) -> f64 {
        LEFT + time.as_secs_f64() / self.total * LENGTH
    }

    fn draw(&self, out: &mut String, height: f64) {
        let mut at = 0.0;
        while at <= self.total + 1e-9 {
            let time = Duration::from_secs_f64(at);
            let x = number(self.x(time));
            let label = match at {
                0.0 => "0".to_owned(),
                _ => span(time).replace(".0s", "s").replace("m 00s", "m"),
            };
            let _ = writeln!(
                out,
                "<path class=\"tick\" d=\"M{x} 16V{}\"/><text class=\"kind\" x=\"{x}\" y=\"11\" text-anchor=\"middle\">{label}</text>",
                number(height)
            );
            at += self.tick;
        }
    }
}

pub(super) fn word(op: Op) -> &'static str {
    match op {
        Op::Create => "create",
        Op::Update => "update",
        Op::Delete => "delete",
        Op::CreateReplacement => "replace",
        Op::DeleteReplaced => "delete old",
        Op::Import => "import",
        Op::Read => "read",
    }
}

fn kind(op: Op) -> &'static str {
    match op {
        Op::Create => "create",
        Op::Update => "update",
        Op::CreateReplacement => "replace",
        Op::Delete | Op::DeleteReplaced => "delete",
        Op::Import | Op::Read => "import",
    }
}

pub(super) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Waiting => "waiting",
        Outcome::Running => "running",
        Outcome::Done => "done",
        Outcome::Unchanged => "unchanged",
        Outcome::Failed { .. } => "failed",
        Outcome::Skipped { .. } => "skipped",
    }
}

/// The run in a few sentences.
pub(super) fn in_words(record: &Recorder, analysis: &Analysis) -> Vec<String> {
    let mut lines = vec![totals(record, analysis)];
    lines.extend(chain_in_words(record, analysis));
    let mut slack: Vec<Duration> = analysis.slack.iter().flatten().copied().collect();
    let in_chain = analysis.chain.len();
    slack.sort_unstable();
    if slack.len() > in_chain {
        let others =
            (0..record.bars.len()).filter(|at| !analysis.chain.iter().any(|link| link.bar == *at));
        let others: Vec<Duration> = others.filter_map(|at| analysis.slack[at]).collect();
        let (least, most) = (others.iter().min(), others.iter().max());
        if let (Some(least), Some(most)) = (least, most) {
            lines.push(format!(
                "The other {} had between {} and {} to spare.",
                count(others.len(), "step"),
                span(*least),
                span(*most)
            ));
        }
    }
    lines
}

/// Total, work, parallelism.
pub(super) fn totals(record: &Recorder, analysis: &Analysis) -> String {
    let ran = record
        .bars
        .iter()
        .filter(|bar| bar.span().is_some())
        .count();
    let how = match record.ending {
        Ending::Finished | Ending::Running => "",
        Ending::Failed => " The run failed.",
        Ending::Stopped => " The run was stopped.",
    };
    if ran == 0 {
        return format!("Nothing was carried out.{how}");
    }
    format!(
        "{} in {}: {} of work, {:.1} at once in the mean, {} at most.{how}",
        count(ran, "step"),
        span(analysis.total),
        span(analysis.work),
        analysis.parallelism(),
        analysis.peak
    )
}

/// Which chain determined the total.
fn chain_in_words(record: &Recorder, analysis: &Analysis) -> Option<String> {
    let names: Vec<String> = analysis
        .chain
        .iter()
        .map(|link| {
            let bar = &record.bars[link.bar];
            format!("{} ({})", bar.urn.name(), span(bar.lasted()))
        })
        .collect();
    let share =
        analysis.chain_work(record).as_secs_f64() / analysis.total.as_secs_f64().max(1e-9) * 100.0;
    (!names.is_empty()).then(|| {
        format!(
            "Critical path, {} of {share:.0} % of the time: {}.",
            count(names.len(), "step"),
            names.join(" → ")
        )
    })
}

pub(super) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
