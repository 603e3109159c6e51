// A contender's process: one JSON object a line in, one a line out. It keeps what it compiled until it is asked for another cell.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isPyTorch, type Contender, type Task } from "./cells.ts";

/** "all": whatever the CPU has; "avx2": both sides held to what a CPU with AVX2 and nothing wider has. */
export const INSTRUCTION_SETS = ["all", "avx2"] as const;
export type InstructionSet = (typeof INSTRUCTION_SETS)[number];

/** What oneDNN, PyTorch's own kernels and its compiler, and MKL read. */
const PYTORCH_WITH_AVX2 = { ONEDNN_MAX_CPU_ISA: "AVX2", ATEN_CPU_CAPABILITY: "avx2", MKL_ENABLE_INSTRUCTIONS: "AVX2" };

/** A question: so many milliseconds of steps, at least two. */
export interface Job {
  readonly contender: Contender;
  readonly task: Task;
  readonly sizePx: number;
  readonly batch: number;
  readonly threads: number;
  readonly isa: InstructionSet;
  /** 0: compile and warm up only. */
  readonly forMs: number;
}

export interface Answer {
  /** Milliseconds of each step. */
  readonly ms: readonly number[];
  /** Bytes that our program holds. */
  readonly memoryBytes?: number;
  readonly version: string;
}

export interface WorkerProcess {
  ask(job: Omit<Job, "contender" | "isa">): Promise<Answer>;
  close(): void;
}

/** @param python with PyTorch; its compiled code is kept in `compiledFolder` between benches */
export function openWorker(
  contender: Contender,
  isa: InstructionSet,
  python: string,
  compiledFolder: string,
): WorkerProcess {
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const [command, args] = isPyTorch(contender)
    ? [python, [here("torch_worker.py")]]
    : [process.execPath, ["--import", "tsx", here("our-worker.ts")]];
  const held = isa === "avx2" ? PYTORCH_WITH_AVX2 : {};
  const env = { ...process.env, ...held, TORCHINDUCTOR_CACHE_DIR: compiledFolder };
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
  const lines = createInterface({ input: child.stdout });
  return {
    ask: (job) =>
      new Promise((resolve, reject) => {
        const failed = (code: number | null): void => reject(new Error(`${contender} ended with code ${code}`));
        child.once("exit", failed);
        lines.once("line", (line) => {
          child.off("exit", failed);
          resolve(JSON.parse(line) as Answer);
        });
        child.stdin.write(JSON.stringify({ ...job, contender, isa }) + "\n");
      }),
    close: () => child.stdin.end(),
  };
}
