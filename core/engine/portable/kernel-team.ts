// Threads that run kernels: native ones where a library for this machine loads and every thread passes its self-test, else wasm.
import { LockstepError } from "../../errors.ts";
import { hasNative, manifest, nativeCandidate, wasmCandidate, type Candidate, type KernelChoice } from "./load.ts";
import { Team } from "./team.ts";

export interface KernelTeamInput {
  /** An .mjs module as Team wants it; it is ready with the digest of its self-test and finds Kernels in workerData.kernels. */
  readonly file: URL;
  readonly threads: number;
  readonly kernels: KernelChoice;
  /** Gets one line where "auto" falls back to wasm. */
  readonly onNotice: (line: string) => void;
}

export interface KernelTeam<Answer> {
  readonly team: Team<Answer>;
  /** As in EngineIdentity. */
  readonly kernels: string;
}

/** @throws LockstepError "engine-unavailable" */
export async function startKernelTeam<Answer>(input: KernelTeamInput): Promise<KernelTeam<Answer>> {
  const { kernels, onNotice } = input;
  if (kernels !== "wasm" && (kernels !== "auto" || hasNative())) {
    const candidate = nativeCandidate(kernels);
    const started = typeof candidate === "string" ? candidate : await start<Answer>(candidate, input);
    if (typeof started !== "string") return started;
    if (kernels !== "auto") throw unavailable(`native kernels: ${started}`);
    onNotice(`engine portable: wasm instead of native kernels: ${started}`);
  }
  const started = await start<Answer>(wasmCandidate(), input);
  if (typeof started === "string") throw unavailable(`wasm kernels: ${started}`);
  return started;
}

/** @returns why not, where one of the threads computes other bits */
async function start<Answer>(
  { kernels, name }: Candidate,
  { file, threads }: KernelTeamInput,
): Promise<KernelTeam<Answer> | string> {
  const team = await Team.start<Answer>(file, threads, { kernels });
  if (team.about.every((digest) => digest === manifest.selfTest)) return { team, kernels: name };
  await team.close();
  return "their self-test gives other bits in this process (has a library set flush-to-zero?)";
}

function unavailable(what: string): LockstepError {
  const message = `engine portable: ${what}`;
  return new LockstepError({
    code: "engine-unavailable",
    message,
    next: "Leave --kernels out, or use --kernels wasm.",
  });
}
