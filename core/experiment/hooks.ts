// What an experiment file may add to its runs beside settings: a hook at the end of each epoch, and histograms of weights and gradients.
// Neither can change a bit of the training. The hook's source is part of the settings hash; histograms are not, since they only look.
import type { Experiment } from "./settings.ts";

/** Of a table. */
export type Cell = string | number | boolean | null;

/** What a hook sees of the epoch that has ended, and what it can log. Numbers are stored under the run's training step and epoch. */
export interface EpochContext {
  /** From 1. */
  readonly epoch: number;
  /** Asked for in the settings. */
  readonly epochs: number;
  readonly seed: number;
  /** Whether this epoch has the lowest validation loss so far. */
  readonly best: boolean;
  readonly train: { readonly loss: number; readonly accuracy: number; readonly lr: number };
  /** Precision and the like are null where they are undefined. */
  readonly val: {
    readonly loss: number;
    readonly accuracy: number;
    readonly precision: number | null;
    readonly recall: number | null;
    readonly f1: number | null;
    readonly auc: number | null;
  };
  /** A number under a name, or several by name. */
  log(name: string, value: number): void;
  log(values: Readonly<Record<string, number>>): void;
  text(line: string): void;
  histogram(name: string, values: ArrayLike<number>): void;
  /** Path or bytes of a PNG, JPEG, GIF or WebP. */
  image(name: string, image: string | Uint8Array): void;
  table(name: string, rows: readonly Readonly<Record<string, Cell>>[]): void;
  /** Copies a file into the home. */
  file(path: string, name?: string): void;
}

export type EpochHook = (context: EpochContext) => void | Promise<void>;

/** Histograms of all weights, and if asked for of gradients on the epoch's first batch, after every so many epochs. */
export interface HistogramSettings {
  readonly gradients: boolean;
  readonly everyEpochs: number;
}

export interface Hooks {
  readonly onEpochEnd: EpochHook | null;
  readonly histograms: HistogramSettings | null;
}

export function hooksOf({ onEpochEnd, histograms }: Pick<Experiment, "onEpochEnd" | "histograms">): Hooks {
  const asked = histograms === true ? {} : histograms || null;
  return {
    onEpochEnd: onEpochEnd ?? null,
    histograms: asked === null ? null : { gradients: asked.gradients ?? false, everyEpochs: asked.everyEpochs ?? 1 },
  };
}

/** What is hashed and stored of a hook; undefined where there is none, so that nothing of it stands in the hash. */
export function hookSource({ onEpochEnd }: Pick<Hooks, "onEpochEnd">): string | undefined {
  return onEpochEnd?.toString();
}
