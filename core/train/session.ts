// What a training owns while it runs: the compiled program, where it stands, its checkpoints. The verbs are in trainer.ts.
import type { Program } from "../engine/engine.ts";
import { Interrupted, LockstepError } from "../errors.ts";
import { hashOf } from "../experiment/expand.ts";
import type { State } from "../model/network.ts";
import { reached } from "../phases.ts";
import { checkRepeated, engineLink, nextLink, type EngineChange } from "./chain.ts";
import { weightsOfClasses } from "./class-weights.ts";
import { CheckpointFolder, type SavedState } from "./checkpoint-folder.ts";
import { checkBelonging, readCheckpoint, type Belonging } from "./checkpoint.ts";
import type { TrainInput } from "./contract.ts";
import { atMost, unlessAborted } from "./interruption.ts";
import { NOTHING_KEPT, openKept, type Kept } from "./kept-features.ts";
import { ProgressMeter } from "./progress-meter.ts";
import type { Phase } from "./recorder.ts";
import { stageOf, type Stage } from "./stages.ts";
import { BEGINNING, type Standing } from "./standing.ts";
import { startWatch } from "./stopwatch.ts";

/** After an interruption, how long the step under way and then a last checkpoint may take together. */
const GRACE_MS = 1000;

export interface LinkInput {
  readonly phase: Phase;
  readonly epoch: number;
  readonly batch: number;
  readonly sampleIds: readonly string[];
  readonly loss: number;
  readonly correct: number;
}

export class Session {
  readonly input: TrainInput;
  readonly checkpoints: CheckpointFolder;
  readonly meter: ProgressMeter;
  /** Training batches in an epoch. */
  readonly batchesPerEpoch: number;
  /** Index of the positive class. */
  readonly positive: number;
  /** Of each class in the training loss; null: all 1. */
  readonly classWeights: readonly number[] | null;
  standing: Standing;
  private state: State | null; // a checkpoint's, until the first program has loaded it
  private running: { readonly program: Program; readonly stage: Stage } | null = null;
  private features: Kept = NOTHING_KEPT;
  private unsaved = false; // whether the program has moved on since the last checkpoint
  private computing = false; // whether the program is in the middle of a step
  private engineChange: EngineChange | null; // until a link tells it
  private sinceAbort: (() => number) | null = null;

  /** From the beginning, or from the checkpoint of `resumeFrom`. */
  static async open(input: TrainInput): Promise<Session> {
    const belonging = belongingOf(input);
    const { family, layout, widthMult, imageSizePx } = input.network;
    const network = { family, layout, widthMult, imageSizePx, classes: input.data.manifest.classes };
    const checkpoints = new CheckpointFolder(input.checkpoints, input.network, { belonging, network });
    await checkpoints.open();
    if (!input.resumeFrom) return new Session(input, checkpoints, BEGINNING, null);
    const { standing, state, belonging: stored } = await readCheckpoint(input.resumeFrom);
    checkBelonging(input.resumeFrom, stored, belonging);
    return new Session(input, checkpoints, standing, state);
  }

  private constructor(input: TrainInput, checkpoints: CheckpointFolder, standing: Standing, state: State | null) {
    this.input = input;
    this.checkpoints = checkpoints;
    this.standing = standing;
    this.state = state;
    this.engineChange = input.engineChange ?? null;
    this.batchesPerEpoch = Math.ceil(input.data.split.train.length / input.settings.batchSize);
    this.positive = positiveIndex(input);
    this.classWeights = weightsOfClasses(input.settings, input.data.manifest, input.data.split);
    this.meter = new ProgressMeter(input, standing);
    input.signal.addEventListener("abort", () => (this.sinceAbort = startWatch()), { once: true });
  }

  /** The program for the epoch under way: compiled anew where other parameters train than before. The session disposes of it. */
  async enterEpoch(): Promise<{ program: Program; stage: Stage }> {
    const { settings, network, engine } = this.input;
    const stage = stageOf(settings, network, this.standing.epoch);
    const fresh = stage.freshOptimizer && this.standing.batch === 0;
    if (fresh) this.standing = { ...this.standing, optimizerStep: 0 };
    if (this.running !== null && !fresh) return (this.running = { ...this.running, stage });
    const saved = (await this.running?.program.save()) ?? this.state;
    this.dispose();
    const compiling = engine.compile(network, {
      batchSize: settings.batchSize,
      trainable: stage.trainable,
      frozenBatchNorm: settings.frozenBatchNorm,
      optimizer: settings.optimizer,
      emaDecay: settings.emaDecay ?? undefined,
      purpose: "training",
    });
    const state = saved ?? (await this.initialState(compiling));
    const program = await compiling;
    reached("program");
    this.running = { program, stage };
    await program.load(fresh ? withoutMoments(state) : state);
    this.state = null;
    const { trainable } = stage;
    this.features = await openKept({ input: this.input, engine: program.frozenFeatures, trainable, state });
    return this.running;
  }

