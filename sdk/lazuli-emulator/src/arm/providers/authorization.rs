//! `Microsoft.Authorization` as a whole.

use super::{locks, role_assignments};
use crate::arm::kind::Namespace;

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[
        ("", &["2022-04-01", "2015-07-01"]),
        (
            "locks",
            &["2020-05-01", "2017-04-01", "2016-09-01", "2015-01-01"],
        ),
    ],
    ..Namespace::new(
        "Microsoft.Authorization",
        &[&role_assignments::KINDS, &locks::KINDS],
    )
};
