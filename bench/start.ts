// npm run bench:start: milliseconds from the start of `exp run` to the end of the first step, by phase: MobileNetV3-Large at 96 px, batch
// of 32, images prepared before; with random weights and a file's, the embedded Postgres running and not. Flags: --rounds 3
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printTable } from "../core/cli/output.ts";
import { PHASES, type Phase } from "../core/phases.ts";
import { median } from "./engine/median.ts";
import { readFlags } from "./flags.ts";

/** What each phase that ends with its name is about. */
const ABOUT: Record<Phase, string> = {
  command: "Node, TypeScript and the command's modules load",
  experiment: "the experiment file is read and checked",
  data: "images are listed, the split is drawn",
  store: "Postgres: started where it is not running, connected, migrated",
  engine: "dashboard; kernels are loaded and tested in every thread",
  "run row": "sources are hashed, the run's row is written",
  images: "the prepared images are opened",
  weights: "drawn, or read from a file, while the step is planned and its memory made",
  program: "what is left of planning",
  loaded: "weights into the program's memory",
  "first step": "the first batch is cut and trained",
};
/** What grows with the data. */
const DATA: readonly Phase[] = ["data", "images"];
const MOST_MS = 1000;

type Times = Record<Phase, number>;

const { values: flags } = readFlags(import.meta.url, { rounds: { type: "string", default: "3" } });
const home = mkdtempSync(join(tmpdir(), "lockstep-start-"));
try {
  const random = writeExperiment("random", {});
  await timesOf(random); // prepares the images and starts Postgres
  const fromFile = writeExperiment("file", { init: { kind: "file", path: bestCheckpoint(), classifier: false } });
  const columns = new Map<string, Times>();
  columns.set("random weights", await medianTimes(random));
  columns.set("weights of a file", await medianTimes(fromFile));
  columns.set("Postgres not running", await medianTimes(fromFile, () => exp(["db", "stop"])));
  print(columns);
} finally {
  await exp(["db", "stop"]).catch(() => undefined); // the first error is the one to tell
  rmSync(home, { recursive: true, force: true });
}

function writeExperiment(name: string, settings: object): string {
  const data = {
    kind: "phantom",
    task: "malignancy",
    samples: 128,
    sizePx: 96,
    balance: null,
    difficulty: 0.5,
    seed: 0,
  };
  const base = { imageSizePx: 96, batchSize: 32, epochs: 1, ...settings };
  const path = join(home, `${name}.ts`);
  const experiment = { name, data, positiveClass: "malignant", seeds: [0], base };
  writeFileSync(path, `export default ${JSON.stringify(experiment)};\n`);
  return path;
}

function bestCheckpoint(): string {
  const run = readdirSync(join(home, "runs"))[0] as string;
  const file = readdirSync(join(home, "runs", run)).find((name) => name.startsWith("best")) as string;
  return join(home, "runs", run, file);
}

async function medianTimes(file: string, before: () => Promise<void> = () => Promise.resolve()): Promise<Times> {
  const rounds: Times[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    await before();
    rounds.push(await timesOf(file));
  }
  const entries = PHASES.map((phase) => [phase, median(rounds.map((times) => times[phase]))] as const);
  return Object.fromEntries(entries) as Times;
}

/** @returns milliseconds that each phase took */
async function timesOf(file: string): Promise<Times> {
  const report = join(home, "phases.json");
  const startMs = Date.now();
  await exp(["run", file, "--fresh", "--port", "0"], report);
  const reached = JSON.parse(readFileSync(report, "utf8")) as Times;
  let beforeMs = startMs;
  const entries = PHASES.map((phase) => {
    const ms = reached[phase] - beforeMs;
    beforeMs = reached[phase];
    return [phase, ms] as const;
  });
  return Object.fromEntries(entries) as Times;
}

/** The command line in a process of its own. @param report where it tells when it reached which phase */
async function exp(args: readonly string[], report = join(home, "unread.json")): Promise<void> {
  const hook = new URL("./start/report-phases.mjs", import.meta.url).href;
  const child = spawn(process.execPath, ["--import", hook, "core/cli/exp.mjs", ...args], {
    env: { ...process.env, DATABASE_URL: "", EXP_HOME: home, PHASES_FILE: report },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`exp ${args.join(" ")} ended with code ${String(code)}`);
}

function print(columns: ReadonlyMap<string, Times>): void {
  const all = [...columns.values()];
  const row = (label: string, about: string, of: (times: Times) => number) => {
    return [label, ...all.map((times) => of(times).toFixed(0)), about];
  };
  const sum = (times: Times, phases: readonly Phase[]) => phases.reduce((total, phase) => total + times[phase], 0);
  const beyond = PHASES.filter((phase) => !DATA.includes(phase));
  printTable(
    ["phase", ...columns.keys(), ""],
    [
      ...PHASES.map((phase) => row(phase, ABOUT[phase], (times) => times[phase])),
      row("all", "", (times) => sum(times, PHASES)),
      row("beyond data", `without ${DATA.join(", ")}; at most ${MOST_MS} wanted`, (times) => sum(times, beyond)),
    ],
  );
}
