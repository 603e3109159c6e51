# Writes train-schedules.json: 20 learning rates of each of PyTorch's schedulers, and smoothed cross-entropy losses.
# python test/golden/train-schedules.py   (torch 2.15)
import json, pathlib
import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, ReduceLROnPlateau, SequentialLR, StepLR

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


def warm(optimizer, after, steps=BATCHES):
    warmup = LinearLR(optimizer, start_factor=1 / steps, end_factor=1, total_iters=steps - 1)
    return SequentialLR(optimizer, [warmup, after(optimizer)], milestones=[steps])


def plateau_rates(losses, **options):
    """The rate of each epoch, of which there is one more than losses."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = ReduceLROnPlateau(optimizer, **options)
    out = [LR]
    for loss in losses:
        scheduler.step(loss)
        out.append(optimizer.param_groups[0]["lr"])
    return out


def case(rates, **schedule):
    return dict(schedule=schedule, rates=rates)


cosine = lambda o: CosineAnnealingLR(o, (EPOCHS - 1) * BATCHES, eta_min=1e-4)
steps = lambda o: StepLR(o, 2 * BATCHES, 0.3)
constant = lambda o: ConstantLR(o, factor=1)
cases = [
    case(rates(lambda o: StepLR(o, 2, 0.3), False), kind="step", warmupEpochs=0, everyEpochs=2, factor=0.3),
    case(rates(lambda o: warm(o, steps), True), kind="step", warmupEpochs=1, everyEpochs=2, factor=0.3),
    case(rates(lambda o: warm(o, constant, 6), True), kind="constant", warmupEpochs=1.5),
    case(
        rates(lambda o: CosineAnnealingLR(o, EPOCHS * BATCHES, eta_min=0.001), True),
        kind="cosine",
        warmupEpochs=0,
        finalLr=0.001,
    ),
    case(rates(lambda o: warm(o, cosine), True), kind="cosine", warmupEpochs=1, finalLr=1e-4),
]
# 20 validation losses: falling, flat, within the threshold of the best, equal, rising, falling again
losses = [1, 0.8, 0.8, 0.79, 0.7999, 0.81, 0.9, 0.7, 0.7, 0.69995, 0.7, 0.71, 0.7, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
plateaus = [
    dict(
        schedule=dict(
            kind="plateau", warmupEpochs=0, factor=factor, patience=patience, threshold=threshold,
            cooldownEpochs=cooldown, minLr=low,
        ),
        losses=losses,
        rates=plateau_rates(
            losses, factor=factor, patience=patience, threshold=threshold, cooldown=cooldown, min_lr=low
        ),
    )
    for factor, patience, threshold, cooldown, low in [
        (0.1, 2, 1e-4, 0, 0), (0.5, 1, 1e-4, 2, 0), (0.5, 0, 0.05, 0, 2e-3), (0.1, 10, 1e-4, 0, 0), (0.001, 0, 0, 0, 0)
    ]
]
torch.manual_seed(0)
logits, labels = torch.randn(6, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 2, 1, 0])
smoothed = dict(
    logits=logits.tolist(),
    labels=labels.tolist(),
    smoothing=0.1,
    loss=torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1).item(),
)
golden = dict(epochs=EPOCHS, batchesPerEpoch=BATCHES, lr=LR, cases=cases, plateaus=plateaus, smoothed=smoothed)
pathlib.Path(__file__).with_name("train-schedules.json").write_text(json.dumps(golden, indent=1) + "\n")
