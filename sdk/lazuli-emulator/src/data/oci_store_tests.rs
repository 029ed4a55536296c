use serde_json::json;

use super::*;

const MEDIA: &str = "application/vnd.oci.image.manifest.v1+json";

fn store() -> (tempfile::TempDir, OciStore) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = OciStore::at(folder.path(), Arc::default());
    (folder, store)
}

fn manifest(config: &Digest, layer: &Digest) -> Vec<u8> {
    let body = json!({ "schemaVersion": 2, "config": { "digest": config.as_str() },
        "layers": [{ "digest": layer.as_str() }] });
    body.to_string().into_bytes()
}

fn push(store: &OciStore, repository: &str, tag: &str) -> Digest {
    let config = store.put_blob(repository, b"{}").expect("config");
    let layer = store.put_blob(repository, tag.as_bytes()).expect("layer");
    store
        .put_manifest(repository, tag, MEDIA, &manifest(&config, &layer))
        .expect("manifest")
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("must be refused").code().1
}

#[test]
fn content_is_found_again_by_a_store_that_is_opened_later() {
    let (folder, store) = store();
    let digest = push(&store, "team/site", "v1");
    let reopened = OciStore::at(folder.path(), Arc::default());
    let by_tag = reopened.manifest("team/site", "v1").expect("by tag");
    let by_digest = reopened
        .manifest("team/site", digest.as_str())
        .expect("by digest");
    assert_eq!(by_tag, by_digest);
    assert_eq!(by_tag.media_type, MEDIA);
    assert_eq!(reopened.repositories(), ["team/site"]);
}

#[test]
fn an_upload_accepts_pieces_in_order_and_checks_the_digest() {
    let (_folder, store) = store();
    let id = store.begin_upload("site").expect("begins");
    assert_eq!(
        store.append("site", &id, Some(0), b"hel").expect("first"),
        3
    );
    assert_eq!(
        code(store.append("site", &id, Some(9), b"x")),
        "BLOB_UPLOAD_INVALID"
    );
    assert_eq!(store.append("site", &id, None, b"lo").expect("second"), 5);
    assert_eq!(code(store.upload_size("other", &id)), "BLOB_UPLOAD_UNKNOWN");
    let wrong = Digest::of(b"other");
    assert_eq!(
        code(store.finish_upload("site", &id, wrong.as_str())),
        "DIGEST_INVALID"
    );
    let digest = store
        .finish_upload("site", &id, Digest::of(b"hello").as_str())
        .expect("right digest");
    assert_eq!(store.read_blob("site", &digest).expect("blob"), b"hello");
    assert_eq!(code(store.upload_size("site", &id)), "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn a_blob_belongs_to_the_repositories_that_got_it() {
    let (_folder, store) = store();
    let digest = store.put_blob("a", b"layer").expect("put");
    assert_eq!(code(store.blob("b", &digest)), "BLOB_UNKNOWN");
    assert!(!store.mount("c", "b", &digest).expect("c holds nothing"));
    assert!(store.mount("a", "b", &digest).expect("mounts"));
    store.delete_blob("a", &digest).expect("delete");
    assert_eq!(code(store.blob("a", &digest)), "BLOB_UNKNOWN");
    assert_eq!(
        store.read_blob("b", &digest).expect("still there"),
        b"layer"
    );
}

#[test]
fn a_manifest_needs_its_blobs_and_a_valid_shape() {
    let (_folder, store) = store();
    let config = store.put_blob("site", b"{}").expect("config");
    let absent = Digest::of(b"absent");
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("v1", manifest(&config, &absent), "MANIFEST_BLOB_UNKNOWN"),
        ("v1", b"not json".to_vec(), "MANIFEST_INVALID"),
        ("../v1", manifest(&config, &config), "TAG_INVALID"),
        (
            absent.as_str(),
            manifest(&config, &config),
            "DIGEST_INVALID",
        ),
    ];
    for (reference, bytes, expect) in cases {
        assert_eq!(
            code(store.put_manifest("site", reference, MEDIA, &bytes)),
            expect,
            "{reference}"
        );
    }
    assert_eq!(code(store.tags("site")), "NAME_UNKNOWN");
}

#[test]
fn deleting_a_tag_keeps_the_manifest_and_deleting_the_manifest_takes_its_tags() {
    let (_folder, store) = store();
    let digest = push(&store, "site", "v1");
    let bytes = store.manifest("site", "v1").expect("pushed").bytes;
    store
        .put_manifest("site", "latest", MEDIA, &bytes)
        .expect("second tag");
    store.delete_manifest("site", "latest").expect("untag");
    assert_eq!(store.tags("site").expect("tags"), ["v1"]);
    store
        .delete_manifest("site", digest.as_str())
        .expect("delete");
    assert_eq!(code(store.manifest("site", "v1")), "MANIFEST_UNKNOWN");
    assert!(store.repositories().is_empty());
}

#[test]
fn names_cannot_leave_the_store() {
    let (_folder, store) = store();
    for name in [
        "../up", "a/../b", "", "/a", "a/", "A", "_tags", "a//b", "a/_tags",
    ] {
        assert_eq!(code(store.put_blob(name, b"x")), "NAME_INVALID", "{name:?}");
    }
}

#[test]
fn an_unfinished_write_is_invisible() {
    let (folder, store) = store();
    push(&store, "site", "v1");
    let tags = folder.path().join("repositories/site/_tags");
    fs::write(tags.join("_tmp-cut-off"), "sha256:").expect("leftover of a killed process");
    assert_eq!(store.tags("site").expect("tags"), ["v1"]);
}
