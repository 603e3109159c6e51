// A compiled network: one shared memory, plans made when they are first needed (one for each kind and number of images),
// and a queue, so that one plan runs at a time. The main thread writes inputs, posts the plan and awaits the result.
import { LockstepError } from "../../errors.ts";
import type { Network, State } from "../../model/network.ts";
import type { Batch, CompileOptions, Program, StepResult, StepSettings } from "../engine.ts";
import { slotName } from "../optimizer-slots.ts";
import { checkBatch, checkImages } from "./check-batch.ts";
import {
  CONTROL,
  memoryLimit,
  PLAN,
  PLAN_BYTES,
  PROGRAM,
  STACK_BYTES,
  threadRegions,
  tooLarge,
  type ThreadRegions,
} from "./layout.ts";
import { hyperOf } from "./lower/hyper.ts";
import { lower, type Lowered } from "./lower/lower.ts";
import type { PlanKind } from "./lower/lowering.ts";
import { placeProgramMemory, type ProgramMemory, type Weight } from "./lower/weights.ts";
import { pack, unpack } from "./pack.ts";
import { offsetOf, RECORD_WORDS, type Buffer } from "./plan.ts";
import { panelStride } from "./shapes.ts";
import { readStages, type Stages } from "./stages.ts";
import type { Team } from "./team.ts";

const PAGE = 65536;

export interface ProgramJob {
  readonly network: Network;
  readonly options: CompileOptions;
  readonly team: Team<number>;
  readonly threads: number;
  /** Tells the workers which program is meant. */
  readonly id: number;
  /** Called when the program is disposed of. */
  readonly forget: (program: PortableProgram) => unknown;
}

/** A plan whose memory is placed and whose records are ready to be copied in. */
interface ReadyPlan {
  readonly lowered: Lowered;
  readonly words: Int32Array;
}

export class PortableProgram implements Program {
  private readonly job: ProgramJob;
  private readonly stages: Stages;
  private readonly memory: ProgramMemory;
  private readonly regions: ThreadRegions;
  private readonly plans = new Map<string, ReadyPlan>();
  private readonly wasm: WebAssembly.Memory;
  private queue: Promise<unknown> = Promise.resolve();
  private running = 0;
  private disposed = false;

  /** @returns the program, once every thread knows its memory */
  static async compile(job: ProgramJob): Promise<PortableProgram> {
    const program = new PortableProgram(job);
    const { start, scratchBytes } = program.regions;
    const place = { scratch: start, scratchBytes, stackBytes: STACK_BYTES, control: CONTROL };
    await job.team.request({ kind: "attach", program: job.id, memory: program.wasm, ...place });
    return program;
  }

  private constructor(job: ProgramJob) {
    const { network, options } = job;
    this.job = job;
    this.stages = readStages(network);
    const { memory, regions, end } = sizeProgram(job, this.stages, options.batchSize);
    if (end > memoryLimit()) throw tooLarge(end, options.batchSize, largestFitting(job, this.stages));
    this.memory = memory;
    this.regions = regions;
    this.wasm = reserve(end, options.batchSize);
    for (const { parameter, buffer } of memory.weights.values()) {
      if (parameter.kind === "runningVar") this.floats(buffer).fill(1);
    }
    this.floats(memory.mask).fill(1);
  }

  get memoryBytes(): number {
    return this.wasm.buffer.byteLength;
  }

  load(state: State): void {
    this.requireIdle("load");
    for (const weight of this.memory.weights.values()) {
      const { parameter, buffer, moments } = weight;
      this.packFrom(state, parameter.name, weight, buffer, true);
      for (const [slot, moment] of moments) this.packFrom(state, slotName(slot, parameter.name), weight, moment, false);
    }
  }

  save(): Map<string, Float32Array> {
    this.requireIdle("save");
    const state = new Map<string, Float32Array>();
    const weights = [...this.memory.weights.values()];
    for (const { parameter, buffer } of weights) state.set(parameter.name, unpack(parameter, this.floats(buffer)));
    for (const { parameter, moments } of weights) {
      for (const [slot, moment] of moments) {
        state.set(slotName(slot, parameter.name), unpack(parameter, this.floats(moment)));
      }
    }
    return state;
  }

