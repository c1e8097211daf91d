# SPDX-License-Identifier: Apache-2.0
"""What is sent byte for byte, and what comes back: status, error code (None: the HTTP library below
answers in plain words, or there is no body), and whether the connection lives on."""
OPEN, CLOSED = "open", "closed"
D = "sha256:" + "0" * 64
GET = "GET /v2/ HTTP/1.1\r\n"
HOST = "Host: registry.example\r\n"


def get(target, *headers, method="GET"):
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"{method} {target} HTTP/1.1\r\n{HOST}{lines}\r\n"


def body(method, target, text, *headers):
    return get(target, f"Content-Length: {len(text)}", *headers, method=method) + text


UPLOADS = "/v2/app/blobs/uploads/"
CHUNKED = "Transfer-Encoding: chunked"
WIRE = [
    # --- framing: what two servers could read in two ways is refused, and nothing behind it is read
    ("length-and-chunked", get(UPLOADS, "Content-Length: 3", CHUNKED, method="POST") + "0\r\n\r\n",
     400, "UNSUPPORTED", CLOSED),
    ("chunked-and-length", get(UPLOADS, CHUNKED, "Content-Length: 3", method="POST") + "0\r\n\r\n",
     400, "UNSUPPORTED", CLOSED),
    ("two-lengths", get(UPLOADS, "Content-Length: 3", "Content-Length: 4", method="POST") + "abcd",
     400, "UNSUPPORTED", CLOSED),
    ("length-list", get(UPLOADS, "Content-Length: 3, 3", method="POST") + "abc", 400, None, CLOSED),
    ("length-negative", get(UPLOADS, "Content-Length: -1", method="POST"), 400, None, CLOSED),
    ("length-words", get(UPLOADS, "Content-Length: many", method="POST"), 400, None, CLOSED),
    ("length-plus", get(UPLOADS, "Content-Length: +3", method="POST") + "abc", 400, None, CLOSED),
    ("length-too-long", get(UPLOADS, "Content-Length: 99999999999999999999", method="POST"),
     413, None, CLOSED),
    ("gzip-coding", get(UPLOADS, "Transfer-Encoding: gzip, chunked", method="POST") + "0\r\n\r\n",
     400, "UNSUPPORTED", CLOSED),
    ("two-codings", get(UPLOADS, CHUNKED, CHUNKED, method="POST") + "0\r\n\r\n",
     400, "UNSUPPORTED", CLOSED),
    ("blank-before-colon", get(UPLOADS, "Transfer-Encoding : chunked", method="POST")
     + "0\r\n\r\n", 400, "UNSUPPORTED", CLOSED),
    ("no-host", GET + "\r\n", 400, "UNSUPPORTED", CLOSED),
    ("two-hosts", GET + HOST + "Host: other\r\n\r\n", 400, "UNSUPPORTED", CLOSED),
    ("no-host-1.0", "GET /v2/ HTTP/1.0\r\n\r\n", 200, None, CLOSED),
    ("http-2-by-word", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, None, CLOSED),
    # --- targets are read raw
    ("plain", get("/v2/"), 200, None, OPEN),
    ("absolute-form", get("http://registry.example/v2/"), 200, None, OPEN),
    ("asterisk", get("*", method="OPTIONS"), 400, "BadRequest", OPEN),
    ("connect", get("registry.example:443", method="CONNECT"), 400, "BadRequest", OPEN),
    ("slash-encoded", get("/v2/a%2Fb/tags/list"), 404, "NAME_UNKNOWN", OPEN),
    ("slash-encoded-in-route", get("/v2/app%2Ftags%2Flist"), 404, "NAME_UNKNOWN", OPEN),
    ("dots", get("/v2/../v2/_catalog"), 404, "NAME_UNKNOWN", OPEN),
    ("dots-encoded", get("/v2/%2e%2e/tags/list"), 400, "NAME_INVALID", OPEN),
    ("dots-out", get("/%2e%2e/%2e%2e/etc/passwd"), 404, "ResourceNotFound", OPEN),
    ("nul", get("/v2/app%00/tags/list"), 400, "UNSUPPORTED", OPEN),
    ("nul-behind-route", get("/v2/%00"), 400, "UNSUPPORTED", OPEN),
    ("broken-escape", get("/v2/app%2/tags/list"), 400, "UNSUPPORTED", OPEN),
    ("plus-stays", get("/v2/a+b/tags/list"), 400, "NAME_INVALID", OPEN),
    ("double-slash", get("/v2//tags/list"), 404, "NAME_UNKNOWN", OPEN),
    ("double-slash-first", get("//v2/"), 404, "ResourceNotFound", OPEN),
    ("upper-case-route", get("/V2/"), 404, "ResourceNotFound", OPEN),
    ("upper-case-part", get("/v2/app/TAGS/list"), 404, "NAME_UNKNOWN", OPEN),
    ("upper-case-name", get("/v2/App/tags/list"), 400, "NAME_INVALID", OPEN),
    ("parameters-many", get("/v2/_catalog?" + "&".join(f"a{n}=1" for n in range(300))),
     200, None, OPEN),
    # --- sizes
    ("target-long", get("/v2/" + "a" * 8200), 414, "UNSUPPORTED", OPEN),
    ("target-longest", get("/v2/" + "a" * 8150), 404, "NAME_UNKNOWN", OPEN),
    ("target-too-long-for-the-library", get("/v2/" + "a" * 40000), 414, None, CLOSED),
    ("headers-large", get("/v2/", "X-Large: " + "a" * 17000), 431, "UNSUPPORTED", OPEN),
    ("headers-many", get("/v2/", *[f"X-{n}: 1" for n in range(101)]), 431, "UNSUPPORTED", OPEN),
    ("headers-large-enough", get("/v2/", "Authorization: Bearer " + "a" * 8000), 200, None, OPEN),
    ("headers-too-large-for-the-library", get("/v2/", "X-Large: " + "a" * 60000),
     431, None, CLOSED),
    ("manifest-large", get("/v2/app/manifests/x", "Content-Length: 4194305", method="PUT"),
     413, "SIZE_INVALID", CLOSED),
    # --- methods
    ("method-wrong", get("/v2/app/tags/list", method="DELETE"), 405, "UNSUPPORTED", OPEN),
    ("method-unknown", get("/v2/", method="BREW"), 405, "UNSUPPORTED", OPEN),
    ("method-lower-case", get("/v2/", method="get"), 405, "UNSUPPORTED", OPEN),
    # --- bodies that nobody wants
    ("body-on-get", body("GET", "/v2/", "abc"), 200, None, OPEN),
    ("body-on-unknown-route", body("POST", "/nowhere", "abc"), 404, "ResourceNotFound", OPEN),
    ("body-refused-large", get("/v2/UPPER/blobs/uploads/", "Content-Length: 9000000",
                               method="POST") + "a" * 100000, 400, "NAME_INVALID", CLOSED),
    # --- Expect: 100-continue: the refusal comes instead of the 100
    ("expect-name", get("/v2/UPPER/blobs/uploads/", "Content-Length: 5000000000",
                        "Expect: 100-continue", method="POST"), 400, "NAME_INVALID", CLOSED),
    ("expect-upload", get(UPLOADS + "00000000-0000-4000-8000-000000000000",
                          "Content-Length: 5000000000", "Expect: 100-continue", method="PATCH"),
     404, "BLOB_UPLOAD_UNKNOWN", CLOSED),
    ("expect-route", get("/nowhere", "Content-Length: 5000000000", "Expect: 100-continue",
                         method="PUT"), 404, "ResourceNotFound", CLOSED),
    ("expect-manifest", get("/v2/app/manifests/x", "Content-Length: 5000000",
                            "Expect: 100-continue", method="PUT"), 413, "SIZE_INVALID", CLOSED),
]

