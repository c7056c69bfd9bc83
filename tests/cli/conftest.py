import textwrap

import pytest

TINY = """\
study: tiny
seed: 3
data: {source: patches, train: 512, test: 256}
model: {net: mlp, hidden: [16], latent: 2}
train: {epochs: 3, batch: 64, lr: 2.0e-3}
measure: [rd, active]
sweep:
  objective.beta: [0.1, 1.0]
  model.latent: [2, 3]
"""


@pytest.fixture
def study(tmp_path):
    """Writes a study file: study(text) or study() for the tiny one; returns its path."""

    def write(text=TINY, name="study.yaml"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return path

    return write
