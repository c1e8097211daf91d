# SPDX-License-Identifier: Apache-2.0
"""Certificates of the tests' own, for 127.0.0.1 and localhost, each its own authority."""
import subprocess


def make(directory, name="server", days=300):
    """Writes NAME.crt and NAME.key into the directory; returns both paths."""
    directory.mkdir(parents=True, exist_ok=True)
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", str(days), "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
        check=True, capture_output=True, timeout=60)
    return certificate, key
