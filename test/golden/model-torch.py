"""Reference logits, losses, gradients and moving statistics of MobileNetV3 from torchvision in float64.
Weights and images come from formulas (below, and again in test/model/formula-state.ts), so that no weights are stored.
Run: python test/golden/model-torch.py   (torchvision 0.20 or later; about a minute)"""
import json
import math
import pathlib

import numpy
import torch
import torchvision
from torch import nn
from torchvision.models.mobilenetv3 import (
    InvertedResidual,
    InvertedResidualConfig,
    MobileNetV3,
    SElayer,
    _mobilenet_v3_conf,
)

CLASSES = 3
EPS, MOMENTUM = 1e-3, 0.1
MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(1, 3, 1, 1)
HERE = pathlib.Path(__file__).parent


# ---- formulas: uint32 arithmetic and float64 until the cast to float32 ----
def mix(x):
    """MurmurHash3's finaliser (Appleby), on uint32 arrays."""
    x = x.astype(numpy.uint32)
    x ^= x >> numpy.uint32(16)
    x *= numpy.uint32(0x85EBCA6B)
    x ^= x >> numpy.uint32(13)
    x *= numpy.uint32(0xC2B2AE35)
    return x ^ (x >> numpy.uint32(16))


def uniform(seed, count):
    """count numbers in [-1, 1), multiples of 2^-23."""
    index = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(seed * 0x9E3779B9)
    return (mix(index & numpy.uint64(0xFFFFFFFF)) >> numpy.uint32(8)).astype(numpy.float64) / 2**23 - 1


def formula_values(position, name, shape):
    """The parameter at `position` (from 0) of the state_dict without num_batches_tracked."""
    u = uniform(position + 1, math.prod(shape))
    if len(shape) > 1:  # convolution or dense: variance 2 / fan-in
        return u * math.sqrt(6 / math.prod(shape[1:]))
    if name.endswith("running_var"):
        return 2.25 * (1 + u / 2)  # neither fades nor explodes in inference mode
    if name.endswith(".1.weight"):  # batch-norm
        return 1.25 + u / 2
    return u / 2  # biases, running means


def formula_state(model):
    names = [n for n in model.state_dict() if not n.endswith("num_batches_tracked")]
    state = {}
    for position, name in enumerate(names):
        shape = tuple(model.state_dict()[name].shape)
        values = formula_values(position, name, shape).astype(numpy.float32).reshape(shape)
        state[name] = torch.from_numpy(values).double()
    return state


def formula_images(batch, size):
    """uint8 [B, H, W, 3]: squares of 16 px under finer noise."""
    b, y, x, c = numpy.meshgrid(*[numpy.arange(n) for n in (batch, size, size, 3)], indexing="ij")
    coarse = mix(((b * 3 + c) * 64 + (y >> 4)) * 64 + (x >> 4) + 1) >> numpy.uint32(24)
    fine = mix(((b * 3 + c) * 1024 + y) * 1024 + x + 0x40000000) >> numpy.uint32(26)
    return ((coarse * 3 >> 2) + fine).astype(numpy.uint8)


def formula_targets(batch, smoothing):
    """Row b is class b mod K, smoothed."""
    targets = torch.full((batch, CLASSES), smoothing / CLASSES, dtype=torch.float64)
    for b in range(batch):
        targets[b, b % CLASSES] += 1 - smoothing
    return targets.float().double()


def formula_mask(batch, features, rate):
    """0 where the uniform number in [0, 1) is below the rate, else 1 / (1 - rate)."""
    u = (uniform(977, batch * features) + 1) / 2
    return torch.from_numpy(numpy.where(u < rate, 0, numpy.float32(1 / (1 - rate))).astype(numpy.float64)).view(batch, features)


