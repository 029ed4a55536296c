//! Arguments of components: plain values and handles, by value or by reference.

/// Conversion into an argument of a component. Unlike
/// [`IntoInput`](lazuli_core::IntoInput) it takes no outputs: what a component
/// declares may depend on the value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used where {T} is wanted",
    label = "this is not {T}",
    note = "an argument takes a value or a reference to one; a builder becomes a handle with `.build()`"
)]
pub trait IntoArgument<T> {
    /// Converts.
    fn into_argument(self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T> IntoArgument<T> for T {
    fn into_argument(self) -> T {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone> IntoArgument<T> for &T {
    fn into_argument(self) -> T {
        self.clone()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone, const N: usize> IntoArgument<Vec<T>> for [&T; N] {
    fn into_argument(self) -> Vec<T> {
        self.into_iter().cloned().collect()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone> IntoArgument<Vec<T>> for Vec<&T> {
    fn into_argument(self) -> Vec<T> {
        self.into_iter().cloned().collect()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone> IntoArgument<Vec<T>> for &Vec<&T> {
    fn into_argument(self) -> Vec<T> {
        self.iter().copied().cloned().collect()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone> IntoArgument<Vec<T>> for &[&T] {
    fn into_argument(self) -> Vec<T> {
        self.iter().copied().cloned().collect()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone> IntoArgument<Vec<T>> for &[T] {
    fn into_argument(self) -> Vec<T> {
        self.to_vec()
    }
}

#[diagnostic::do_not_recommend]
impl<K: Into<String>, V: IntoArgument<T>, T, const N: usize> IntoArgument<Vec<(String, T)>>
    for [(K, V); N]
{
    fn into_argument(self) -> Vec<(String, T)> {
        let pairs = self.into_iter();
        pairs
            .map(|(key, value)| (key.into(), value.into_argument()))
            .collect()
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> IntoArgument<Vec<String>> for [&str; N] {
    fn into_argument(self) -> Vec<String> {
        self.into_iter().map(str::to_owned).collect()
    }
}

#[diagnostic::do_not_recommend]
impl IntoArgument<String> for &str {
    fn into_argument(self) -> String {
        self.to_owned()
    }
}
