// The portable engine: a network compiled to a static plan that worker threads walk inside kernels written once in C.
// The same bits on every machine and for every number of threads.
import { availableParallelism } from "node:os";
import type { Network } from "../../model/network.ts";
import type { CompileOptions, Engine, EngineIdentity, WorkProfile } from "../engine.ts";
import { startKernelTeam } from "./kernel-team.ts";
import { manifest, type KernelChoice } from "./load.ts";
import { Profile } from "./profile.ts";
import { PortableProgram } from "./program.ts";
import type { Team } from "./team.ts";

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
  const file = new URL("./worker.mjs", import.meta.url);
  const { team, kernels: name } = await startKernelTeam<number>({ file, threads, kernels, onNotice });
  const identity = { name: "portable", version: manifest.version, device: "cpu", kernels: name, threads } as const;
  return new PortableEngine(team, identity, profile);
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
