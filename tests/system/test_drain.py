# SPDX-License-Identifier: Apache-2.0
"""Stops, soft and hard: SIGTERM lets running requests finish, kill -9 loses nothing acknowledged."""
import os
import signal
import threading
import time

import pytest
from lib import images, rawhttp
from lib.images import digest

pytestmark = pytest.mark.server
REPO = "app"


def test_sigterm_lets_an_upload_finish(make_server):
    server = make_server()
    data = os.urandom(400_000)
    location = server.registry.path_of(server.registry.start_upload(REPO))
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PUT {location}?digest={digest(data)} HTTP/1.1\r\nHost: x\r\n"
                     f"Content-Length: {len(data)}\r\n\r\n".encode())
        sock.sendall(data[:100_000])
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        sock.sendall(data[100_000:])
        answer = rawhttp.read_answer(sock)
    assert answer.status == 201, answer
    server.stop(asked=True)
    server.start()
    assert server.registry.request("GET", f"/v2/{REPO}/blobs/{digest(data)}").body == data


def test_second_signal_ends_at_once(make_server):
    server = make_server()
    location = server.registry.path_of(server.registry.start_upload(REPO))
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
                     .encode())
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None, "it waits for the running request"
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(10)
        server.process = None


def test_sigterm_takes_no_new_connection(make_server):
    server = make_server(env={"LAZARET_SERVER_DRAIN_SECONDS": "3"})
    location = server.registry.path_of(server.registry.start_upload(REPO))
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
                     .encode())
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        try:
            answer = server.registry.request("GET", "/readyz", timeout=3)
            assert answer.status == 503
        except OSError:
            pass
    server.stop(asked=True)


def test_idle_connections_do_not_delay_the_stop(make_server):
    server = make_server()
    socks = [rawhttp.open_socket(server.host, server.port) for _ in range(10)]
    try:
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 15
    finally:
        for sock in socks:
            sock.close()


def test_stop_during_scans(make_server):
    """A stop does not wait for scans, and the next start finishes them."""
    server = make_server()
    for number in range(5):
        server.registry.push_image(REPO, images.debian_image([("p", str(number))]), f"t{number}")
    server.stop()
    server.start()
    for number in range(5):
        server.wait(f"{REPO}:t{number}", "NoAdvisories")


def test_kill_keeps_what_was_acknowledged(make_server):
    server = make_server()
    stored, stop = [], threading.Event()

    def work(number):
        count = 0
        while not stop.is_set():
            data = os.urandom(20_000)
            image = images.debian_image([("p", f"{number}.{count}")])
            try:
                if server.registry.push_blob(REPO, data).status == 201:
                    stored.append((f"/v2/{REPO}/blobs/{digest(data)}", data))
                if server.registry.push_image(REPO, image, f"t{number}-{count}") == image.digest:
                    stored.append((f"/v2/{REPO}/manifests/t{number}-{count}", image.manifest))
            except (OSError, AssertionError, Exception):  # the server is gone in mid-answer
                return
            count += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()
    assert len(stored) > 8, "the test needs some pushes before the kill"
    server.start()
    for path, data in stored:
        answer = server.registry.request("GET", path)
        assert answer.status == 200 and answer.body == data, path


def test_upload_goes_on_after_a_kill(make_server):
    """Bytes of a finished PATCH survive; the client asks how far it got and goes on from there."""
    server = make_server()
    data = os.urandom(300_000)
    location = server.registry.start_upload(REPO)
    answer = server.registry.request("PATCH", server.registry.path_of(location), data[:200_000])
    assert answer.status == 202
    location = server.registry.path_of(answer.headers["location"])
    server.kill()
    server.start()
    status = server.registry.request("GET", location)
    assert status.status == 204 and status.headers["range"] == "0-199999", status
    answer = server.registry.request("PATCH", location, data[200_000:])
    assert answer.status == 202, answer
    assert server.registry.finish(answer.headers["location"], digest(data)).status == 201
    assert server.registry.request("GET", f"/v2/{REPO}/blobs/{digest(data)}").body == data


def test_cut_connection_keeps_what_came(make_server):
    server = make_server()
    data = os.urandom(50_000)
    location = server.registry.path_of(server.registry.start_upload(REPO))
    with rawhttp.open_socket(server.host, server.port) as sock:
        sock.sendall(f"PATCH {location} HTTP/1.1\r\nHost: x\r\n"
                     f"Content-Length: {len(data)}\r\n\r\n".encode() + data[:30_000])
    end = time.monotonic() + 20
    while True:
        status = server.registry.request("GET", location)
        if status.status == 204 and status.headers.get("range") != "0-0":
            break
        assert time.monotonic() < end, status
        time.sleep(0.1)
    arrived = int(status.headers["range"].split("-")[1]) + 1
    assert 0 < arrived <= 30_000
    answer = server.registry.finish(location, digest(data), data[arrived:])
    assert answer.status == 201, answer


def test_sighup_keeps_serving(make_server):
    server = make_server()
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert server.registry.request("GET", "/healthz").status == 200
