// A virtual environment with PyTorch (CPU use only) and torchvision, made once in the cache folder.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expCache } from "../core/home.ts";

const PINNED = ["torch==2.15.0", "torchvision==0.29.2"];

/** @returns path of its python; BENCH_PYTHON names one that has PyTorch already */
export async function peerPython(): Promise<string> {
  const given = process.env["BENCH_PYTHON"];
  if (given) return given;
  const folder = join(expCache(), "bench-pytorch");
  const python = join(folder, "bin", "python");
  const ready = join(folder, "ready"); // written last
  if (existsSync(ready)) return python;
  process.stderr.write(`making ${folder} with ${PINNED.join(" and ")}\n`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
  execFileSync(python, ["-m", "pip", "install", "--quiet", ...PINNED], { stdio: "inherit" });
  writeFileSync(ready, "");
  return python;
}
