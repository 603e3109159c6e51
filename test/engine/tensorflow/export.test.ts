// A SavedModel for inference gives the engine's own logits. test/run/saved-model.test.ts loads one in Python's TensorFlow.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { createTensorflowEngine, writeSavedModel } from "../../../core/engine/tensorflow/index.ts";
import { requireInstallation } from "../../../core/engine/tensorflow/installation.ts";
import { loadLibrary } from "../../../core/engine/tensorflow/library.ts";
import { formulaImages, formulaState } from "../../model/formula-state.ts";
import { compile, distance, smallNetwork } from "./cases.ts";
import { isInstalled, skipReason, THREADS } from "./installed.ts";

vi.setConfig({ testTimeout: 300_000 }); // a busy machine is not a failure

const network = smallNetwork();
const images = formulaImages(5, network.imageSizePx);

describe.skipIf(!isInstalled)(`an exported SavedModel${skipReason}`, () => {
  it("gives the probabilities of the trained network, within 1e-5", async () => {
    const { folder, logits } = await exportAndEvaluate();
    const { tf } = loadLibrary(requireInstallation(), THREADS);
    const model = await tf.node.loadSavedModel(folder, ["serve"], "serving_default");
    const input = tf.tensor(images, [5, network.imageSizePx, network.imageSizePx, 3], "bool");
    const outputs = model.predict({ images: input });
    expect(distance(outputs["logits"]?.dataSync() ?? [], logits)).toBeLessThan(1e-5);
    expectNear(outputs["probabilities"]?.dataSync() ?? [], softmax(logits));
    model.dispose();
  });
});

async function exportAndEvaluate(): Promise<{ folder: string; logits: Float32Array }> {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-export-"));
  await writeSavedModel(network, formulaState(network), folder);
  const engine = await createTensorflowEngine({ threads: THREADS });
  const program = await compile(engine, network, { purpose: "inference" });
  const logits = await program.evaluate(images);
  await engine.close();
  return { folder, logits };
}

function expectNear(values: ArrayLike<number>, expected: readonly number[]): void {
  expect(values.length).toBe(expected.length);
  expected.forEach((value, i) => expect(Math.abs((values[i] as number) - value)).toBeLessThan(1e-5));
}

function softmax(logits: Float32Array): number[] {
  const rows = Array.from({ length: logits.length / network.classes }, (_, row) =>
    [...logits.subarray(row * network.classes, (row + 1) * network.classes)].map((value) => Math.exp(value)),
  );
  return rows.flatMap((row) => row.map((value) => value / row.reduce((sum, other) => sum + other, 0)));
}
