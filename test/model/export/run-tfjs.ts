// Runs an exported graph model in TensorFlow.js on its CPU backend.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import { expect } from "vitest";

/** @param files of the export by name @param images uint8 [N, sizePx, sizePx, 3] @returns probabilities [N, K] in rows */
export async function runTfjs(
  files: ReadonlyMap<string, Uint8Array>,
  images: Uint8Array,
  sizePx: number,
): Promise<number[]> {
  await tf.setBackend("cpu");
  expect(tf.getBackend()).toBe("cpu");
  const json = JSON.parse(new TextDecoder().decode(files.get("model.json"))) as {
    modelTopology: object;
    weightsManifest: [{ paths: [string]; weights: tf.io.WeightsManifestEntry[] }];
  };
  const [{ paths, weights }] = json.weightsManifest;
  const weightData = new Uint8Array(files.get(paths[0]) ?? []).buffer;
  const handler = { load: async () => ({ modelTopology: json.modelTopology, weightSpecs: weights, weightData }) };
  const model = await loadGraphModel(handler);
  const input = tf.tensor(Int32Array.from(images), [images.length / (sizePx * sizePx * 3), sizePx, sizePx, 3], "int32");
  const output = model.execute({ images: input }, "probabilities") as tf.Tensor;
  const values = [...(await output.data())];
  tf.dispose([input, output]);
  model.dispose();
  return values;
}
