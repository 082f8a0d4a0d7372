"""Meta-analysis of k sites, all features at once, missing sites allowed.

Arrays are (site, feature) float64; a site without a feature is NaN there. Sums run over
sites in the order given, so callers sort sites by id and equal input gives equal bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDS = 500
HALVINGS = 40


@dataclass(frozen=True)
class Fixed:
    """Inverse-variance mean, Cochran's Q and what follows from it.

    sites: (f,) number of sites with the feature. mean, se: (f,). q, q_p, i2: (f,); NaN
    for fewer than two sites. tau2: (f,) DerSimonian-Laird, truncated at 0.
    """

    sites: NDArray[np.int64]
    mean: Reals
    se: Reals
    q: Reals
    q_p: Reals
    i2: Reals
    tau2: Reals


@dataclass(frozen=True)
class Random:
    """Random-effects mean at a given tau2 with the modified Hartung-Knapp interval.

    mean, se, low, high, predict_low, predict_high: (f,). weight: (site, f), adds up to 1.
    """

    mean: Reals
    se: Reals
    low: Reals
    high: Reals
    predict_low: Reals
    predict_high: Reals
    weight: Reals


def present(y: Reals, v: Reals) -> Flags:
    """(site, feature): a finite estimate with a finite variance above zero."""
    return np.isfinite(y) & np.isfinite(v) & (np.where(np.isfinite(v), v, 0.0) > 0)


def _weights(y: Reals, v: Reals, tau2: Reals) -> tuple[Reals, Reals, Reals, Reals]:
    """Weights 1/(v + tau2), estimates with gaps as 0, sum of weights, weighted mean."""
    here = present(y, v)
    w = np.where(here, 1.0 / (np.where(here, v, 1.0) + tau2), 0.0)
    values = np.where(here, y, 0.0)
    total = w.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (w * values).sum(axis=0) / total
    return w, values, total, mean


def fixed_effect(y: Reals, v: Reals) -> Fixed:
    """Fixed-effect mean, Q, I2 and the DerSimonian-Laird tau2 of every feature.

    Q = sum w (y - mean)^2, I2 = max(0, (Q - df) / Q), tau2 = max(0, (Q - df) / C),
    C = S1 - S2 / S1, w = 1 / v. Source: Cochran 1954; DerSimonian and Laird 1986;
    Higgins and Thompson 2002.
    """
    from scipy.special import chdtrc

    sites = present(y, v).sum(axis=0).astype(np.int64)
    w, values, total, mean = _weights(y, v, np.zeros(y.shape[1]))
    gap = np.where(w > 0, values - mean, 0.0)
    df = sites - 1.0
    several = sites > 1
    q = np.where(several, (w * gap * gap).sum(axis=0), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        i2 = np.where(q > 0, np.maximum(0.0, (q - df) / q), np.where(several, 0.0, np.nan))
        scale = total - (w * w).sum(axis=0) / total
        tau2 = np.where(several, np.maximum(0.0, (q - df) / scale), np.nan)
        se = 1.0 / np.sqrt(total)
        q_p = np.where(several, chdtrc(np.where(several, df, 1.0), q), np.nan)
    return Fixed(sites, mean, se, q, q_p, i2, tau2)


def restricted_likelihood(y: Reals, v: Reals, tau2: Reals) -> Reals:
    """Restricted log-likelihood of every feature at tau2, up to a constant.

    -(sum log(v + tau2) + log S1 + sum w (y - mean)^2) / 2.
    """
    w, values, total, mean = _weights(y, v, tau2)
    here = w > 0
    gap = np.where(here, values - mean, 0.0)
    logs = np.where(here, np.log(np.where(here, w, 1.0)), 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(0.5 * (logs - np.log(total) - (w * gap * gap).sum(axis=0)))


def reml_tau2(y: Reals, v: Reals, start: Reals) -> tuple[Reals, Flags]:
    """Between-site variance by restricted maximum likelihood, and whether it settled.

    Fisher scoring from `start` (DerSimonian-Laird), the step halved until the restricted
    likelihood does not fall, truncated at 0 and compared with the likelihood at 0.
    score = (-(S1 - S2/S1) + sum w^2 (y - mean)^2) / 2,
    info = (S2 - 2 S3/S1 + (S2/S1)^2) / 2. NaN for features with fewer than two sites.
    Source: Viechtbauer 2005, J. Educ. Behav. Stat. 30:261.
    """
    features = y.shape[1]
    tau2 = np.where(np.isfinite(start), start, 0.0)
    several = present(y, v).sum(axis=0) > 1
    active = np.flatnonzero(several)
    settled = ~several
    for _ in range(ROUNDS):
        if active.size == 0:
            break
        ya, va, old = y[:, active], v[:, active], tau2[active]
        score, info = _score(ya, va, old)
        step = score / info
        here = restricted_likelihood(ya, va, old)
        new = np.maximum(0.0, old + step)
        for _ in range(HALVINGS):
            worse = restricted_likelihood(ya, va, new) < here
            if not worse.any():
                break
            step = np.where(worse, step / 2, step)
            new = np.where(worse, np.maximum(0.0, old + step), new)
        else:
            new = np.where(restricted_likelihood(ya, va, new) < here, old, new)
        tau2[active] = new
        still = np.abs(new - old) > 1e-12 * (new + _typical(va))
        settled[active[~still]] = True
        active = active[still]
    zero = np.zeros(features)
    at_zero = restricted_likelihood(y, v, zero) >= restricted_likelihood(y, v, tau2)
    tau2 = np.where(at_zero, 0.0, tau2)
    return np.where(several, tau2, np.nan), settled


def _typical(v: Reals) -> Reals:
    """A scale for tau2: the smallest variance of each feature."""
    return np.asarray(np.nanmin(np.where(v > 0, v, np.nan), axis=0))


def _score(y: Reals, v: Reals, tau2: Reals) -> tuple[Reals, Reals]:
    w, values, s1, mean = _weights(y, v, tau2)
    gap = np.where(w > 0, values - mean, 0.0)
    s2, s3 = (w**2).sum(axis=0), (w**3).sum(axis=0)
    score = 0.5 * (-(s1 - s2 / s1) + (w * w * gap * gap).sum(axis=0))
    info = 0.5 * (s2 - 2 * s3 / s1 + (s2 / s1) ** 2)
    return np.asarray(score), np.asarray(info)


def random_effects(y: Reals, v: Reals, tau2: Reals, level: float = 0.95) -> Random:
    """Mean, modified Hartung-Knapp interval and prediction interval at tau2.

    se^2 = max(1, q) / S1, q = sum w (y - mean)^2 / (k - 1), t with k - 1 degrees of
    freedom (Roever, Knapp and Friede 2015); prediction: mean +- t(k - 2)
    sqrt(tau2 + se^2) for k >= 3 (Higgins, Thompson and Spiegelhalter 2009). One site:
    its own value with a normal interval, no prediction.
    """
    from scipy.special import ndtri, stdtrit

    k = present(y, v).sum(axis=0)
    between = np.where(np.isfinite(tau2), tau2, 0.0)
    w, values, total, mean = _weights(y, v, between)
    gap = np.where(w > 0, values - mean, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        q = np.where(k > 1, (w * gap * gap).sum(axis=0) / np.maximum(k - 1, 1), 1.0)
        se = np.sqrt(np.maximum(1.0, q) / total)
        weight = w / total
    upper = 0.5 + level / 2
    t = np.where(k > 1, stdtrit(np.maximum(k - 1, 1), upper), ndtri(upper))
    spread = np.sqrt(between + se**2)
    t_predict = np.where(k > 2, stdtrit(np.maximum(k - 2, 1), upper), np.nan)
    return Random(
        mean,
        se,
        mean - t * se,
        mean + t * se,
        mean - t_predict * spread,
        mean + t_predict * spread,
        weight,
    )


def tau2_interval(y: Reals, v: Reals, level: float = 0.95) -> tuple[Reals, Reals]:
    """Q-profile interval of tau2 by bisection, (f,) each; NaN for fewer than three sites.

    Q(tau2) falls in tau2; the bounds are where it meets the chi-square quantiles of
    k - 1 degrees of freedom. Source: Viechtbauer 2007, Stat. Med. 26:37.
    """
    from scipy.special import chdtri

    k = present(y, v).sum(axis=0)
    df = np.maximum(k - 1, 1).astype(np.float64)
    tail = (1 - level) / 2
    bounds = [_q_root(y, v, chdtri(df, p)) for p in (tail, 1 - tail)]
    return np.where(k > 2, bounds[0], np.nan), np.where(k > 2, bounds[1], np.nan)


def _generalised_q(y: Reals, v: Reals, tau2: Reals) -> Reals:
    w, values, _, mean = _weights(y, v, tau2)
    gap = np.where(w > 0, values - mean, 0.0)
    return np.asarray((w * gap * gap).sum(axis=0))


def _q_root(y: Reals, v: Reals, target: Reals) -> Reals:
    low = np.zeros(y.shape[1])
    here = present(y, v)
    high = np.where(here, v, 0.0).max(axis=0, initial=0.0) + 1e-300
    for _ in range(2000):
        above = _generalised_q(y, v, high) > target
        if not above.any():
            break
        high = np.where(above, high * 2, high)
    for _ in range(200):
        middle = (low + high) / 2
        above = _generalised_q(y, v, middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(_generalised_q(y, v, np.zeros(y.shape[1])) > target, (low + high) / 2, 0.0)


def leave_one_out(y: Reals, v: Reals) -> Reals:
    """DerSimonian-Laird mean without each site in turn, (site, feature).

    Closed form of the sums without one site for tau2; NaN where the site has no value or
    no other site has one.
    """
    here = present(y, v)
    w = np.where(here, 1.0 / np.where(here, v, 1.0), 0.0)
    values = np.where(here, y, 0.0)
    k = here.sum(axis=0) - here
    # about the fixed mean, so that the sums of squares do not cancel
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (w * values).sum(axis=0) / w.sum(axis=0)
        gap = np.where(here, values - centre, 0.0)
        s1, s2 = w.sum(axis=0) - w, (w * w).sum(axis=0) - w * w
        sy, syy = (w * gap).sum(axis=0) - w * gap, (w * gap * gap).sum(axis=0) - w * gap * gap
        q = np.maximum(syy - sy * sy / s1, 0.0)
        tau2 = np.where(k > 1, np.maximum(0.0, (q - (k - 1)) / (s1 - s2 / s1)), 0.0)
    out = np.full(y.shape, np.nan)
    for site in range(y.shape[0]):
        others = np.arange(y.shape[0]) != site
        weight = np.where(
            here[others], 1.0 / (np.where(here[others], v[others], 1.0) + tau2[site]), 0.0
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (weight * gap[others]).sum(axis=0) / weight.sum(axis=0) + centre
        out[site] = np.where(here[site] & (k[site] > 0), mean, np.nan)
    return out


def benjamini_hochberg(p: Reals) -> Reals:
    """Adjusted p-values (false discovery rate); NaN stays NaN and is not counted.

    Source: Benjamini and Hochberg 1995.
    """
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if known.size == 0:
        return out
    order = known[np.argsort(p[known], kind="stable")]
    ranks = np.arange(1, known.size + 1)
    scaled = p[order] * known.size / ranks
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out
