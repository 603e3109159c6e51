// The article's advice: ten frozen epochs, then all layers train.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { FreezeStage } from "../../core/experiment/settings.ts";
import { resolveSettings } from "../../core/experiment/resolve.ts";
import { digestOf } from "../../core/model/digest.ts";
import { frozenNames, type Freeze } from "../../core/model/freeze.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { State } from "../../core/model/network.ts";
import { readCheckpoint } from "../../core/train/checkpoint.ts";
import type { TrainData } from "../../core/train/contract.ts";
import { openData, SMALL, trainOnce, withFolder } from "./phantom-training.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
let data: TrainData & { close: () => Promise<void> };
beforeAll(async () => void (data = await openData()));
afterAll(() => data.close());

const network = mobilenetV3({ ...resolveSettings(SMALL), classes: 2 });
const initial = initialState(network, 0);

test.each<Freeze>(["backbone", "blocks", { upTo: 4 }])(
  "after ten epochs with %j frozen, its weights and statistics have their first digest; on the thawing epoch all train",
  async (part) => {
    const freeze: FreezeStage[] = [
      { epochs: 10, part },
      { part: "none", lr: 1e-3 },
    ];
    const frozen = frozenNames(network, part);
    const tenth = await stateAfter(10, freeze);
    expect(await digestOf(tenth, frozen)).toBe(await digestOf(initial, frozen));
    const eleventh = await stateAfter(11, freeze);
    const unchanged = network.parameters.filter(({ name }) => equal(tenth.get(name), eleventh.get(name)));
    expect(unchanged.map(({ name }) => name)).toEqual([]);
  },
);

test("with frozenBatchNorm update a frozen part keeps its weights while its statistics move", async () => {
  await withFolder(async (folder) => {
    const settings = { ...SMALL, freeze: "backbone", frozenBatchNorm: "update" } as const;
    const { lastPath } = await trainOnce(data, { settings, folder });
    const { state } = await readCheckpoint(lastPath);
    const frozen = frozenNames(network, "backbone");
    const moved = frozen.filter((name) => !equal(state.get(name), initial.get(name)));
    expect(moved).toEqual(frozen.filter((name) => name.includes("running_")));
  });
});

async function stateAfter(epochs: number, freeze: readonly FreezeStage[]): Promise<State> {
  return withFolder(async (folder) => {
    const { lastPath } = await trainOnce(data, { settings: { ...SMALL, epochs, freeze }, folder });
    return (await readCheckpoint(lastPath)).state;
  });
}

function equal(a: Float32Array | undefined, b: Float32Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}
