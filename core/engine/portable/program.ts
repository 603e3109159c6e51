// A compiled network: one shared memory, plans made when they are first needed (one for each kind and number of images),
// and a queue, so that one plan runs at a time. The main thread writes inputs, posts the plan and awaits the result.
import { LockstepError } from "../../errors.ts";
import type { Network, State } from "../../model/network.ts";
import type {
  Batch,
  CompileOptions,
  FeatureMaps,
  FrozenFeatures,
  Program,
  StepResult,
  StepSettings,
} from "../engine.ts";
import { checkBatch, checkFeatures, checkImages, checkTargets } from "./check-batch.ts";
import { CONTROL, memoryLimit, PLAN, STACK_BYTES, tooLarge } from "./layout.ts";
import { hyperOf } from "./lower/hyper.ts";
import type { Lowered } from "./lower/lower.ts";
import { isTraining, type PlanKind } from "./lower/lowering.ts";
import type { Weight } from "./lower/weights.ts";
import { unpack } from "./pack.ts";
import type { Buffer } from "./plan.ts";
import { loadState, saveState, SharedProgramMemory, writeLabels, type Labels } from "./program-memory.ts";
import { ProgramPlans } from "./program-plans.ts";
import { largestFitting, sizeProgram, type ProgramSize } from "./program-size.ts";
import { readStages, type Stages, type Unit } from "./stages.ts";
import type { Profile } from "./profile.ts";
import type { Team } from "./team.ts";

export interface ProgramJob {
  readonly network: Network;
  readonly options: CompileOptions;
  readonly team: Team<number>;
  readonly threads: number;
  /** Where times by kernel are gathered, or null. */
  readonly profile: Profile | null;
  /** Tells the workers which program is meant. */
  readonly id: number;
  /** Called when the program is disposed of. */
  readonly forget: (program: PortableProgram) => unknown;
}

export class PortableProgram implements Program {
  readonly frozenFeatures?: FrozenFeatures;
  private readonly job: ProgramJob;
  private readonly stages: Stages;
  private readonly size: ProgramSize;
  private readonly shared: SharedProgramMemory;
  private readonly plans: ProgramPlans;
  /** Which units' folded weights are as the weights are. */
  private folded: "none" | "frozen" | "all" = "none";
  /** Of a network whose head alone trains: the rest of it, once saved. */
  private unchanging: ReadonlyMap<string, Float32Array> = new Map();
  private queue: Promise<unknown> = Promise.resolve();
  private disposed = false;

  /** @returns the program, once every thread knows its memory */
  static async compile(job: ProgramJob): Promise<PortableProgram> {
    const program = new PortableProgram(job);
    const { start, scratchBytes } = program.size.regions;
    const profiled = job.profile !== null;
    const place = { scratch: start, scratchBytes, stackBytes: STACK_BYTES, control: CONTROL, profiled };
    await job.team.request({ kind: "attach", program: job.id, memory: program.shared.wasm, ...place });
    return program;
  }

  private constructor(job: ProgramJob) {
    this.job = job;
    this.stages = readStages(job.network);
    const { batchSize } = job.options;
    this.size = sizeProgram(job, this.stages, batchSize);
    if (this.size.end > memoryLimit()) throw tooLarge(this.size.end, batchSize, largestFitting(job, this.stages));
    this.shared = new SharedProgramMemory(this.size.end, batchSize);
    this.plans = new ProgramPlans(job, this.stages, this.size, this.shared);
    if (this.size.featuresAreFrozen) this.frozenFeatures = this.makeFrozenFeatures();
  }

  get memoryBytes(): number {
    return this.shared.byteLength;
  }

  async load(state: State): Promise<void> {
    return this.enqueue(async () => {
      this.folded = "none";
      this.unchanging = new Map();
      await loadState(this.shared, this.size.memory, state);
    });
  }

  async save(): Promise<Map<string, Float32Array>> {
    return this.enqueue(async () => {
      const { memory, featuresAreFrozen } = this.size;
      const state = await saveState(this.shared, memory, this.job.network, this.unchanging);
      if (featuresAreFrozen && this.unchanging.size === 0)
        this.unchanging = new Map([...state].filter(([name]) => memory.weights.get(name)?.trainable === false));
      return state;
    });
  }

  async trainStep(batch: Batch, settings: StepSettings): Promise<StepResult> {
    const count = this.checkedBatch(batch);
    return this.enqueue(() => {
      this.shared.bytes(this.size.memory.images).set(batch.images);
      return this.step("", batch, count, settings);
    });
  }

