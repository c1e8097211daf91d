# SPDX-License-Identifier: Apache-2.0
"""A registry client without comfort: each method is one request of the distribution specification,
and push_image() the shortest sequence that pushes."""
import urllib.parse

from lib import rawhttp
from lib.images import digest


class Registry:
    def __init__(self, host, port):
        self.host, self.port = host, port

    def request(self, method, target, body=None, headers=None, timeout=120):
        return rawhttp.request(self.host, self.port, method, target, body, headers, timeout)

    def start_upload(self, name):
        answer = self.request("POST", f"/v2/{name}/blobs/uploads/", b"")
        assert answer.status == 202, answer
        return answer.headers["location"]

    @staticmethod
    def path_of(location):
        """Location may be relative or absolute."""
        parts = urllib.parse.urlsplit(location)
        return parts.path + ("?" + parts.query if parts.query else "")

    def finish(self, location, wanted, body=b"", headers=None):
        path = self.path_of(location)
        mark = "&" if "?" in path else "?"
        return self.request("PUT", f"{path}{mark}digest={wanted}", body, headers)

    def push_blob(self, name, data, wanted=None):
        location = self.start_upload(name)
        answer = self.finish(location, wanted or digest(data), data,
                             {"Content-Type": "application/octet-stream"})
        return answer

    def push_blob_from(self, name, wanted, size, chunks):
        """A blob too large to hold: chunks is an iterable of bytes."""
        location = self.path_of(self.start_upload(name))
        answer = self.request("PATCH", location, chunks, {"Content-Length": str(size)}, timeout=900)
        assert answer.status == 202, answer
        return self.finish(answer.headers["location"], wanted)

    def put_manifest(self, name, reference, data, media_type):
        return self.request("PUT", f"/v2/{name}/manifests/{reference}", data,
                            {"Content-Type": media_type})

    def push_image(self, name, image, tag="latest"):
        """Pushes all; returns the manifest's digest."""
        for wanted, data in image.blobs().items():
            answer = self.push_blob(name, data, wanted)
            assert answer.status == 201, answer
        answer = self.put_manifest(name, tag, image.manifest, image.media_type)
        assert answer.status == 201, answer
        return answer.headers["docker-content-digest"]
