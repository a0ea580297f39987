"""Ceph's S3 gateway on loopback: a monitor, one store in memory, and the gateway in front of it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from patience import until
from real.parts import Daemons, daemons, free_port, program
from real.s3_gateway import KEY, SECRET, Gateway, with_buckets

_CONFIGURATION = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{port}
public network = 127.0.0.0/8
keyring = {folder}/keyring
log file = {folder}/$name.log
admin socket = {folder}/$name.$pid.asok
run dir = {folder}
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/gateway
osd class dir = {libraries}/rados-classes
plugin dir = {libraries}/ceph
erasure code dir = {libraries}/ceph/erasure-code
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
"""
"""One copy of everything, on one store. Debian's build names the folders of its libraries without the leading /."""


class _Cluster:
    """The folder and configuration of a cluster, and its programs."""

    def __init__(self, running: Daemons) -> None:
        self.running, self.folder, self.fsid = running, running.folder, str(uuid4())
        self.port = free_port()
        libraries = next(Path("/usr/lib").glob("*/rados-classes")).parent
        text = _CONFIGURATION.format(folder=self.folder, fsid=self.fsid, port=self.port, libraries=libraries)
        (self.folder / "ceph.conf").write_text(text)
        for name in ("mon", "osd", "gateway"):
            (self.folder / name).mkdir()

    def call(self, path: str, *words: str) -> str:
        """What one of the programs prints; it must end well."""
        done = subprocess.run(
            [path, "-c", f"{self.folder}/ceph.conf", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, f"{path} {words}: {done.stderr[-2000:]}"
        return done.stdout

    def start(self, name: str, *words: str) -> None:
        """One of the programs, in the foreground."""
        self.running.start(name, "-c", f"{self.folder}/ceph.conf", "-f", *words)

    def monitor(self) -> None:
        """The monitor, with the keys of itself and of the administrator."""
        tools = Path(program("ceph")).parent
        rights = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"]
        for name, made in (("mon.", ["--create-keyring"]), ("client.admin", [])):
            self.call(str(tools / "ceph-authtool"), "keyring", *made, "--gen-key", "-n", name, *rights)
        at = f"[v2:127.0.0.1:{self.port}]"
        self.call(str(tools / "monmaptool"), "--create", "--fsid", self.fsid, "--addv", "a", at, "monmap")
        self.call(program("ceph-mon"), "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring")
        self.start("ceph-mon", "-i", "a")
        self.running.listens("ceph-mon", self.port)

    def store(self) -> None:
        """A store in memory, once the monitor says that it is up."""
        ceph, own = program("ceph"), str(uuid4())
        self.call(ceph, "osd", "new", own)
        key = self.call(ceph, "auth", "get-or-create", "osd.0", "mon", "allow *", "osd", "allow *")
        with (self.folder / "keyring").open("a") as keyring:
            keyring.write(key)
        self.call(program("ceph-osd"), "-i", "0", "--mkfs", "--osd-uuid", own)
        self.start("ceph-osd", "-i", "0")
        until(lambda: '"num_up_osds":1' in self.call(ceph, "osd", "stat", "-f", "json"), "the store is not up")

    def gateway(self) -> Gateway:
        """The gateway, with a user who has the key of these tests."""
        port = free_port()
        self.start("radosgw", "-n", "client.admin", f"--rgw-frontends=beast endpoint=127.0.0.1:{port}")
        self.running.listens("radosgw", port)
        user = ["--uid=t", "--display-name=t", f"--access-key={KEY}", f"--secret-key={SECRET}"]
        self.call(program("radosgw-admin"), "user", "create", *user)
        return Gateway(f"http://127.0.0.1:{port}")


@contextmanager
def ceph_running() -> Iterator[Gateway]:
    """Ceph with its S3 gateway and every bucket of these tests."""
    for name in ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph"):
        program(name)  # skips where it is not installed
    with daemons() as running:
        cluster = _Cluster(running)
        cluster.monitor()
        cluster.store()
        yield with_buckets(cluster.gateway(), lambda: running.output("radosgw"))
