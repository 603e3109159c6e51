// Trains a tiny experiment in this process, in a home and a database of its own, for tests that then look at what is stored.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stream } from "../../core/random.ts";
import sharp from "sharp";
import { listenForInterrupt, type Interrupt } from "../../core/run/interrupt.ts";
import type { RunSummary, SweepObserver } from "../../core/run/observer.ts";
import { runSweep, type SweepOptions } from "../../core/run/sweep.ts";
import { openWorkshop } from "../../core/run/workshop.ts";
import { openReadyStore, type Store } from "../../core/store/index.ts";
import { createTestDatabase } from "../postgres.ts";

const nothing = (): void => undefined;
export const silent: SweepObserver = {
  stage: nothing,
  counting: nothing,
  notice: nothing,
  runStarted: nothing,
  progress: nothing,
  output: nothing,
  runEnded: nothing,
};

export interface Place {
  readonly folder: string;
  readonly home: string;
  readonly store: Store;
  readonly interrupt: Interrupt;
  /** @param text of the experiment, in JavaScript without imports */
  readonly train: (name: string, text: string, options?: Partial<SweepOptions>) => Promise<readonly RunSummary[]>;
  readonly remove: () => Promise<void>;
}

/** @param serverUrl the test run's server; EXP_HOME and DATABASE_URL of this process are set until `remove` */
export async function makePlace(serverUrl: string): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "trained-"));
  const home = join(folder, ".exp");
  const databaseUrl = await createTestDatabase(serverUrl);
  const before = { EXP_HOME: process.env["EXP_HOME"], DATABASE_URL: process.env["DATABASE_URL"] };
  Object.assign(process.env, { EXP_HOME: home, DATABASE_URL: databaseUrl });
  const interrupt = listenForInterrupt();
  const store = await openReadyStore();
  const train: Place["train"] = async (name, text, more = {}) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    const options = {
      ...ENGINE,
      overrides: {},
      checkpointEverySteps: null,
      fresh: false,
      retryFailed: false,
      queuePriority: null,
      file,
      ...more,
    };
    const { runs, errors } = await runSweep(options, { observer: silent, interrupt, serve: async () => null });
    if (errors[0] !== undefined) throw errors[0];
    return runs;
  };
  const remove = async (): Promise<void> => {
    interrupt.dispose();
    await store.close();
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, home, store, interrupt, train, remove };
}

const ENGINE = { engine: "portable", kernels: "auto", threads: 1 } as const;

export function workshopOf({ interrupt, store, home }: Place) {
  return openWorkshop(ENGINE, { observer: silent, interrupt, store, home });
}

/** Two classes of noise pictures, brighter in one class. @param more classes @returns the folder */
export async function noiseImages(folder: string, perClass = 20, more: readonly string[] = []): Promise<string> {
  const root = join(folder, "images");
  const others = more.map((label): [string, number] => [label, 90]);
  for (const [label, brightness] of [["benign", 60], ["malignant", 120], ...others] as const) {
    mkdirSync(join(root, label), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      const random = stream(i, "noise", label);
      const pixels = Buffer.from(Uint8Array.from({ length: 32 * 32 * 3 }, () => brightness + random.integer(100)));
      await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
        .png()
        .toFile(join(root, label, `${i}.png`));
    }
  }
  return root;
}
