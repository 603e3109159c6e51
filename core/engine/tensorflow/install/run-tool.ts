// Runs an outside program to its end and keeps what it said. A program that fails is an error that carries its last words.
import { spawn } from "node:child_process";
import { LockstepError } from "../../../errors.ts";

export interface ToolRun {
  /** Exit code; null where the program does not exist or was killed by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program; never rejects because of it. */
export function tryTool(command: string, args: readonly string[], { cwd, env }: ToolOptions = {}): Promise<ToolRun> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    child.on("error", (error) => resolve({ code: null, stdout, stderr: error.message }));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a program that has to succeed. @param what for the message, such as "npm ci" @throws LockstepError */
export async function runTool(
  what: string,
  [command, ...args]: readonly [string, ...string[]],
  options: ToolOptions & { readonly next: string },
): Promise<ToolRun> {
  const run = await tryTool(command, args, options);
  if (run.code === 0) return run;
  const words = lastWords(run);
  const known = KNOWN_FAILURES.find(({ words: pattern }) => pattern.test(`${run.stdout}\n${run.stderr}`));
  throw new LockstepError({
    code: known?.code ?? "engine-unavailable",
    message: `engine install: ${what} failed (exit code ${run.code ?? "none"}): ${known?.said ?? oneLine(words)}`,
    next: known?.next ?? options.next,
    cause: new Error(words),
  });
}

/** What to do where the disk is full. */
export const FREE_SPACE =
  "Free some space, or move the home with EXP_HOME to a larger disk; then run the same command again.";

/** What npm, pip and compilers say where the same advice holds for all. */
const KNOWN_FAILURES = [
  {
    words: /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT/,
    code: "storage",
    said: "no space is left on the device",
    next: FREE_SPACE,
  },
  {
    words: /DO NOT MATCH THE HASHES|EINTEGRITY/,
    code: "engine-unavailable",
    said: "a downloaded file is not the pinned one (another hash)",
    next: 'Look at which registry or mirror is set ("pip config list", "npm config get registry"), empty the caches with "pip cache purge" and "npm cache clean --force", then run the same command again.',
  },
  {
    // "from versions: none" is all that a quiet pip says of an index that it cannot reach: the versions are pinned
    words: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|Could not fetch|ConnectionError|from versions: none/,
    code: "data-unreachable",
    said: null,
    next: "Look at the network, proxy and registry settings of npm and pip, then run the same command again.",
  },
] as const;

const KEPT_LINES = 12;

function lastWords({ stdout, stderr }: ToolRun): string {
  const lines = `${stdout}\n${stderr}`
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^npm warn|^WARNING/.test(line));
  return lines.slice(-KEPT_LINES).join("\n");
}

function oneLine(words: string): string {
  const lines = words.split("\n").map((line) => line.trim());
  return lines.find((line) => /error|fatal|not match/i.test(line)) ?? lines.at(-1) ?? "it said nothing";
}
