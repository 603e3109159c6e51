"""Reference logits, losses, gradients and moving statistics of MobileNetV3 from torchvision in float64.
Weights and images come from formulas (below, and again in test/model/formula-state.ts), so that no weights are stored.
Run: python test/golden/model-torch.py   (torchvision 0.20 or later; about a minute)"""
import copy
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
    dtype = next(model.parameters()).dtype
    logits = model(normalised(formula_images(case["batch"], case["imageSizePx"])).to(dtype))
    targets = formula_targets(case["batch"], case["smoothing"])
    losses = -(targets * torch.log_softmax(logits, 1)).sum(1)
    weights = torch.tensor(case["sampleWeights"] or [1.0] * case["batch"], dtype=torch.float64)
    return logits, (weights * losses).sum() / weights.sum()


# ---- gradients, away from the activations' corners ----
# ReLU's derivative jumps at 0, hard-swish's and hard-sigmoid's at -3 and 3. In float32 a rounding of 1e-7 carries one or two of the
# millions of values over such a corner, and every gradient before it moves by up to 3e-2: PyTorch's own float32 too, so that nothing
# smaller could be asked of an engine. Therefore the bias before each activation is moved, channel by channel and no more than needed, until
# no value of the batch lies within CLEARANCE of a corner: at most 120 of 12,000 biases, by 1/1024 to 14/1024. The moves are kept with the case.
CLEARANCE = 1e-4
MOVE = 2.0**-10  # exact in float32
MOST_MOVES = 32
CORNERS = {nn.ReLU: (0.0,), nn.Hardswish: (-3.0, 3.0), nn.Hardsigmoid: (-3.0, 3.0)}


def biases_before_activations(model):
    """(activation, position in the state of the bias that is added last before it, that bias); none where there is no bias."""
    names = [name for name in model.state_dict() if not name.endswith("num_batches_tracked")]
    positions = {id(parameter): names.index(name) for name, parameter in model.named_parameters()}
    for module in model.modules():
        parts = list(module.children())
        if isinstance(module, SElayer):
            pairs = [(module.fc1, module.activation), (module.fc2, module.scale_activation)]
        else:
            pairs = zip(parts, parts[1:])
        for before, activation in pairs:
            if type(activation) in CORNERS and getattr(before, "bias", None) is not None:
                yield activation, positions[id(before.bias)], before.bias


def distance_to_corner(values, corners):
    """Of the nearest value of each channel. values: [B, C, ...]"""
    by_channel = values.transpose(0, 1).flatten(1)
    return torch.stack([(by_channel - corner).abs().amin(1) for corner in corners]).amin(0)


def move_off_corners(model, case):
    """One forward pass that moves each bias as its activation is reached. Returns [[position of the bias in the state, channel, moves], ...]"""
    moves = []

    def watch(activation, position, bias):
        def before(_module, inputs):
            (values,) = inputs
            corners = CORNERS[type(activation)]
            chosen = torch.zeros_like(bias)
            found = distance_to_corner(values, corners)
            for move in (sign * size for size in range(1, MOST_MOVES + 1) for sign in (1, -1)):
                near = (found < CLEARANCE).nonzero().flatten()
                if len(near) == 0:
                    break
                there = distance_to_corner(values[:, near] + move * MOVE, corners)
                better = there > found[near]
                chosen[near[better]] = move
                found[near[better]] = there[better]
            assert (found >= CLEARANCE).all(), (position, found.min())
            with torch.no_grad():
                bias.add_(chosen * MOVE)
            moves.extend([position, channel, int(chosen[channel])] for channel in chosen.nonzero().flatten().tolist())
            return values + (chosen * MOVE).view(1, -1, *[1] * (values.dim() - 2))

        return activation.register_forward_pre_hook(before)

    with torch.no_grad():
        hooks = [watch(*found) for found in biases_before_activations(model)]
        loss_of(model, case)
    for hook in hooks:
        hook.remove()
    return moves


# ---- the files ----
def gradient_case(case):
    model = make_model(case["size"], case["widthMult"], case["layout"]).train()
    set_frozen(model, case["freeze"], case["frozenBatchNorm"])
    if case["dropoutRate"] > 0:
        mask = formula_mask(case["batch"], model.classifier[0].out_features, case["dropoutRate"])
        model.classifier[2].register_forward_hook(lambda _module, _inputs, output: output * mask.to(output.dtype))
    statistics = {name: values.clone() for name, values in model.named_buffers()}
    moves = move_off_corners(model, case)
    model.load_state_dict(statistics, strict=False)
    single = copy.deepcopy(model).float()
    loss, exact = gradients_of(model, case)
    _, rounded = gradients_of(single, case)
    largest = max(gradient.norm() for gradient in exact)
    errors = [((b - a).norm() / a.norm()).item() for a, b in zip(exact, rounded) if a.norm() > ZERO * largest]
    return {**case, "moves": moves, "loss": loss, "torchFloat32Error": float(f"{max(errors):.2g}"),
            "gradients": [[float(f"{value:.9g}") for value in [g.norm().item(), *signed_sums(g)]] for g in exact]}


ZERO = 1e-9  # of the largest norm: below it a gradient is 0 but for rounding


def gradients_of(model, case):
    """Of the trainable parameters in their order, as float64."""
    _, loss = loss_of(model, case)
    loss.backward()
    return loss.item(), [p.grad.double().flatten() for p in model.parameters() if p.requires_grad]


def signed_sums(gradient):
    """Four sums with fixed signs at random: of a difference of two gradients, their root mean square is near its norm."""
    index = numpy.arange(gradient.numel(), dtype=numpy.uint32)
    signs = (mix(index)[None] >> numpy.arange(4, dtype=numpy.uint32)[:, None]) & numpy.uint32(1)
    return (torch.from_numpy(signs.astype(numpy.float64) * 2 - 1) @ gradient).tolist()


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
