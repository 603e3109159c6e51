// Tells whoever listens (bench/start.ts) how far a run has got on its way to the first step; unheard it costs nothing.
import { channel } from "node:diagnostics_channel";

/** In the order they are reached. */
export const PHASES = [
  "command",
  "experiment",
  "data",
  "store",
  "engine",
  "run row",
  "images",
  "weights",
  "program",
  "loaded",
  "first step",
] as const;

export type Phase = (typeof PHASES)[number];

const phases = channel("lockstep:phase");

export function reached(phase: Phase): void {
  phases.publish(phase);
}
