"""Small networks that together use every kernel of the portable engine, in PyTorch float64: logits, loss, all gradients, running
statistics after one step, how far PyTorch's own float32 gradients are off; and three steps of each optimizer. Images and weights come from formulas (again in
test/engine/portable/small-network.ts). Run: python test/golden/engine-kernels.py"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
ACT = {None: lambda x: x, "relu": F.relu, "hardSwish": F.hardswish}


def values(position, shape, kind):
    n = math.prod(shape)
    j = torch.arange(n, dtype=torch.int64)
    u = ((j * 37 + position * 101 + j * j % 29) % 200 - 100).double() / 100
    scale = {"weight": math.sqrt(3 / max(1, math.prod(shape[1:]))), "gamma": 0.5, "beta": 0.5, "mean": 0.5, "var": 0.5}[kind]
    base = {"gamma": 1.25, "var": 1.5}.get(kind, 0)
    return (u * scale + base).float().double().reshape(shape)


def images(count, size, low, high):
    i = torch.arange(count * size * size * 3, dtype=torch.int64)
    return (low + (i * i * 31 + i * 17) % (high - low + 1)).reshape(count, size, size, 3)


class Small:
    """Layers by spec; parameters in order of their making, named as in small-network.ts."""

    def __init__(self, case, dtype=torch.float64):
        self.dtype = dtype
        self.case, self.parameters, self.statistics = case, {}, {}

    def make(self, name, shape, kind):
        table = self.statistics if kind in ("mean", "var") else self.parameters
        if name not in table:
            position = len(self.parameters) + len(self.statistics)
            table[name] = values(position, shape, kind).to(self.dtype)
            if table is self.parameters:
                table[name].requires_grad_(True)
        return table[name]

    def norm(self, x, name):
        c = x.shape[1]
        gamma, beta = self.make(f"{name}.gamma", [c], "gamma"), self.make(f"{name}.beta", [c], "beta")
        mean, var = self.make(f"{name}.mean", [c], "mean"), self.make(f"{name}.var", [c], "var")
        return F.batch_norm(x, mean, var, gamma, beta, training=True, momentum=0.1, eps=self.case["eps"])

    def logits(self, x):
        outputs = []
        for i, layer in enumerate(self.case["layers"]):
            kind, c, k, stride = layer["kind"], x.shape[1], layer.get("kernel", 1), layer.get("stride", 1)
            if kind == "conv":
                x = F.conv2d(x, self.make(f"{i}.conv", [layer["out"], c, k, k], "weight"), stride=stride, padding=k // 2)
            else:
                x = F.conv2d(x, self.make(f"{i}.conv", [c, 1, k, k], "weight"), stride=stride, padding=k // 2, groups=c)
            x = ACT[layer.get("activation")](self.norm(x, f"{i}.norm"))
            if "squeeze" in layer:
                s, bias = layer["squeeze"], layer["squeezeBias"]
                w1 = self.make(f"{i}.fc1", [s, x.shape[1], 1, 1], "weight")
                b1 = self.make(f"{i}.fc1.bias", [s], "beta") if bias else None
                w2 = self.make(f"{i}.fc2", [x.shape[1], s, 1, 1], "weight")
                b2 = self.make(f"{i}.fc2.bias", [x.shape[1]], "beta") if bias else None
                x = x * F.hardsigmoid(F.conv2d(F.relu(F.conv2d(x.mean((2, 3), keepdim=True), w1, b1)), w2, b2))
            if "shortcut" in layer:
                x = x + outputs[layer["shortcut"]]
            outputs.append(x)
        x = x.mean((2, 3))
        hidden, classes = self.case["hidden"], self.case["classes"]
        x = F.linear(x, self.make("hidden", [hidden, x.shape[1]], "weight"), self.make("hidden.bias", [hidden], "beta"))
        x = F.hardswish(x)
        return F.linear(x, self.make("logits", [classes, hidden], "weight"), self.make("logits.bias", [classes], "beta"))

    def loss(self):
        case = self.case
        x = images(case["images"], case["sizePx"], case["low"], case["high"]).permute(0, 3, 1, 2).to(self.dtype) / 255
        x = (x - torch.tensor(case["mean"]).to(self.dtype).view(1, 3, 1, 1)) / 0.25
        logits = self.logits(x)
        targets = F.one_hot(torch.arange(case["images"]) * 2 % case["classes"], case["classes"]).to(self.dtype)
        return logits, -(targets * torch.log_softmax(logits, 1)).sum(1).mean()


def rounded(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def float32_error(case, names, exact):
    """Norm of the error of PyTorch's own float32 gradients, all parameters together."""
    net = Small(case, torch.float32)
    _, loss = net.loss()
    gradients = torch.autograd.grad(loss, [net.parameters[n] for n in names])
    return math.sqrt(sum(((g.double() - e) ** 2).sum().item() for g, e in zip(gradients, exact)))


def golden(case):
    net = Small(case)
    logits, loss = net.loss()
    names = list(net.parameters)
    gradients = torch.autograd.grad(loss, [net.parameters[n] for n in names])
    return {**case, "logits": rounded(logits), "loss": loss.item(),
            "gradients": {n: rounded(g) for n, g in zip(names, gradients)},
            "statistics": {n: rounded(s) for n, s in net.statistics.items()},
            "float32Error": float32_error(case, names, gradients)}


