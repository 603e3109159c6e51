// A contender's process: one JSON object a line in, one a line out. It keeps what it compiled until it is asked for another cell.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isPyTorch, type Contender, type Task } from "./cells.ts";

/** A question: so many milliseconds of steps, at least two. */
export interface Job {
  readonly contender: Contender;
  readonly task: Task;
  readonly sizePx: number;
  readonly batch: number;
  readonly threads: number;
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
  ask(job: Omit<Job, "contender">): Promise<Answer>;
  close(): void;
}

/** @param python with PyTorch; its compiled code is kept in `compiledFolder` between benches */
export function openWorker(contender: Contender, python: string, compiledFolder: string): WorkerProcess {
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const [command, args] = isPyTorch(contender)
    ? [python, [here("torch_worker.py")]]
    : [process.execPath, ["--import", "tsx", here("our-worker.ts")]];
  const env = { ...process.env, TORCHINDUCTOR_CACHE_DIR: compiledFolder };
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
        child.stdin.write(JSON.stringify({ ...job, contender }) + "\n");
      }),
    close: () => child.stdin.end(),
  };
}
