"""A SLURM cluster on loopback: munge, MariaDB, slurmdbd, slurmctld, three slurmd with devices that stand for GPUs."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from live_server import LiveServer
from patience import until
from real.parts import Daemons, daemons, free_port, need_root, program

CLUSTER = "real"
_PASSWORD = "of-this-test"
_CREDENTIAL_S = 20
"""How long a step's credential counts, and what is requeued waits: a node takes the earlier attempt's no more then, nor
the new one's for the earlier. SLURM's own two minutes would make the tests long; busy machines need some seconds."""
_NULL = os.makedev(1, 3)
"""The device of /dev/null: what stands for a GPU."""
_USERS = {"games": "research", "news": "search", "backup": "search"}
"""Users that every Debian has, and the account of each."""
SLURM = """\
ClusterName={cluster}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={credential_s}
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={folder}/jwt.key
CredType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
GresTypes=gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
PriorityType=priority/multifactor
PriorityWeightFairshare=1000
PriorityWeightQOS=100000
PreemptType=preempt/qos
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={dbd}
AccountingStoragePass={folder}/munge.socket
AccountingStorageEnforce=associations,limits,qos
AccountingStorageTRES=gres/gpu,gres/gpu:h100,gres/gpu:a100
AccountingStoreFlags=job_comment
JobRequeue=1
MinJobAge=900
KillWait=1
NodeName=a[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{second}] CPUs=8 Gres=gpu:h100:4 Feature=sxm
NodeName=b1 NodeHostname={host} NodeAddr=127.0.0.1 Port={third} CPUs=8 Gres=gpu:a100:2
PartitionName=train Nodes=a[1-2] Default=YES MaxTime=1:00:00 State=UP
PartitionName=debug Nodes=b1 MaxTime=1:00:00 State=UP
"""
DATABASE = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={folder}/jwt.key
DbdHost=localhost
DbdPort={dbd}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={sql}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct_db
PidFile={folder}/slurmdbd.pid
"""
GRES = """\
NodeName=a[1-2] Name=gpu Type=h100 File={folder}/gpu[0-3]
NodeName=b1 Name=gpu Type=a100 File={folder}/gpu[4-5]
"""