def optimizer_golden(case, kind, settings, make, clip):
    net = Small(case)
    net.loss()  # makes the parameters
    optimizer = make(list(net.parameters.values()))
    for _ in range(3):
        optimizer.zero_grad()
        _, loss = net.loss()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(list(net.parameters.values()), clip)
        optimizer.step()
    return {"optimizer": {"kind": kind, **settings}, "clipNorm": clip, "lr": 0.01, "loss": loss.item(),
            "weights": {n: rounded(p) for n, p in net.parameters.items()}}


plain = {"images": 3, "sizePx": 9, "low": 0, "high": 250, "mean": [0.5, 0.45, 0.4], "eps": 1e-3, "hidden": 12, "classes": 3}
stem = {"kind": "conv", "out": 10, "kernel": 3, "stride": 2, "activation": "hardSwish"}
depthwise = lambda kernel, stride, activation="relu", **more: {"kind": "depthwise", "kernel": kernel, "stride": stride, "activation": activation, **more}
point = lambda out, activation=None, **more: {"kind": "conv", "out": out, "activation": activation, **more}
cases = [
    {**plain, "name": "stem 3 x 3, stride 2, odd size; depthwise 3 x 3", "layers": [stem, depthwise(3, 1), point(9, "relu")]},
    {**plain, "name": "stem 5 x 5, stride 1, even size; depthwise 3 x 3, stride 2", "sizePx": 8,
     "layers": [{**stem, "kernel": 5, "stride": 1, "activation": "relu"}, depthwise(3, 2, "hardSwish"), point(17)]},
    {**plain, "name": "depthwise 5 x 5, stride 1 and 2, odd and even sizes", "sizePx": 10, "images": 5,
     "layers": [{**stem, "stride": 1}, depthwise(5, 1, "hardSwish"), depthwise(5, 2), depthwise(5, 2), point(8, "hardSwish")]},
    {**plain, "name": "squeeze-excite with bias, hidden layer of 5; shortcut", "classes": 11, "images": 4,
     "layers": [stem, point(18, "hardSwish"), depthwise(3, 1, "hardSwish", squeeze=5, squeezeBias=True), point(10, shortcut=0), point(20, "hardSwish")]},
    {**plain, "name": "squeeze-excite without bias; two shortcuts in a row", "images": 2, "sizePx": 8,
     "layers": [stem, point(6), point(12, "relu"), depthwise(5, 1, "relu", squeeze=3, squeezeBias=False), point(6, shortcut=1),
                point(14, "relu"), depthwise(3, 1), point(6, shortcut=4), point(9, "relu")]},
    {**plain, "name": "many rows: products split by rows, everything read on the way", "sizePx": 56,
     "layers": [stem, depthwise(3, 1), point(6, shortcut=None), point(12, "hardSwish"), depthwise(3, 1, "hardSwish", squeeze=4, squeezeBias=True),
                point(6, shortcut=2), point(13, "relu")]},
    {**plain, "name": "depthwise on a projection with shortcut", "sizePx": 8,
     "layers": [stem, point(8), depthwise(3, 1), point(8, shortcut=1), depthwise(3, 1), point(8, shortcut=3), point(9, "relu")]},
    {**plain, "name": "batch-norm over a mean of 1000 deviations", "sizePx": 12, "low": 120, "high": 131, "mean": [-4, -5, -6], "eps": 1e-9,
     "layers": [{**stem, "stride": 1, "kernel": 1, "activation": "relu"}, depthwise(3, 2), point(9, "relu")]},
]
for case in cases:
    for layer in case["layers"]:
        if layer.get("shortcut", 0) is None:
            del layer["shortcut"]

optimizers = [
    ("adam", dict(beta1=0.9, beta2=0.999, eps=1e-8, weightDecay=0.01), lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.01), None),
    ("adamw", dict(beta1=0.8, beta2=0.99, eps=1e-6, weightDecay=0.1), lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1), None),
    ("sgd", dict(momentum=0.9, nesterov=False, weightDecay=0.01), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.01), None),
    ("sgd", dict(momentum=0.9, nesterov=True, weightDecay=0), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True), 0.5),
    ("sgd", dict(momentum=0, nesterov=False, weightDecay=0), lambda p: torch.optim.SGD(p, lr=0.01), None),
    ("rmsprop", dict(alpha=0.9, eps=1e-3, momentum=0.9, weightDecay=0.01), lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3, momentum=0.9, weight_decay=0.01), None),
    ("rmsprop", dict(alpha=0.99, eps=1e-3, momentum=0, weightDecay=0), lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-3), 1.0),
]
tiny = {**plain, "images": 4, "hidden": 6, "layers": [{**stem, "out": 6}, depthwise(3, 1), point(5, "relu")]}
out = {"torch": torch.__version__, "cases": [golden(case) for case in cases],
       "optimizerCase": tiny, "optimizers": [optimizer_golden(tiny, *row) for row in optimizers]}
(HERE / "engine-kernels.json").write_text(json.dumps(out, separators=(",", ":")).replace("},{", "},\n{") + "\n")
