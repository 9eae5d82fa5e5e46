# SPDX-License-Identifier: GPL-2.0-or-later
"""The statistics of the comparison.

A run that found nothing in its budget is censored there. Survival curves are Kaplan and Meier's. The
restricted mean survival time is the area below one, up to the budget, with an interval by drawing
bugs anew. Ops to the first failure are compared by Mann and Whitney's U in Gehan's form: a run
that was cut off counts as more than all found before it. The test
is exact. A12 is the part of pairs of runs in which ours needs fewer; half of the undecided
pairs count.
"""

import math
import statistics

import numpy
from statsmodels.duration.survfunc import SurvfuncRight

RESAMPLES, RESAMPLE_SEED = 2000, 20111


def restricted(run, budget):
    return min(run["seconds"], budget) if run["found"] else budget


def survival(runs, budget):
    """(area below the curve up to the budget, the curve as [t, survival, low, high])."""
    times = [restricted(run, budget) for run in runs]
    found = [int(run["found"]) for run in runs]
    curve, area, last, value = [[0.0, 1.0, 1.0, 1.0]], 0.0, 0.0, 1.0
    if any(found):
        fit = SurvfuncRight(times, found)
        for t, p, error in zip(fit.surv_times, fit.surv_prob, fit.surv_prob_se):
            area += value * (t - last)
            last, value = t, p
            error = 0.0 if math.isnan(error) else 1.96 * error
            curve.append([round(float(t), 4), round(float(p), 5), round(max(0.0, p - error), 5),
                          round(min(1.0, p + error), 5)])
    area += value * (budget - last)
    curve.append([budget, *curve[-1][1:]])
    return area, thinned(curve)


def thinned(curve, most=150):
    step = max(1, math.ceil(len(curve) / most))
    return curve[:1] + curve[1:-1][step - 1::step] + curve[-1:]


def interval(by_bug, budget):
    """Of the restricted mean, 95 %: bugs drawn anew. All censoring is at the budget, so the area
    below a curve is the mean of the values restricted to the budget."""
    means = numpy.array([statistics.mean(restricted(run, budget) for run in runs) for runs in by_bug])
    draws = numpy.random.default_rng(RESAMPLE_SEED).integers(0, len(means), (RESAMPLES, len(means)))
    low, high = numpy.percentile(means[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def ratio_interval(ours, theirs, budget):
    """Of RMST of a peer by ours, over the bugs that both were run on: (ratio, low, high)."""
    means = numpy.array([[statistics.mean(restricted(run, budget) for run in runs) for runs in pair]
                         for pair in zip(ours, theirs)])
    draws = numpy.random.default_rng(RESAMPLE_SEED).integers(0, len(means), (RESAMPLES, len(means)))
    drawn = means[draws].mean(axis=1)
    low, high = numpy.percentile(drawn[:, 1] / drawn[:, 0], [2.5, 97.5])
    total = means.mean(axis=0)
    return float(total[1] / total[0]), float(low), float(high)


# ---- p2mcheck and a peer ----

def known_order(one, other):
    """Of (value, found) each: -1 if the one is known to be less, 1 if it is more, 0 if it is unknown."""
    if one[1] and (one[0] < other[0] or (one[0] == other[0] and not other[1])):
        return -1
    if other[1] and (other[0] < one[0] or (one[0] == other[0] and not one[1])):
        return 1
    return 0


def sums_of_scores(scores, chosen):
    """The number of choices of `chosen` scores for each sum: (counts, the sum of the first)."""
    reach = sum(sorted(abs(score) for score in scores)[-chosen:])
    counts = numpy.zeros((chosen + 1, 2 * reach + 1))
    counts[0, reach] = 1
    for score in scores:
        shifted = numpy.roll(counts[:-1], score, axis=1)
        if score > 0:
            shifted[:, :score] = 0
        elif score:
            shifted[:, score:] = 0
        counts[1:] += shifted
    return counts[chosen], -reach


def against(ours, theirs, name):
    """(A12: ours is less, exact two-sided p) of the field `name` of the runs."""
    a, b = ([(run[name], run["found"]) for run in runs] for runs in (ours, theirs))
    orders = [known_order(one, other) for one in a for other in b]
    a12 = 0.5 - sum(orders) / (2 * len(orders))
    scores = [sum(known_order(one, other) for other in a + b) for one in a + b]
    counts, first = sums_of_scores(scores, len(a))
    beyond = numpy.abs(numpy.arange(first, first + len(counts))) >= abs(sum(scores[:len(a)]))
    return a12, float(counts[beyond].sum() / counts.sum())
