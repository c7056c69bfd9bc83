"""slurm/study.sbatch on a real SLURM: done, back to the queue, and not back to the queue."""
import os
import subprocess
from pathlib import Path

import cluster as slurm
import h5py
import pytest

ROOT = Path(__file__).resolve().parents[2]
SBATCH = ROOT / "slurm" / "study.sbatch"
BETAFIELD = os.environ.get("BETAFIELD", str(ROOT / "build/release/betafield"))
SHORT = """\
study: short
data: {source: patches, train: 512, test: 128}
model: {hidden: [16], latent: 2}
train: {epochs: 2, batch: 64}
sweep: {objective.beta: [0.1, 1.0, 10.0]}
"""
LONG = """\
study: long
data: {source: patches, train: 512, test: 128}
model: {hidden: [16], latent: 2}
train: {steps: 40000, batch: 64}
sweep: {objective.beta: [0.1, 1.0, 10.0, 100.0]}
"""

needs_slurm = pytest.mark.skipif(not slurm.installed(), reason="slurmctld, slurmd or munged is not installed")


@pytest.fixture(scope="module")
def cluster():
    with slurm.Cluster(nodes=2, cpus=2) as c:
        yield c


class Job:
    def __init__(self, cluster, folder, text, *arguments, launcher="mpirun"):
        self.cluster, self.folder = cluster, folder
        (folder / "study.yaml").write_text(text)
        environment = {**cluster.environment(), "BETAFIELD": BETAFIELD, "BETAFIELD_LAUNCHER": launcher}
        submitted = subprocess.run([SBATCH, "study.yaml", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert submitted.returncode == 0, submitted.stderr
        self.number = submitted.stdout.split()[-1]
        self.results = folder / "outputs" / text.split()[1]

    def log(self):
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def end(self, state, exit_code):
        job = self.cluster.wait_end(self.number)
        assert (job["JobState"], job["ExitCode"]) == (state, f"{exit_code}:0"), f"{job}\n{self.log()}"
        return job

    def training(self):
        """Waits until something has been trained and more is left to do."""
        self.cluster.wait_state(self.number, {"RUNNING"})
        slurm.wait_for((self.results / "progress.json").exists, 120, f"progress of job {self.number}")

    def signal(self, name):
        """To the batch shell only, as the time limit (USR1) and scancel (TERM) do."""
        assert self.cluster.run("scancel", "--batch", f"--signal={name}", self.number).returncode == 0

    def complete(self):
        with h5py.File(self.results / "study.h5", "r") as f:
            return bool(f.attrs["complete"])


@needs_slurm
@pytest.mark.parametrize("launcher", ["mpirun", "srun"])
def test_slurm__a_study_is_done_on_two_nodes(cluster, tmp_path, launcher):
    job = Job(cluster, tmp_path, SHORT, "2", "--ntasks-per-node=2", launcher=launcher)
    assert job.end("COMPLETED", 0)["Restarts"] == "0"
    assert job.complete()
    assert f"4 ranks on node[1-2] by {launcher}" in job.log()


@needs_slurm
def test_slurm__whole_nodes_are_filled_without_being_asked(cluster, tmp_path):
    job = Job(cluster, tmp_path, SHORT, "2")
    job.end("COMPLETED", 0)
    assert "4 ranks on node[1-2]" in job.log()


@needs_slurm
@pytest.mark.parametrize("launcher", ["mpirun", "srun"])
def test_slurm__the_time_limit_sends_it_back_to_the_queue_until_it_is_done(cluster, tmp_path, launcher):
    job = Job(cluster, tmp_path, LONG, "2", "--ntasks-per-node=2", launcher=launcher)
    job.training()
    job.signal("USR1")
    assert int(job.end("COMPLETED", 0)["Restarts"]) >= 1
    assert job.complete()
    assert "back to the queue" in job.log() and "run 2:" in job.log()


@needs_slurm
@pytest.mark.parametrize("launcher", ["mpirun", "srun"])
def test_slurm__a_cancelled_study_saves_and_stays_away(cluster, tmp_path, launcher):
    job = Job(cluster, tmp_path, LONG, "1", "--ntasks-per-node=2", launcher=launcher)
    job.training()
    job.signal("TERM")
    assert job.end("FAILED", 75)["Restarts"] == "0"
    assert not job.complete()


@needs_slurm
def test_slurm__a_stop_file_ends_it_for_good(cluster, tmp_path):
    job = Job(cluster, tmp_path, LONG, "1", "--ntasks-per-node=2")
    job.training()
    (job.results / "STOP").touch()
    assert job.end("FAILED", 75)["Restarts"] == "0"


@needs_slurm
def test_slurm__bad_input_is_not_tried_again(cluster, tmp_path):
    job = Job(cluster, tmp_path, SHORT.replace("latent: 2", "latent: two"))
    assert job.end("FAILED", 2)["Restarts"] == "0"
    assert "model.latent" in job.log()


@needs_slurm
def test_slurm__success_is_not_believed_when_nothing_was_done(cluster, tmp_path):
    launcher = tmp_path / "bin" / "mpirun"
    launcher.parent.mkdir()
    launcher.write_text("#!/bin/sh\nexit 0\n")
    launcher.chmod(0o755)
    (tmp_path / "study.yaml").write_text(SHORT)
    environment = cluster.environment()
    environment = {**environment, "BETAFIELD": BETAFIELD, "PATH": f"{launcher.parent}:{environment['PATH']}"}
    submitted = subprocess.run([SBATCH, "study.yaml"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    job = cluster.wait_end(submitted.stdout.split()[-1])
    assert (job["JobState"], job["ExitCode"]) == ("FAILED", "1:0")


def test_slurm__wrong_use_is_exit_2(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}

    def use(*arguments):
        done = subprocess.run([SBATCH, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    (tmp_path / "empty.yaml").write_text("seed: 1\n")
    assert use() == (2, "study.sbatch: usage: slurm/study.sbatch STUDY.yaml [NODES] [sbatch options]\n")
    assert use("missing.yaml") == (2, "study.sbatch: cannot read missing.yaml\n")
    assert use("empty.yaml") == (2, "study.sbatch: empty.yaml has no line 'study: NAME'\n")
