# Writes metrics-scikit.json: random and degenerate predictions with scikit-learn's scores, undefined ones as null.
# python test/golden/metrics-scikit.py   (scikit-learn 1.9.1, numpy; the expected calibration error by the formula of Guo et al.)
import json, pathlib, warnings
import numpy as np
from scipy.special import log_softmax, softmax
from sklearn import metrics as M

warnings.filterwarnings("ignore")
rng = np.random.default_rng(0)
NAN = float("nan")


def or_nan(score, *args, **kwargs):
    try:
        return float(score(*args, **kwargs))
    except ValueError:
        return NAN


def ece(probabilities, labels, bins=15):
    confidence, predicted = probabilities.max(1), probabilities.argmax(1)
    bin_of = np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    return sum(
        (bin_of == b).mean() * abs((predicted == labels)[bin_of == b].mean() - confidence[bin_of == b].mean())
        for b in range(bins)
        if (bin_of == b).any()
    )


def sensitivity_at(specificity, positive, scores):
    fpr, tpr, _ = M.roc_curve(positive, scores, drop_intermediate=False)
    return float(tpr[1 - fpr >= specificity].max())


def one_class(labels, predicted, probabilities, k):
    positive, scores = labels == k, probabilities[:, k]
    kw = dict(labels=[True], average=None, zero_division=NAN)
    p, r, f, _ = M.precision_recall_fscore_support(positive, predicted == k, **kw)
    both = positive.any() and not positive.all()
    return dict(
        support=int(positive.sum()),
        precision=p[0],
        recall=r[0],
        f1=f[0],
        auc=M.roc_auc_score(positive, scores) if both else NAN,
        averagePrecision=M.average_precision_score(positive, scores) if positive.any() else NAN,
        sensitivityAtSpecificity=sensitivity_at(0.9, positive, scores) if both else NAN,
    )


def averaged(labels, predicted, classes, average):
    kw = dict(labels=range(classes), average=average, zero_division=NAN)
    return dict(zip(["precision", "recall", "f1"], M.precision_recall_fscore_support(labels, predicted, **kw)[:3]))


def mean_auc(per_class, average):
    defined = [c for c in per_class if not np.isnan(c["auc"])]
    weights = [c["support"] if average == "weighted" else 1 for c in defined]
    return np.average([c["auc"] for c in defined], weights=weights) if sum(weights) else NAN


def measure(name, labels, logits):
    labels, logits = np.array(labels), np.array(logits, np.float32).astype(float)
    n, classes = logits.shape
    probabilities = softmax(logits, axis=1)
    predicted = logits.argmax(1)
    confusion = M.confusion_matrix(labels, predicted, labels=range(classes))
    per_class = [one_class(labels, predicted, probabilities, k) for k in range(classes)]
    one_label = len(set(labels)) == 1 or len(set(predicted)) == 1
    return dict(
        name=name,
        labels=labels.tolist(),
        logits=logits.tolist(),
        loss=-log_softmax(logits, axis=1)[range(n), labels].mean(),
        probabilities=probabilities.tolist(),
        confusion=confusion.tolist(),
        accuracy=M.accuracy_score(labels, predicted),
        perClass=per_class,
        macro=dict(averaged(labels, predicted, classes, "macro"), auc=mean_auc(per_class, "macro")),
        weighted=dict(averaged(labels, predicted, classes, "weighted"), auc=mean_auc(per_class, "weighted")),
        balancedAccuracy=M.balanced_accuracy_score(labels, predicted),
        matthewsCorrelation=NAN if one_label else M.matthews_corrcoef(labels, predicted),  # scikit-learn says 0 there
        cohensKappa=or_nan(M.cohen_kappa_score, labels, predicted, labels=range(classes)),
        brier=M.brier_score_loss(labels, probabilities, labels=range(classes)),
        expectedCalibrationError=ece(probabilities, labels),
    )


def noisy(labels, classes, signal, decimals=3):
    return np.round(signal * np.eye(classes)[labels] + rng.normal(size=(len(labels), classes)), decimals)


def random_case(classes, n, signal, decimals=3):
    labels = rng.integers(0, classes, n)
    return labels, noisy(labels, classes, signal, decimals)


cases = [measure(f"{k} classes, {n} samples", *random_case(k, n, 1.0)) for k, n in [(2, 40), (3, 60), (5, 50)]]
cases += [measure(f"ties, {k} classes", *random_case(k, 50, 1.0, decimals=0)) for k in (2, 3)]
two, three = np.array([0, 1] * 8), np.array([0, 1, 2] * 6)
never_predicted = noisy(three, 3, 1.0) - [0, 0, 50]
never_present = np.array([0, 1] * 10)
cases += [
    measure("a class never predicted", three, never_predicted),
    measure("a class never present", never_present, noisy(never_present, 3, 1.0)),
    measure("a class neither present nor predicted", never_present, noisy(never_present, 3, 1.0) - [0, 0, 50]),
    measure("positives never predicted", two, noisy(two, 2, 1.0) - [0, 50]),
    measure("one class only, all right", [1] * 8, noisy([1] * 8, 2, 20.0)),
    measure("one class only, some right", [1] * 8, noisy([1] * 8, 2, 0.0)),
    measure("no sample of the positive class", [0] * 8, noisy([0] * 8, 2, 1.0)),
    measure("all scores tied", two, np.zeros((16, 2))),
    measure("perfect", two, noisy(two, 2, 30.0)),
    measure("all wrong", two, noisy(1 - two, 2, 30.0)),
    measure("extreme logits", two, noisy(two, 2, 3000.0)),
    measure("one sample", [0], [[0.5, -0.5]]),
]


def with_null(value):
    if isinstance(value, dict):
        return {key: with_null(v) for key, v in value.items()}
    if isinstance(value, list):
        return [with_null(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return value


pathlib.Path(__file__).with_name("metrics-scikit.json").write_text(
    "[\n" + ",\n".join(json.dumps(with_null(case)) for case in cases) + "\n]\n"
)
