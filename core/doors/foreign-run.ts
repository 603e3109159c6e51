// A run as all tools can say it: parameters, tags, curves, histograms, files. Exports are written from it, imports read into it.

export interface Point {
  readonly step: number;
  readonly epoch: number | null;
  readonly value: number;
  /** Milliseconds since 1970; null where it is not known. */
  readonly atMs: number | null;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface HistogramPoint {
  readonly name: string;
  readonly step: number;
  readonly epoch: number | null;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly atMs: number | null;
}

export interface FileReference {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

export interface ForeignRun {
  readonly project: string;
  readonly experiment: string;
  readonly variant: string;
  readonly seed: number;
  readonly name: string | null;
  readonly status: "running" | "done" | "failed" | "interrupted" | "lost";
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly note: string | null;
  readonly gitCommit: string | null;
  readonly series: readonly Series[];
  readonly histograms: readonly HistogramPoint[];
  readonly files: readonly FileReference[];
}

/** Where an imported run was found. */
export interface Origin {
  readonly tool: "tensorboard" | "mlflow" | "csv";
  /** The same for the same run wherever its files lie, so that importing twice adds nothing. */
  readonly identity: string;
  readonly path: string;
  /** What else the tool knows. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ImportedRun extends ForeignRun {
  readonly origin: Origin;
}
