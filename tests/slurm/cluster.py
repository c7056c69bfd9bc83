"""A small SLURM of one's own: munged, slurmctld and one slurmd per virtual node, started by hand on the loopback interface.

Nothing is read from or written to /etc, no service is needed, and ordinary users may run it. Where namespaces are allowed each
node has its own hostname, /etc/hosts and /dev/shm, so that MPI takes them for different machines; elsewhere the nodes
share the host's name and MPI talks TCP only.
"""
import getpass
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
SEARCH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "DEADLINE"}


def installed():
    return all(shutil.which(name, path=SEARCH) for name in DAEMONS)


def wait_for(true, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"{what} did not happen within {seconds} s")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Cluster:
    def __init__(self, nodes=2, cpus=2):
        self.nodes = [f"node{i + 1}" for i in range(nodes)]
        self.cpus = cpus
        # Short: unix sockets live in here, and their paths may have 107 characters.
        self.state = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        self.processes = []
        namespaces = ["unshare", "--uts", "--mount", "--propagation", "slave"]
        self.unshare = namespaces if subprocess.run([*namespaces, "true"], capture_output=True).returncode == 0 else None

    # --- configuration ------------------------------------------------------------------------------------------------

    def write_configuration(self):
        s, user, host = self.state, getpass.getuser(), socket.gethostname()
        control, *ports = free_ports(1 + len(self.nodes))
        for folder in ("munge", "log", "control", *(f"{kind}/{node}" for kind in ("spool", "tmp") for node in self.nodes)):
            (s / folder).mkdir(parents=True)
        (s / "munge/key").write_bytes(os.urandom(128))
        (s / "munge/key").chmod(0o600)
        (s / "hosts").write_text(f"127.0.0.1 localhost {host} {' '.join(self.nodes)}\n")
        (s / "mpi.conf").write_text("PMIxCollFence=ring\n")
        lines = f"""
            ClusterName=test
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={control}
            SlurmUser={user}
            SlurmdUser={user}
            AuthType=auth/munge
            AuthInfo=socket={s}/munge/socket,cred_expire=5
            StateSaveLocation={s}/control
            SlurmctldPidFile={s}/slurmctld.pid
            SlurmctldLogFile={s}/log/slurmctld.log
            SlurmdSpoolDir={s}/spool/%n
            TmpFS={s}/tmp/%n
            SlurmdPidFile={s}/slurmd-%n.pid
            SlurmdLogFile={s}/log/slurmd-%n.log
            SlurmdParameters=config_overrides
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            AccountingStorageType=accounting_storage/none
            MpiDefault=pmix
            SelectType=select/cons_tres
            SelectTypeParameters=CR_CPU
            ReturnToService=2
            KillWait=10
            SlurmdTimeout=120
            PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
            """
        for node, port in zip(self.nodes, ports):
            lines += f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={self.cpus} RealMemory=4000 State=UNKNOWN\n"
        (s / "slurm.conf").write_text("\n".join(line.strip() for line in lines.splitlines()) + "\n")
        self.control = control

    def environment(self):
        """For sbatch and what it starts: several ranks per core, on one machine."""
        return {**os.environ, "PATH": SEARCH, "SLURM_CONF": str(self.state / "slurm.conf"),
                "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
                "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_mpi_yield_when_idle": "1",
                "OMPI_MCA_pml": "ob1", "OMPI_MCA_osc": "^ucx", "OMPI_MCA_btl": "self,vader,tcp" if self.unshare else "self,tcp",
                "OMPI_MCA_btl_tcp_if_include": "127.0.0.0/8", "OMPI_MCA_oob_tcp_if_include": "127.0.0.0/8",
                "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMPI_MCA_orte_tmpdir_base": str(self.state / "tmp")}

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self, *command):
        log = open(self.state / "log" / f"{len(self.processes)}-{Path(command[0]).name}.out", "w")
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
                                               start_new_session=True))
        log.close()

    def __enter__(self):
        try:
            self.write_configuration()
            self.start_daemons()
        except BaseException:
            self.close()
            raise
        return self

    def start_daemons(self):
        s, munge = self.state, self.state / "munge"
        s.chmod(0o755)
        self.start("munged", "--foreground", f"--key-file={munge}/key", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
                   f"--log-file={s}/log/munged.log", f"--seed-file={munge}/seed")
        wait_for((munge / "socket").exists, 60, "munged's socket")
        self.start("slurmctld", "-D", "-f", str(s / "slurm.conf"))
        wait_for(self.control_answers, 60, "slurmctld's answer")
        for node in self.nodes:
            slurmd = ["slurmd", "-D", "-N", node, "-f", str(s / "slurm.conf")]
            own = f'hostname {node} && mount --bind {s}/hosts /etc/hosts && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && exec "$@"'
            self.start(*([*self.unshare, "sh", "-c", own, "sh"] if self.unshare else []), *slurmd)
        wait_for(lambda: self.run("sinfo", "-h", "-o", "%D %T").stdout.split() == [str(len(self.nodes)), "idle"], 120, "all nodes being idle")

    def control_answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.control)) == 0

    def __exit__(self, *_):
        self.close()

    def close(self):
        if len(self.processes) > 1:
            self.run("scancel", "--user", getpass.getuser())
            try:
                wait_for(lambda: not self.run("squeue", "-h").stdout.strip(), 60, "the end of all jobs")
            except TimeoutError as error:
                print(error)
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.state, ignore_errors=True)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def run(self, *command, **options):
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120, **options)

    def job(self, number):
        """What the controller knows of a job, by the names that scontrol prints."""
        return dict(re.findall(r"(\w+)=(\S*)", self.run("scontrol", "show", "job", "--oneliner", number).stdout))

    def wait_state(self, number, states, seconds=300):
        def look():
            job = self.job(number)
            return job if job.get("JobState") in states else None
        return wait_for(look, seconds, f"job {number} in {sorted(states)}")

    def wait_end(self, number, seconds=300):
        return self.wait_state(number, ENDED, seconds)