# ---- models ----
class ArticleSqueezeExcite(SElayer):
    """Without bias, hidden = expansion / 4."""

    def __init__(self, channels, _squeeze):
        super().__init__(channels, channels // 4, scale_activation=nn.Hardsigmoid)
        self.fc1 = nn.Conv2d(channels, channels // 4, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // 4, channels, 1, bias=False)


def make_model(size, width, layout="torchvision"):
    blocks, last = _mobilenet_v3_conf(f"mobilenet_v3_{size}", width_mult=width)
    block = InvertedResidual
    if layout == "article":
        row = lambda c, e, stride: InvertedResidualConfig(c, 5, e, 160, True, "HS", stride, 1, width)
        if size == "large":  # the paper's first version
            blocks[12:] = [row(112, 672, 1), row(160, 672, 2), row(160, 960, 1)]
        block = lambda config, norm: InvertedResidual(config, norm, se_layer=ArticleSqueezeExcite)
    norm = lambda channels: nn.BatchNorm2d(channels, eps=EPS, momentum=MOMENTUM)
    model = MobileNetV3(blocks, last, num_classes=CLASSES, block=block, norm_layer=norm, dropout=0).double()
    model.load_state_dict(formula_state(model), strict=False)
    return model


def normalised(images):
    return (torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255 - MEAN) / STD


def set_frozen(model, freeze, batch_norm):
    """Which part trains; batch-norms of the rest in inference mode or updating."""
    last = len(model.features) - 1
    for index, part in enumerate(model.features):
        trains = freeze == "none" or (freeze == "blocks" and index in (0, last))
        for parameter in part.parameters():
            parameter.requires_grad_(trains)
        if not trains and batch_norm == "inference":
            part.eval()


def loss_of(model, case):
    logits = model(normalised(formula_images(case["batch"], case["imageSizePx"])))
    targets = formula_targets(case["batch"], case["smoothing"])
    losses = -(targets * torch.log_softmax(logits, 1)).sum(1)
    weights = torch.tensor(case["sampleWeights"] or [1.0] * case["batch"], dtype=torch.float64)
    return logits, (weights * losses).sum() / weights.sum()


# ---- the three files ----
def gradient_case(case):
    model = make_model(case["size"], case["widthMult"], case["layout"]).train()
    set_frozen(model, case["freeze"], case["frozenBatchNorm"])
    if case["dropoutRate"] > 0:
        mask = formula_mask(case["batch"], model.classifier[0].out_features, case["dropoutRate"])
        model.classifier[2].register_forward_hook(lambda _module, _inputs, output: output * mask)
    _, loss = loss_of(model, case)
    loss.backward()
    gradients = []  # in order of the trainable parameters: norm, then elements floor((n - 1) j / 3) for j = 0..3
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        flat = parameter.grad.flatten()
        picks = [flat[(flat.numel() - 1) * j // 3].item() for j in range(4)]
        gradients.append([float(f"{value:.9g}") for value in [flat.norm().item(), *picks]])
    return {**case, "loss": loss.item(), "gradients": gradients}


def logits_case(size, width, image_size, batch):
    case = {"size": size, "widthMult": width, "imageSizePx": image_size, "batch": batch, "smoothing": 0, "sampleWeights": None}
    model = make_model(size, width)
    with torch.no_grad():
        inference, _ = loss_of(model.eval(), case)
        training, loss = loss_of(model.train(), case)
    return {**case, "inference": inference.tolist(), "training": training.tolist(), "trainingLoss": loss.item()}


def training_case(size, steps, lr):
    """SGD with momentum 0.9 on the same batch; after it a digest of each moving statistic: sum and root of the sum of squares."""
    case = {"size": size, "widthMult": 1.0, "imageSizePx": 96, "batch": 4, "smoothing": 0, "sampleWeights": None, "steps": steps, "lr": lr}
    model = make_model(size, 1.0).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        _, loss = loss_of(model, case)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    statistics = {n: [t.sum().item(), t.norm().item()] for n, t in model.state_dict().items() if "running" in n}
    return {**case, "losses": losses, "statistics": statistics}


def cam_case(size, layout, image_size):
    """Grad-CAM of image b for class b mod K, by its largest value; gradients by autograd through the whole map."""
    case = {"size": size, "layout": layout, "widthMult": 0.75, "imageSizePx": image_size, "batch": 3, "smoothing": 0, "sampleWeights": None}
    model = make_model(size, 0.75, layout).eval()
    maps = model.features(normalised(formula_images(3, image_size))).detach().requires_grad_()
    logits = model.classifier(torch.flatten(model.avgpool(maps), 1))
    sum(logits[b, b % CLASSES] for b in range(3)).backward()
    cams = torch.relu((maps.grad.mean((2, 3), keepdim=True) * maps).sum(1)).detach()
    cams = cams / cams.amax((1, 2), keepdim=True).clamp_min(1e-300)
    return {**case, "cams": [[float(f"{value:.6g}") for value in cam.flatten().tolist()] for cam in cams]}


def write(name, cases):
    out = {"torch": torch.__version__, "torchvision": torchvision.__version__, "classes": CLASSES, "eps": EPS, "momentum": MOMENTUM, "cases": cases}
    text = json.dumps(out, separators=(",", ":")).replace("],[", "],\n[").replace("},{", "},\n{").replace('],"', '],\n"')
    (HERE / name).write_text(text + "\n")


plain = {"size": "large", "layout": "torchvision", "widthMult": 1.0, "imageSizePx": 96, "batch": 4, "smoothing": 0,
         "sampleWeights": None, "dropoutRate": 0, "freeze": "none", "frozenBatchNorm": "inference"}
write("model-gradients.json", [gradient_case({**plain, **change}) for change in [
    {},
    {"freeze": "backbone"},
    {"freeze": "blocks"},
    {"freeze": "blocks", "frozenBatchNorm": "update"},
    {"smoothing": 0.1, "sampleWeights": [0.5, 2.0, 1.0, 0.0], "dropoutRate": 0.25, "widthMult": 0.5},
    {"size": "small"},
    {"layout": "article", "widthMult": 0.75},
    {"size": "small", "widthMult": 0.5, "imageSizePx": 75},  # odd maps: 38, 19, 10, 5, 3
]])
write("model-logits.json", [logits_case(size, width, image_size, batch)
                            for size in ("large", "small") for width in (0.5, 0.75, 1.0) for image_size, batch in ((96, 4), (224, 2))])
write("model-training.json", [training_case("large", 10, 1e-3), training_case("small", 10, 1e-3)])

write("model-grad-cam.json", [cam_case("large", "torchvision", 96), cam_case("small", "torchvision", 160), cam_case("large", "article", 224)])

# The formulas themselves, for test/model/formula-state.test.ts.
sums = {"images": int(formula_images(2, 40).astype(numpy.int64).sum()), "mask": formula_mask(2, 100, 0.25).sum().item(), "parameters": {}}
for layout in ("torchvision", "article"):
    values = formula_state(make_model("small", 0.5, layout)).values()
    sums["parameters"][layout] = [[*v.shape, v.flatten()[0].item(), v.flatten()[-1].item(), v.sum().item()] for v in values]
(HERE / "model-formula.json").write_text(json.dumps(sums, separators=(",", ":")).replace("],[", "],\n[") + "\n")
