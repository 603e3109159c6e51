# Writes train-schedules.json: learning rates of PyTorch's schedulers, and smoothed cross-entropy losses.
# python test/golden/train-schedules.py   (torch 2.15)
import json, pathlib
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR, StepLR

EPOCHS, BATCHES, LR = 5, 4, 0.01


def rates(make, every_batch):
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64, requires_grad=True)], lr=LR)
    scheduler = make(optimizer)
    out = []
    for _ in range(EPOCHS):
        for _ in range(BATCHES):
            out.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if every_batch:
                scheduler.step()
        if not every_batch:
            scheduler.step()
    return out


def warm(optimizer):
    warmup = LinearLR(optimizer, start_factor=1 / BATCHES, end_factor=1, total_iters=BATCHES - 1)
    return SequentialLR(
        optimizer, [warmup, CosineAnnealingLR(optimizer, (EPOCHS - 1) * BATCHES, eta_min=1e-4)], milestones=[BATCHES]
    )


cases = [
    dict(schedule=dict(kind="step", everyEpochs=2, factor=0.3), rates=rates(lambda o: StepLR(o, 2, 0.3), False)),
    dict(
        schedule=dict(kind="cosine", warmupEpochs=0, finalLr=0.001),
        rates=rates(lambda o: CosineAnnealingLR(o, EPOCHS * BATCHES, eta_min=0.001), True),
    ),
    dict(schedule=dict(kind="cosine", warmupEpochs=1, finalLr=1e-4), rates=rates(warm, True)),
]
torch.manual_seed(0)
logits, labels = torch.randn(6, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 2, 1, 0])
smoothed = dict(
    logits=logits.tolist(),
    labels=labels.tolist(),
    smoothing=0.1,
    loss=torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1).item(),
)
golden = dict(epochs=EPOCHS, batchesPerEpoch=BATCHES, lr=LR, cases=cases, smoothed=smoothed)
pathlib.Path(__file__).with_name("train-schedules.json").write_text(json.dumps(golden, indent=1) + "\n")
