// Loads the package in a process of its own, where a crash harms nothing and no setting is fixed for this one: what an installation
// and `exp engine list` ask.
import type { Installation } from "./installation.ts";
import { tryTool } from "./install/run-tool.ts";
import { librarySettings, notLoadable } from "./library.ts";

export interface LoadedApart {
  readonly tensorflowVersion: string;
  readonly packageVersion: string;
  readonly usesGpu: boolean;
}

const SCRIPT = `
  console.warn = () => undefined;
  const say = (result) => process.stdout.write("\\n" + JSON.stringify(result));
  try {
    const tf = require("@tensorflow/tfjs-node-gpu");
    const backend = tf.backend();
    const versions = { tensorflowVersion: backend.binding.TF_Version, packageVersion: tf.version["tfjs-node"] };
    say({ ...versions, usesGpu: backend.isUsingGpuDevice });
  } catch (error) {
    say({ error: error.message });
  }`;

/** @throws LockstepError "engine-unavailable" with the dynamic linker's own words */
export async function loadApart(place: Pick<Installation, "source" | "folder" | "modules">): Promise<LoadedApart> {
  const env = { ...librarySettings(1), NODE_PATH: place.modules };
  const { code, stdout, stderr } = await tryTool(process.execPath, ["-e", SCRIPT], { cwd: place.modules, env });
  const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
  if (code !== 0) throw notLoadable(place, lastLine(stderr) || "its process was killed");
  const result = JSON.parse(lastLine(stdout)) as LoadedApart | { readonly error: string };
  if ("error" in result) throw notLoadable(place, result.error);
  return result;
}
