// What all runs of one command share: the store, the engine, the resampler's threads, where things lie, who watches.
import { createEngine, type EngineChoice } from "../engine/choose.ts";
import type { Engine } from "../engine/engine.ts";
import { createPortableResampler, type PortableResampler } from "../engine/portable/resample.ts";
import { LockstepError } from "../errors.ts";
import type { UploadOptions } from "../store/artifacts/uploader.ts";
import type { Store } from "../store/connect.ts";
import type { Interrupt } from "./interrupt.ts";
import type { SweepObserver } from "./observer.ts";

export interface Workshop {
  readonly store: Store;
  readonly engine: Engine;
  readonly resampler: PortableResampler;
  /** EXP_HOME. */
  readonly home: string;
  readonly observer: SweepObserver;
  readonly interrupt: Interrupt;
  /** Whether to store where the time goes. */
  readonly profile: boolean;
  /** A checkpoint every so many steps besides every epoch, or null. */
  readonly checkpointEverySteps: number | null;
  readonly close: () => Promise<void>;
}

export interface EngineRequest {
  readonly engine: EngineChoice["engine"];
  readonly kernels: NonNullable<EngineChoice["kernels"]>;
  /** Null: the engine's default. */
  readonly threads: number | null;
  /** Whether to store where the time goes; absent: no. */
  readonly profile?: boolean;
}

/** For `withUploads`: what its runs leave for the artifact store. */
export function uploadsOf({
  store,
  home,
  observer,
  interrupt,
}: Pick<Workshop, "store" | "home" | "observer" | "interrupt">): UploadOptions {
  return { store, home, onNotice: observer.notice, signal: interrupt.signal };
}

/** How long the engine's threads may take to stop; a step may be under way. */
const CLOSE_GRACE_MS = 500;

/** What `openWorkshop` adds. */
type Tools = Pick<Workshop, "engine" | "resampler" | "profile" | "close">;

/** @param rest what is there already; a store in it stays open on `close` */
export async function openWorkshop<Rest>(
  { engine: name, kernels, threads, profile = false }: EngineRequest,
  rest: Rest,
): Promise<Rest & Tools> {
  const release = stayAlive();
  try {
    const engine = await createEngine({ engine: name, kernels, threads: threads ?? undefined, profile });
    if (profile) await requireProfile(engine);
    const resampler = await createPortableResampler({ threads: engine.identity.threads, kernels });
    const close = async (): Promise<void> => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_GRACE_MS).unref());
      await Promise.race([Promise.allSettled([engine.close(), resampler.close()]), late]);
      release();
    };
    return { ...rest, engine, resampler, profile, close };
  } catch (error) {
    release();
    throw error;
  }
}

/** The threads that compute do not keep this process alive, and without a database no connection does. @returns ends it */
function stayAlive(): () => void {
  const timer = setInterval(() => undefined, 2 ** 30);
  return () => clearInterval(timer);
}

async function requireProfile(engine: Engine): Promise<void> {
  if (engine.takeProfile !== undefined) return;
  await engine.close();
  throw new LockstepError({
    code: "usage",
    message: `--profile: the ${engine.identity.name} engine does not measure its kernels.`,
    next: "Use --engine portable, or leave --profile out.",
  });
}
