//! Checks of image builds.

use lazuli_arm::ResourceId;
use lazuli_core::Value;

use super::Findings;
use crate::generated::types;

/// LZ1002, LZ1008, LZ1011 and LZ1012: an image build is no resource of ARM.
pub(crate) fn image_build(findings: &mut Findings<'_>) {
    for member in ["registryId", "image", "context"] {
        if findings.desired.inputs.at(member).is_none() {
            findings.error(
                "LZ1002",
                format!("`{member}` is missing: an image cannot be built without it"),
                format!("set `{member}`"),
            );
        }
    }
    if let Some(id) = findings.text("registryId") {
        let registry = types::REGISTRY;
        if !ResourceId::parse(id).is_ok_and(|id| id.is_of(registry)) {
            findings.error(
                "LZ1008",
                format!("`registryId` is `{id}`, which is no registry"),
                format!("give the id of a {registry}"),
            );
        }
    }
    if let Some(image) = findings.text("image").filter(|image| !is_image(image)) {
        let message = format!("`{image}` is not an image name");
        findings.error(
            "LZ1011",
            message,
            "write `repository:tag`: a repository in lower case, without host, and a tag",
        );
    }
    if let Some(Value::String(context)) = findings.known("context") {
        let path = std::path::Path::new(context);
        let leaves = path.components().any(|part| {
            !matches!(
                part,
                std::path::Component::Normal(_) | std::path::Component::CurDir
            )
        });
        if context.trim().is_empty() || leaves {
            let message =
                format!("the build context `{context}` is not a folder below the program's");
            findings.error(
                "LZ1012",
                message,
                "name a folder relative to the program's, without `..`",
            );
        }
    }
}

/// `repository:tag` (OCI distribution specification).
fn is_image(image: &str) -> bool {
    let Some((repository, tag)) = image.rsplit_once(':') else {
        return false;
    };
    let part = |part: &str| {
        let edge = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        !part.is_empty()
            && part.starts_with(edge)
            && part.ends_with(edge)
            && part
                .chars()
                .all(|letter| edge(letter) || "._-".contains(letter))
    };
    let tag_letter = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    repository.len() <= 255
        && repository.split('/').all(part)
        && (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.chars().all(tag_letter)
}
