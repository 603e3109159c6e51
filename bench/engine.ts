// npm run bench:engine: MobileNetV3-Large, batch 32, all cores: PyTorch eager (channels-last), torch.compile, our wasm and our
// native kernels in turn over several rounds, so that a busy minute hits all of them; then a step beside a busy core.
// PyTorch gets a virtual environment of its own in the cache folder (EXP_CACHE); what torch.compile makes is kept there too, so
// that the first bench takes some 8 minutes longer. Flags: --rounds 5 --sizes 96,224 --contenders eager,compile,wasm,native
// --tasks full,blocks,backbone,"kept features",inference --threads 2
// --isa avx2 (ours and PyTorch held to AVX2, whatever the CPU has beyond it) --json (findings on standard output) --markdown (the section of docs/performance.md)
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { expCache } from "../core/home.ts";
import { measureBusy, type BusyCore } from "./engine/busy-core.ts";
import { cellsFor, CONTENDERS, TASKS, type Cell, type Contender } from "./engine/cells.ts";
import { median } from "./engine/median.ts";
import { jsonOf, markdownOf, printFindings, type Findings, type Measured } from "./engine/report.ts";
import { INSTRUCTION_SETS, openWorker, type WorkerProcess } from "./engine/worker-process.ts";
import { oneOf, readFlags } from "./flags.ts";
import { peerPython } from "./peer-python.ts";

const BATCH = 32;
const TURN_MS = 500; // of steps, at least two

const { values: flags } = readFlags(import.meta.url, {
  rounds: { type: "string", default: "5" },
  sizes: { type: "string", default: "96,224" },
  contenders: { type: "string", default: CONTENDERS.join(",") },
  tasks: { type: "string", default: TASKS.join(",") },
  threads: { type: "string", default: String(availableParallelism()) },
  isa: { type: "string", default: "all" },
  json: { type: "boolean", default: false },
  markdown: { type: "boolean", default: false },
});
const isa = oneOf("isa", flags.isa, INSTRUCTION_SETS);
const rounds = Number(flags.rounds);
const threads = Number(flags.threads);
const begun = performance.now();

await main();

async function main(): Promise<void> {
  const contenders = CONTENDERS.filter((name) => flags.contenders.split(",").includes(name));
  const python = await peerPython();
  const compiled = join(expCache(), "bench-compiled");
  const workers = new Map(contenders.map((name) => [name, openWorker(name, isa, python, compiled)]));
  const versions: Partial<Record<Contender, string>> = {};
  const measured: Measured[] = [];
  const tasks = TASKS.filter((name) => flags.tasks.split(",").includes(name));
  for (const cell of cellsFor(flags.sizes.split(",").map(Number), tasks, contenders)) {
    measured.push(withPeers(await measureCell(cell, workers, versions), measured));
  }
  const busy = tasks.includes("full") ? await besideBusyCore(workers) : [];
  for (const worker of workers.values()) worker.close();
  const machine = `${cpus()[0]?.model ?? "?"}, ${threads} threads, Node ${process.version}`;
  report({ machine, isa, date: new Date().toISOString().slice(0, 10), versions, measured, busy });
}

function report(findings: Findings): void {
  if (flags.json) process.stdout.write(`${JSON.stringify(jsonOf(findings), null, 2)}\n`);
  else if (flags.markdown) process.stdout.write(markdownOf(findings));
  else printFindings(findings);
  say(`done in ${((performance.now() - begun) / 60_000).toFixed(1)} minutes`);
}

type Workers = ReadonlyMap<Contender, WorkerProcess>;

async function measureCell(cell: Cell, workers: Workers, versions: Findings["versions"]): Promise<Measured> {
  const { task, sizePx, contenders } = cell;
  const job = { task, sizePx, batch: BATCH, threads };
  const medians = new Map<Contender, number[]>(contenders.map((name) => [name, []]));
  let memoryBytes: number | null = null;
  for (const name of contenders) {
    const start = performance.now();
    const { version, memoryBytes: bytes } = await workers.get(name)!.ask({ ...job, forMs: 0 });
    Object.assign(versions, { [name]: version });
    memoryBytes = bytes ?? memoryBytes;
    say(`${task} ${sizePx} px: ${name} ready after ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of contenders) {
      medians.get(name)!.push(median((await workers.get(name)!.ask({ ...job, forMs: TURN_MS })).ms));
    }
  }
  const rates = Object.fromEntries([...medians].map(([name, ms]) => [name, (BATCH * 1000) / median(ms)]));
  say(`${task} ${sizePx} px: ${Object.entries(rates).map(([name, rate]) => `${name} ${rate.toFixed(1)}`).join(", ")} images/s`); // prettier-ignore
  return { cell, rates, memoryBytes };
}

/** Where PyTorch was not measured: what it does with the backbone frozen. */
function withPeers(one: Measured, before: readonly Measured[]): Measured {
  if (one.cell.task !== "kept features") return one;
  const backbone = before.find(({ cell }) => cell.task === "backbone" && cell.sizePx === one.cell.sizePx);
  const { eager, compile } = backbone?.rates ?? {};
  return { ...one, rates: { ...(eager && { eager }), ...(compile && { compile }), ...one.rates } };
}

async function besideBusyCore(workers: Workers): Promise<BusyCore[]> {
  const job = { task: "full", sizePx: 96, batch: BATCH, threads, forMs: 2 * TURN_MS } as const;
  const found: BusyCore[] = [];
  for (const name of ["native", "wasm"] as const) {
    const worker = workers.get(name);
    if (worker === undefined) continue;
    await worker.ask({ ...job, forMs: 0 });
    found.push(await measureBusy(name, worker, job, rounds));
    say(`beside a busy core: ${name} measured`);
  }
  return found;
}

function say(line: string): void {
  process.stderr.write(`[${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s] ${line}\n`);
}
