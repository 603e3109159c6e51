// What git knows of a folder: commit, branch and the uncommitted changes themselves, bounded. A folder without git is null.
import { execFile } from "node:child_process";
import { join } from "node:path";

export interface GitState {
  readonly commit: string;
  /** Null: detached. */
  readonly branch: string | null;
  readonly root: string;
  /** `git diff HEAD`, then untracked source files as additions; empty when clean. */
  readonly diff: string;
  readonly diffTruncated: boolean;
}

const DIFF_LIMIT = 256 * 1024; // characters
const UNTRACKED_LIMIT = 50; // files
const TIMEOUT_MS = 10_000;
/** Untracked files that count as source; anything else (images, notes, secrets) stays where it is. */
const SOURCE = /\.(ts|tsx|mts|js|mjs|cjs|c|h)$/;
/** Files that by custom hold secrets never enter a diff. */
const NO_SECRETS = [".", ":(exclude,glob)**/.env*", ":(exclude,glob)**/*.pem", ":(exclude,glob)**/*.key"];

export async function readGitState(folder: string): Promise<GitState | null> {
  const lines = (await git(folder, "rev-parse", "--show-toplevel", "HEAD"))?.trim().split("\n"); // one process: a run waits for it
  const commit = lines?.pop();
  if (lines === undefined || commit === undefined) return null;
  const top = lines.join("\n");
  const branch = await git(top, "symbolic-ref", "--quiet", "--short", "HEAD");
  const diff = (await trackedDiff(top)) + (await untrackedDiff(top));
  return {
    commit,
    branch: branch?.trim() ?? null,
    root: top,
    diff: diff.slice(0, DIFF_LIMIT),
    diffTruncated: diff.length > DIFF_LIMIT,
  };
}

/** What differs between a commit and the working folder now, or null where the commit is unknown here. */
export function diffSince(root: string, commit: string, paths: readonly string[]): Promise<string | null> {
  return git(root, "diff", "--no-ext-diff", "--no-textconv", commit, "--", ...paths);
}

async function trackedDiff(root: string): Promise<string> {
  return (await git(root, "diff", "--no-ext-diff", "--no-textconv", "HEAD", "--", ...NO_SECRETS)) ?? "";
}

async function untrackedDiff(root: string): Promise<string> {
  const listed = (await git(root, "ls-files", "--others", "--exclude-standard", "-z")) ?? "";
  const files = listed.split("\0").filter((path) => SOURCE.test(path));
  const diffs = files.slice(0, UNTRACKED_LIMIT).map((path) => addition(root, path));
  return (await Promise.all(diffs)).join("");
}

/** An untracked file as a diff; git ends with 1 since the two sides differ, so its output counts, not its code. */
async function addition(root: string, path: string): Promise<string> {
  const args = ["diff", "--no-ext-diff", "--no-textconv", "--no-index", "--", "/dev/null", join(".", path)];
  return (await run(root, args)).output;
}

async function git(folder: string, ...args: string[]): Promise<string | null> {
  const { ok, output } = await run(folder, args);
  return ok ? output : null;
}

function run(folder: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const options = { cwd: folder, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024, encoding: "utf8" } as const;
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.quotepath=off", ...args]; // the folder's config runs nothing
  return new Promise((done) => {
    execFile("git", safe, options, (error, output) => done({ ok: error === null, output }));
  });
}
