//! The chart as a page, with the critical path in words and a table of all steps.

use std::fmt::Write as _;
use std::time::Duration;

use super::analysis::{Analysis, Held};
use super::chart::{self, count, draw, outcome, rows, totals, whole_width, word};
use super::record::{Ending, Outcome, Recorder};
use crate::brief::span;
use crate::picture::POLICY;
use crate::picture::svg::{STYLE, number};
use crate::picture::text::xml;

const PAGE_STYLE: &str = include_str!("page.css");
const CHART_STYLE: &str = include_str!("chart.css");

pub(super) fn write(record: &Recorder, analysis: &Analysis) -> String {
    let (title, subtitle) = (xml(&record.title), xml(&record.subtitle));
    let (height, content) = draw(record, analysis);
    let (w, h) = (number(whole_width()), number(height));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}: {subtitle}</title>\n<style>\n{STYLE}{CHART_STYLE}{PAGE_STYLE}</style>\n</head>\n<body class=\"lz\">\n\
         <h1>{title}</h1>\n<p class=\"quiet\">{subtitle}</p>\n{}\
         <div class=\"chart\" tabindex=\"0\" role=\"region\" aria-label=\"Chart\">\
         <svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lz\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{}\">\n{content}</svg></div>\n\
         {}{}</body>\n</html>\n",
        figures(record, analysis),
        xml(&totals(record, analysis)),
        critical_path(record, analysis),
        table(record, analysis),
    )
}

fn figures(record: &Recorder, analysis: &Analysis) -> String {
    let with = |outcome: fn(&Outcome) -> bool| {
        record
            .bars
            .iter()
            .filter(|bar| outcome(&bar.outcome))
            .count()
    };
    let ended = match record.ending {
        Ending::Finished => "finished",
        Ending::Failed => "failed",
        Ending::Stopped => "stopped",
        Ending::Running => "not ended",
    };
    let mut rows = vec![
        ("the run", ended.to_owned()),
        ("total", span(analysis.total)),
        ("critical path", span(analysis.chain_work(record))),
        ("work", span(analysis.work)),
        (
            "at once, in the mean",
            format!("{:.1}", analysis.parallelism()),
        ),
        ("at once, at most", analysis.peak.to_string()),
        (
            "steps done",
            with(|outcome| *outcome == Outcome::Done).to_string(),
        ),
    ];
    for (name, number) in [
        (
            "failed",
            with(|outcome| matches!(outcome, Outcome::Failed { .. })),
        ),
        (
            "skipped",
            with(|outcome| matches!(outcome, Outcome::Skipped { .. } | Outcome::Waiting)),
        ),
        ("not ended", with(|outcome| *outcome == Outcome::Running)),
    ] {
        if number > 0 {
            rows.push((name, number.to_string()));
        }
    }
    let mut out = String::from("<dl class=\"totals\">");
    for (name, value) in rows {
        let _ = write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", xml(&value));
    }
    out + "</dl>\n"
}

fn critical_path(record: &Recorder, analysis: &Analysis) -> String {
    if analysis.chain.is_empty() {
        return format!("<p>{}</p>\n", xml(&totals(record, analysis)));
    }
    let mut out = format!(
        "<h2>Critical path</h2>\n<p>The run lasted as long as these {}; shortening anything else would not have ended it earlier.</p>\n<ol>\n",
        count(analysis.chain.len(), "step")
    );
    for link in &analysis.chain {
        let bar = &record.bars[link.bar];
        let name = |at: usize| xml(&record.bars[at].urn.address());
        let why = match link.held_by {
            Held::Nothing => "from the start".to_owned(),
            Held::Needs(before) => format!("needs {}", name(before)),
            Held::Place(before) => format!("took the place of {}", name(before)),
            Held::Wave(before) => format!("of the next wave, after {}", name(before)),
        };
        let gap = match link.gap > Duration::from_millis(20) {
            true => format!(", waited {}", span(link.gap)),
            false => String::new(),
        };
        let _ = writeln!(
            out,
            "<li>{} <b>{}</b>: {} <span class=\"quiet\">({why}{gap})</span></li>",
            word(bar.op),
            xml(&bar.urn.address()),
            span(bar.lasted())
        );
    }
    let others = record
        .bars
        .iter()
        .filter(|bar| bar.span().is_some())
        .count()
        - analysis.chain.len();
    let words = chart::in_words(record, analysis);
    let slack = words.last().filter(|_| others > 0 && words.len() > 2);
    let slack = slack
        .map(|line| format!("<p>{}</p>\n", xml(line)))
        .unwrap_or_default();
    format!("{out}</ol>\n{slack}")
}

fn table(record: &Recorder, analysis: &Analysis) -> String {
    let mut out = String::from(
        "<h2>All steps</h2>\n<table>\n<tr><th>step</th><th>resource</th><th>start</th><th>duration</th><th>waited for a place</th><th>slack</th><th>came after</th><th>declared at</th></tr>\n",
    );
    for at in rows(record) {
        let bar = &record.bars[at];
        let mut classes = vec![outcome(&bar.outcome)];
        if analysis.chain.iter().any(|link| link.bar == at) {
            classes.push("critical");
        }
        let time = |time: Option<Duration>| time.map(span).unwrap_or_default();
        let waited = bar
            .start
            .zip(analysis.ready[at])
            .map(|(start, ready)| start - ready);
        let waited = waited.filter(|waited| *waited > Duration::from_millis(20));
        let note = match &bar.outcome {
            Outcome::Done => String::new(),
            Outcome::Failed { code, message } => {
                format!(": {} {message}", code.as_deref().unwrap_or("failed"))
            }
            Outcome::Skipped { reason } => format!(": skipped, {reason}"),
            other => format!(": {}", outcome(other)),
        };
        let after: Vec<&str> = bar
            .after
            .iter()
            .map(|at| record.bars[*at].urn.name())
            .collect();
        let place = bar
            .location
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "<tr class=\"{}\"><td>{}</td><td>{}{}</td><td class=\"time\">{}</td><td class=\"time\">{}</td><td class=\"time\">{}</td><td class=\"time\">{}</td><td>{}</td><td><code>{}</code></td></tr>",
            classes.join(" "),
            word(bar.op),
            xml(&bar.urn.address()),
            xml(&note),
            time(bar.start),
            time(bar.span().map(|_| bar.lasted())),
            time(waited),
            time(analysis.slack[at].filter(|_| bar.end.is_some())),
            xml(&after.join(", ")),
            xml(&place),
        );
    }
    out + "</table>\n"
}
