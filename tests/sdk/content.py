"""What is inside: images of a registry and secrets of a vault, by Azure's own clients, under real names."""

import io

from azure.containerregistry import ContainerRegistryClient
from azure.keyvault.secrets import SecretClient

from harness import credential, done, gone, path, refused

AUDIENCE = "https://management.azure.com"


def images(registry):
    """Push, read, list, change and delete with `azure-containerregistry`."""
    client = ContainerRegistryClient("https://pythonregistry.azurecr.io", credential, audience=AUDIENCE)
    repository = "page"
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
    layer = b"not really a layer, and nobody looks" * 1000
    pushed = [path(f"blobs upload, {len(it)} bytes", lambda: client.upload_blob(repository, io.BytesIO(it)), lambda got: got[1] == len(it)) for it in (config, layer)]
    if not all(pushed):
        return
    (config_digest, _), (layer_digest, _) = pushed
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest, "size": len(config)},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer_digest, "size": len(layer)}]}
    missing = manifest | {"layers": [manifest["layers"][0] | {"digest": "sha256:" + "0" * 64}]}
    refused("manifests set, with a layer that is not there", lambda: client.set_manifest(repository, missing, tag="bad"), 404)
    digest = path("manifests set", lambda: client.set_manifest(repository, manifest, tag="v1"), lambda it: it.startswith("sha256:"))
    path("manifests get", lambda: client.get_manifest(repository, "v1"), lambda it: it.digest == digest and dict(it.manifest) == manifest)
    path("blobs download", lambda: b"".join(client.download_blob(repository, layer_digest)), lambda it: it == layer)
    refused("blobs download, none", lambda: client.download_blob(repository, "sha256:" + "0" * 64), 404)
    for number in range(2, 8):
        path(f"manifests set, tag v{number}", lambda: client.set_manifest(repository, manifest, tag=f"v{number}"), lambda it: it == digest)
    path("repositories list", lambda: client.list_repository_names(), lambda all: all == [repository, "staticsite"])
    path("repositories list, page by page", lambda: client.list_repository_names(results_per_page=1), lambda all: all == [repository, "staticsite"])
    path("repositories properties", lambda: client.get_repository_properties(repository), lambda it: it.tag_count == 7 and it.manifest_count == 1)
    path("tags list, page by page", lambda: client.list_tag_properties(repository, results_per_page=3), lambda all: [one.name for one in all] == [f"v{number}" for number in range(1, 8)])
    path("tags list, newest first", lambda: client.list_tag_properties(repository, order_by="timedesc"), lambda all: all[0].name == "v7")
    path("tags properties", lambda: client.get_tag_properties(repository, "v3"), lambda it: it.digest == digest)
    path("manifests list", lambda: client.list_manifest_properties(repository), lambda all: [one.digest for one in all] == [digest])
    path("manifests properties", lambda: client.get_manifest_properties(repository, "v1"), lambda it: it.architecture == "amd64" and len(it.tags) == 7)
    path("tags lock", lambda: client.update_tag_properties(repository, "v2", can_delete=False), lambda it: it.can_delete is False)
    refused("tags delete, locked", lambda: client.delete_tag(repository, "v2"), 405)
    path("tags unlock", lambda: client.update_tag_properties(repository, "v2", can_delete=True), lambda it: it.can_delete is True)
    path("tags delete", lambda: client.delete_tag(repository, "v2"))
    gone("tags", lambda: client.get_tag_properties(repository, "v2"))
    path("manifests delete", lambda: client.delete_manifest(repository, digest))
    gone("manifests", lambda: client.get_manifest(repository, digest))
    path("repositories delete", lambda: client.delete_repository("staticsite"))
    gone("repositories", lambda: client.get_repository_properties("staticsite"))
    nobody = ContainerRegistryClient("https://pythonregistry.azurecr.io", None, audience=AUDIENCE)
    refused("repositories list, anonymous", lambda: nobody.list_repository_names(), 401)
    path("registries let anybody pull", lambda: registry.registries.begin_update("python", "pythonregistry", {"properties": {"anonymousPullEnabled": True}}), done)
    client.upload_blob(repository, io.BytesIO(config))
    client.upload_blob(repository, io.BytesIO(layer))
    path("manifests set, again", lambda: client.set_manifest(repository, manifest, tag="v1"), lambda it: it == digest)
    path("manifests get, anonymous", lambda: nobody.get_manifest(repository, "v1"), lambda it: it.digest == digest)
    refused("blobs upload, anonymous", lambda: nobody.upload_blob(repository, io.BytesIO(config)), 401)


def secrets(name):
    client = SecretClient(f"https://{name}.vault.azure.net", credential)
    path("secret set", lambda: client.set_secret("word", "hush"), lambda it: it.value == "hush")
    path("secret set, another version", lambda: client.set_secret("word", "hush hush", tags={"a": "b"}), lambda it: it.value == "hush hush")
    path("secret get", lambda: client.get_secret("word"), lambda it: it.value == "hush hush")
    path("secret versions", lambda: client.list_properties_of_secret_versions("word"), lambda all: len(all) == 2)
    path("secret list", lambda: client.list_properties_of_secrets(), lambda all: "word" in [one.name for one in all])
    path("secret update", lambda: client.update_secret_properties("word", enabled=True, content_type="text"), lambda it: it.content_type == "text")
    refused("secret get, none", lambda: client.get_secret("nothing"), 404, "SecretNotFound")
    path("secret delete", lambda: client.begin_delete_secret("word"), lambda it: it.name == "word")
    path("secret in the bin", lambda: client.list_deleted_secrets(), lambda all: [one.name for one in all] == ["word"])
    path("secret recover", lambda: client.begin_recover_deleted_secret("word"), lambda it: it.name == "word")
    path("secret get, recovered", lambda: client.get_secret("word"), lambda it: it.value == "hush hush")
