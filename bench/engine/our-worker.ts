// Our side of bench:engine: a Job a line, an Answer a line.
import { createInterface } from "node:readline";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import type { Engine, Program } from "../../core/engine/engine.ts";
import { initialState } from "../../core/model/initialize.ts";
import { trainableParameters, type Freeze } from "../../core/model/freeze.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { Task } from "./cells.ts";
import type { Answer, Job } from "./worker-process.ts";

const CLASSES = 2;
const WARM_UP_STEPS = 6; // wasm: until V8 has optimised it
const ADAM = { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 } as const;
const FROZEN: Readonly<Record<Task, Freeze>> = {
  full: "none",
  blocks: "blocks",
  backbone: "backbone",
  "kept features": "backbone",
  inference: "backbone",
};

interface Prepared {
  readonly key: string;
  readonly program: Program;
  readonly step: () => Promise<unknown>;
}

let engine: Engine | undefined;
let current: Prepared | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as Job;
  const key = JSON.stringify([job.task, job.sizePx]);
  if (current?.key !== key) {
    current?.program.dispose();
    current = await prepare(job, key);
  }
  console.log(JSON.stringify(await answer(current, job.forMs)));
}
await engine?.close();

async function answer({ step, program }: Prepared, forMs: number): Promise<Answer> {
  const version = `${engine?.identity.kernels} ${engine?.identity.version}`;
  return { ms: await measure(step, forMs), memoryBytes: program.memoryBytes, version };
}

async function prepare(job: Job, key: string): Promise<Prepared> {
  const program = await compile(job);
  const step = await stepOf(program, job);
  for (let i = 0; i < WARM_UP_STEPS; i++) await step();
  return { key, program, step };
}

async function compile({ task, sizePx, batch, threads, contender, isa }: Job): Promise<Program> {
  const native = isa === "avx2" ? "native-avx2" : "native";
  engine ??= await createPortableEngine({ threads, kernels: contender === "wasm" ? "wasm" : native });
  const settings = { size: "large", layout: "torchvision", widthMult: 1, classes: CLASSES, dropout: 0.2 } as const;
  const network = mobilenetV3({ ...settings, imageSizePx: sizePx, batchNorm: { eps: 1e-3, momentum: 0.01 } });
  const program = await engine.compile(network, {
    batchSize: batch,
    trainable: trainableParameters(network, FROZEN[task]),
    frozenBatchNorm: "inference",
    optimizer: ADAM,
    purpose: task === "inference" ? "inference" : "training",
  });
  await program.load(initialState(network, 0));
  return program;
}

async function stepOf(program: Program, { task, batch, sizePx }: Job): Promise<() => Promise<unknown>> {
  const images = Uint8Array.from({ length: batch * sizePx * sizePx * 3 }, (_, i) => (i * 2654435761) >>> 24);
  const targets = Float32Array.from({ length: batch * CLASSES }, (_, i) => ((i >> 1) % 2 === i % 2 ? 1 : 0));
  let count = 0;
  const settings = () => ({ lr: 1e-3, step: ++count });
  if (task === "inference") return () => program.evaluate(images);
  if (task !== "kept features") return () => program.trainStep({ images, targets }, settings());
  const { frozenFeatures } = program;
  if (frozenFeatures === undefined) throw new Error("a program that trains the head alone keeps no features");
  const features = await frozenFeatures.compute(images);
  return () => frozenFeatures.trainStep({ features, targets }, settings());
}

async function measure(step: () => Promise<unknown>, forMs: number): Promise<number[]> {
  const ms: number[] = [];
  for (let sum = 0; forMs > 0 && (ms.length < 2 || sum < forMs); sum += ms.at(-1) ?? 0) {
    const start = performance.now();
    await step();
    ms.push(performance.now() - start);
  }
  return ms;
}
