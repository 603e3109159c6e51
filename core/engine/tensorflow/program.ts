// A compiled network: host-side ends of the session's signatures. What crosses between host and device in a step is the batch, a few
// scalars, and the logits.
import { setImmediate } from "node:timers/promises";
import { LockstepError } from "../../errors.ts";
import { checkBatch } from "../../model/model-check.ts";
import { elementCount, type Network, type Parameter, type State } from "../../model/network.ts";
import type { Batch, CompileOptions, Program, StepResult, StepSettings } from "../engine.ts";
import { averageName } from "../optimizer-slots.ts";
import { fromVariable, toVariable, variableShape } from "./layout.ts";
import { programBytes } from "./memory.ts";
import { stepScalars } from "./optimizer-graph.ts";
import { GRADIENT_PREFIX, type ProgramGraph } from "./program-graph.ts";
import type { Session, SessionInput } from "./session.ts";

export interface ProgramSpec {
  readonly network: Network;
  readonly options: CompileOptions;
  readonly graph: ProgramGraph;
  /** Owned by the program from here on. */
  readonly session: Session;
  /** Called when the program is disposed of. */
  readonly forget: () => void;
}

export class TensorflowProgram implements Program {
  readonly memoryBytes: number;
  readonly #network: Network;
  readonly #options: CompileOptions;
  readonly #graph: ProgramGraph;
  readonly #session: Session;
  readonly #forget: () => void;

  constructor(spec: ProgramSpec) {
    this.#network = spec.network;
    this.#options = spec.options;
    this.#graph = spec.graph;
    this.#session = spec.session;
    this.#forget = spec.forget;
    this.memoryBytes = programBytes(spec.network, spec.options, spec.graph);
  }

  async load(state: State): Promise<void> {
    await setImmediate();
    const inputs: Record<string, SessionInput> = {};
    for (const [name, { parameter }] of this.#graph.variables) {
      const values = state.get(name) ?? absent(name, parameter, state);
      if (values?.length !== elementCount(parameter.shape)) throw misfit(name, parameter.shape, values?.length ?? null);
      inputs[name] = { values: toVariable(parameter, values), shape: variableShape(parameter) };
    }
    this.#session.run("assign", inputs);
  }

  async save(): Promise<Map<string, Float32Array>> {
    await setImmediate();
    const read = this.#session.run("read", {});
    const saved = [...this.#graph.variables].map(([name, { parameter }]) => {
      return [name, fromVariable(parameter, read.get(name) as Float32Array)] as const;
    });
    return new Map(saved);
  }

  async trainStep(batch: Batch, settings: StepSettings): Promise<StepResult> {
    const scalars = Object.entries(stepScalars(this.#options.optimizer, settings)).map(
      ([name, value]) => [name, { values: Float32Array.of(value), shape: [] }] as const,
    );
    const inputs = { ...this.#batchInputs(batch), ...Object.fromEntries(scalars) };
    await setImmediate(); // the session blocks this thread: let signals, progress and the recorder have their turn
    const outputs = this.#session.run(settings.clipNorm === undefined ? "step" : "clippedStep", inputs);
    const logits = outputs.get("logits") as Float32Array;
    return {
      loss: outputs.get("loss")?.[0] as number,
      correct: countCorrect(logits, batch.targets, this.#network.classes),
    };
  }

  async evaluate(images: Uint8Array): Promise<Float32Array> {
    await setImmediate();
    return this.#session.run("evaluate", { images: this.#imageInput(images) }).get("logits") as Float32Array;
  }

  async gradients(batch: Batch): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
    await setImmediate();
    const outputs = this.#session.run("gradients", this.#batchInputs(batch));
    const gradients = this.#network.parameters.flatMap((parameter) => {
      const values = outputs.get(GRADIENT_PREFIX + parameter.name);
      return values === undefined ? [] : [[parameter.name, fromVariable(parameter, values)] as const];
    });
    return { loss: outputs.get("loss")?.[0] as number, gradients: new Map(gradients) };
  }

  dispose(): void {
    this.#session.dispose();
    this.#forget();
  }

  #batchInputs({ images, targets, sampleWeights, dropoutMask }: Batch): Record<string, SessionInput> {
    const imageInput = this.#imageInput(images);
    const size = imageInput.shape[0] as number;
    checkBatch(this.#network, size, this.#options);
    const features = this.#graph.dropoutFeatures;
    const inputs = {
      images: imageInput,
      targets: { values: targets, shape: [size, this.#network.classes] },
      sampleWeights: { values: sampleWeights ?? new Float32Array(size).fill(1), shape: [size] },
    };
    if (features === null) return inputs;
    const mask = dropoutMask ?? new Float32Array(size * features).fill(1);
    return { ...inputs, dropoutMask: { values: mask, shape: [size, features] } };
  }

  /** @param images uint8 [B, H, W, 3] */
  #imageInput(images: Uint8Array): SessionInput {
    const { imageSizePx } = this.#network;
    const size = images.length / (imageSizePx * imageSizePx * 3);
    if (Number.isInteger(size) && size >= 1 && size <= this.#options.batchSize) {
      return { values: images, shape: [size, imageSizePx, imageSizePx, 3] };
    }
    throw new LockstepError({
      code: "model-invalid",
      message: `tensorflow: a batch of ${images.length} bytes, expected 1 to ${this.#options.batchSize} images of ${imageSizePx} x ${imageSizePx} x 3`,
      next: "Compile the network for the size of the images, or resize them.",
    });
  }
}

/** How many rows have their largest logit where their largest target stands; the first index wins a tie. */
function countCorrect(logits: Float32Array, targets: Float32Array, classes: number): number {
  let correct = 0;
  for (let row = 0; row < logits.length; row += classes) {
    if (largest(logits, row, classes) === largest(targets, row, classes)) correct++;
  }
  return correct;
}

function largest(values: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let k = 1; k < count; k++) if ((values[start + k] as number) > (values[start + best] as number)) best = k;
  return best;
}

/** What a state need not hold: an average begins at its weight, a slot at 0. */
function absent(name: string, parameter: Parameter, state: State): Float32Array | null {
  if (name === parameter.name) return null;
  if (name === averageName(parameter.name)) return state.get(parameter.name) ?? null;
  return new Float32Array(elementCount(parameter.shape));
}

function misfit(name: string, shape: readonly number[], received: number | null): LockstepError {
  return new LockstepError({
    code: "weights-invalid",
    message: `state: "${name}" has ${received ?? "no"} values, expected ${elementCount(shape)} (${shape.join(" x ")})`,
    next: "Load a state that was made for this network.",
  });
}
