# SPDX-License-Identifier: Apache-2.0
"""Behind nginx and haproxy of Debian: TLS ended there or passed on, paths rewritten, and what the
server believes of their words. The configurations are those of docs/operating.md."""
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

FORWARD_NGINX = """
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
"""


class Proxy:
    """One of the two programs in the foreground, everything of it in one directory."""

    def __init__(self, directory, server):
        self.directory = directory
        directory.mkdir()
        self.server = server
        self.port, self.tls_port = free_port(), free_port()
        self.certificate, self.key = certificates.make(directory, "proxy")
        self.pem = directory / "proxy.pem"
        self.pem.write_bytes(self.certificate.read_bytes() + self.key.read_bytes())
        self.log = directory / "log"
        self.process = None

    def spawn(self, *command):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=self.directory)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), 5).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def request(self, method, target, headers=None):
        return rawhttp.request("127.0.0.1", self.port, method, target, None, headers)

    def secure_request(self, method, target, body=b""):
        context = ssl.create_default_context(cafile=str(self.certificate))
        with socket.create_connection(("127.0.0.1", self.tls_port), 30) as raw, \
                context.wrap_socket(raw, server_hostname="127.0.0.1") as sock:
            sock.sendall(f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.tls_port}\r\n"
                         f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            return rawhttp.read_answer(sock)


class Nginx(Proxy):
    program = "nginx"

    def start(self):
        upstream = f"http://{self.server.address}"
        listeners = f"listen 127.0.0.1:{self.port}; listen 127.0.0.1:{self.tls_port} ssl;"
        (self.directory / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; error_log stderr; pid {self.directory}/pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {self.directory}/body; proxy_temp_path {self.directory}/proxy;
    fastcgi_temp_path {self.directory}/f; uwsgi_temp_path {self.directory}/u;
    scgi_temp_path {self.directory}/s;
    client_max_body_size 0; proxy_request_buffering off; proxy_buffering off;
    proxy_http_version 1.1; proxy_ssl_verify off;
    server {{
        {listeners}
        ssl_certificate {self.certificate}; ssl_certificate_key {self.key};
        {FORWARD_NGINX}
        location / {{ proxy_pass {upstream}; }}
        location /v2/mirror/ {{ proxy_pass {upstream}/v2/; proxy_redirect /v2/ /v2/mirror/; }}
        location /registry/ {{
            {FORWARD_NGINX}
            proxy_set_header X-Forwarded-Prefix /registry;
            proxy_pass {upstream}/;
        }}
        location /v2/encrypted/ {{
            proxy_pass https://127.0.0.1:{self.server.secure_port};
        }}
    }}
}}
""")
        return self.spawn("nginx", "-p", self.directory, "-c", self.directory / "nginx.conf",
                          "-e", "stderr")


class Haproxy(Proxy):
    program = "haproxy"

    def start(self):
        (self.directory / "haproxy.cfg").write_text(f"""
global
    maxconn 256
defaults
    mode http
    timeout connect 10s
    timeout client 120s
    timeout server 120s
    option forwardfor
frontend registry
    bind 127.0.0.1:{self.port}
    bind 127.0.0.1:{self.tls_port} ssl crt {self.pem}
    acl mirror path_beg /v2/mirror/
    acl prefixed path_beg /registry/
    use_backend mirror if mirror
    use_backend prefixed if prefixed
    use_backend encrypted if {{ path_beg /v2/encrypted/ }}
    default_backend plain
    http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
    http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
backend plain
    server one {self.server.address}
backend mirror
    http-request replace-path /v2/mirror/(.*) /v2/\\1
    http-response replace-header Location ^/v2/(.*) /v2/mirror/\\1
    server one {self.server.address}
backend prefixed
    http-request set-header X-Forwarded-Prefix /registry
    http-request replace-path /registry/(.*) /\\1
    server one {self.server.address}
backend encrypted
    server one 127.0.0.1:{self.server.secure_port} ssl verify none
