"""Weights files for test/model/weights/: PyTorch's zip and legacy formats, safetensors, Keras' .h5 and .weights.h5.
The torch files hold MobileNetV3-Large at width 0.25 with 3 classes; element i of the parameter at position p of the state_dict is
((p * 31 + i) % 251 - 125) / 128. Keras' hold MobileNetV3-Small at width 1 with 5 classes; element i of the variable at position p of
model.weights is the same number. Simple values, so that gzip makes the files small.
Run: KERAS_BACKEND=torch python test/golden/weights-files.py   (torch, torchvision, safetensors, keras 3, h5py)"""
import gzip
import os
import pathlib
import tempfile

import keras
import numpy
import safetensors.torch
import torch
from torchvision.models.mobilenetv3 import MobileNetV3, _mobilenet_v3_conf

HERE = pathlib.Path(__file__).parent / "weights"
HERE.mkdir(exist_ok=True)


def values(position, shape):
    count = int(numpy.prod(shape))
    return (((position * 31 + numpy.arange(count)) % 251 - 125) / 128).astype(numpy.float32).reshape(shape)


def keep(name, write):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        write(path)
        (HERE / f"{name}.gz").write_bytes(gzip.compress(pathlib.Path(path).read_bytes(), 9, mtime=0))


blocks, last = _mobilenet_v3_conf("mobilenet_v3_large", width_mult=0.25)
model = MobileNetV3(blocks, last, num_classes=3)
names = [n for n in model.state_dict() if not n.endswith("num_batches_tracked")]
state = model.state_dict()
for position, name in enumerate(names):
    state[name].copy_(torch.from_numpy(values(position, tuple(state[name].shape))))
keep("large-zip.pth", lambda path: torch.save(state, path))
keep("large-legacy.pth", lambda path: torch.save(state, path, _use_new_zipfile_serialization=False))
keep("large-half.safetensors", lambda path: safetensors.torch.save_file({n: t.half() if t.is_floating_point() else t for n, t in state.items()}, path))
wrapped = {"epoch": 3, "state_dict": {f"module.{n}": t for n, t in state.items()}, "lr": numpy.float64(0.1)}
keep("large-wrapped.pth", lambda path: torch.save(wrapped, path))
keep("transposed.pth", lambda path: torch.save({"a": torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1), "b": torch.arange(10.0)[3:7]}, path))

network = keras.applications.MobileNetV3Small(input_shape=(96, 96, 3), weights=None, classes=5)
network.set_weights([values(position, w.shape) for position, w in enumerate(network.weights)])
keep("small.weights.h5", network.save_weights)
keep("small.h5", network.save)
