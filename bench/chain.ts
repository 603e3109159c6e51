// npx tsx bench/chain.ts: what the digest chain costs beside a training step (MobileNetV3-Large, 96 px, batch 32, all parameters), and
// the state digest beside an epoch of 17 steps. The promise: a link costs under 1 % of its step.
import { createPortableEngine } from "../core/engine/portable/index.ts";
import { resolveSettings } from "../core/experiment/resolve.ts";
import { stateDigest } from "../core/model/digest.ts";
import { initialState } from "../core/model/initialize.ts";
import { mobilenetV3 } from "../core/model/mobilenet-v3.ts";
import { stream } from "../core/random.ts";
import { FIRST_LINK, nextLink } from "../core/train/chain.ts";
import { stageOf } from "../core/train/stages.ts";
import { readFlags } from "./flags.ts";

const BATCH = 32;
const SIZE_PX = 96;
const STEPS = 12;
const STEPS_IN_EPOCH = 17;
const LINKS = 5000;

readFlags(import.meta.url, {});
const settings = resolveSettings({ imageSizePx: SIZE_PX, batchSize: BATCH });
const network = mobilenetV3({ ...settings, classes: 2 });
const engine = await createPortableEngine();
const program = await engine.compile(network, {
  batchSize: BATCH,
  trainable: stageOf(settings, network, 1).trainable,
  frozenBatchNorm: settings.frozenBatchNorm,
  optimizer: settings.optimizer,
  purpose: "training",
});
await program.load(initialState(network, 0));
const random = stream(0, "bench chain");
const images = Uint8Array.from({ length: BATCH * SIZE_PX * SIZE_PX * 3 }, () => random.integer(256));
const targets = Float32Array.from({ length: BATCH * 2 }, (_, i) => ((i >> 1) + i) % 2);

const steps = await medianMs(STEPS, (i) => program.trainStep({ images, targets }, { lr: 1e-3, step: i + 1 }));
const state = await program.save();
const digests = await medianMs(5, async () => stateDigest(state));
await engine.close();

const ids = Array.from({ length: BATCH }, (_, i) => `malignant/patient-${i}/image (${i}).png`);
const links = await medianMs(9, async () => {
  let link = FIRST_LINK;
  for (let i = 0; i < LINKS; i++) link = nextLink(link, ids, i / 7, i % BATCH);
});
const link = links / LINKS;
const epoch = STEPS_IN_EPOCH * steps;
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(3)} %`;
console.log(`step          ${steps.toFixed(1)} ms (${engine.identity.kernels}, ${engine.identity.threads} threads)`);
console.log(`link          ${link.toFixed(4)} ms, ${percent(link, steps)} of a step`);
console.log(
  `state digest  ${digests.toFixed(1)} ms, ${percent(digests, epoch)} of an epoch of ${STEPS_IN_EPOCH} steps`,
);
if (link > 0.01 * steps) process.exitCode = 1;

async function medianMs(times: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const measured: number[] = [];
  for (let i = 0; i < times; i++) {
    const startMs = performance.now();
    await work(i);
    measured.push(performance.now() - startMs);
  }
  return measured.sort((a, b) => a - b)[times >> 1] ?? NaN;
}
