# SPDX-License-Identifier: Apache-2.0
"""Real clients with everything they keep in one temporary directory: no daemon of the machine is
touched, no configuration of the user is read."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'


class Clients:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.short = {}
        self.policy = self.directory / "policy.json"
        self.policy.write_text(POLICY)
        self.registries = self.directory / "registries.conf"
        self.registries.write_text("unqualified-search-registries = []\n")
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        self.env = dict(os.environ, HOME=str(home), XDG_RUNTIME_DIR=str(home),
                        CONTAINERS_REGISTRIES_CONF=str(self.registries),
                        TMPDIR=str(self.directory), STORAGE_DRIVER="vfs",
                        BUILDAH_ISOLATION="chroot")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            self.env.pop(name, None)

    def run(self, *command, timeout=180, env=None):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              timeout=timeout, env=dict(self.env, **(env or {})),
                              stdin=subprocess.DEVNULL, cwd=self.directory)
        assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        return done.stdout

    def skopeo(self, *arguments):
        return self.run("skopeo", "--policy", self.policy, *arguments)

    def roots(self, name):
        """Storage flags of podman and buildah for a store of its own. podman refuses a runroot of
        more than 50 characters, which a test's own directory easily has."""
        if name not in self.short:
            self.short[name] = tempfile.mkdtemp(prefix="lz-")
        return ["--root", self.directory / name / "root", "--runroot", self.short[name],
                "--storage-driver", "vfs"]

    def close(self):
        for path in self.short.values():
            shutil.rmtree(path, ignore_errors=True)

    def podman(self, store, *arguments):
        return self.run("podman", *self.roots(store), "--cgroup-manager", "cgroupfs",
                        "--events-backend", "file", *arguments)

    def buildah(self, store, *arguments):
        return self.run("buildah", *self.roots(store), *arguments)


class Dockerd:
    """A Docker daemon of the test's own: no bridge, no packet filter rules, vfs, private root."""

    def __init__(self, directory, registry_address):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket = f"unix://{self.directory}/docker.sock"
        self.log = self.directory / "dockerd.log"
        self.process = None
        self.config = self.directory / "daemon.json"
        self.config.write_text("{}")
        self.command = [
            "dockerd", "--host", self.socket, "--data-root", str(self.directory / "data"),
            "--exec-root", str(self.directory / "exec"), "--pidfile", str(self.directory / "pid"),
            "--config-file", str(self.config), "--bridge", "none", "--iptables=false",
            "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--storage-driver", "vfs",
            "--insecure-registry", registry_address]

    def start(self, timeout=40):
        """None when it runs, else why it does not."""
        if os.geteuid() != 0:
            return "dockerd needs root"
        if not shutil.which("dockerd"):
            return "dockerd is not installed"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.docker("version", timeout=10)
                return None
            except (AssertionError, subprocess.TimeoutExpired):
                time.sleep(0.2)
        why = self.log.read_text(errors="replace").strip().splitlines()
        self.stop()
        return f"dockerd does not start here: {why[-1] if why else 'no output'}"

    def docker(self, *arguments, timeout=120):
        program = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"
        done = subprocess.run([program, "--host", self.socket, *map(str, arguments)],
                              capture_output=True, text=True, timeout=timeout,
                              env=dict(os.environ, DOCKER_CONFIG=str(self.directory)),
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"docker {arguments}\n{done.stdout}{done.stderr}"
        return done.stdout

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        # The daemon mounts its root onto itself and leaves it so; nobody could remove the directory.
        data = self.directory / "data"
        while os.path.ismount(data):
            if subprocess.run(["umount", str(data)], check=False, capture_output=True).returncode:
                break
        self.process = None


CONTAINERD = """version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.devmapper",
                    "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
                    "io.containerd.snapshotter.v1.aufs"]
[plugins."io.containerd.internal.v1.opt"]
path = "{directory}/opt"
"""


class Containerd:
    """A containerd of the test's own with root, state and socket in one directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        # A socket's path has at most 107 characters, which a test's own directory easily exceeds.
        self.short = tempfile.mkdtemp(prefix="lz-")
        self.socket = f"{self.short}/containerd.sock"
        self.log = self.directory / "containerd.log"
        self.config = self.directory / "config.toml"
        self.config.write_text(CONTAINERD.format(directory=self.directory))
        self.process = None

    def start(self, timeout=40):
        """None when it runs, else why it does not."""
        if os.geteuid() != 0:
            return "containerd needs root"
        if not shutil.which("containerd"):
            return "containerd is not installed"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["containerd", "--config", self.config, "--root", self.directory / "root",
                 "--state", f"{self.short}/state", "--address", self.socket],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.ctr("version", timeout=10)
                return None
            except (AssertionError, subprocess.TimeoutExpired):
                time.sleep(0.1)
        why = self.log.read_text(errors="replace").strip().splitlines()
        self.stop()
        return f"containerd does not start here: {why[-1] if why else 'no output'}"

    def ctr(self, *arguments, timeout=120, space="default"):
        done = subprocess.run(["ctr", "--address", self.socket, "--namespace", space,
                               *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"ctr {arguments}\n{done.stdout}{done.stderr}"
        return done.stdout

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        shutil.rmtree(self.short, ignore_errors=True)
