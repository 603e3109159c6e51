// Virtual environments with the peers' packages, made once in the cache folder: PyTorch (CPU use only) and torchvision, or MLflow.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expCache } from "../core/home.ts";

const PYTORCH = { name: "bench-pytorch", given: "BENCH_PYTHON", pinned: ["torch==2.15.0", "torchvision==0.29.2"] };
export const MLFLOW = { name: "bench-mlflow", given: "BENCH_MLFLOW_PYTHON", pinned: ["mlflow==3.17.0"] };

/** @returns path of its python; the environment variable `given` names one that has the packages already */
export async function peerPython({ name, given, pinned } = PYTORCH): Promise<string> {
  const known = process.env[given];
  if (known) return known;
  const folder = join(expCache(), name);
  const python = join(folder, "bin", "python");
  const ready = join(folder, "ready"); // written last
  if (existsSync(ready)) return python;
  process.stderr.write(`making ${folder} with ${pinned.join(" and ")}\n`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
  execFileSync(python, ["-m", "pip", "install", "--quiet", ...pinned], { stdio: "inherit" });
  writeFileSync(ready, "");
  return python;
}
