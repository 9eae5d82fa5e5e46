# SPDX-License-Identifier: GPL-2.0-or-later
"""The statistics of bench-against: estimates with intervals, and the verdict better, worse, or neither."""

import math
import random
import statistics

RESAMPLES = 4000


def signed_rank_counts(n):
    """The number of the 2^n assignments of signs to the ranks 1..n whose positive ones sum to w."""
    counts = [1]
    for rank in range(1, n + 1):
        grown = [0] * (len(counts) + rank)
        for total, number in enumerate(counts):
            grown[total] += number
            grown[total + rank] += number
        counts = grown
    return counts


def cut(n, level):
    """The number of ordered means of pairs outside the interval at either end; -1: n is too small."""
    limit, total, outside = (1 - level) / 2 * 2 ** n, 0, -1
    for number in signed_rank_counts(n):
        total += number
        if total > limit:
            break
        outside += 1
    return outside


def hodges_lehmann(values, level):
    """The middle of the means of all pairs, and its interval by the signed-rank test: exact for any symmetric noise."""
    means = sorted((a + b) / 2 for i, a in enumerate(values) for b in values[i:])
    outside = cut(len(values), level)
    return statistics.median(means), means[outside], means[-1 - outside]


def difference_of_means(groups, level, seed=1):
    """
    `groups`: (values of the one, values of the other) for each bug. The mean over the bugs of the
    difference of the means, with an interval by bootstrap: each bug's runs are drawn anew, with the
    spread corrected for their small number.
    """
    source = random.Random(seed)
    estimate = statistics.fmean(statistics.fmean(a) - statistics.fmean(b) for a, b in groups)
    spreads = []
    for sides in groups:
        for sign, values in zip((1, -1), sides):
            mean, n = statistics.fmean(values), len(values)
            scale = sign * math.sqrt(n / (n - 1)) / n / len(groups)
            spreads.append([(value - mean) * scale for value in values])
    drawn = sorted(sum(sum(source.choices(spread, k=len(spread))) for spread in spreads) for _ in range(RESAMPLES))
    tail = int((1 - level) / 2 * RESAMPLES)
    return estimate, estimate - drawn[-1 - tail], estimate - drawn[tail]


def verdict(low, high, margin):
    """The verdict on an interval of logarithms; above 0 is faster."""
    edge = math.log(1 + margin)
    return "better" if low > edge else "WORSE" if high < -edge else "no difference"


