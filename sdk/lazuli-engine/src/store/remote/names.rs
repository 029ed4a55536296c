//! Names of the journal's segments.

/// Name of a segment.
pub(super) fn segment(generation: u64, number: u64) -> String {
    format!("{}/{number:08}.sealed", folder(generation))
}

/// Name of the folder of a generation's segments.
pub(super) fn folder(generation: u64) -> String {
    format!("journal/{generation:08}")
}

/// The generation and number in a segment's name.
pub(super) fn parse(name: &str) -> Option<(u64, u64)> {
    let (generation, number) = name.strip_prefix("journal/")?.split_once('/')?;
    let number = number.strip_suffix(".sealed")?;
    Some((generation.parse().ok()?, number.parse().ok()?))
}
