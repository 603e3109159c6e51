// Runs the real command line as a child process, in a home of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const EXP = fileURLToPath(new URL("../../core/cli/exp.mjs", import.meta.url));

export interface Finished {
  /** Null: ended by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Home {
  /** Folder with the experiment files; EXP_HOME is `.exp` in it. */
  readonly folder: string;
  readonly write: (name: string, text: string) => string;
  readonly start: (args: readonly string[], env?: Record<string, string>, how?: How) => Started;
  readonly exp: (args: readonly string[], env?: Record<string, string>, how?: How) => Promise<Finished>;
  /** Stops its database server and removes it. */
  readonly remove: () => Promise<void>;
}

/** How the process itself is started. */
export interface How {
  /** Path of the Node that runs it; default: this process's. */
  readonly node?: string;
  readonly nodeFlags?: readonly string[];
  /** User id that it runs under. */
  readonly uid?: number;
  /** Largest file that it may write: a disk that is full. */
  readonly fileLimitKiB?: number;
}

export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves with what matched once standard output or error has. */
  readonly seen: (pattern: RegExp) => Promise<string>;
}

export function makeHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), "exp-test-"));
  const start: Home["start"] = (args, env = {}, how = {}) =>
    startExp(commandOf(args, how), { ...env, EXP_HOME: join(folder, ".exp") }, { cwd: folder, uid: how.uid });
  const exp: Home["exp"] = (args, env, how) => start(args, env, how).finished;
  return {
    folder,
    start,
    exp,
    write: (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    remove: async () => {
      await exp(["db", "stop"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function commandOf(
  args: readonly string[],
  { node = process.execPath, nodeFlags = [], fileLimitKiB }: How,
): readonly string[] {
  const command = [node, ...nodeFlags, EXP, ...args];
  return fileLimitKiB === undefined
    ? command
    : ["bash", "-c", `ulimit -f ${fileLimitKiB}; exec "$@"`, "bash", ...command];
}

interface Where {
  readonly cwd: string;
  readonly uid: number | undefined;
}

function startExp([program = "", ...args]: readonly string[], env: Record<string, string>, where: Where): Started {
  const { DATABASE_URL: _, ...inherited } = process.env; // a test's runs never land in the developer's database
  const child = spawn(program, args, { ...where, env: { ...inherited, NO_COLOR: "1", ...env } });
  const output = { stdout: "", stderr: "" };
  const waiting: { pattern: RegExp; resolve: (matched: string) => void }[] = [];
  const take = (key: "stdout" | "stderr") => (chunk: Buffer) => {
    output[key] += chunk.toString();
    for (const { pattern, resolve } of waiting) matching(pattern, output[key], resolve);
  };
  child.stdout.on("data", take("stdout"));
  child.stderr.on("data", take("stderr"));
  const finished = new Promise<Finished>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, ...output })),
  );
  const seen = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      waiting.push({ pattern, resolve });
      for (const text of [output.stdout, output.stderr]) matching(pattern, text, resolve);
      void finished.then(({ stdout, stderr }) =>
        reject(new Error(`ended before ${String(pattern)}:\n${stdout}${stderr}`)),
      );
    });
  return { child, finished, seen };
}

function matching(pattern: RegExp, text: string, use: (matched: string) => void): void {
  const found = pattern.exec(text);
  if (found !== null) use(found[0]);
}

/** The objects of `--json` output. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
