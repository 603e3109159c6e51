// What bench:engine measures, and which ratios must hold on a 2-core machine with AVX2 (medians).

/** What is frozen in training; or inference; or training the head on features that are kept, the backbone being frozen. */
export const TASKS = ["full", "blocks", "backbone", "kept features", "inference"] as const;
export type Task = (typeof TASKS)[number];

export const CONTENDERS = ["eager", "compile", "wasm", "native"] as const;
export type Contender = (typeof CONTENDERS)[number];

export interface Cell {
  readonly task: Task;
  readonly sizePx: number;
  /** Whose step is measured; PyTorch keeps no features, so there its "backbone" counts. */
  readonly contenders: readonly Contender[];
  readonly targets: readonly Target[];
}

/** `ours` must be at least `least` times as fast as `peer`. */
export interface Target {
  readonly ours: Contender;
  readonly peer: Contender;
  readonly least: number;
}

const native = (least: number): Target => ({ ours: "native", peer: "eager", least });
const wasm = (least: number): Target => ({ ours: "wasm", peer: "eager", least });
const overCompile = (least: number): Target => ({ ours: "native", peer: "compile", least });

const TARGETS: Readonly<Record<Task, (sizePx: number) => readonly Target[]>> = {
  full: (sizePx) => (sizePx < 200 ? [native(2.5), overCompile(1.8), wasm(1.3)] : [native(2.2), wasm(1.3)]),
  blocks: () => [native(2)],
  backbone: () => [native(2), wasm(0.85)],
  "kept features": () => [native(10)],
  inference: () => [native(1.5), wasm(0.85)],
};

export function cellsFor(sizesPx: readonly number[], tasks: readonly Task[], contenders: readonly Contender[]): Cell[] {
  return sizesPx.flatMap((sizePx) =>
    tasks.map((task) => {
      const measured = task === "kept features" ? contenders.filter((one) => !isPyTorch(one)) : contenders;
      return { task, sizePx, contenders: measured, targets: TARGETS[task](sizePx) };
    }),
  );
}

export function isPyTorch(contender: Contender): boolean {
  return contender === "eager" || contender === "compile";
}
