# Writes class-weights.json: scikit-learn's balanced class weights, and PyTorch's CrossEntropyLoss with class weights and smoothing.
# python test/golden/class-weights.py   (torch 2.15, scikit-learn 1.9)
import json, pathlib
import numpy, torch
from sklearn.utils.class_weight import compute_class_weight

torch.manual_seed(0)
labels = torch.tensor([0, 1, 2, 2, 1, 0, 0, 0, 2, 0])
logits = torch.randn(len(labels), 3, dtype=torch.float64) * 2
balanced = compute_class_weight("balanced", classes=numpy.arange(3), y=labels.numpy())


def loss(weights, smoothing):
    criterion = torch.nn.CrossEntropyLoss(torch.tensor(weights, dtype=torch.float64), label_smoothing=smoothing)
    return dict(weights=weights, smoothing=smoothing, loss=criterion(logits, labels).item())


losses = [loss([1.0, 3.0, 0.5], 0), loss([1.0, 3.0, 0.5], 0.1), loss(balanced.tolist(), 0.2)]
golden = dict(labels=labels.tolist(), balanced=balanced.tolist(), logits=logits.tolist(), losses=losses)
pathlib.Path(__file__).with_name("class-weights.json").write_text(json.dumps(golden, indent=1) + "\n")
