// A process of its own for lifecycle.test.ts: trains, and ends in the way that its first argument names.
import { createPortableEngine } from "../../../../core/engine/portable/index.ts";
import { isStatistic } from "../../../../core/model/network.ts";
import { smallBatch, smallNetwork, smallState, type SmallSpec } from "../small-network.ts";

const spec: SmallSpec = {
  images: 8,
  sizePx: 64,
  low: 0,
  high: 250,
  mean: [0.5, 0.5, 0.5],
  eps: 1e-3,
  hidden: 8,
  classes: 2,
  layers: [
    { kind: "conv", kernel: 3, out: 64, activation: "relu" },
    { kind: "depthwise", kernel: 5 },
    { kind: "conv", out: 64 },
  ],
};

const [ending, kernels] = process.argv.slice(2) as [string, "wasm" | "native"];
const engine = await createPortableEngine({ threads: 2, kernels });
const network = smallNetwork(spec);
const trainable = new Set(network.parameters.filter((p) => !isStatistic(p)).map((p) => p.name));
const optimizer = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
const program = await engine.compile(network, {
  batchSize: 16,
  trainable,
  frozenBatchNorm: "inference",
  optimizer,
  purpose: "training",
});
await program.load(smallState(network));
await program.trainStep(smallBatch(spec), { lr: 0.01, step: 1 });
console.log("trained");

const steps = [2, 3, 4, 5].map((step) => program.trainStep(smallBatch(spec), { lr: 0.01, step }));
if (ending === "process.exit") setTimeout(() => process.exit(7), 5);
if (ending === "exception") setTimeout(() => { throw new Error("thrown on purpose"); }, 5); // prettier-ignore
if (ending === "close") {
  const outcomes = Promise.allSettled(steps);
  await engine.close();
  console.log((await outcomes).map(({ status }) => status).join(" "));
} else await Promise.all(steps);
console.log("done"); // and the process ends although the engine was not closed
