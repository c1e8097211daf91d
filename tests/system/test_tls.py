# SPDX-License-Identifier: Apache-2.0
"""TLS: what it speaks, what it refuses to start with, and how certificates are renewed."""
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest
from conftest import need
from lib import certificates, images, rawhttp
from lib.clients import Clients
from lib.images import digest
from lib.server import free_port, lazaret

pytestmark = pytest.mark.server


class Secure:
    """A server with a plain listener, which the fixtures use, and one with TLS."""

    def __init__(self, make_server, directory, **more):
        self.certificate, self.key = directory / "live.crt", directory / "live.key"
        self.directory = directory
        self.use(*certificates.make(directory, "first"))
        self.port = free_port()
        self.server = make_server(start=False, **more)
        self.server.env.update(LAZARET_TLS_CERTIFICATE=str(self.certificate),
                               LAZARET_TLS_KEY=str(self.key))
        # --listen of the server fixture is the stronger one, so the list goes there.
        self.server.listen = f"http://{self.server.address}, https://127.0.0.1:{self.port}"
        self.server.start()

    def use(self, certificate, key):
        """Both are replaced as a whole, one after the other."""
        for source, target in ((certificate, self.certificate), (key, self.key)):
            shutil.copy(source, f"{target}.new")
            os.rename(f"{target}.new", target)

    def connect(self, trust, **more):
        context = ssl.create_default_context(cafile=str(trust))
        for name, value in more.items():
            setattr(context, name, value)
        raw = socket.create_connection(("127.0.0.1", self.port), 30)
        try:
            return context.wrap_socket(raw, server_hostname="127.0.0.1")
        except BaseException:
            raw.close()
            raise

    def common_name(self, sock):
        return dict(pair[0] for pair in sock.getpeercert()["subject"])["commonName"]


@pytest.fixture
def secure(make_server, tmp_path):
    return Secure(make_server, tmp_path / "tls")


def ping(sock):
    sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
    return rawhttp.read_answer(sock).status


