"""Reference values for the compare page's statistics: statsmodels' mcnemar and multipletests, scipy's t,
scikit-learn's curves and metrics, and DeLong's test by its definition (double loops) on the paper's own data.

Run: python compare-statistics.py > compare-statistics.json
DeLong, DeLong and Clarke-Pearson 1988: 49 patients with ovarian cancer, of whom 43 have all three scores.
"""
import json
import numpy as np
from scipy import stats
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

OVARIAN = """3.0 5.8 10 0 3.2 6.3 5 1 3.9 6.8 3 1 2.8 4.8 6 0 3.2 5.8 3 1 0.9 4.0 5 0 2.5 5.7 8 0 1.6 5.6 5 1
3.8 5.7 5 1 3.7 6.7 6 1 3.2 5.4 4 1 3.8 6.6 6 1 4.1 6.6 5 1 3.6 5.7 5 1 4.3 7.0 4 1 3.6 6.7 4 0
2.3 4.4 6 1 4.2 7.6 4 0 4.0 6.6 6 0 3.5 5.8 6 1 3.8 6.8 7 1 3.0 4.7 8 0 4.5 7.4 5 1 3.7 7.4 5 1
3.1 6.6 6 1 4.1 8.2 6 1 4.3 7.0 5 1 4.3 6.5 4 1 3.2 5.1 5 1 2.6 4.7 6 1 3.3 6.8 6 0 1.7 4.0 7 0
3.7 6.1 5 1 3.3 6.3 7 1 4.2 7.7 6 1 3.5 6.2 5 1 2.9 5.7 9 0 2.1 4.8 7 1 2.8 6.2 8 0 4.0 7.0 7 1
3.3 5.7 6 1 3.7 6.9 5 1 3.6 6.6 5 1"""


def delong(positive, a, b):
    """DeLong's variance by its definition."""
    psi = lambda x, y: 1.0 if x > y else 0.5 if x == y else 0.0
    parts = []
    for scores in (a, b):
        high, low = scores[positive], scores[~positive]
        kernel = np.array([[psi(x, y) for y in low] for x in high])
        parts.append((kernel.mean(), kernel.mean(axis=1), kernel.mean(axis=0)))
    m, n = positive.sum(), (~positive).sum()
    s = np.cov(parts[0][1], parts[1][1]) / m + np.cov(parts[0][2], parts[1][2]) / n
    se = np.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])
    z = (parts[1][0] - parts[0][0]) / se
    return {"aucA": parts[0][0], "aucB": parts[1][0], "seA": np.sqrt(s[0, 0]), "seB": np.sqrt(s[1, 1]),
            "seDifference": se, "p": 2 * stats.norm.sf(abs(z))}


def mid_p(b, c):
    """statsmodels' exact p less the probability of the observed table."""
    exact = mcnemar([[10, b], [c, 10]], exact=True).pvalue
    if b == c:
        return 1.0
    return exact - stats.binom.pmf(min(b, c), b + c, 0.5)


def ovarian():
    rows = np.array(OVARIAN.split(), float).reshape(-1, 4)
    positive = rows[:, 3] == 0  # would not benefit: low albumin, low protein, high K-G score
    albumin, protein, kg = -rows[:, 0], -rows[:, 1], rows[:, 2]
    return {"positive": positive.tolist(), "albumin": albumin.tolist(), "protein": protein.tolist(), "kg": kg.tolist(),
            "kgAlbumin": delong(positive, kg, albumin), "kgProtein": delong(positive, kg, protein)}


def curves():
    rng = np.random.default_rng(7)
    label = rng.integers(0, 2, 60)
    score = np.round(np.clip(0.5 + 0.25 * (label - 0.5) + rng.normal(0, 0.2, 60), 0.01, 0.99), 2)  # with ties
    fpr, tpr, threshold = metrics.roc_curve(label, score, drop_intermediate=False)
    precision, recall, pr_threshold = metrics.precision_recall_curve(label, score)
    share, mean_score = calibration_curve(label, score, n_bins=10)
    said = (score >= 0.4).astype(int)
    return {"label": label.tolist(), "score": score.tolist(),
            "roc": {"fpr": fpr.tolist(), "tpr": tpr.tolist(), "threshold": threshold[1:].tolist()},
            "pr": {"precision": precision.tolist(), "recall": recall.tolist(), "threshold": pr_threshold.tolist()},
            "auc": metrics.roc_auc_score(label, score), "averagePrecision": metrics.average_precision_score(label, score),
            "calibration": {"share": share.tolist(), "meanScore": mean_score.tolist()},
            "at04": {"accuracy": metrics.accuracy_score(label, said), "precision": metrics.precision_score(label, said),
                     "recall": metrics.recall_score(label, said), "f1": metrics.f1_score(label, said)}}


pairs = [(0, 0), (1, 0), (5, 5), (12, 5), (30, 11), (140, 90), (3, 17)]
p_values = [0.04, 0.001, 0.03, 0.2, 0.011, 0.9]
a, b = [0.81, 0.79, 0.84, 0.80, 0.83], [0.84, 0.80, 0.86, 0.86, 0.84]
t = stats.ttest_rel(b, a)
low, high = t.confidence_interval(0.95)
print(json.dumps({
    "mcnemar": [{"b": x, "c": y, "p": mid_p(x, y)} for x, y in pairs],
    "holm": {"p": p_values, "adjusted": multipletests(p_values, method="holm")[1].tolist()},
    "paired": {"a": a, "b": b, "p": t.pvalue, "low95": low, "high95": high},
    "tQuantiles": [{"df": df, "q": stats.t.ppf(0.975, df)} for df in (1, 2, 4, 9, 30)],
    "ovarian": ovarian(),
    "curves": curves(),
}))
