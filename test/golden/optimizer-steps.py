"""Three steps of every optimizer from PyTorch in float64, on the classifier of a small MobileNetV3 with a frozen backbone.
Weights and images are those of model-torch.py. For each parameter, and each moment: its norm and four elements.
Run: python test/golden/optimizer-steps.py   (a few seconds)"""
import json
import pathlib
import types

import torch

HERE = pathlib.Path(__file__).parent
# model-torch.py writes its goldens when it is run: only the part that defines formulas and models is read
model_torch = types.ModuleType("model_torch")
model_torch.__file__ = str(HERE / "model-torch.py")
exec((HERE / "model-torch.py").read_text().split("# ---- the three files ----")[0], model_torch.__dict__)

STEPS, LR = 3, 1e-2
CASE = dict(size="small", widthMult=0.5, imageSizePx=48, batch=4, smoothing=0.1, sampleWeights=None)
ADAM = dict(beta1=0.9, beta2=0.999, eps=1e-8)
OPTIMIZERS = [
    dict(kind="adam", **ADAM, weightDecay=0),
    dict(kind="adam", **ADAM, weightDecay=0.1),
    dict(kind="adam", beta1=0.8, beta2=0.9, eps=1e-2, weightDecay=0),
    dict(kind="adamw", **ADAM, weightDecay=0.1),
    dict(kind="sgd", momentum=0, nesterov=False, weightDecay=0.1),
    dict(kind="sgd", momentum=0.9, nesterov=False, weightDecay=0),
    dict(kind="sgd", momentum=0.9, nesterov=True, weightDecay=0.1),
    dict(kind="rmsprop", alpha=0.99, eps=1e-3, momentum=0, weightDecay=0),
    dict(kind="rmsprop", alpha=0.9, eps=1e-3, momentum=0.9, weightDecay=0.1),
]


def make(o, parameters):
    if o["kind"] in ("adam", "adamw"):
        kind = torch.optim.Adam if o["kind"] == "adam" else torch.optim.AdamW
        return kind(parameters, lr=LR, betas=(o["beta1"], o["beta2"]), eps=o["eps"], weight_decay=o["weightDecay"])
    if o["kind"] == "sgd":
        return torch.optim.SGD(
            parameters, lr=LR, momentum=o["momentum"], nesterov=o["nesterov"], weight_decay=o["weightDecay"]
        )
    return torch.optim.RMSprop(
        parameters, lr=LR, alpha=o["alpha"], eps=o["eps"], momentum=o["momentum"], weight_decay=o["weightDecay"]
    )


def digest(tensor):
    values = tensor.detach().flatten()
    places = [(len(values) - 1) * j // 3 for j in range(4)]
    return [float(f"{v:.9g}") for v in [values.norm().item()] + [values[i].item() for i in places]]


def steps(o, clip):
    model = model_torch.make_model(CASE["size"], CASE["widthMult"]).train()
    model_torch.set_frozen(model, "backbone", "inference")
    named = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimizer, losses = make(o, list(named.values())), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        _, loss = model_torch.loss_of(model, CASE)
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(list(named.values()), clip)
        optimizer.step()
        losses.append(loss.item())
    state = {n: digest(p) for n, p in named.items()}
    for n, p in named.items():
        for slot, value in optimizer.state[p].items():
            if slot != "step" and value is not None:
                state[f"optimizer.{slot}.{n}"] = digest(value)
    return dict(optimizer=o, clipNorm=clip, losses=losses, state=state)


cases = [steps(o, None) for o in OPTIMIZERS] + [steps(OPTIMIZERS[0], 0.5), steps(OPTIMIZERS[4], 0.5)]
text = json.dumps(dict(torch=torch.__version__, steps=STEPS, lr=LR, case=CASE, cases=cases))
(HERE / "optimizer-steps.json").write_text(text.replace('{"optimizer"', '\n{"optimizer"') + "\n")
