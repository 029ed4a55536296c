//! How locations are written.
//!
//! Azure takes "West Europe" and "westeurope" and answers with either, by type
//! and by method (ARM contract; seen in real traffic). A difference of spelling
//! is no difference, and a location is immutable, so it must never look like a
//! change: outputs have the program's own spelling of the same place, or else the
//! normal form, and [`check`](lazuli_core::Schema::check) asks for inputs in it.

/// The normal form: one word, in lower case.
#[must_use]
pub fn normal(location: &str) -> String {
    let letters = location.chars().filter(|letter| !letter.is_whitespace());
    letters.collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn spellings_of_a_location_are_one() {
        for spelling in [
            "West Central US",
            "westcentralus",
            "WestCentralUS",
            " west central us",
        ] {
            assert_eq!(normal(spelling), "westcentralus");
        }
        assert_eq!(normal("global"), "global");
    }
}