def test_both_listeners_are_one_registry(secure):
    data = os.urandom(300_000)
    assert secure.server.registry.push_blob("app", data).status == 201
    with secure.connect(secure.certificate) as sock:
        assert sock.version() == "TLSv1.3"
        sock.sendall(f"GET /v2/app/blobs/{digest(data)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert rawhttp.read_answer(sock).body == data
        sock.sendall(b"POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        answer = rawhttp.read_answer(sock)
        assert answer.headers["location"].startswith("/v2/app/blobs/uploads/")
        more = os.urandom(2_000_000)
        sock.sendall(f"PUT {answer.headers['location']}?digest={digest(more)} HTTP/1.1\r\n"
                     f"Host: x\r\nContent-Length: {len(more)}\r\n\r\n".encode() + more)
        assert rawhttp.read_answer(sock).status == 201
    assert secure.server.registry.request("GET", f"/v2/app/blobs/{digest(more)}").body == more


def test_versions(secure):
    with secure.connect(secure.certificate, maximum_version=ssl.TLSVersion.TLSv1_2) as sock:
        assert sock.version() == "TLSv1.2" and ping(sock) == 200
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", secure.port), 30) as raw:
        with pytest.raises(OSError):
            context.wrap_socket(raw)


def test_plain_text_to_the_tls_port_harms_nobody(secure):
    with rawhttp.open_socket("127.0.0.1", secure.port) as sock:
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            while sock.recv(4096):
                pass
        except OSError:
            pass
    with secure.connect(secure.certificate) as sock:
        assert ping(sock) == 200


def test_refused_body_over_tls(secure):
    """The refusal is read whole and the end is a proper one."""
    with secure.connect(secure.certificate) as sock:
        sock.sendall(b"PATCH /v2/UPPER/blobs/uploads/x HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 50000000\r\n\r\n" + b"x" * 200_000)
        answer = rawhttp.read_answer(sock)
        assert answer.status == 400 and answer.code() == "NAME_INVALID"


def test_renewal_by_files(secure):
    """The next connection has the new certificate; an open one goes on, in the middle of a push."""
    data = os.urandom(100_000)
    location = secure.server.registry.start_upload("app")
    with secure.connect(secure.certificate) as old:
        old.sendall(f"PUT {location}?digest={digest(data)} HTTP/1.1\r\nHost: x\r\n"
                    f"Content-Length: {len(data)}\r\n\r\n".encode() + data[:50_000])
        secure.use(*certificates.make(secure.directory, "second"))
        with secure.connect(secure.certificate) as sock:
            assert secure.common_name(sock) == "second" and ping(sock) == 200
        old.sendall(data[50_000:])
        assert rawhttp.read_answer(old).status == 201
        assert ping(old) == 200


def test_a_pair_that_does_not_fit_changes_nothing(secure):
    first, _ = certificates.make(secure.directory, "kept")
    secure.use(first, secure.directory / "kept.key")
    with secure.connect(first) as sock:
        assert secure.common_name(sock) == "kept"
    _, other_key = certificates.make(secure.directory, "other")
    secure.use(first, other_key)
    for _ in range(3):
        with secure.connect(first) as sock:
            assert secure.common_name(sock) == "kept" and ping(sock) == 200
    secure.certificate.write_text("garbage")
    secure.server.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 20
    while len(secure.server.events("tls.refused")) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    with secure.connect(first) as sock:
        assert ping(sock) == 200
    said = str(secure.server.events("tls.refused"))
    assert "does not belong to" in said and "PEM" in said, said


def test_other_files_by_hangup(make_server, tmp_path):
    """The paths themselves are settings that follow SIGHUP, here of a configuration file."""
    config = tmp_path / "config.yaml"
    certificate, key = certificates.make(tmp_path, "one")
    port = free_port()

    def configure(certificate, key):
        config.write_text(f"tls:\n  certificate: {certificate}\n  key: {key}\n")

    configure(certificate, key)
    server = make_server(start=False, env={"LAZARET_CONFIG": str(config)})
    server.listen = f"http://{server.address}, https://127.0.0.1:{port}"
    server.start()
    configure(*certificates.make(tmp_path / "elsewhere", "two"))
    server.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 20
    while not server.events("config.reload"):
        assert time.monotonic() < end
        time.sleep(0.05)
    context = ssl.create_default_context(cafile=str(tmp_path / "elsewhere/two.crt"))
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    connection.request("GET", "/v2/")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_certificate_near_its_end_is_told(make_server, tmp_path):
    certificate, key = certificates.make(tmp_path, "short", days=3)
    server = make_server(env={"LAZARET_TLS_CERTIFICATE": str(certificate),
                              "LAZARET_TLS_KEY": str(key)}, start=False)
    server.listen = f"http://{server.address}"
    server.start()
    told = server.events("tls.expires")
    assert len(told) == 1 and told[0]["days_left"] in (2, 3), told


@pytest.mark.parametrize("certificate, key, words", [
    ("a.crt", "b.key", "does not belong to"), ("a.crt", "absent", "absent"),
    ("absent", "a.key", "absent"), ("a.key", "a.key", "PEM"), ("a.crt", "a.crt", "private key"),
    ("a.crt", "locked.key", "encrypted"), ("a.crt", "", "belong together")])
def test_what_it_does_not_start_with(tmp_path, certificate, key, words):
    certificates.make(tmp_path, "a")
    certificates.make(tmp_path, "b")
    if key == "locked.key":
        subprocess.run(["openssl", "pkey", "-in", tmp_path / "a.key", "-aes256", "-passout",
                        "pass:secret", "-out", tmp_path / key], check=True, timeout=60)
    done = lazaret("serve", "--data", tmp_path / "d", "--listen", f"127.0.0.1:{free_port()}",
                   "--set", f"tls.certificate={certificate}", "--set", f"tls.key={key}",
                   check=False, cwd=tmp_path, timeout=20)
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "127.0.0.1:0, :0", "http://[::]:0"])
def test_plain_http_in_public_is_asked_for(tmp_path, listen):
    done = lazaret("serve", "--data", tmp_path / "d", "--listen", listen, check=False, timeout=20)
    assert done.returncode == 2 and "allow_plain_http" in done.stderr


@pytest.mark.slow
def test_skopeo_over_tls(secure, tmp_path):
    need("skopeo")
    clients = Clients(tmp_path / "clients")
    trust = tmp_path / "trust"
    trust.mkdir()
    shutil.copy(secure.certificate, trust / "ca.crt")
    image = images.debian_image([("bash", "5.2.15-2")])
    layout = image.write_layout(tmp_path / "in")
    target = f"docker://127.0.0.1:{secure.port}/app:latest"
    try:
        clients.skopeo("copy", "--dest-cert-dir", trust, f"oci:{layout}:latest", target)
        clients.skopeo("copy", "--src-cert-dir", trust, target, f"oci:{tmp_path / 'out'}:latest")
    finally:
        clients.close()
    assert secure.server.registry.request("GET", "/v2/app/manifests/latest").body == image.manifest
