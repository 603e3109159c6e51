// A program's plans, one for each kind and number of images, made when they are first needed.
import { LockstepError } from "../../errors.ts";
import { memoryLimit, PLAN_BYTES, tooLarge } from "./layout.ts";
import { lower, type Lowered } from "./lower/lower.ts";
import type { PlanKind } from "./lower/lowering.ts";
import type { SharedProgramMemory } from "./program-memory.ts";
import { largestFitting, type ProgramSize, type SizeJob } from "./program-size.ts";
import type { Stages } from "./stages.ts";

/** A plan whose memory is placed, and its records. */
export interface ReadyPlan {
  readonly lowered: Lowered;
  readonly words: Int32Array;
}

export class ProgramPlans {
  private readonly plans = new Map<string, ReadyPlan>();
  private readonly job: SizeJob;
  private readonly stages: Stages;
  private readonly size: ProgramSize;
  private readonly shared: SharedProgramMemory;

  constructor(job: SizeJob, stages: Stages, size: ProgramSize, shared: SharedProgramMemory) {
    this.job = job;
    this.stages = stages;
    this.size = size;
    this.shared = shared;
  }

  /** The memory grows where a plan needs more than the usual ones. */
  ready(kind: PlanKind, images: number): ReadyPlan {
    const key = `${kind} ${images}`;
    const known = this.plans.get(key);
    if (known !== undefined) return known;
    const plan = this.make(kind, images);
    this.plans.set(key, plan);
    return plan;
  }

  private make(kind: PlanKind, images: number): ReadyPlan {
    const { memory, regions } = this.size;
    const lowered = lower({ kind, stages: this.stages, memory, options: this.job.options, images });
    const end = lowered.plan.placeBuffers(regions.end);
    if (lowered.plan.scratchBytes > regions.scratchBytes) throw new Error("a smaller batch needs more scratch");
    if (end > memoryLimit()) throw tooLarge(end, images, largestFitting(this.job, this.stages));
    this.shared.ensure(end);
    const words = lowered.plan.encode();
    if (words.byteLength > PLAN_BYTES) {
      throw new LockstepError({
        code: "model-invalid",
        message: `network: ${lowered.plan.calls.length} calls are too many for one plan`,
      });
    }
    return { lowered, words };
  }
}