  async gradients(batch: Batch): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
    const count = this.checkedBatch(batch);
    return this.enqueue(async () => {
      this.shared.bytes(this.size.memory.images).set(batch.images);
      writeLabels(this.shared, this.size.memory, batch, count);
      const lowered = await this.walk("gradients", count);
      const gradients = new Map<string, Float32Array>();
      for (const [name, buffer] of lowered.gradients) {
        const { parameter } = this.size.memory.weights.get(name) as Weight;
        gradients.set(name, await unpack(parameter, this.shared.floats(buffer)));
      }
      return { loss: this.result().loss, gradients };
    });
  }

  async evaluate(images: Uint8Array): Promise<Float32Array> {
    return this.forward("evaluate", images, this.job.network.classes);
  }

  async featureMaps(images: Uint8Array): Promise<FeatureMaps> {
    const count = checkImages(images, this.job.network, this.job.options.batchSize);
    const last = (this.stages.units.at(-1) as Unit).conv.output;
    if (last.kind !== "map") throw failed("the network has no map before its head");
    const { heightPx, widthPx, channels } = last;
    return this.enqueue(async () => {
      this.shared.bytes(this.size.memory.images).set(images);
      const output = outputOf(await this.walk("maps", count));
      const maps = this.shared.readVectors(output, count * heightPx * widthPx, channels);
      return { maps, heightPx, widthPx, channels };
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
    const control = this.shared.words(CONTROL, 48);
    Atomics.store(control, 32, 1); // Control.stop
    Atomics.notify(control, 16); // Control.generation, on which sleepers wait
  }

  private makeFrozenFeatures(): FrozenFeatures {
    const { features } = this.size.vectors;
    const { batchSize } = this.job.options;
    const { classes } = this.job.network;
    return {
      count: features,
      compute: async (images) => this.forward("features", images, features),
      trainStep: async (batch, settings) => {
        const count = checkFeatures(batch.features, features, batchSize);
        checkTargets(batch, count, classes, this.size.vectors.mask);
        return this.enqueue(() => {
          this.shared.writeVectors(this.size.memory.features, batch.features, count);
          return this.step("Head", batch, count, settings);
        });
      },
      evaluate: async (values) => {
        const count = checkFeatures(values, features, batchSize);
        return this.enqueue(async () => {
          this.shared.writeVectors(this.size.memory.features, values, count);
          return this.shared.readVectors(outputOf(await this.walk("evaluateHead", count)), count, classes);
        });
      },
    };
  }

  private async forward(kind: "evaluate" | "features", images: Uint8Array, width: number): Promise<Float32Array> {
    const count = checkImages(images, this.job.network, this.job.options.batchSize);
    return this.enqueue(async () => {
      this.shared.bytes(this.size.memory.images).set(images);
      return this.shared.readVectors(outputOf(await this.walk(kind, count)), count, width);
    });
  }

  private async step(from: "" | "Head", labels: Labels, count: number, settings: StepSettings): Promise<StepResult> {
    writeLabels(this.shared, this.size.memory, labels, count);
    this.shared.floats(this.size.memory.hyper).set(hyperOf(this.job.options.optimizer, settings));
    await this.walk(settings.clipNorm === undefined ? `train${from}` : `trainClipped${from}`, count);
    return this.result();
  }

  private result(): StepResult {
    const [loss = NaN, correct = NaN] = this.shared.doubles(this.size.memory.result);
    return { loss, correct };
  }

  private checkedBatch(batch: Batch): number {
    if (this.job.options.purpose === "training") {
      return checkBatch(batch, this.job.network, this.size.vectors.mask, this.job.options);
    }
    throw new LockstepError({ code: "internal", message: "engine portable: a program for inference cannot train" });
  }

  private enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.queue.then(() => this.perform(task));
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async perform<T>(task: () => Promise<T>): Promise<T> {
    if (this.disposed) throw failed("the program was disposed of");
    return task();
  }

  private async walk(kind: PlanKind, images: number): Promise<Lowered> {
    const isFolded = kind.endsWith("Head") || this.folded === "all" || (isTraining(kind) && this.folded === "frozen");
    if (!isFolded) {
      await this.walkPlan("fold", images);
      this.folded = "all";
    }
    if (kind.startsWith("train") && !this.size.featuresAreFrozen) this.folded = "frozen"; // a step changes the others
    return this.walkPlan(kind, images);
  }

  private async walkPlan(kind: PlanKind, images: number): Promise<Lowered> {
    const { lowered, words } = this.plans.ready(kind, images);
    this.shared.words(PLAN, words.length).set(words);
    const records = lowered.plan.calls.length;
    const walked = this.job.profile?.begin(kind);
    const ends = await this.job.team.request({ kind: "walk", program: this.job.id, plan: PLAN, records });
    walked?.(this.shared.wasm.buffer, this.size.regions, this.job.threads);
    if (ends.includes(0)) throw failed("it was stopped in the middle of a step");
    return lowered;
  }
}

function outputOf({ output }: Lowered): Buffer {
  if (output !== null) return output;
  throw failed("this plan has no output");
}

function failed(what: string): LockstepError {
  return new LockstepError({ code: "engine-failed", message: `engine portable: ${what}` });
}
