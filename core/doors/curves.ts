// Points gathered into curves by name, as readers come across them, and how numbers are written in other tools' text files.
import type { Point, Series } from "./foreign-run.ts";

export class Curves {
  readonly #points = new Map<string, Point[]>();

  add(name: string, point: Point): void {
    const points = this.#points.get(name);
    if (points === undefined) this.#points.set(name, [point]);
    else points.push(point);
  }

  /** How many points that curve has. */
  countOf(name: string): number {
    return this.#points.get(name)?.length ?? 0;
  }

  /** In the order in which names came. */
  get series(): Series[] {
    return [...this.#points].map(([name, points]) => ({ name, points }));
  }
}

const SPECIAL: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  infinity: Infinity,
  "-inf": -Infinity,
  "-infinity": -Infinity,
};

/** As Python and JavaScript write numbers; null: it is none. */
export function numberIn(text: string): number | null {
  const special = SPECIAL[text.toLowerCase()];
  if (special !== undefined) return special;
  return Number.isNaN(Number(text)) ? null : Number(text);
}
