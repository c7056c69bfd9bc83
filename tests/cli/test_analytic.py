"""Linear VAEs through the whole program against theory: reverse water-filling for fixed variance, and the collapse of dimensions
for learned and optimal variance. The training sample's covariance has exactly the given eigenvalues."""
import h5py
import numpy as np
import pytest
from betafield import betafield

STUDY = """\
study: analytic
seed: 5
data: {{source: gaussian, train: 4096, test: 256, gaussian: {{eigenvalues: {eigenvalues}, whiten_sample: true}}}}
model: {{net: linear, latent: {latent}}}
likelihood: {{kind: gaussian, variance: {variance}}}
train: {{epochs: 1500, batch: 1024, lr: 1.0e-2, schedule: cosine}}
measure: [rd, active]
output: {{samples: 0}}
sweep:
  objective.beta: {beta}
"""
LAMBDA = [4.0, 2.0, 1.0, 0.5, 0.1, 0.05]
SLOW = [3.0, 2.5, 0.7, 0.6, 0.3, 0.2, 0.1, 0.05]


def fixed(eigenvalues, latent, beta):
    """Reverse water-filling at level theta = beta (variance 1): rate and SSE."""
    kept = [v for v in eigenvalues[:latent] if v > beta]
    rate = 0.5 * sum(np.log(v / beta) for v in kept)
    sse = len(kept) * beta + sum(eigenvalues) - sum(kept)
    return rate, sse, len(kept)


def learned(eigenvalues, latent, beta):
    """The self-consistent variance of the optimum: gamma (d - beta k) = sum of what is not kept."""
    d, total = len(eigenvalues), sum(eigenvalues)
    best = None
    for k in range(latent + 1):
        if d - beta * k <= 0:
            continue
        gamma = (total - sum(eigenvalues[:k])) / (d - beta * k)
        if all(v > beta * gamma for v in eigenvalues[:k]) and all(v <= beta * gamma for v in eigenvalues[k:latent]):
            rate = 0.5 * sum(np.log(v / (beta * gamma)) for v in eigenvalues[:k])
            best = (gamma, rate, 0.5 * d * (np.log(2 * np.pi * gamma) + 1), k)
    return best


def train(tmp_path, **keys):
    (tmp_path / "study.yaml").write_text(STUDY.format(**keys))
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", ranks=2, timeout=600)
    return h5py.File(tmp_path / "out" / "study.h5", "r")


# Off-threshold values: at a threshold convergence is slow in principle.
@pytest.mark.parametrize("eigenvalues,latent,betas", [(LAMBDA, 4, [0.2, 0.7, 1.5, 5.0]), (SLOW, 5, [0.15, 0.45, 1.2])])
def test_fixed_variance_traces_shannons_curve(tmp_path, eigenvalues, latent, betas):
    with train(tmp_path, eigenvalues=eigenvalues, latent=latent, variance="fixed", beta=betas) as f:
        for i, beta in enumerate(betas):
            rate, sse, kept = fixed(eigenvalues, latent, beta)
            distortion = sse / 2 + 0.5 * len(eigenvalues) * np.log(2 * np.pi)
            assert f["metrics/rate"][i, 0] == pytest.approx(rate, abs=5e-3)
            assert f["metrics/distortion"][i, 0] == pytest.approx(distortion, abs=5e-3)
            assert f["metrics/distortion"][i, 0] + beta * f["metrics/rate"][i, 0] == pytest.approx(distortion + beta * rate, abs=3e-4)
            assert f["metrics/active_units"][i, 0] == kept


