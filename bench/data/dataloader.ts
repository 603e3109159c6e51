// The peer of bench:data: torchvision's DataLoader in a process of its own.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("./dataloader.py", import.meta.url));

/** @returns images a second of the quickest epoch */
export function loadWithTorchvision(python: string, path: string, sizePx: number): number {
  return Number(execFileSync(python, [SCRIPT, path, String(sizePx)], { encoding: "utf8" }));
}
