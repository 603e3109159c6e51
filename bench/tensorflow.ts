// npm run bench:tensorflow: tfjs op by op on the same library, our graph, and PyTorch eager (channels-last), in turn over several
// rounds, at 96 and 224 px, all parameters and backbone frozen; prints the table and whether the promised ratios hold.
// PyTorch gets a virtual environment of its own in the cache folder (EXP_CACHE). Flags: --rounds 3 --sizes 96,224 --threads 2
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { printTable } from "../core/cli/output.ts";
import { readFlags } from "./flags.ts";
import { peerPython } from "./peer-python.ts";

/** One measurement: images a second by the median and by the fastest step. */
interface Speed {
  readonly median: number;
  readonly best: number;
}

const CONTENDERS = ["tfjs op by op", "our graph", "PyTorch eager"] as const;
type Contender = (typeof CONTENDERS)[number];
type Mode = "full" | "frozen";

/** What must hold in full training at 96 px. */
const LEAST_OVER_OP_BY_OP = 3;
const LEAST_OVER_PYTORCH = 0.9;

const { values: flags } = readFlags(import.meta.url, {
  rounds: { type: "string", default: "3" },
  sizes: { type: "string", default: "96,224" },
  threads: { type: "string", default: String(availableParallelism()) },
});
const python = await peerPython();
const results = new Map<string, Map<Contender, Speed[]>>();
for (let round = 1; round <= Number(flags.rounds); round++) {
  for (const sizePx of flags.sizes.split(",").map(Number)) {
    for (const mode of ["full", "frozen"] as const) await measureInTurn(round, sizePx, mode);
  }
}
printResults();

async function measureInTurn(round: number, sizePx: number, mode: Mode): Promise<void> {
  const key = `${sizePx} px, ${mode}`;
  const speeds = results.get(key) ?? new Map<Contender, Speed[]>();
  results.set(key, speeds);
  for (const contender of CONTENDERS) {
    process.stderr.write(`round ${round}: ${key}, ${contender}\n`);
    const speed = await measure(contender, sizePx, mode);
    speeds.set(contender, [...(speeds.get(contender) ?? []), speed]);
    process.stderr.write(`  ${speed.median.toFixed(0)} images/s (${speed.best.toFixed(0)})\n`);
  }
}

function measure(contender: Contender, sizePx: number, mode: Mode): Promise<Speed> {
  const settings = [String(sizePx), mode, flags.threads];
  if (contender === "PyTorch eager") return lastJson(python, ["bench/tensorflow/torch-eager.py", ...settings]);
  const script = contender === "our graph" ? "graph.ts" : "op-by-op.ts";
  return lastJson(process.execPath, ["--import", "tsx", `bench/tensorflow/${script}`, ...settings]);
}

/** Each contender runs in a process of its own and prints one JSON object on its last line. */
function lastJson(command: string, args: readonly string[]): Promise<Speed> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(stdout.trim().split("\n").at(-1) as string) as Speed);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stderr.slice(-2000)}`));
    });
  });
}

function printResults(): void {
  const rows = [...results].map(([key, speeds]) => {
    const [opByOp, graph, pytorch] = CONTENDERS.map((name) => medianOf(speeds.get(name) ?? [])) as [
      Speed,
      Speed,
      Speed,
    ];
    const cells = [opByOp, graph, pytorch].map(({ median, best }) => `${median.toFixed(0)} (${best.toFixed(0)})`);
    return [key, ...cells, ratio(graph, opByOp), ratio(graph, pytorch)];
  });
  printTable(["batch 32, images/s", ...CONTENDERS, "graph / op by op", "graph / PyTorch"], rows);
  process.stdout.write(
    "Medians over rounds of each round's median step, and of its fastest step in brackets; ratios likewise.\n",
  );
  printPromise(results.get("96 px, full"));
}

function printPromise(speeds: ReadonlyMap<Contender, Speed[]> | undefined): void {
  if (speeds === undefined) return;
  const [opByOp, graph, pytorch] = CONTENDERS.map((name) => medianOf(speeds.get(name) ?? []).median) as [
    number,
    number,
    number,
  ];
  const holds = graph >= LEAST_OVER_OP_BY_OP * opByOp && graph >= LEAST_OVER_PYTORCH * pytorch;
  const promise = `${LEAST_OVER_OP_BY_OP} x op by op and ${LEAST_OVER_PYTORCH} x PyTorch at 96 px, full`;
  process.stdout.write(`Promised: ${promise}, by medians: ${holds ? "holds" : "does not hold here"}.\n`);
}

function ratio(a: Speed, b: Speed): string {
  return `${(a.median / b.median).toFixed(2)} (${(a.best / b.best).toFixed(2)})`;
}

function medianOf(speeds: readonly Speed[]): Speed {
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
  return { median: middle(speeds.map(({ median }) => median)), best: middle(speeds.map(({ best }) => best)) };
}
