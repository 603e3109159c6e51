// Where a network that goes depth first is cut into spans: behind a span the values of all images are written out, so that the
// next one may take another number of images at a time. Large maps leave room for few in a thread's cache; with small ones,
// weights are what must be read again for each group. No bit depends on it.
import { depthFirstImages } from "../shapes.ts";
import type { Unit } from "../stages.ts";
import { mapSize } from "./lowering.ts";
import { isCut } from "./trains.ts";

export interface Span {
  readonly units: readonly Unit[];
  /** Images in a group. */
  readonly count: number;
}

/** Cuts where maps get smaller and more images fit. @param units at least one */
export function spansOf(units: readonly Unit[], images: number): Span[] {
  const spans: Span[] = [];
  let first = 0;
  for (let end = 1; end <= units.length; end++) {
    if (end < units.length && !mapsShrinkAt(units, end)) continue;
    const part = units.slice(first, end);
    const count = Math.min(depthFirstImages(largestMap(part)), images);
    const before = spans.at(-1);
    if (before?.count === count) spans[spans.length - 1] = { units: [...before.units, ...part], count };
    else spans.push({ units: part, count });
    first = end;
  }
  return spans;
}

/** Whether nothing from unit `at` on reads what lies before, but for the last value there, and makes smaller maps. */
function mapsShrinkAt(units: readonly Unit[], at: number): boolean {
  const before = units[at - 1] as Unit;
  if (!isCut(units, at) || isMadeInside(before, units[at])) return false;
  const next = writtenBy(units.slice(at))[0];
  return next !== undefined && imageRows(next) < imageRows(before);
}

/** A 1 x 1 convolution that only the next unit reads, a depthwise one: made there, a few channels at a time. */
export function isMadeInside(unit: Unit, next: Unit | undefined): boolean {
  const plain = unit.gate === null && unit.shortcut === null && unit.input !== null;
  return plain && unit.readers === 1 && next?.input === unit && next.conv.kind === "depthwiseConv";
}

/** Those whose value is written out. */
function writtenBy(units: readonly Unit[]): Unit[] {
  return units.filter((unit, i) => !isMadeInside(unit, units[i + 1]));
}

/** Numbers of the largest value of one image that is written out. */
function largestMap(units: readonly Unit[]): number {
  return Math.max(...writtenBy(units).map((unit) => imageRows(unit) * mapSize(unit.conv.output, 1).channels));
}

function imageRows(unit: Unit): number {
  return mapSize(unit.conv.output, 1).imageRows;
}
