// The moving average of the weights in a whole training: what is evaluated and kept, and that training itself does not see it.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { averageName } from "../../core/engine/optimizer-slots.ts";
import { resolveSettings } from "../../core/experiment/resolve.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { TrainData } from "../../core/train/contract.ts";
import { readCheckpoint } from "../../core/train/checkpoint.ts";
import { batchesOf, openData, SMALL, trainOnce, withFolder, type Trained } from "./phantom-training.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
let data: TrainData & { close: () => Promise<void> };
beforeAll(async () => void (data = await openData()));
afterAll(() => data.close());

const network = mobilenetV3({ ...resolveSettings(SMALL), classes: 2 });

test("the best checkpoint holds the averages, under the names of the weights and nothing else", async () => {
  await withFolder(async (folder) => {
    const settings = { ...SMALL, epochs: 1, emaDecay: 0.9 };
    const { best, lastPath } = await trainOnce(data, { settings, folder });
    const kept = (await readCheckpoint(best.path)).state;
    const last = (await readCheckpoint(lastPath)).state;
    expect([...kept.keys()].sort()).toEqual(network.parameters.map(({ name }) => name).sort());
    for (const [name, values] of kept) expect(values, name).toEqual(last.get(averageName(name)));
    expect(kept.get("classifier.3.weight")).not.toEqual(last.get("classifier.3.weight"));
  });
});

test("an average changes validations and the test, and no batch of training", async () => {
  const plain = await trainOnce(data, { settings: SMALL });
  const averaged = await trainOnce(data, { settings: { ...SMALL, emaDecay: 0.9 } });
  const losses = ({ events }: Trained, phase: string) =>
    batchesOf(events).flatMap((batch) => (batch.phase === phase ? [batch.loss] : []));
  expect(losses(averaged, "train")).toEqual(losses(plain, "train"));
  expect(losses(averaged, "val")).not.toEqual(losses(plain, "val"));
  expect(averaged.stateDigest).not.toBe(plain.stateDigest);
});
