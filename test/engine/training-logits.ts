// Logits in training mode (batch statistics, no dropout), which no engine hands out: read off the gradients of the last biases. With all
// weight on image b and the target on a class whose logit is 0, that gradient is softmax(x_b) - target, and x_k = log(p_k / p_0).
import type { Engine } from "../../core/engine/engine.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { Network } from "../../core/model/network.ts";
import { caseBatch, caseNetwork, type LogitsCase } from "../model/golden-cases.ts";
import { formulaState } from "../model/formula-state.ts";

const LAST = "classifier.3";

/** @returns [B, K] in rows */
export async function trainingLogits(engine: Engine, given: LogitsCase): Promise<number[]> {
  const network = caseNetwork(given);
  const { classes } = network;
  const wider = widerByOne(given, network);
  const program = await engine.compile(wider, {
    batchSize: given.batch,
    trainable: new Set([`${LAST}.weight`, `${LAST}.bias`]),
    frozenBatchNorm: "update", // the batch's statistics, although nothing before the last layer trains
    optimizer: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    purpose: "training",
  });
  await program.load(widened(formulaState(network), classes));
  const { images } = caseBatch(given);
  const targets = new Float32Array(given.batch * (classes + 1));
  for (let b = 0; b < given.batch; b++) targets[b * (classes + 1) + classes] = 1;
  const logits: number[] = [];
  for (let b = 0; b < given.batch; b++) {
    const sampleWeights = new Float32Array(given.batch);
    sampleWeights[b] = 1;
    const { gradients } = await program.gradients({ images, targets, sampleWeights });
    const bias = gradients.get(`${LAST}.bias`) as Float32Array;
    const zero = 1 + (bias[classes] as number);
    for (let k = 0; k < classes; k++) logits.push(Math.log((bias[k] as number) / zero));
  }
  program.dispose();
  return logits;
}

/** The same network with one class more. */
function widerByOne({ size, widthMult }: LogitsCase, { layout, classes, imageSizePx }: Network): Network {
  const batchNorm = { eps: 1e-3, momentum: 0.1 };
  return mobilenetV3({ size, layout, widthMult, classes: classes + 1, imageSizePx, dropout: 0, batchNorm });
}

/** The further class has weights and bias 0. */
function widened(state: Map<string, Float32Array>, classes: number): Map<string, Float32Array> {
  for (const name of [`${LAST}.weight`, `${LAST}.bias`]) {
    const values = state.get(name) as Float32Array;
    const wider = new Float32Array(values.length + values.length / classes);
    wider.set(values);
    state.set(name, wider);
  }
  return state;
}
