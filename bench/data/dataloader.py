# Images a second from torchvision's ImageFolder and DataLoader with 2 workers: the peer of loading.ts on the same files.
# Run: python bench/data/dataloader.py DIR SIZE_PX
import sys
import time

import torch
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

EPOCHS = 4  # the first warms up


def main(path, size):
    steps = [v2.PILToTensor(), v2.RandomResizedCrop(size, antialias=True), v2.RandomHorizontalFlip()]
    data = ImageFolder(path, transform=v2.Compose(steps))
    loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True, num_workers=2, persistent_workers=True)
    durations = []
    for _ in range(EPOCHS):
        began = time.perf_counter()
        seen = sum(len(labels) for _, labels in loader)
        durations.append(time.perf_counter() - began)
    print(seen / min(durations[1:]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
