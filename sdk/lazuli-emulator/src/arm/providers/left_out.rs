//! Deployments of templates in a build without the feature `az`: every request says what is left out.

use crate::arm::kind::Kind;
use crate::arm::{Answer, Call, errors};

pub(crate) const KINDS: [Kind; 2] = [
    left_out("Microsoft.Resources/deployments"),
    left_out("Microsoft.Resources/deployments/operations"),
];

const fn left_out(name: &'static str) -> Kind {
    Kind {
        put: Some(refuse),
        patch: Some(refuse),
        get: Some(refuse),
        list: Some(refuse),
        delete: Some(refuse),
        action: Some(refuse_action),
        ..Kind::new(name)
    }
}

fn refuse(_: &Call<'_>) -> Result<Answer, Answer> {
    Err(errors::left_out("Deployments of templates are"))
}

fn refuse_action(call: &Call<'_>, _: &str) -> Result<Answer, Answer> {
    refuse(call)
}
