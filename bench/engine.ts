// npm run bench:engine: MobileNetV3-Large, batch 32, all cores: PyTorch eager, torch.compile, our wasm and our native kernels in
// turn over several rounds, so that a busy minute hits all of them. Prints medians in images a second, and ratios to eager.
// Makes its own virtual environment with PyTorch in the cache folder; BENCH_PYTHON names one that has it. --quick: 96 px, eager
// only. --json FILE stores the table.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, homedir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Job {
  readonly task: "none" | "blocks" | "backbone" | "inference"; // what is frozen in training
  readonly sizePx: number;
  readonly batch: number;
  readonly threads: number;
  readonly compile: boolean; // PyTorch's
  readonly kernels: "native" | "wasm"; // ours
  readonly steps: number;
}

interface Contender {
  readonly name: string;
  readonly compile: boolean;
  readonly kernels: "native" | "wasm";
  readonly worker: () => ChildProcess;
}

type Row = { readonly task: Job["task"]; readonly sizePx: number } & Record<string, string | number>;

const BATCH = 32;
const TORCH = ["torch==2.15.0", "torchvision==0.29.2"];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

if (process.argv[1] === here("engine.ts")) await main();

async function main(): Promise<void> {
  const quick = process.argv.includes("--quick");
  const rounds = quick ? 3 : 5;
  const contenders = listContenders(findPython()).filter(({ compile }) => !quick || !compile);
  const open = contenders.map((contender) => ({ contender, worker: openWorker(contender.worker()) }));
  const rows: Row[] = [];
  for (const sizePx of quick ? [96] : [96, 224]) {
    for (const task of ["none", "blocks", "backbone", "inference"] as const) {
      const times = new Map<string, number[]>(open.map(({ contender }) => [contender.name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const { contender, worker } of open) {
          const { compile, kernels, name } = contender;
          const sizes = { sizePx, batch: BATCH, threads: availableParallelism(), steps: sizePx > 96 ? 3 : 6 };
          times.get(name)?.push(...(await worker.ask({ task, ...sizes, compile, kernels })));
        }
      }
      rows.push(rowOf(task, sizePx, times));
      console.table(rows.slice(-1));
    }
  }
  for (const { worker } of open) worker.close();
  console.log(
    `${cpus()[0]?.model ?? "?"}, ${availableParallelism()} threads, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
  );
  console.table(rows);
  const file = process.argv[process.argv.indexOf("--json") + 1];
  if (process.argv.includes("--json") && file !== undefined) writeFileSync(file, JSON.stringify(rows, null, 2) + "\n");
}

function listContenders(python: string): Contender[] {
  const torch = (): ChildProcess =>
    spawn(python, [here("engine/torch_worker.py")], { stdio: ["pipe", "pipe", "inherit"] });
  const ours = (): ChildProcess =>
    spawn(process.execPath, ["--import", "tsx", here("engine/our-worker.ts")], { stdio: ["pipe", "pipe", "inherit"] });
  return [
    { name: "eager", compile: false, kernels: "wasm", worker: torch },
    { name: "compile", compile: true, kernels: "wasm", worker: torch },
    { name: "wasm", compile: false, kernels: "wasm", worker: ours },
    { name: "native", compile: false, kernels: "native", worker: ours },
  ];
}

/** Images a second by the median step, and ratios to PyTorch eager. */
function rowOf(task: Job["task"], sizePx: number, times: ReadonlyMap<string, number[]>): Row {
  const rate = (name: string): number | null => {
    const sorted = [...(times.get(name) ?? [])].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    return median === undefined ? null : (BATCH / median) * 1000;
  };
  const eager = rate("eager") ?? NaN;
  const numbers: Record<string, number> = {};
  for (const name of times.keys()) numbers[name] = Math.round(rate(name) ?? NaN);
  for (const name of ["wasm", "native"])
    numbers[`${name} / eager`] = Math.round(((rate(name) ?? NaN) / eager) * 100) / 100;
  return { task, sizePx, ...numbers };
}

interface OpenWorker {
  /** @returns milliseconds of each step */
  ask(job: Job): Promise<number[]>;
  close(): void;
}

function openWorker(child: ChildProcess): OpenWorker {
  const lines: Interface = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  return {
    ask: (job) =>
      new Promise((resolve, reject) => {
        const failed = (code: number | null): void => reject(new Error(`a worker ended with code ${code}`));
        child.once("exit", failed);
        lines.once("line", (line) => {
          child.off("exit", failed);
          resolve((JSON.parse(line) as { ms: number[] }).ms);
        });
        child.stdin?.write(JSON.stringify(job) + "\n");
      }),
    close: () => child.stdin?.end(),
  };
}

/** A Python that has PyTorch; made at first use. */
function findPython(): string {
  const given = process.env["BENCH_PYTHON"];
  if (given !== undefined) return given;
  const cache =
    process.env["EXP_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "lockstep");
  const folder = join(cache, "bench-engine");
  const python = join(folder, "bin", "python");
  if (existsSync(join(folder, "READY"))) return python;
  mkdirSync(folder, { recursive: true });
  console.log(`installing ${TORCH.join(" ")} in ${folder} (several GB)`);
  execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
  execFileSync(python, ["-m", "pip", "install", "--quiet", ...TORCH], { stdio: "inherit" });
  writeFileSync(join(folder, "READY"), "");
  return python;
}