  async trainStep(batch: Batch, settings: StepSettings): Promise<StepResult> {
    const images = this.checkedBatch(batch);
    return this.enqueue(async () => {
      this.writeBatch(batch, images);
      this.floats(this.memory.hyper).set(hyperOf(this.job.options.optimizer, settings));
      await this.walk(settings.clipNorm === undefined ? "train" : "trainClipped", images);
      const [loss, correct] = this.doubles(this.memory.result) as unknown as [number, number];
      return { loss, correct };
    });
  }

  async gradients(batch: Batch): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
    const images = this.checkedBatch(batch);
    return this.enqueue(async () => {
      this.writeBatch(batch, images);
      const lowered = await this.walk("gradients", images);
      const loss = this.doubles(this.memory.result)[0] as number;
      const gradients = new Map<string, Float32Array>();
      for (const [name, buffer] of lowered.gradients) {
        const { parameter } = this.memory.weights.get(name) as Weight;
        gradients.set(name, unpack(parameter, this.floats(buffer)));
      }
      return { loss, gradients };
    });
  }

  async evaluate(images: Uint8Array): Promise<Float32Array> {
    const count = checkImages(images, this.job.network, this.job.options.batchSize);
    return this.enqueue(async () => {
      this.bytes(this.memory.images).set(images);
      const { logits } = await this.walk("evaluate", count);
      return this.readVectors(logits, count, this.job.network.classes);
    });
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.stop();
    this.job.forget(this);
    this.job.team.request({ kind: "detach", program: this.job.id }).catch(() => undefined); // a team that is gone holds nothing
  }

  /** Makes threads leave a plan at its next barrier; what it computes is lost. */
  stop(): void {
    const control = new Int32Array(this.wasm.buffer, CONTROL, 48);
    Atomics.store(control, 32, 1); // Control.stop
    Atomics.notify(control, 16); // Control.generation, on which sleepers wait
  }

  private checkedBatch(batch: Batch): number {
    if (this.job.options.purpose !== "training") {
      throw new LockstepError({ code: "internal", message: "engine portable: a program for inference cannot train" });
    }
    return checkBatch(batch, this.job.network, this.stages, this.job.options.batchSize);
  }

  private enqueue<T>(task: () => Promise<T>): Promise<T> {
    this.running++;
    const result = this.queue.then(() => this.perform(task));
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async perform<T>(task: () => Promise<T>): Promise<T> {
    try {
      if (this.disposed) throw failed("the program was disposed of");
      return await task();
    } finally {
      this.running--;
    }
  }

  private async walk(kind: PlanKind, images: number): Promise<Lowered> {
    const { lowered, words } = this.planFor(kind, images);
    new Int32Array(this.wasm.buffer, PLAN, words.length).set(words);
    const records = words.length / RECORD_WORDS;
    const ends = await this.job.team.request({ kind: "walk", program: this.job.id, plan: PLAN, records });
    if (ends.includes(0)) throw failed("it was stopped in the middle of a step");
    return lowered;
  }

  private planFor(kind: PlanKind, images: number): ReadyPlan {
    const key = `${kind} ${images}`;
    const known = this.plans.get(key);
    if (known !== undefined) return known;
    const { options } = this.job;
    const lowered = lower({ kind, stages: this.stages, memory: this.memory, options, images });
    const end = lowered.plan.placeBuffers(this.regions.end);
    if (lowered.plan.scratchBytes > this.regions.scratchBytes) throw new Error("a smaller batch needs more scratch");
    if (end > memoryLimit()) throw tooLarge(end, images, largestFitting(this.job, this.stages));
    const missing = end - this.wasm.buffer.byteLength;
    if (missing > 0) this.wasm.grow(Math.ceil(missing / PAGE));
    const words = lowered.plan.encode();
    if (words.byteLength > PLAN_BYTES)
      throw new LockstepError({ code: "model-invalid", message: "network: too many ops for one plan" });
    const plan = { lowered, words };
    this.plans.set(key, plan);
    return plan;
  }

  private writeBatch({ images, targets, sampleWeights, dropoutMask }: Batch, count: number): void {
    const { memory } = this;
    this.bytes(memory.images).set(images);
    this.writeVectors(memory.targets, targets, count);
    if (sampleWeights === undefined) this.floats(memory.sampleWeights).fill(1, 0, count);
    else this.floats(memory.sampleWeights).set(sampleWeights);
    if (dropoutMask === undefined) this.floats(memory.mask).fill(1);
    else this.writeVectors(memory.mask, dropoutMask, count);
  }

  /** @param values float32 [count, width] to a vector of the network */
  private writeVectors(buffer: Buffer, values: Float32Array, count: number): void {
    const to = this.floats(buffer);
    const width = values.length / count;
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < width; c++) to[vectorAt(c, i, count)] = values[i * width + c] as number;
    }
  }

  private readVectors(buffer: Buffer, count: number, width: number): Float32Array {
    const from = this.floats(buffer);
    const values = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < width; c++) values[i * width + c] = from[vectorAt(c, i, count)] as number;
    }
    return values;
  }

  private packFrom(state: State, name: string, weight: Weight, buffer: Buffer, required: boolean): void {
    const values = state.get(name);
    const expected = weight.parameter.shape.reduce((a, b) => a * b, 1);
    if (values !== undefined && values.length === expected) return pack(weight.parameter, values, this.floats(buffer));
    if (values === undefined && !required) return void this.floats(buffer).fill(0);
    const received = values === undefined ? "nothing" : `${values.length} numbers`;
    throw new LockstepError({
      code: "weights-invalid",
      message: `weights: ${name} is ${received}, expected ${expected} numbers (${weight.parameter.shape.join(" x ")})`,
      next: "Load weights of this family, layout, width and number of classes.",
    });
  }

  private requireIdle(what: string): void {
    if (this.running === 0) return;
    throw new LockstepError({ code: "internal", message: `engine portable: ${what} was called while a step runs` });
  }

  private bytes(buffer: Buffer): Uint8Array {
    return new Uint8Array(this.wasm.buffer, offsetOf(buffer), buffer.bytes);
  }

  private floats(buffer: Buffer): Float32Array {
    return new Float32Array(this.wasm.buffer, offsetOf(buffer), Math.floor(buffer.bytes / 4));
  }

  private doubles(buffer: Buffer): Float64Array {
    return new Float64Array(this.wasm.buffer, offsetOf(buffer), Math.floor(buffer.bytes / 8));
  }
}

