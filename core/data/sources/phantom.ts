// The simulated set: images are drawn one by one from stream(seed, "phantom", i), in memory, on every machine with the same bits.
import type { Candidate, SourceContents } from "../candidate.ts";
import { repeatGrey } from "../image-file.ts";
import { drawPhantom } from "../phantom/draw.ts";
import { phantomLabels } from "../phantom/labels.ts";
import { sha256Of } from "../sha256.ts";
import { phantomClasses, type PhantomSource } from "../source.ts";

/** Drawn images are kept up to this size; a larger set is drawn again where it is decoded. */
const KEPT_BYTES = 512 * 1024 * 1024;

export async function readPhantom(source: PhantomSource): Promise<SourceContents> {
  const labels = phantomLabels(source);
  const keep = source.samples * source.sizePx * source.sizePx <= KEPT_BYTES;
  const digits = String(source.samples - 1).length;
  const candidates = labels.map((label, i) => candidateOf({ source, label, i, keep, digits }));
  return {
    name: `phantom (simulated, ${source.task})`,
    simulated: true,
    classes: phantomClasses(source.task),
    candidates,
  };
}

interface Place {
  readonly source: PhantomSource;
  readonly label: number;
  readonly i: number;
  readonly keep: boolean;
  readonly digits: number;
}

function candidateOf({ source, label, i, keep, digits }: Place): Candidate {
  let kept: Uint8Array | null = null;
  const grey = (): Uint8Array => {
    const drawn = kept ?? drawPhantom(source, label, i);
    if (keep) kept = drawn;
    return drawn;
  };
  const size = { widthPx: source.sizePx, heightPx: source.sizePx };
  return {
    id: `phantom/${String(i).padStart(digits, "0")}`,
    label,
    group: null,
    officialPart: null,
    inspect: async () => ({
      ...{ sha256: sha256Of(grey()), ...size, format: "array", channels: 1, bytes: source.sizePx * source.sizePx },
      ...{ pixelSha256: null, perceptualHash: null },
    }),
    decode: async () => ({ data: repeatGrey(grey()), ...size }),
  };
}
