"""PyTorch eager, channels-last: torchvision's mobilenet_v3_large, Adam. Arguments: image size, full or frozen, threads."""
import json
import sys
import time

import torch
import torchvision

size, mode, threads, batch = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), 32
torch.set_num_threads(threads)
model = torchvision.models.mobilenet_v3_large(num_classes=2).to(memory_format=torch.channels_last).train()
if mode == "frozen":
    model.features.requires_grad_(False)
    model.features.eval()
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
images = torch.randn(batch, 3, size, size).to(memory_format=torch.channels_last)
labels = torch.arange(batch) % 2


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


times = []
for index in range(5 if size > 160 else 12):  # as timing.ts
    start = time.perf_counter()
    step()
    if index >= 2:
        times.append(time.perf_counter() - start)
times.sort()
print(json.dumps({"median": batch / times[len(times) // 2], "best": batch / times[0]}))
