"""PyTorch's side of bench:engine: a Job a line (worker-process.ts), an Answer a line.
The same task as ours: float32, channels-last, Adam; frozen parts without gradient and their batch-norms in eval mode."""
import json
import sys
import time

import torch
import torchvision

WARM_UP_STEPS = 3


def make_step(task, size, batch, use_compile):
    model = torchvision.models.mobilenet_v3_large(num_classes=2).to(memory_format=torch.channels_last).train()
    last = len(model.features) - 1
    for index, part in enumerate(model.features):
        if task == "backbone" or (task == "blocks" and 0 < index < last):
            part.requires_grad_(False)
            part.eval()
    run = torch.compile(model) if use_compile else model
    x = torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    y = torch.arange(batch) % 2
    if task == "inference":
        model.eval()

        def infer():
            with torch.inference_mode():
                run(x)

        return infer
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)

    def train():
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(run(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return train


def measure(step, for_ms):
    times = []
    while for_ms > 0 and (len(times) < 2 or sum(times) < for_ms):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    return times


key, step = None, None
for line in sys.stdin:
    job = json.loads(line)
    torch.set_num_threads(job["threads"])
    wanted = (job["task"], job["sizePx"], job["batch"], job["contender"] == "compile")
    if wanted != key:
        key, step = wanted, None
        torch.compiler.reset()
        step = make_step(*wanted)
        for _ in range(WARM_UP_STEPS):
            step()
    print(json.dumps({"ms": measure(step, job["forMs"]), "version": torch.__version__}), flush=True)
