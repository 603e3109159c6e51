// Features of a frozen backbone, computed once and kept: the bits of a training from images, in later runs too, and when the file is
// damaged.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { horizontalFlip } from "../../core/data/index.ts";
import type { Engine, Program } from "../../core/engine/engine.ts";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import { resolveSettings } from "../../core/experiment/resolve.ts";
import type { SettingsInput } from "../../core/experiment/settings.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { TrainData } from "../../core/train/contract.ts";
import { openData, SMALL, trainOnce, withFolder, type Overrides } from "./phantom-training.ts";

vi.setConfig({ testTimeout: 120_000 });

let data: TrainData & { close: () => Promise<void> };
beforeAll(async () => void (data = await openData()));
afterAll(() => data.close());

const FROZEN: SettingsInput = { ...SMALL, epochs: 3, freeze: "backbone", frozenBatchNorm: "inference", augment: [] };

/** A training whose caches lie in `home`; each has its checkpoints elsewhere. */
async function digestIn(home: string, overrides: Overrides = {}): Promise<string> {
  return withFolder(async (folder) => {
    const { digest } = await trainOnce(data, { settings: FROZEN, checkpoints: { folder, home }, ...overrides });
    return digest;
  });
}

const files = (home: string): string[] =>
  readdirSync(join(home, "cache", "features")).map((file) => join(home, "cache", "features", file));

/** Without frozen features, as an engine that does not have them. */
async function fromImages(settings: SettingsInput): Promise<string> {
  const engine = await createPortableEngine({ threads: 1, kernels: "wasm" });
  const compile = async (...args: Parameters<Engine["compile"]>): Promise<Program> => {
    const program = await engine.compile(...args);
    return new Proxy(program, {
      get: (target, key) => {
        if (key === "frozenFeatures") return undefined;
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  };
  try {
    const plain: Engine = { identity: engine.identity, compile, close: () => engine.close() };
    return await withFolder((home) => digestIn(home, { settings, engine: plain }));
  } finally {
    await engine.close();
  }
}

describe("kept features", () => {
  it("give the digest of a training from images, in the run that computes them and in one that finds them", async () => {
    const expected = await fromImages(FROZEN);
    await withFolder(async (home) => {
      expect(await digestIn(home)).toBe(expected);
      expect(files(home)).toHaveLength(2); // training and validation samples
      const written = files(home).map((file) => statSync(file).mtimeMs);
      expect(await digestIn(home)).toBe(expected);
      expect(files(home).map((file) => statSync(file).mtimeMs)).toEqual(written);
    });
  });

  it("are computed again where a byte of their file is another", async () => {
    await withFolder(async (home) => {
      const expected = await digestIn(home);
      for (const file of files(home)) {
        const bytes = readFileSync(file);
        bytes[bytes.length - 5]! ^= 64;
        writeFileSync(file, bytes);
      }
      const damaged = files(home).map((file) => readFileSync(file));
      expect(await digestIn(home)).toBe(expected);
      files(home).forEach((file, i) => expect(readFileSync(file).equals(damaged[i]!)).toBe(false));
    });
  });

  it("are shared by two runs at the same time", async () => {
    await withFolder(async (home) => {
      const [a, b] = await Promise.all([digestIn(home), digestIn(home)]);
      expect(a).toBe(b);
      expect(files(home)).toHaveLength(2);
    });
  });

  it("other weights have files of their own; seeds with the same weights share them", async () => {
    await withFolder(async (home) => {
      await digestIn(home);
      const settings = resolveSettings(FROZEN);
      const network = mobilenetV3({ ...settings, classes: data.manifest.classes.length });
      await digestIn(home, { seed: 1, state: initialState(network, 0) });
      expect(files(home)).toHaveLength(2);
      await digestIn(home, { seed: 1 }); // its initial weights are others
      expect(files(home)).toHaveLength(4);
    });
  });

  it("with augmentation only the validation's are kept, with the same digest", async () => {
    const settings: SettingsInput = { ...FROZEN, augment: [horizontalFlip()] };
    await withFolder(async (home) => {
      expect(await digestIn(home, { settings })).toBe(await fromImages(settings));
      expect(files(home)).toHaveLength(1);
    });
  });

  it("a schedule that frees the backbone goes on from images", async () => {
    const settings: SettingsInput = { ...FROZEN, freeze: [{ epochs: 2, part: "backbone" }, { part: "none" }] };
    await withFolder(async (home) => expect(await digestIn(home, { settings })).toBe(await fromImages(settings)));
  });
});
