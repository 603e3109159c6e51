"""Loads what core/model/export wrote with the programs that it is for, and prints probabilities as JSON.
python check-exports.py FOLDER SIZE WIDTH CLASSES: FOLDER holds model.safetensors, model.onnx and images.raw (uint8 [N, S, S, 3])
with images.json ({"shape": [N, S, S, 3]}). Needs torch, torchvision, safetensors, onnx and onnxruntime."""
import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime
import torch
from safetensors.torch import load_file
from torchvision.models.mobilenetv3 import MobileNetV3, _mobilenet_v3_conf

folder, size, width, classes = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
shape = json.loads((folder / "images.json").read_text())["shape"]
images = numpy.frombuffer((folder / "images.raw").read_bytes(), numpy.uint8).reshape(shape)

onnx.checker.check_model(str(folder / "model.onnx"), full_check=True)
session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
(from_onnx,) = session.run(["probabilities"], {"images": images})
answer = {"onnx": from_onnx.tolist(), "metadata": session.get_modelmeta().custom_metadata_map}

if size != "article":
    blocks, last = _mobilenet_v3_conf(f"mobilenet_v3_{size}", width_mult=width)
    model = MobileNetV3(blocks, last, num_classes=classes).eval()
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    pixels = (torch.from_numpy(images.copy()).permute(0, 3, 1, 2) / 255 - mean) / std
    with torch.no_grad():
        answer["torchvision"] = torch.softmax(model(pixels), 1).tolist()
print(json.dumps(answer))