class Site:
    """The running cluster."""

    def __init__(self, running: Daemons, rest: int) -> None:
        self.running, self.rest_url = running, f"http://127.0.0.1:{rest}"
        self.folder = running.folder

    def asked(self, *words: str, user: str | None = None) -> str:
        """What a tool of SLURM prints."""
        tool = shutil.which(words[0]) or words[0]
        done = subprocess.run(
            [tool, *words[1:]], env=self.running.environment, cwd="/", capture_output=True, text=True, timeout=60,
            check=False, user=user, group=user, extra_groups=[] if user else None,
        )  # fmt: skip
        assert 0 == done.returncode, f"{' '.join(words)}: {done.stderr or done.stdout}"
        return done.stdout.strip()

    def submit(self, user: str, script: str, *options: str) -> str:
        """The id of a job that is put into the queue."""
        words = [
            "sbatch",
            "--parsable",
            "--output=/dev/null",
            f"--account={_USERS[user]}",
            *options,
            f"--wrap={script}",
        ]
        return self.asked(*words, user=user).partition(";")[0]

    def states(self, *jobs: str) -> list[str]:
        """The newest state of each job, as accounting has it."""
        rows = self.rows()
        return [[row["State"].split()[0] for row in rows if row["JobIDRaw"] == job][-1:][0] for job in jobs]

    def runs(self, job: str) -> bool:
        """Whether the controller says that it runs."""
        return "JobState=RUNNING" in self.asked("scontrol", "show", "job", job)

    def rows(self) -> list[dict[str, str]]:
        """Every attempt of every job, as sacct has it."""
        names = (
            "JobIDRaw",
            "JobID",
            "State",
            "ElapsedRaw",
            "AllocTRES",
            "NodeList",
            "Account",
            "User",
            "QOS",
            "Submit",
        )
        words = [
            "sacct",
            "-X",
            "-D",
            "-n",
            "-P",
            "-a",
            "-S",
            "now-1hour",
            "-E",
            "now+1hour",
            f"--format={','.join(names)}",
        ]
        return [dict(zip(names, line.split("|"), strict=True)) for line in self.asked(*words).splitlines()]

    def connect(self, server: LiveServer, state: Path, *options: str) -> dict[str, Any]:
        """Run `trimtab connect slurm`, and what it says."""
        words = [
            "connect",
            "slurm",
            "--url",
            server.url,
            "--since",
            "2h",
            "--json",
            "--state-dir",
            str(state),
            *options,
        ]
        return self.trimtab(*words)

    @contextmanager
    def following(self, server: LiveServer, state: Path) -> Iterator[None]:
        """Run `trimtab connect slurm --follow` beside what is done here."""
        words = ["connect", "slurm", "--url", server.url, "--since", "2h", "--state-dir", str(state)]
        process = subprocess.Popen(
            [sys.executable, "-m", "trimtab", *words, "--follow", "--interval", "1s"],
            env=self.running.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
            assert process.poll() is None, "it ended by itself"
        finally:
            process.kill()
            process.wait()

    def trimtab(self, *words: str) -> dict[str, Any]:
        """Run a command of trimtab where SLURM's tools are, and its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "trimtab", *words], env=self.running.environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def token(self) -> Path:
        """A file with a token for slurmrestd."""
        file = self.folder / "token"
        file.write_text(self.asked("scontrol", "token", "username=root", "lifespan=3600"))
        return file


def gpus_of(tres: str) -> int:
    """GPUs of `cpu=1,gres/gpu=2,gres/gpu:h100=2`."""
    found = re.search(r"gres/gpu=(\d+)", tres)
    return int(found[1]) if found else 0


@contextmanager
def slurm_running() -> Iterator[Site]:
    """A cluster with accounts, users and qualities of service, and nothing in its queue."""
    need_root("slurmd")
    for name in ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd", "slurmrestd", "sacctmgr"):
        program(name)
    with daemons() as running:
        folder = running.folder
        running.environment["SLURM_CONF"] = str(folder / "slurm.conf")
        first = free_port()
        ports = {"first": first, "second": free_port(), "third": free_port()}
        ports |= {name: free_port() for name in ("ctld", "dbd", "sql", "rest")}
        assert ports["second"] == first + 1
        _write(folder, ports)
        _database(running, ports["sql"])
        running.start("munged", "--foreground", "--force", f"--key-file={folder}/munge.key",
                      f"--socket={folder}/munge.socket", f"--pid-file={folder}/munged.pid", "--num-threads=10",
                      f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed")  # fmt: skip
        until((folder / "munge.socket").exists, "munged has no socket")
        running.start("slurmdbd", "-D")
        running.listens("slurmdbd", ports["dbd"])
        site = Site(running, ports["rest"])
        site.asked("sacctmgr", "-i", "add", "cluster", CLUSTER)
        running.start("slurmctld", "-D", "-i")
        running.listens("slurmctld", ports["ctld"])
        _accounts(site)
        for node in ("a1", "a2", "b1"):
            running.start("slurmd", "-D", "-N", node, label=node)
        until(lambda: ["idle"] * 3 == site.asked("sinfo", "-h", "-N", "-o", "%T").split(), "no node is idle")
        # It refuses to run as the user of SLURM, and in a folder of root's.
        running.environment["SLURM_JWT"] = "daemon"
        running.start("slurmrestd", "-a", "rest_auth/jwt", f"127.0.0.1:{ports['rest']}", user="daemon")
        running.listens("slurmrestd", ports["rest"])
        del running.environment["SLURM_JWT"]
        yield site


def _write(folder: Path, ports: dict[str, int]) -> None:
    facts = {
        "folder": folder,
        "cluster": CLUSTER,
        "host": socket.gethostname().partition(".")[0],
        "password": _PASSWORD,
        "credential_s": _CREDENTIAL_S,
    }
    for name, text in (("slurm.conf", SLURM), ("slurmdbd.conf", DATABASE), ("gres.conf", GRES)):
        (folder / name).write_text(text.format(**facts, **ports))
    (folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
    (folder / "slurmdbd.conf").chmod(0o600)
    for name in ("munge.key", "jwt.key"):
        (folder / name).write_bytes(os.urandom(64))
        (folder / name).chmod(0o400)
    for number in range(6):
        os.mknod(folder / f"gpu{number}", 0o666 | stat.S_IFCHR, _NULL)
    for name in ("state", "spool", "sql", "marks"):
        (folder / name).mkdir()
    (folder / "marks").chmod(0o777)  # where jobs of all users say that they began


def _database(running: Daemons, port: int) -> None:
    folder = running.folder
    at = ["--no-defaults", f"--datadir={folder}/sql", "--user=root"]
    subprocess.run(
        ["mariadb-install-db", *at, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, timeout=120,
    )  # fmt: skip
    running.start("mariadbd", *at, f"--socket={folder}/sql.socket", f"--port={port}", "--bind-address=127.0.0.1",
                  "--skip-name-resolve", f"--pid-file={folder}/sql.pid", "--innodb-lock-wait-timeout=900")  # fmt: skip
    running.listens("mariadbd", port)
    grants = (
        f"CREATE DATABASE slurm_acct_db; CREATE USER slurm@'127.0.0.1' IDENTIFIED BY '{_PASSWORD}'; "
        "GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1'"
    )
    words = ["mariadb", "--no-defaults", "--user=root", f"--socket={folder}/sql.socket", "-e", grants]
    subprocess.run(words, check=True, timeout=60)


def _accounts(site: Site) -> None:
    """Research has three shares, search one; `urgent` preempts `low` (requeued) and `scavenger` (cancelled)."""

    def manage(*words: str) -> None:
        site.asked("sacctmgr", "-i", *words)

    for account, shares in (("research", 3), ("search", 1)):
        manage("add", "account", account, f"fairshare={shares}")
    names: Sequence[str] = ("low", "scavenger", "urgent", "capped")
    for name in names:
        manage("add", "qos", name)
    manage("modify", "qos", "urgent", "set", "priority=100", "preempt=low,scavenger")
    manage("modify", "qos", "scavenger", "set", "preemptmode=cancel")
    manage("modify", "qos", "capped", "set", "maxtrespu=gres/gpu=1")
    for user, account in _USERS.items():
        manage("add", "user", user, f"account={account}", f"qos=normal,{','.join(names)}", "defaultqos=normal")