BAD_NAMES = ["App", "a..b", "-a", "a-", "a//b", "/a", "a/", "a___b", "a.-b", "a" * 256, "%C3%A4",
             "a%20b", "a:b", "%2e%2e", "a%0ab", "_a"]
BAD_TAGS = [".a", "-a", "a%20b", "a" * 129, "%C3%A4", "a+b", "a%2Fb"]
BAD_DIGESTS = ["sha256:", "sha256:short", "sha256:" + "A" * 64, "sha256:" + "g" * 64,
               "sha256:" + "0" * 63, "sha256:" + "0" * 65, "sha512:" + "0" * 64,
               "md5:d41d8cd98f00b204e9800998ecf8427e", ":", "sha256", "x", "sha256%3A" + "0" * 63]
# Routes of the distribution specification in which a name, a tag or a digest is wrong:
# method, target, status, code. @ is replaced by each bad value.
NAME_ROUTES = [("GET", "/v2/@/tags/list"), ("GET", f"/v2/@/blobs/{D}"), ("HEAD", f"/v2/@/blobs/{D}"),
               ("DELETE", f"/v2/@/blobs/{D}"), ("POST", "/v2/@/blobs/uploads/"),
               ("GET", "/v2/@/manifests/latest"), ("PUT", "/v2/@/manifests/latest"),
               ("DELETE", "/v2/@/manifests/latest"), ("GET", f"/v2/@/referrers/{D}")]
DIGEST_ROUTES = [("GET", "/v2/app/blobs/@"), ("HEAD", "/v2/app/blobs/@"),
                 ("DELETE", "/v2/app/blobs/@"), ("GET", "/v2/app/referrers/@"),
                 ("POST", "/v2/app/blobs/uploads/?digest=@"),
                 ("POST", "/v2/app/blobs/uploads/?mount=@"),
                 ("POST", "/v2/app/blobs/uploads/?mount=@&from=other")]
# Only what has a colon is taken for a digest there; the rest is a tag.
DIGEST_OR_TAG_ROUTES = [("GET", "/v2/app/manifests/@"), ("PUT", "/v2/app/manifests/@"),
                        ("DELETE", "/v2/app/manifests/@")]

