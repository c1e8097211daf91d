# SPDX-License-Identifier: Apache-2.0
"""Helpers of the system tests: images.py builds images, server.py runs the real server, registry.py
speaks the protocol byte by byte, osv.py writes advisories, clients.py runs skopeo and friends."""
