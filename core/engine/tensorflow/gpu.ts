// The GPU's name, as the driver's own tool tells it. Not measured: no GPU stood in the machine that this was written on.
import { spawnSync } from "node:child_process";

/** Name of the first GPU; "gpu" where the tool is not there. */
export function gpuName(): string {
  const { stdout } = spawnSync("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], { encoding: "utf8" });
  const first = (stdout ?? "").split("\n")[0]?.trim();
  return first ? first : "gpu";
}
