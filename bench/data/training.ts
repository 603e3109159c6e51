// What the portable engine consumes of images that are loaded beside it, and how long it waits for them: MobileNetV3-Large, Adam.
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import { trainableParameters } from "../../core/model/freeze.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import { BATCH_SIZE, THREADS, type Loading } from "./loading.ts";

const CLASSES = 2;
const STEPS = 16; // the first 2 warm up
const WARM_UP = 2;

export interface Consumed {
  readonly freeze: "none" | "backbone";
  readonly imagesPerSecond: number;
  /** Share of the time that no batch was there, 0 to 1. */
  readonly waiting: number;
}

export async function trainOn(loading: Loading, sizePx: number, freeze: Consumed["freeze"]): Promise<Consumed> {
  const engine = await createPortableEngine({ threads: THREADS });
  try {
    const settings = { size: "large", layout: "torchvision", widthMult: 1, classes: CLASSES, dropout: 0 } as const;
    const network = mobilenetV3({ ...settings, imageSizePx: sizePx, batchNorm: { eps: 1e-3, momentum: 0.01 } });
    const program = await engine.compile(network, {
      batchSize: BATCH_SIZE,
      trainable: trainableParameters(network, freeze),
      frozenBatchNorm: "inference",
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 },
      purpose: "training",
    });
    await program.load(initialState(network, 0));
    const loaded = await loading.epoch(sizePx, 1);
    let [computedMs, waitedMs, images] = [0, 0, 0];
    let at = performance.now();
    for (let step = 1; step <= STEPS; step++) {
      const { value, done } = await loaded.next();
      if (done === true) break;
      const came = performance.now();
      const targets = Float32Array.from(value.labels.flatMap((label) => [label === 0 ? 1 : 0, label === 0 ? 0 : 1]));
      await program.trainStep({ images: value.images, targets }, { lr: 1e-3, step });
      const ended = performance.now();
      if (step > WARM_UP) {
        waitedMs += came - at;
        computedMs += ended - came;
        images += value.labels.length;
      }
      at = ended;
    }
    await loaded.return();
    return { freeze, imagesPerSecond: (1000 * images) / computedMs, waiting: waitedMs / (waitedMs + computedMs) };
  } finally {
    await engine.close();
  }
}
