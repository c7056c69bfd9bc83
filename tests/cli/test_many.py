"""Hundreds of tiny configurations on four ranks: all there, nothing left over, little overhead."""
from pathlib import Path

import h5py
import numpy as np
from betafield import betafield

STUDY = """\
study: many
data: {source: patches, train: 256, test: 256}
model: {net: mlp, hidden: [4]}
train: {epochs: 1, batch: 64, lr: 1.0e-3}
measure: [rd, active]
output: {samples: 2}
sweep:
  objective.beta: {log: [0.01, 10, 30]}
  model.latent: [1, 2, 3, 4, 5]
  train.lr: [1.0e-3, 2.0e-3]
"""


def test_300_configurations_on_4_ranks(tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY)
    out = tmp_path / "out"
    betafield("run", tmp_path / "study.yaml", "-o", out, ranks=4, timeout=600)
    with h5py.File(out / "study.h5") as f:
        assert (f["sweep/status"][:] == 2).all() and len(f["sweep/status"]) == 300
        assert np.isfinite(f["metrics/elbo"][:]).all()
        assert f["sweep/objective_beta"][0] == 0.01 and f["sweep/objective_beta"][-1] == 10
        for i in (0, 150, 299):
            assert f[f"configs/c{i:04d}/weights/decoder.output.weight"].shape[0] == 25
    assert len(list(Path(out / "configs").iterdir())) == 300
    betafield("verify", out)
    betafield("pack", out, "-o", tmp_path / "packed.h5", ranks=3)
    betafield("verify", tmp_path / "packed.h5")
