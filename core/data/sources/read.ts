// The one place that knows which reader belongs to which kind of source.
import { LockstepError } from "../../errors.ts";
import type { SourceContents } from "../candidate.ts";
import type { Source } from "../source.ts";
import { readCatalogue } from "./catalogue.ts";
import { readFolder } from "./folder.ts";
import { readParts } from "./parts.ts";
import { readPhantom } from "./phantom.ts";

/** @param progress of a download, in bytes */
export async function readSource(
  source: Source,
  progress?: (done: number, total: number) => void,
): Promise<SourceContents> {
  switch (source.kind) {
    case "folder":
      return readFolder(source);
    case "npz":
      return (await import("./npz.ts")).readNpz(source);
    case "csv":
      return (await import("./csv.ts")).readCsv(source);
    case "phantom":
      return readPhantom(source);
    case "parts":
      return readParts(source, (part) => readSource(part, progress));
    case "catalogue":
      return readCatalogue(source, progress);
    case "busi":
      return (await import("./busi.ts")).readBusi(progress);
    default:
      throw new LockstepError({
        code: "experiment-invalid",
        message: `data: unknown kind of source "${(source as { kind: string }).kind}"`,
        next: "Make it with folder(), npz(), csv(), phantom(), parts(), breastMnist() or busi().",
      });
  }
}
