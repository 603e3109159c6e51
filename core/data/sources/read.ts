// The one place that knows which reader belongs to which kind of source.
import { LockstepError } from "../../errors.ts";
import type { SourceContents } from "../candidate.ts";
import type { Source } from "../source.ts";
import { readFolder } from "./folder.ts";
import { readNpz } from "./npz.ts";
import { readPhantom } from "./phantom.ts";

export async function readSource(source: Source): Promise<SourceContents> {
  switch (source.kind) {
    case "folder":
      return readFolder(source);
    case "npz":
      return readNpz(source);
    case "phantom":
      return readPhantom(source);
    default:
      throw new LockstepError({
        code: "experiment-invalid",
        message: `data: unknown kind of source "${(source as { kind: string }).kind}"`,
        next: "Make it with folder(), npz(), csv(), phantom(), parts() or breastMnist().",
      });
  }
}
