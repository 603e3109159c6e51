// What a run that Lockstep did not train is marked with wherever runs are shown: "imported (from MLflow), not reproducible".

export interface RunKind {
  /** "lockstep", "tracked" or "imported". */
  readonly kind: string;
  /** The tool that an imported run was read from. */
  readonly importedFrom: string | null;
}

const TOOLS: Readonly<Record<string, string>> = { mlflow: "MLflow", tensorboard: "TensorBoard", csv: "a CSV file" };

/** Null: a run of ours. */
export function kindText({ kind, importedFrom }: RunKind): string | null {
  if (kind === "lockstep") return null;
  const from = importedFrom === null ? "" : ` (from ${TOOLS[importedFrom] ?? importedFrom})`;
  return `${kind}${from}, not reproducible`;
}

/** @param provenance the run's column of that name */
export function importedFrom(provenance: unknown): string | null {
  return (provenance as { imported?: { tool?: string } } | null)?.imported?.tool ?? null;
}
