// The portable engine: a network compiled to a static plan that worker threads walk inside kernels written once in C.
// The same bits on every machine and for every number of threads.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { LockstepError } from "../../errors.ts";
import type { Network } from "../../model/network.ts";
import type { CompileOptions, Engine, EngineIdentity } from "../engine.ts";
import { loadWasm } from "./load-wasm.ts";
import { PortableProgram } from "./program.ts";
import { Team } from "./team.ts";

export { createPortableResampler, type PortableResampler } from "./resample.ts";

export interface PortableOptions {
  /** Default: as many as the machine runs at once, at most 8. */
  readonly threads?: number;
  /** "auto": native where a library for this machine passes its self-test, else wasm. */
  readonly kernels?: "auto" | "native" | "wasm";
}

export const MOST_THREADS = 8; // the default's; beyond, barriers cost more than threads bring

export async function createPortableEngine(options: PortableOptions = {}): Promise<Engine> {
  const threads = options.threads ?? Math.min(MOST_THREADS, availableParallelism());
  if (options.kernels === "native") throw noNative();
  const kernels = { kind: "wasm", module: loadWasm() } as const;
  const team = await Team.start<number>(new URL("./worker.mjs", import.meta.url), threads, { kernels });
  return new PortableEngine(team, {
    name: "portable",
    version: kernelVersion(),
    device: "cpu",
    kernels: kernels.kind,
    threads,
  });
}

function noNative(): LockstepError {
  const message = `engine portable: no native kernels for ${process.platform}-${process.arch}`;
  return new LockstepError({
    code: "engine-unavailable",
    message,
    next: "Leave --kernels out, or use --kernels wasm.",
  });
}

class PortableEngine implements Engine {
  readonly identity: EngineIdentity;
  private readonly team: Team<number>;
  private readonly programs = new Set<PortableProgram>();
  private readonly stopAll = (): void => this.programs.forEach((program) => program.stop());
  private nextId = 0;

  constructor(team: Team<number>, identity: EngineIdentity) {
    this.team = team;
    this.identity = identity;
    team.onFailure = this.stopAll;
    process.on("exit", this.stopAll); // threads that wait for others would keep the process from ending
  }

  async compile(network: Network, options: CompileOptions): Promise<PortableProgram> {
    const job = { network, options, team: this.team, threads: this.identity.threads, id: this.nextId++ };
    const program = await PortableProgram.compile(job);
    this.programs.add(program);
    return program;
  }

  async close(): Promise<void> {
    process.off("exit", this.stopAll);
    this.stopAll();
    await this.team.close();
    this.programs.clear();
  }
}

/** Changes whenever a kernel's source does, and with it, possibly, the bits. */
function kernelVersion(): string {
  const text = readFileSync(new URL("./prebuilt/kernels.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
