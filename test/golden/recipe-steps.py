"""Twenty steps of training recipes from PyTorch in float64, on the classifier of a small MobileNetV3 with a frozen backbone:
every optimizer, schedule, class weights, label smoothing, clipping, and moving averages (torch.optim.swa_utils).
Weights and images are those of model-torch.py. For each trained parameter, moment and average: its norm and four elements.
Run: python test/golden/recipe-steps.py   (torch 2.15; half a minute)"""
import json
import pathlib
import types

import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

HERE = pathlib.Path(__file__).parent
# model-torch.py writes its goldens when it is run: only the part that defines formulas and models is read
model_torch = types.ModuleType("model_torch")
model_torch.__file__ = str(HERE / "model-torch.py")
exec((HERE / "model-torch.py").read_text().split("# ---- the three files ----")[0], model_torch.__dict__)

EPOCHS, BATCHES = 5, 4  # 20 steps
SIZE, WIDTH, SIZE_PX, BATCH = "small", 0.5, 48, 4
# validation losses after each epoch, for reduce-on-plateau
LOSSES = [1.0, 0.9, 0.9, 0.95, 0.8]


def optimizer_of(o, lr, parameters):
    if o["kind"] in ("adam", "adamw"):
        kind = torch.optim.Adam if o["kind"] == "adam" else torch.optim.AdamW
        return kind(parameters, lr=lr, betas=(o["beta1"], o["beta2"]), eps=o["eps"], weight_decay=o["weightDecay"])
    if o["kind"] == "sgd":
        return torch.optim.SGD(
            parameters, lr=lr, momentum=o["momentum"], nesterov=o["nesterov"], weight_decay=o["weightDecay"]
        )
    return torch.optim.RMSprop(
        parameters, lr=lr, alpha=o["alpha"], eps=o["eps"], momentum=o["momentum"], weight_decay=o["weightDecay"]
    )


def scheduler_of(s, optimizer):
    """A scheduler and whether it is stepped after each batch, instead of after each epoch."""
    warmup = round(s["warmupEpochs"] * BATCHES)
    if s["kind"] == "plateau":
        return lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=s["factor"], patience=s["patience"], threshold=s["threshold"],
            cooldown=s["cooldownEpochs"], min_lr=s["minLr"],
        )
    after = {
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, factor=1),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * BATCHES - warmup, eta_min=s.get("finalLr", 0)),
        "step": lambda: lr_scheduler.StepLR(optimizer, s.get("everyEpochs", 1) * BATCHES, s.get("factor", 0.1)),
    }[s["kind"]]
    if warmup == 0:
        return after()
    rise = lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, end_factor=1, total_iters=warmup - 1)
    return lr_scheduler.SequentialLR(optimizer, [rise, after()], milestones=[warmup])


def digest(tensor):
    values = tensor.detach().flatten()
    places = [(len(values) - 1) * j // 3 for j in range(4)]
    return [float(f"{v:.9g}") for v in [values.norm().item()] + [values[i].item() for i in places]]


def steps(name, optimizer, lr=1e-3, schedule=None, smoothing=0, classWeights=None, clipNorm=None, emaDecay=None, frozen="inference"):
    schedule = dict(kind="constant", warmupEpochs=0) if schedule is None else schedule
    recipe = dict(
        optimizer=optimizer, lr=lr, schedule=schedule, labelSmoothing=smoothing, classWeights=classWeights,
        clipNorm=clipNorm, emaDecay=emaDecay, frozenBatchNorm=frozen,
    )
    model = model_torch.make_model(SIZE, WIDTH).train()
    model_torch.set_frozen(model, "backbone", frozen)
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    rule = optimizer_of(optimizer, lr, list(named.values()))
    scheduler = scheduler_of(schedule, rule)
    weight = None if classWeights is None else torch.tensor(classWeights, dtype=torch.float64)
    criterion = torch.nn.CrossEntropyLoss(weight, label_smoothing=smoothing)
    average = None
    if emaDecay is not None:
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(emaDecay), use_buffers=True)
        average.update_parameters(model)  # begins at the initial weights
    images = model_torch.normalised(model_torch.formula_images(BATCH, SIZE_PX))
    labels = torch.arange(BATCH) % model_torch.CLASSES
    losses = []
    for epoch in range(EPOCHS):
        for _ in range(BATCHES):
            rule.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            if clipNorm is not None:
                torch.nn.utils.clip_grad_norm_(list(named.values()), clipNorm)
            rule.step()
            losses.append(loss.item())
            if average is not None:
                average.update_parameters(model)
            if schedule["kind"] != "plateau":
                scheduler.step()
        if schedule["kind"] == "plateau":
            scheduler.step(LOSSES[epoch])
    state = {n: digest(p) for n, p in named.items()}
    for n, p in named.items():
        for slot, value in rule.state[p].items():
            if slot != "step" and value is not None:
                state[f"optimizer.{slot}.{n}"] = digest(value)
    if average is not None:
        kept = [n for n in average.module.state_dict() if n in named or n.endswith(("running_mean", "running_var"))]
        state |= {f"ema.{n}": digest(average.module.state_dict()[n]) for n in kept}
    return dict(name=name, recipe=recipe, losses=losses, state=state)


adam = dict(kind="adam", beta1=0.9, beta2=0.999, eps=1e-8, weightDecay=0)
adamw = dict(adam, kind="adamw", weightDecay=0.1)
sgd = dict(kind="sgd", momentum=0.9, nesterov=False, weightDecay=0)
nesterov = dict(kind="sgd", momentum=0.9, nesterov=True, weightDecay=0.1)
rmsprop = dict(kind="rmsprop", alpha=0.9, eps=1e-3, momentum=0.9, weightDecay=0.01)
cosine = dict(kind="cosine", warmupEpochs=1, finalLr=1e-5)
every = dict(kind="step", warmupEpochs=0, everyEpochs=2, factor=0.3)
warm = dict(kind="constant", warmupEpochs=2.5)
plateau = dict(kind="plateau", warmupEpochs=0, factor=0.2, patience=0, threshold=1e-4, cooldownEpochs=0, minLr=0)
cases = [
    steps("Adam", adam),
    steps("AdamW, warm-up and cosine", adamw, schedule=cosine),
    steps("SGD with Nesterov momentum and weight decay, by steps", nesterov, schedule=every),
    steps("RMSprop, reduced on plateaus", rmsprop, lr=1e-4, schedule=plateau),
    steps("SGD, warm-up, gradients clipped", sgd, schedule=warm, clipNorm=0.3),
    steps("Adam, weight decay, label smoothing", dict(adam, weightDecay=0.1), smoothing=0.1),
    steps("Adam, class weights", adam, classWeights=[0.5, 2, 1]),
    steps("Adam, class weights, label smoothing, clipped", adam, smoothing=0.2, classWeights=[0.5, 2, 1], clipNorm=1),
    steps("Adam, moving average", adam, emaDecay=0.9),
    steps("SGD, moving average, updated batch-norm statistics", sgd, emaDecay=0.95, frozen="update"),
]
golden = dict(
    torch=torch.__version__, size=SIZE, widthMult=WIDTH, imageSizePx=SIZE_PX, batch=BATCH, epochs=EPOCHS,
    batchesPerEpoch=BATCHES, valLosses=LOSSES, cases=cases,
)
(HERE / "recipe-steps.json").write_text(json.dumps(golden).replace('{"name"', '\n{"name"') + "\n")