  /** What the input gives or makes, while the program is being compiled; where that fails, nobody needs the program. */
  private async initialState(compiling: Promise<Program>): Promise<State> {
    const { state } = this.input;
    if (typeof state !== "function") return state;
    try {
      return await state();
    } catch (error) {
      await compiling.then(
        (program) => program.dispose(),
        () => undefined, // the first error is the one to tell
      );
      throw error;
    }
  }

  /** Features that the program under way need not compute again. */
  get kept(): Kept {
    return this.features;
  }

  /** Awaits what a program computes. @throws Interrupted where the signal fires and it takes longer than the grace */
  compute<T>(work: Promise<T>): Promise<T> {
    this.computing = true;
    const done = work.finally(() => (this.computing = false));
    return unlessAborted(done, this.input.signal, GRACE_MS);
  }

  /** Does `work` while the program under way holds other weights than its own, which it gets back unless it is still computing. */
  async withWeights<T>(weights: State, own: State, work: () => Promise<T>): Promise<T> {
    const program = this.running?.program;
    await program?.load(weights);
    try {
      return await work();
    } finally {
      if (!this.computing) await program?.load(own);
    }
  }

  /** Closes a batch: its link, checked against what is known of it. @returns the chain after it */
  link(chain: string, { phase, epoch, batch, sampleIds, loss, correct }: LinkInput): string {
    const follows = this.engineChange === null ? chain : engineLink(chain, this.engineChange);
    this.engineChange = null;
    const next = nextLink(follows, sampleIds, loss, correct);
    const known = this.input.knownLinks?.(phase, epoch, batch) ?? null;
    if (known !== null) checkRepeated({ phase, epoch, batch, sampleIds, link: { chain: next, loss, correct }, known });
    return next;
  }

  /** Takes note of a training step that the program has made. */
  moved(standing: Standing): void {
    this.standing = standing;
    this.unsaved = true;
  }

  /** Begins to write a checkpoint of where it stands. @param saved the program's state, where that has been saved already */
  async writeCheckpoint(saved?: SavedState): Promise<void> {
    const { epoch, batch } = this.standing;
    const kept = saved ?? { state: await this.programState() };
    await this.checkpoints.writeStep((epoch - 1) * this.batchesPerEpoch + batch, this.standing, kept);
    this.unsaved = false;
  }

  /**
   * After an error: waits for what is being written. After an interruption: begins a last checkpoint too, and waits no longer than
   * the grace allows; what is half-written by then is a temporary file.
   */
  async settle(error: unknown): Promise<void> {
    const interrupted = error instanceof Interrupted;
    const graceMs = GRACE_MS - (this.sinceAbort?.() ?? 0);
    const savable = this.unsaved && !this.computing && graceMs > 0;
    const work = interrupted && savable ? this.saveNow() : this.checkpoints.written();
    await (interrupted ? atMost(graceMs, work) : work).catch((failure: unknown) => {
      if (failure !== error) this.warn(failure);
    });
  }

  /** A program that is still computing is left to its engine's close. */
  dispose(): void {
    if (!this.computing) this.running?.program.dispose();
    this.running = null;
    this.features = NOTHING_KEPT;
  }

  private async saveNow(): Promise<void> {
    await this.writeCheckpoint();
    await this.checkpoints.written();
  }

  /** The training ends with another error already; this one is told too. */
  private warn(failure: unknown): void {
    const text = failure instanceof Error ? failure.message : String(failure);
    this.input.recorder.record({ kind: "log", level: "warning", text });
  }

  private async programState(): Promise<State> {
    if (this.running !== null) return this.running.program.save();
    throw new LockstepError({ code: "internal", message: "no program to write a checkpoint of" });
  }
}

function withoutMoments(state: State): State {
  return new Map([...state].filter(([name]) => !name.startsWith("optimizer.")));
}

function belongingOf({ settings, seed, data }: TrainInput): Belonging {
  return { seed, settings: hashOf(settings), dataset: data.manifest.digest, split: data.split.digest };
}

function positiveIndex({ positiveClass, data }: TrainInput): number {
  const index = data.manifest.classes.indexOf(positiveClass);
  if (index >= 0) return index;
  const classes = data.manifest.classes.join(", ");
  throw new LockstepError({ code: "internal", message: `positive class "${positiveClass}" is none of ${classes}` });
}
