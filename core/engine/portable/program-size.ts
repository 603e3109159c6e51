// How large a program is for a batch size, found by lowering its usual plans; and which batch size would fit.
import type { Network } from "../../model/network.ts";
import type { CompileOptions } from "../engine.ts";
import { memoryLimit, PROGRAM, threadRegions, type ThreadRegions } from "./layout.ts";
import { lower } from "./lower/lower.ts";
import type { PlanKind } from "./lower/lowering.ts";
import { trainsHeadAlone } from "./lower/trains.ts";
import { placeProgramMemory, type ProgramMemory, type VectorSizes } from "./lower/weights.ts";
import type { Stages } from "./stages.ts";

export interface ProgramSize {
  readonly memory: ProgramMemory;
  readonly vectors: VectorSizes;
  readonly regions: ThreadRegions;
  /** Bytes that the usual plans need. */
  readonly end: number;
  /** Whether what the head reads of an image never changes. */
  readonly featuresAreFrozen: boolean;
}

export interface SizeJob {
  readonly network: Network;
  readonly options: CompileOptions;
  readonly threads: number;
}

export function sizeProgram({ network, options, threads }: SizeJob, stages: Stages, batchSize: number): ProgramSize {
  const sized = { ...options, batchSize };
  const vectors = vectorSizes(stages);
  const memory = placeProgramMemory(network, sized, vectors, PROGRAM);
  const kinds: PlanKind[] = options.purpose === "training" ? ["train", "evaluate"] : ["evaluate"];
  const plans = kinds.map((kind) => lower({ kind, stages, memory, options: sized, images: batchSize }).plan);
  const scratch = Math.max(...plans.map((plan) => plan.scratchBytes));
  const regions = threadRegions(memory.end, scratch, threads);
  const end = Math.max(...plans.map((plan) => plan.placeBuffers(regions.end)));
  return { memory, vectors, regions, end, featuresAreFrozen: trainsHeadAlone(network, stages, options) };
}

function vectorSizes({ head }: Stages): VectorSizes {
  const mask = head.find((layer) => layer.dropout)?.dense.outFeatures ?? 0;
  return { mask, features: head[0]?.dense.inFeatures ?? 0 };
}

/** The largest batch size below the asked one whose program fits, or 0. */
export function largestFitting(job: SizeJob, stages: Stages): number {
  let low = 0;
  let high = job.options.batchSize;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sizeProgram(job, stages, middle).end <= memoryLimit()) low = middle;
    else high = middle;
  }
  return low;
}
