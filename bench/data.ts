// npm run bench:data [DIR]: images a second into the step, from the prepared cache with the default augmentation, beside
// torchvision's DataLoader on the same class folders (default: a simulated set as PNG files), in turn over several rounds; what the
// portable engine consumes, and how much of a training it waits for data. Prints the promised ratios beside what was found.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { printTable } from "../core/cli/output.ts";
import { loadWithTorchvision } from "./data/dataloader.ts";
import { openLoading, type Loading } from "./data/loading.ts";
import { writeSimulated } from "./data/simulated.ts";
import { trainOn, type Consumed } from "./data/training.ts";
import { median } from "./engine/median.ts";
import { readFlags } from "./flags.ts";
import { peerPython } from "./peer-python.ts";

const SIZES_PX = [96, 224];
const ROUNDS = 3;
/** Of the DataLoader and of the portable engine: 3 each are promised. */
const PROMISED = 3;

async function main(given: string | undefined): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
  process.env["EXP_HOME"] = home;
  const path = given ?? (await writeSimulated(join(home, "images")));
  const python = await peerPython();
  const loading = await openLoading(path);
  try {
    process.stdout.write(
      `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores; ${path}: ${loading.count} images\n`,
    );
    const rows = [];
    for (const sizePx of SIZES_PX) rows.push(...(await measureSize(loading, sizePx, path, python)));
    printTable(["px", "what", "images/s", "ours is", "promised"], rows);
  } finally {
    await loading.close();
    rmSync(home, { recursive: true });
  }
}

async function measureSize(loading: Loading, sizePx: number, path: string, python: string): Promise<string[][]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await loading.measure(sizePx));
    theirs.push(loadWithTorchvision(python, path, sizePx));
  }
  const rate = median(ours);
  const peer = median(theirs);
  const consumed: Consumed[] = [];
  for (const freeze of ["none", "backbone"] as const) consumed.push(await trainOn(loading, sizePx, freeze));
  const beside = (what: string, other: number): string[] =>
    [sizePx, what, other.toFixed(0), `${(rate / other).toFixed(1)} x`, `${PROMISED} x`].map(String);
  return [
    [String(sizePx), "ours, into the step", rate.toFixed(0), "", ""],
    beside("torchvision DataLoader, 2 workers", peer),
    ...consumed.map(({ freeze, imagesPerSecond, waiting }) =>
      beside(
        `portable engine trains, frozen: ${freeze}; waits for data ${(100 * waiting).toFixed(2)} % of the time`,
        imagesPerSecond,
      ),
    ),
  ];
}

await main(readFlags(import.meta.url, {}, 1).positionals[0]);
