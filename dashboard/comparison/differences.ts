// Settings and provenance in which runs differ; what is equal in all of them is left out.
import { seedText } from "../../core/store/seed-text.ts";
import { differingKeys } from "../differing-keys.ts";
import { short } from "../format.ts";
import type { RunDetail } from "../queries/runs.ts";
import { settingsOf } from "../settings.ts";

export interface DifferingRow {
  readonly key: string;
  /** One a run. */
  readonly values: readonly unknown[];
}

export function differingSettings(runs: readonly RunDetail[]): DifferingRow[] {
  return differingKeys(runs.map(settingsOf));
}

export function differingProvenance(runs: readonly RunDetail[]): DifferingRow[] {
  return differingKeys(runs.map(provenanceOf));
}

/** What explains other numbers though the settings are equal. */
export function provenanceOf(run: RunDetail): [string, unknown][] {
  return [
    ["data set", short(run.datasetDigest, 12)],
    ["split", short(run.splitDigest, 12)],
    ["weights from", run.init],
    ["code", short(run.codeDigest, 12)],
    ["commit", short(run.gitCommit, 12)],
    ["engine", [run.engine, run.engineVersion].filter((part) => part !== null).join(" ")],
    ["kernels", run.kernels],
    ["device", run.device],
    ["threads", run.threads],
    ["Node", run.nodeVersion],
    ["CPU", run.cpu],
    ["host", run.host],
    ["seed", seedText(run)],
  ];
}