function failed(what: string): LockstepError {
  return new LockstepError({ code: "engine-failed", message: `engine portable: ${what}` });
}

/** Where number c of an image stands in a vector of the network. */
function vectorAt(c: number, image: number, images: number): number {
  return ((c >> 3) * panelStride(images) + image) * 8 + (c & 7);
}

/** Lays out a program for a batch size. @returns end: the bytes that its usual plans need */
function sizeProgram({ network, options, threads }: ProgramJob, stages: Stages, batchSize: number) {
  const sized = { ...options, batchSize };
  const maskFeatures = stages.head.find((layer) => layer.dropout)?.dense.outFeatures ?? 0;
  const memory = placeProgramMemory(network, sized, maskFeatures, PROGRAM);
  const kinds: PlanKind[] = options.purpose === "training" ? ["train", "evaluate"] : ["evaluate"];
  const plans = kinds.map((kind) => lower({ kind, stages, memory, options: sized, images: batchSize }).plan);
  const scratch = Math.max(...plans.map((plan) => plan.scratchBytes));
  const regions = threadRegions(memory.end, scratch, threads);
  const end = Math.max(...plans.map((plan) => plan.placeBuffers(regions.end)));
  return { memory, regions, end };
}

/** The largest batch size below the asked one whose program fits, or 0. */
function largestFitting(job: ProgramJob, stages: Stages): number {
  let low = 0;
  let high = job.options.batchSize;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sizeProgram(job, stages, middle).end <= memoryLimit()) low = middle;
    else high = middle;
  }
  return low;
}

function reserve(bytes: number, batchSize: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: 65536, shared: true });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(bytes, batchSize, 0);
    throw cause;
  }
}
