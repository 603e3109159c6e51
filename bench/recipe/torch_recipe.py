"""PyTorch's side of bench:recipe: torchvision's mobilenet_v3_large trained on the arrays that recipe.ts wrote.
Run by recipe.ts: python torch_recipe.py FOLDER; prints one JSON line an epoch."""
import functools
import json
import pathlib
import sys

import numpy
import torch
import torchvision
from torchvision.transforms import InterpolationMode, v2

folder = pathlib.Path(sys.argv[1])
recipe = json.loads((folder / "recipe.json").read_text())
torch.manual_seed(recipe["seed"])
torch.set_num_threads(recipe["threads"])
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)

size = recipe["imageSizePx"]
labels = torch.tensor(recipe["labels"])
whole = numpy.fromfile(folder / "whole.raw", dtype=numpy.uint8).reshape(-1, size, size, 3)
whole = torch.from_numpy(whole).permute(0, 3, 1, 2)  # every image as validation sees it


def stored_images():
    """The prepared images in their own sizes, for augmentation."""
    flat = numpy.fromfile(folder / "prepared.raw", dtype=numpy.uint8)
    for offset, height, width in recipe["prepared"]:
        yield torch.from_numpy(flat[offset : offset + height * width * 3].reshape(height, width, 3)).permute(2, 0, 1)


def make_model():
    norm = functools.partial(torch.nn.BatchNorm2d, eps=recipe["eps"], momentum=recipe["momentum"])
    model = torchvision.models.mobilenet_v3_large(num_classes=recipe["classes"], norm_layer=norm, dropout=recipe["dropout"])
    if recipe["state"] is None:
        return model  # torchvision's own draw
    flat = numpy.fromfile(folder / "state.raw", dtype=numpy.float32)
    state, at = {}, 0
    for name, shape in recipe["state"]:
        count = int(numpy.prod(shape))
        state[name] = torch.from_numpy(flat[at : at + count].reshape(shape).copy())
        at += count
    missing = model.load_state_dict(state, strict=False).missing_keys
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    return model


def normalised(images):
    return (images.float() / 255 - MEAN) / STD


def epoch_batches(epoch):
    """Index lists: ours where they are given, else shuffled here."""
    if recipe["order"] is not None:
        order = torch.tensor(recipe["order"][epoch])
    else:
        train = torch.tensor(recipe["train"])
        order = train[torch.randperm(len(train))]
    return order.split(recipe["batchSize"])


if recipe["augment"] is None:
    images_of = lambda indices: whole[indices]
else:
    crop = recipe["augment"]
    stored = list(stored_images())
    transform = v2.Compose([
        v2.RandomResizedCrop(size, scale=crop["scale"], ratio=crop["ratio"], interpolation=InterpolationMode.BILINEAR, antialias=True),
        v2.RandomHorizontalFlip(crop["flip"]),
    ])
    images_of = lambda indices: torch.stack([transform(stored[i]) for i in indices])

model = make_model().to(memory_format=torch.channels_last)
rule = recipe["optimizer"]
optimizer = (
    torch.optim.SGD(model.parameters(), lr=recipe["lr"], momentum=rule["momentum"])
    if rule["kind"] == "sgd"
    else torch.optim.Adam(model.parameters(), lr=recipe["lr"])
)
loss_of = torch.nn.functional.cross_entropy
val = torch.tensor(recipe["val"])
for epoch in range(recipe["epochs"]):
    model.train()
    losses, seen = [], []
    for indices in epoch_batches(epoch):
        optimizer.zero_grad()
        loss = loss_of(model(normalised(images_of(indices))), labels[indices])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        seen.append(len(indices))
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(normalised(whole[part])) for part in val.split(recipe["batchSize"])])
    print(json.dumps({
        "trainLoss": sum(l * n for l, n in zip(losses, seen)) / sum(seen),
        "valLoss": loss_of(logits, labels[val]).item(),
        "valAccuracy": (logits.argmax(1) == labels[val]).double().mean().item(),
        "losses": losses,
    }), flush=True)
