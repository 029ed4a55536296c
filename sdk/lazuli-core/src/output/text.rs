//! Texts composed of outputs; `lazuli::output!` checks and takes the format apart.

use super::Output;
use crate::input::Input;

/// Joins inputs with the texts around them: one text before each, one after the last.
#[doc(hidden)]
#[track_caller]
pub fn compose<const N: usize>(
    texts: &'static [&'static str],
    parts: [Input<String>; N],
) -> Output<String> {
    Output::all(parts.map(Input::into_output)).map(move |parts| {
        let mut texts = texts.iter();
        let mut composed = texts.next().copied().unwrap_or_default().to_owned();
        for (part, text) in parts.iter().zip(texts) {
            composed.push_str(part);
            composed.push_str(text);
        }
        composed
    })
}
