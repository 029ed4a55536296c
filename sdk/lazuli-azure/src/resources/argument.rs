//! Arguments of components: plain values and handles, by value or by reference.

/// Conversion into an argument of a component. Unlike
/// [`IntoInput`](lazuli_core::IntoInput) it takes no outputs: what a component
/// declares may depend on the value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used where {T} is wanted",
    label = "this is not {T}"
)]
pub trait IntoArgument<T> {
    /// Converts.
    fn into_argument(self) -> T;
}

impl<T> IntoArgument<T> for T {
    fn into_argument(self) -> T {
        self
    }
}

impl<T: Clone> IntoArgument<T> for &T {
    fn into_argument(self) -> T {
        self.clone()
    }
}

impl<T: Clone, const N: usize> IntoArgument<Vec<T>> for [&T; N] {
    fn into_argument(self) -> Vec<T> {
        self.into_iter().cloned().collect()
    }
}

impl<const N: usize> IntoArgument<Vec<String>> for [&str; N] {
    fn into_argument(self) -> Vec<String> {
        self.into_iter().map(str::to_owned).collect()
    }
}

impl IntoArgument<String> for &str {
    fn into_argument(self) -> String {
        self.to_owned()
    }
}
