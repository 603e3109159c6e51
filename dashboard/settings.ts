// A run's settings by the names that the filter knows: Lockstep keeps those of a training under "settings", other programs as they like.
import { flatten } from "../core/flatten.ts";
import type { RunDetail } from "./queries/runs.ts";

/** [["lr", 0.001], ["optimizer.kind", "adam"], …] */
export function settingsOf({ config }: Pick<RunDetail, "config">): [string, unknown][] {
  return flatten(config).map(([key, value]) => [key.replace(/^settings\./, ""), value]);
}