""")
        return self.spawn("haproxy", "-db", "-f", self.directory / "haproxy.cfg")


@pytest.fixture(params=[Nginx, Haproxy], ids=["nginx", "haproxy"])
def proxy(request, make_server, tmp_path):
    need(request.param.program)
    server = make_server(start=False, env={"LAZARET_PROXY_TRUSTED": "127.0.0.1"})
    certificate, key = certificates.make(tmp_path / "tls")
    server.secure_port = free_port()
    server.env.update(LAZARET_TLS_CERTIFICATE=str(certificate), LAZARET_TLS_KEY=str(key))
    server.listen = f"http://{server.address}, https://127.0.0.1:{server.secure_port}"
    server.start()
    made = request.param(tmp_path / "proxy", server)
    try:
        yield made.start()
    finally:
        made.stop()


def copy_both_ways(proxy, tmp_path, reference, secure):
    """skopeo pushes and pulls; what comes back is what went in."""
    trust = tmp_path / "trust"
    trust.mkdir(exist_ok=True)
    shutil.copy(proxy.certificate, trust / "ca.crt")
    image = images.Image([images.Layer([("usr", None), ("usr/random", os.urandom(3_000_000))])])
    layout = image.write_layout(tmp_path / f"in-{secure}")
    port = proxy.tls_port if secure else proxy.port
    target = f"docker://127.0.0.1:{port}/{reference}:latest"
    options = [f"cert-dir={trust}"] if secure else ["tls-verify=false"]
    clients = Clients(tmp_path / "clients")
    out = tmp_path / f"out-{secure}"
    try:
        clients.skopeo("copy", *[f"--dest-{o}" for o in options], f"oci:{layout}:latest", target)
        clients.skopeo("copy", *[f"--src-{o}" for o in options], target, f"oci:{out}:latest")
    finally:
        clients.close()
    assert {p.name: p.read_bytes() for p in out.glob("blobs/sha256/*")} == \
        {p.name: p.read_bytes() for p in layout.glob("blobs/sha256/*")}
    return image


@pytest.mark.slow
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_push_and_pull(proxy, tmp_path, secure):
    need("skopeo")
    image = copy_both_ways(proxy, tmp_path, "team/app", secure)
    stored = proxy.server.registry.request("GET", "/v2/team/app/manifests/latest")
    assert stored.body == image.manifest


@pytest.mark.slow
def test_push_and_pull_through_tls_on_both_sides(proxy, tmp_path):
    need("skopeo")
    copy_both_ways(proxy, tmp_path, "encrypted/app", True)


@pytest.mark.slow
def test_push_and_pull_with_rewritten_paths(proxy, tmp_path):
    """host/mirror/app outside is app inside."""
    need("skopeo")
    image = copy_both_ways(proxy, tmp_path, "mirror/app", True)
    assert proxy.server.registry.request("GET", "/v2/app/manifests/latest").body == image.manifest
    assert proxy.server.registry.request("GET", "/v2/mirror/app/manifests/latest").status == 404


def test_a_path_before_the_api(proxy):
    """The proxy takes /registry off and says so: Locations and links lead back through it."""
    data = os.urandom(100_000)
    answer = proxy.secure_request("POST", "/registry/v2/app/blobs/uploads/")
    assert answer.headers["location"].startswith("/registry/v2/app/blobs/uploads/"), answer
    answer = proxy.secure_request("PUT", f"{answer.headers['location']}?digest={digest(data)}", data)
    assert answer.status == 201
    assert answer.headers["location"] == f"/registry/v2/app/blobs/{digest(data)}"
    assert proxy.secure_request("GET", answer.headers["location"]).body == data
    for name in ("app", "other"):
        proxy.server.registry.push_image(name, images.debian_image([("p", name)]))
    link = proxy.secure_request("GET", "/registry/v2/_catalog?n=1").headers["link"]
    assert link.startswith("</registry/v2/_catalog?n=1&last=app>"), link


def logged(server, mark):
    end = time.monotonic() + 20
    while True:
        found = [e for e in server.events("request") if mark in e["path"]]
        if found:
            return found[0]
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_log_speaks_of_the_client(proxy):
    """What a client writes into the header itself is not believed."""
    proxy.request("GET", "/v2/mark-a/tags/list", {"X-Forwarded-For": "203.0.113.7"})
    line = logged(proxy.server, "mark-a")
    assert line["remote"] == "127.0.0.1" or line["remote"] == "203.0.113.7"
    # The proxy's own client is 127.0.0.1, which is trusted here; the next one outwards is the
    # client's claim. Through an address that is not trusted the claim counts for nothing:
    with socket.create_connection(("127.0.0.1", proxy.port), 30, ("127.0.0.9", 0)) as sock:
        sock.sendall(b"GET /v2/mark-b/tags/list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                     b"X-Forwarded-For: 203.0.113.7\r\n\r\n")
        rawhttp.read_answer(sock)
    line = logged(proxy.server, "mark-b")
    assert (line["remote"], line["via"]) == ("127.0.0.9", "127.0.0.1"), line


def test_limits_are_those_of_the_client(make_server, tmp_path):
    """One client behind a proxy cannot use up what another one has."""
    need("nginx")
    server = make_server(start=False, env={"LAZARET_PROXY_TRUSTED": "127.0.0.1",
                                           "LAZARET_LIMITS_CLIENT_RATE": "1",
                                           "LAZARET_LIMITS_CLIENT_BURST": "5"})
    server.secure_port = free_port()
    server.start()
    proxy = Nginx(tmp_path / "proxy", server).start()

    def ask(address):
        with socket.create_connection(("127.0.0.1", proxy.port), 30, (address, 0)) as sock:
            sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return rawhttp.read_answer(sock).status

    try:
        assert 429 in [ask("127.0.0.9") for _ in range(20)]
        assert ask("127.0.0.8") == 200
    finally:
        proxy.stop()


# --- what is believed of whom, without a proxy program

def next_link(server, headers):
    """Some absolute link the server makes."""
    answer = server.registry.request("POST", "/v2/app/blobs/uploads/", b"", headers)
    return answer.headers["location"].rsplit("/v2/", 1)[0]


def test_nobody_is_believed_by_default(server):
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Prefix": "/x", "Forwarded":
               "for=203.0.113.7", "X-Forwarded-Host": "evil.example"}
    assert next_link(server, headers) == ""
    server.registry.request("GET", "/v2/mark-c/tags/list", headers=headers)
    assert logged(server, "mark-c")["remote"] == "127.0.0.1"


def test_only_the_chosen_kind_of_header_is_read(make_server):
    server = make_server(env={"LAZARET_PROXY_TRUSTED": "127.0.0.0/8",
                              "LAZARET_PROXY_HEADERS": "forwarded"})
    server.registry.request("GET", "/v2/mark-d/tags/list", headers={
        "X-Forwarded-For": "203.0.113.7", "Forwarded": 'for="[2001:db8::7]:99";proto=https'})
    line = logged(server, "mark-d")
    assert (line["remote"], line["via"]) == ("2001:db8::7", "127.0.0.1")
    server.registry.request("GET", "/v2/mark-e/tags/list",
                            headers={"X-Forwarded-For": "203.0.113.7"})
    assert logged(server, "mark-e")["remote"] == "127.0.0.1"


def test_external_url(make_server):
    server = make_server()
    for name in ("a", "b"):
        server.registry.push_image(name, images.debian_image([("p", name)]))
    server.stop()
    server.env["LAZARET_SERVER_EXTERNAL_URL"] = "https://registry.example/team/"
    server.start()
    answer = server.registry.request("POST", "/v2/app/blobs/uploads/", b"")
    begin = "https://registry.example/team/v2/app/blobs/uploads/"
    assert answer.headers["location"].startswith(begin), answer
    link = server.registry.request("GET", "/v2/_catalog?n=1").headers["link"]
    assert link.startswith("<https://registry.example/team/v2/_catalog?n=1&last=a>"), link


@pytest.mark.parametrize("setting, value", [
    ("server.external_url", "registry.example"), ("server.external_url", "ftp://registry.example"),
    ("server.external_url", "https://"), ("server.external_url", "https://a b"),
    ("server.external_url", "https://a/?x"), ("proxy.trusted", "nonsense"),
    ("proxy.trusted", "10.0.0.1/8"), ("proxy.headers", "via")])
def test_wrong_settings_are_refused(tmp_path, setting, value):
    done = lazaret("serve", "--data", tmp_path / "d", "--set", f"{setting}={value}", check=False,
                   timeout=20)
    assert done.returncode == 2 and setting in done.stderr, done.stderr
    assert not (tmp_path / "d").exists()
