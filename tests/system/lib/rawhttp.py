# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand: requests that a library would refuse to send, and answers with nothing hidden."""
import http.client
import json
import socket


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.header_list = headers
        self.headers = {name.lower(): value for name, value in headers}

    def json(self):
        return json.loads(self.body)

    def code(self):
        """The first error code of a distribution error body."""
        return self.json()["errors"][0]["code"]

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:400]!r}>"


def request(host, port, method, target, body=None, headers=None, timeout=60):
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        reply = connection.getresponse()
        data = reply.read()
        return Answer(reply.status, reply.getheaders(), data)
    finally:
        connection.close()


def open_socket(host, port, timeout=60):
    return socket.create_connection((host, port), timeout=timeout)


def read_answer(sock, head_request=False):
    """One answer from a socket."""
    reply = http.client.HTTPResponse(sock, method="HEAD" if head_request else "GET")
    reply.begin()
    data = reply.read()
    return Answer(reply.status, reply.getheaders(), data)


def send_raw(host, port, data, timeout=60):
    """Sends bytes as they are and reads one answer."""
    with open_socket(host, port, timeout) as sock:
        sock.sendall(data)
        return read_answer(sock)
