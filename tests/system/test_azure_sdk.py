# SPDX-License-Identifier: Apache-2.0
"""Azure's client library for container registries, without credentials: nothing here asks for any,
so its token exchange never starts. It refuses plain HTTP unless each call says enforce_https=False."""
import io

import pytest
from lib import images
from lib.images import OCI, digest

containerregistry = pytest.importorskip(
    "azure.containerregistry", reason="python3-azure is not installed; ./test installs it")
exceptions = pytest.importorskip("azure.core.exceptions")
PLAIN = {"enforce_https": False}
REPO = "team/app"


@pytest.fixture
def client(server):
    with containerregistry.ContainerRegistryClient(server.url, None, retry_total=0) as made:
        yield made


@pytest.fixture
def image(server):
    image = images.Image([images.Layer([("file", "x")])], arch="arm64")
    for tag in ("v1", "v2", "v3"):
        server.registry.push_image(REPO, image, tag)
    return image


def test_lists_and_properties(server, client, image):
    server.registry.push_image("other", image)
    assert list(client.list_repository_names(results_per_page=1, **PLAIN)) == ["other", REPO]
    about = client.get_repository_properties(REPO, **PLAIN)
    assert (about.name, about.manifest_count, about.tag_count) == (REPO, 1, 3)
    assert about.created_on <= about.last_updated_on
    assert about.can_delete and about.can_write and about.can_list and about.can_read
    tags = list(client.list_tag_properties(REPO, results_per_page=2, **PLAIN))
    assert [tag.name for tag in tags] == ["v1", "v2", "v3"]
    newest = client.list_tag_properties(REPO, results_per_page=1, order_by="timedesc", **PLAIN)
    assert [tag.name for tag in newest] == ["v3", "v2", "v1"]
    assert {tag.digest for tag in tags} == {image.digest}
    [manifest] = client.list_manifest_properties(REPO, **PLAIN)
    assert manifest.digest == image.digest and manifest.tags == ["v1", "v2", "v3"]
    assert (manifest.operating_system, manifest.architecture) == ("linux", "arm64")
    assert manifest.size_in_bytes == len(image.manifest) + sum(map(len, image.blobs().values()))
    one = client.get_manifest_properties(REPO, image.digest, **PLAIN)
    assert one.digest == image.digest and one.architecture == "arm64"


def test_locked_tag_is_kept(client, server, image):
    changed = client.update_tag_properties(REPO, "v1", can_delete=False, can_write=False, **PLAIN)
    assert not changed.can_delete and not changed.can_write and changed.can_read
    for refused in (lambda: client.delete_tag(REPO, "v1", **PLAIN),
                    lambda: client.delete_manifest(REPO, image.digest, **PLAIN),
                    lambda: client.delete_repository(REPO, **PLAIN)):
        with pytest.raises(exceptions.HttpResponseError) as told:
            refused()
        assert told.value.status_code == 405
    client.delete_tag(REPO, "v2", **PLAIN)
    client.update_tag_properties(REPO, "v1", can_delete=True, can_write=True, **PLAIN)
    locked = client.update_manifest_properties(REPO, image.digest, can_read=False, **PLAIN)
    assert not locked.can_read
    assert server.registry.request("GET", f"/v2/{REPO}/manifests/v1").status == 405
    client.update_repository_properties(REPO, can_write=False, **PLAIN)
    assert not client.get_repository_properties(REPO, **PLAIN).can_write
    client.update_repository_properties(REPO, can_write=True, **PLAIN)
    client.delete_repository(REPO, **PLAIN)
    with pytest.raises(exceptions.ResourceNotFoundError):
        client.get_repository_properties(REPO, **PLAIN)
    client.delete_repository(REPO, **PLAIN)  # 404 is no error to it


def test_upload_and_download(server, client):
    data = b"{}"
    assert client.upload_blob(REPO, io.BytesIO(data), **PLAIN) == digest(data)
    assert client.download_blob(REPO, digest(data), **PLAIN).data.read() == data
    manifest = (b'{"schemaVersion":2,"mediaType":"' + OCI["manifest"].encode() + b'","config":'
                b'{"mediaType":"application/x.test","digest":"' + digest(data).encode() +
                b'","size":2},"layers":[]}')
    told = client.upload_manifest(REPO, io.BytesIO(manifest), tag="v1", **PLAIN)
    assert told == digest(manifest)
    assert server.registry.request("GET", f"/v2/{REPO}/manifests/v1").body == manifest
    assert client.download_manifest(REPO, "v1", **PLAIN).digest == digest(manifest)
    client.delete_manifest(REPO, digest(manifest), **PLAIN)
    assert server.registry.request("GET", f"/v2/{REPO}/manifests/v1").status == 404
