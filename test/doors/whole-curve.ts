// A curve in few words: [points, last step, last value, digest of every step and value], as test/golden/importers.py says it.
import { createHash } from "node:crypto";
import type { Point, Series } from "../../core/doors/foreign-run.ts";

export type WholeCurve = readonly [points: number, lastStep: number, lastValue: number, digest: string];

export function wholeCurve(points: readonly Pick<Point, "step" | "value">[]): WholeCurve {
  const digest = createHash("sha256");
  for (const { step, value } of points) {
    const bytes = Buffer.alloc(16);
    bytes.writeBigInt64LE(BigInt(step), 0);
    bytes.writeDoubleLE(Number.isNaN(value) ? NaN : value, 8);
    digest.update(bytes);
  }
  const { step, value } = points.at(-1)!;
  return [points.length, step, value, digest.digest("hex").slice(0, 16)];
}

export function wholeCurves(series: readonly Series[]): Record<string, WholeCurve> {
  return Object.fromEntries(series.map(({ name, points }) => [name, wholeCurve(points)]));
}

/** One value a step, the one that was logged last, in the order of steps: what a database keeps. */
export function byStep(series: readonly Series[]): Series[] {
  return series.map(({ name, points }) => {
    const last = new Map(points.map((point) => [point.step, point]));
    return { name, points: [...last.values()].sort((a, b) => a.step - b.step) };
  });
}