# Headers of a chunk to an upload that has 10 bytes; the body has 5: Content-Range, status, code.
CHUNK_RANGES = [("10-14", 202, None), ("bytes 10-14/15", 202, None), ("bytes=10-14", 202, None),
                ("bytes 10-14/*", 202, None), ("0-4", 416, "BLOB_UPLOAD_INVALID"),
                ("11-15", 416, "BLOB_UPLOAD_INVALID"), ("14-10", 416, "BLOB_UPLOAD_INVALID"),
                ("10-", 416, "BLOB_UPLOAD_INVALID"), ("-14", 416, "BLOB_UPLOAD_INVALID"),
                ("ten", 416, "BLOB_UPLOAD_INVALID"), ("bytes", 416, "BLOB_UPLOAD_INVALID"),
                ("bytes 10-14/x", 416, "BLOB_UPLOAD_INVALID"),
                ("10-99999999999999999999", 416, "BLOB_UPLOAD_INVALID"),
                ("10-20", 400, "SIZE_INVALID"), ("10-13", 400, "SIZE_INVALID")]

# Range of a blob of 10 bytes: header, status, Content-Range.
BLOB_RANGES = [("bytes=0-4", 206, "bytes 0-4/10"), ("bytes=5-", 206, "bytes 5-9/10"),
               ("bytes=-3", 206, "bytes 7-9/10"), ("bytes=-99", 206, "bytes 0-9/10"),
               ("bytes=9-99", 206, "bytes 9-9/10"), ("Bytes=0-0", 206, "bytes 0-0/10"),
               ("bytes=0-4,5-6", 206, "bytes 0-6/10"), ("bytes=10-", 416, "bytes */10"),
               ("bytes=5-4", 416, "bytes */10"), ("bytes=-0", 416, "bytes */10"),
               ("bytes=99999999999999999999-", 416, "bytes */10"),
               ("bytes=", 200, None), ("bytes=a-b", 200, None), ("bytes 0-4", 200, None),
               ("lines=0-4", 200, None), ("bytes=0-4,x", 200, None), ("0-4", 200, None),
               ("bytes=" + ",".join(["0-0"] * 33), 200, None)]

# Parameters of lists: target, status, code.
LISTS = [("/v2/_catalog?n=x", 400, "UNSUPPORTED"), ("/v2/_catalog?n=-1", 400, "UNSUPPORTED"),
         ("/v2/_catalog?n=", 400, "UNSUPPORTED"), ("/v2/_catalog?n=1.5", 400, "UNSUPPORTED"),
         ("/v2/_catalog?n=99999999999999999999", 400, "UNSUPPORTED"),
         ("/v2/_catalog?n=0", 200, None), ("/v2/_catalog?last=%00", 400, "UNSUPPORTED"),
         ("/v2/app/tags/list?n=x", 400, "UNSUPPORTED"),
         ("/v2/absent/tags/list", 404, "NAME_UNKNOWN"),
         (f"/v2/absent/manifests/{D}", 404, "NAME_UNKNOWN"),
         (f"/v2/absent/blobs/{D}", 404, "NAME_UNKNOWN"),
         (f"/v2/app/blobs/{D}", 404, "BLOB_UNKNOWN"),
         ("/v2/app/blobs/uploads/not-an-id", 404, "BLOB_UPLOAD_UNKNOWN"),
         ("/v2/app/blobs/uploads/%2e%2e", 404, "BLOB_UPLOAD_UNKNOWN")]

# Bodies of PUT manifest: media type, bytes, code (always 400). Image manifests unless said.
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = '"config": {"mediaType": "x/y", "digest": "' + D + '", "size": 2}'
MANIFESTS = [(IMAGE, text.encode() if isinstance(text, str) else text, "MANIFEST_INVALID")
             for text in ["", "x", "{", "[]", "null", "1", '"text"', "{} {}", "{}", "\ufeff{}",
                          '{"schemaVersion": 1}', '{"schemaVersion": "2"}', '{"schemaVersion": 2}',
                          '{"schemaVersion": 2, "config": 7, "layers": []}',
                          '{"schemaVersion": 2, "config": {}, "layers": []}',
                          '{"schemaVersion": 2, ' + CONFIG + ', "layers": {}}',
                          '{"schemaVersion": 2, ' + CONFIG + ', "layers": [7]}',
                          '{"schemaVersion": 2, ' + CONFIG + ', "layers": [{"digest": "x"}]}',
                          '{"schemaVersion": 2, "mediaType": "' + INDEX + '", ' + CONFIG
                          + ', "layers": []}', "[" * 5000, b"\xff\xfe{}"]]
MANIFESTS += [(INDEX, text.encode(), "MANIFEST_INVALID")
              for text in ['{"schemaVersion": 2, "manifests": {}}',
                           '{"schemaVersion": 2, "manifests": [{"digest": "sha256:x"}]}']]
