// The portable engine's side of bench:engine; the same questions and answers as torch_worker.py.
import { createInterface } from "node:readline";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import type { Engine, Program } from "../../core/engine/engine.ts";
import { initialState } from "../../core/model/initialize.ts";
import { trainableParameters } from "../../core/model/freeze.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { Job } from "../engine.ts";

const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 } as const;
const state: { engine: Engine | null; program: Program | null } = { engine: null, program: null };
let key = "";

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as Job;
  const images = Uint8Array.from({ length: job.batch * job.sizePx ** 2 * 3 }, (_, i) => (i * 2654435761) >>> 24);
  const targets = Float32Array.from({ length: job.batch * 2 }, (_, i) => ((i >> 1) % 2 === i % 2 ? 1 : 0));
  if (key !== JSON.stringify([job.task, job.sizePx])) {
    key = JSON.stringify([job.task, job.sizePx]);
    state.program?.dispose();
    state.program = await compile(job);
    for (let i = 0; i < 6; i++) await step(state.program, job.task, images, targets); // wasm: until V8 has optimised
  }
  const ms: number[] = [];
  for (let i = 0; i < job.steps; i++) {
    const start = performance.now();
    await step(state.program as Program, job.task, images, targets);
    ms.push(performance.now() - start);
  }
  console.log(JSON.stringify({ ms, kernels: state.engine?.identity.kernels }));
}
await state.engine?.close();

async function compile({ task, sizePx, batch, threads, kernels }: Job): Promise<Program> {
  const engine = (state.engine ??= await createPortableEngine({ threads, kernels }));
  const batchNorm = { eps: 1e-3, momentum: 0.01 };
  const settings = { size: "large", layout: "torchvision", widthMult: 1, classes: 2, dropout: 0.2 } as const;
  const network = mobilenetV3({ ...settings, imageSizePx: sizePx, batchNorm });
  const freeze = task === "inference" ? "backbone" : task;
  const trainable = trainableParameters(network, freeze);
  const purpose = task === "inference" ? "inference" : "training";
  const compiled = await engine.compile(network, {
    batchSize: batch,
    trainable,
    frozenBatchNorm: "inference",
    optimizer,
    purpose,
  });
  compiled.load(initialState(network, 0));
  return compiled;
}

let count = 0;
async function step(of: Program, task: Job["task"], images: Uint8Array, targets: Float32Array): Promise<void> {
  if (task === "inference") await of.evaluate(images);
  else await of.trainStep({ images, targets }, { lr: 1e-3, step: ++count });
}
