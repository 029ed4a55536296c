//! How a run went, as a chart: one bar a step, what each waited for, and the chain
//! of steps that the run could not have been shorter than.
//!
//! `record` listens to the events of the run, `analysis` finds the chain and the
//! slack of everything else, `chart` draws, `page` says it in words, too.

mod analysis;
mod chart;
mod page;
mod record;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use record::{Ending, Recorder};

/// Writes a run in the form that the file's name says: `.svg`, or else a page.
pub fn write(recorder: &Recorder, file: &Path) -> String {
    let is_svg = file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("svg"));
    let course = analysis::analyse(recorder);
    match is_svg {
        true => chart::write(recorder, &course),
        false => page::write(recorder, &course),
    }
}
