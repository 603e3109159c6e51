// The portable engine: a network compiled to a static plan that worker threads walk inside kernels written once in C.
// The same bits on every machine and for every number of threads.
import { availableParallelism } from "node:os";
import { LockstepError } from "../../errors.ts";
import type { Network } from "../../model/network.ts";
import type { CompileOptions, Engine, EngineIdentity, WorkProfile } from "../engine.ts";
import { hasNative, manifest, nativeCandidate, wasmCandidate, type Candidate, type KernelChoice } from "./load.ts";
import { Profile } from "./profile.ts";
import { PortableProgram } from "./program.ts";
import { Team } from "./team.ts";

export { createPortableResampler, type PortableResampler } from "./resample.ts";

export interface PortableOptions {
  /** Default: as many as the machine runs at once, at most 8. */
  readonly threads?: number;
  /** "auto": native where a library for this machine passes its self-test, else wasm. */
  readonly kernels?: KernelChoice;
  /** Whether to measure where the time goes; see Engine.takeProfile. Changes no bit. */
  readonly profile?: boolean;
  /** Gets one line where "auto" falls back to wasm; default: standard error. */
  readonly onNotice?: (line: string) => void;
}

export const MOST_THREADS = 8; // the default's; beyond, barriers cost more than threads bring

/** @example const engine = await createPortableEngine({ threads: 2 }); */
export async function createPortableEngine(options: PortableOptions = {}): Promise<Engine> {
  const {
    threads = Math.min(MOST_THREADS, availableParallelism()),
    kernels = "auto",
    onNotice = console.error,
  } = options;
  const profile = options.profile === true ? new Profile() : null;
  if (kernels !== "wasm" && (kernels !== "auto" || hasNative())) {
    const opened = await openNative(kernels, threads, profile);
    if (typeof opened !== "string") return opened;
    if (kernels !== "auto") throw unavailable(`native kernels: ${opened}`);
    onNotice(`engine portable: wasm instead of native kernels: ${opened}`);
  }
  const opened = await open(wasmCandidate(), threads, profile);
  if (typeof opened === "string") throw unavailable(`wasm kernels: ${opened}`);
  return opened;
}

/** @returns why not, where they cannot be used */
async function openNative(kernels: KernelChoice, threads: number, profile: Profile | null): Promise<Engine | string> {
  const candidate = nativeCandidate(kernels);
  return typeof candidate === "string" ? candidate : open(candidate, threads, profile);
}

/** Starts the threads. @returns why not, where one of them computes other bits */
async function open({ kernels, name }: Candidate, threads: number, profile: Profile | null): Promise<Engine | string> {
  const team = await Team.start<number>(new URL("./worker.mjs", import.meta.url), threads, { kernels });
  if (team.about.every((digest) => digest === manifest.selfTest)) {
    const identity = { name: "portable", version: manifest.version, device: "cpu", kernels: name, threads } as const;
    return new PortableEngine(team, identity, profile);
  }
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

class PortableEngine implements Engine {
  readonly identity: EngineIdentity;
  private readonly team: Team<number>;
  private readonly profile: Profile | null;
  private readonly programs = new Set<PortableProgram>();
  private readonly stopAll = (): void => this.programs.forEach((program) => program.stop());
  private nextId = 0;

  constructor(team: Team<number>, identity: EngineIdentity, profile: Profile | null) {
    this.team = team;
    this.profile = profile;
    this.identity = identity;
    team.onFailure = this.stopAll;
    process.on("exit", this.stopAll); // threads that wait for others would keep the process from ending
  }

  async compile(network: Network, options: CompileOptions): Promise<PortableProgram> {
    const { team, profile, programs } = this;
    const { threads } = this.identity;
    const forget = (program: PortableProgram): unknown => programs.delete(program);
    const program = await PortableProgram.compile({
      network,
      options,
      team,
      threads,
      profile,
      id: this.nextId++,
      forget,
    });
    programs.add(program);
    return program;
  }

  takeProfile(): WorkProfile[] {
    return this.profile?.take() ?? [];
  }

  async close(): Promise<void> {
    process.off("exit", this.stopAll);
    this.stopAll();
    await this.team.close();
    this.programs.clear();
  }
}