@pytest.mark.parametrize("variance", ["learned", "optimal"])
@pytest.mark.parametrize("eigenvalues,latent,betas", [(LAMBDA, 4, [0.25, 1.0, 1.5, 2.2, 3.6]), (SLOW, 4, [0.5, 1.0, 3.6])])
def test_learned_and_optimal_variance_keep_the_right_dimensions(tmp_path, eigenvalues, latent, betas, variance):
    with train(tmp_path, eigenvalues=eigenvalues, latent=latent, variance=variance, beta=betas) as f:
        for i, beta in enumerate(betas):
            gamma, rate, distortion, kept = learned(eigenvalues, latent, beta)
            assert f["metrics/active_units"][i, 0] == kept, (beta, kept)
            assert f["metrics/variance"][i, 0] == pytest.approx(gamma, rel=1e-2)
            assert f["metrics/rate"][i, 0] == pytest.approx(rate, abs=2e-2)
            assert f["metrics/distortion"][i, 0] == pytest.approx(distortion, abs=2e-2)
            assert f["metrics/distortion"][i, 0] + beta * f["metrics/rate"][i, 0] == pytest.approx(distortion + beta * rate, abs=3e-3)


def test_exact_draws_end_on_the_curve(tmp_path):
    """Sigma points have the posterior's exact moments: nothing is random after the first weights, and rate and distortion are right by themselves."""
    betas = [0.2, 0.7, 2.5]
    study = STUDY.format(eigenvalues=LAMBDA, latent=4, variance="fixed", beta=betas)
    study = study.replace("train: 4096", "train: 64").replace("epochs: 1500, batch: 1024, lr: 1.0e-2", "steps: 6000, batch: 64, lr: 5.0e-2")
    study += "  likelihood.variance: [fixed, learned, optimal]\nobjective: {draw: sigma-points}\n"
    (tmp_path / "study.yaml").write_text(study)
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", ranks=2, timeout=600)
    with h5py.File(tmp_path / "out/study.h5") as f:
        for i, beta in enumerate(f["sweep/objective_beta"]):
            if f["sweep/likelihood_variance"][i] == b"fixed":
                rate, sse, _ = fixed(LAMBDA, 4, beta)
                distortion = sse / 2 + 0.5 * len(LAMBDA) * np.log(2 * np.pi)
            else:
                _, rate, distortion, _ = learned(LAMBDA, 4, beta)
            assert f["metrics/rate"][i, 0] == pytest.approx(rate, abs=1e-4)
            assert f["metrics/distortion"][i, 0] == pytest.approx(distortion, abs=1e-4)


def test_the_theory_above_is_the_published_table():
    assert fixed(LAMBDA, 4, 0.2)[:2] == pytest.approx((3.91202301, 0.95), abs=1e-8)
    assert learned(LAMBDA, 4, 1.5)[:3] == pytest.approx((0.43333333, 1.68589514, 6.00488713), abs=1e-8)
    assert learned(LAMBDA, 4, 3.6)[3] == 0 and learned(LAMBDA, 4, 3.0)[3] == 1


def test_one_conditioned_model_traces_shannons_curve(tmp_path):
    """One gated linear model for every beta; a loss within 0.06 nat of the optimum, which no model is below: its distortion is exact."""
    study = STUDY.format(eigenvalues=LAMBDA, latent=4, variance="fixed", beta="[{range: [0.03, 6]}]")
    study = study.replace("net: linear", "net: mlp, hidden: [16], activation: linear, condition: beta").replace("train: 4096", "train: 8192")
    study = study.replace("epochs: 1500, batch: 1024", "epochs: 400, batch: 512, lanes: 2")
    (tmp_path / "study.yaml").write_text(study + "objective: {grid: [0.05, 0.1, 0.2, 0.3, 0.7, 1.5, 3]}\n")
    betafield("run", tmp_path / "study.yaml", "-o", tmp_path / "out", ranks=2, timeout=600)
    with h5py.File(tmp_path / "out/study.h5") as f:
        for i, beta in enumerate(f["beta_grid"][()]):
            rate, sse, _ = fixed(LAMBDA, 4, beta)
            best = sse / 2 + 0.5 * len(LAMBDA) * np.log(2 * np.pi) + beta * rate
            loss = f["metrics_by_beta/distortion"][0, i, 0] + beta * f["metrics_by_beta/rate"][0, i, 0]
            assert -1e-5 < loss - best < 0.06, (beta, loss - best)
