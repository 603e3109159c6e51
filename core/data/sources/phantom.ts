// The simulated set: images are drawn one by one from stream(seed, "phantom", i), in memory, on every machine with the same bits.
import { BadImage, type Candidate, type SourceContents } from "../candidate.ts";
import { repeatGrey } from "../image-file.ts";
import { phantomLabels } from "../phantom/labels.ts";
import { sha256Of } from "../sha256.ts";
import { phantomClasses, type PhantomSource } from "../source.ts";
import { keepDrawnHashes, readDrawnHashes } from "./drawn-hashes.ts";
import { phantomDrawer, type DrawImage } from "./phantom-threads.ts";

/** Drawn images are kept up to this size; a larger set is drawn again where it is decoded. */
const KEPT_BYTES = 512 * 1024 * 1024;

export async function readPhantom(source: PhantomSource): Promise<SourceContents> {
  const labels = phantomLabels(source);
  const keep = source.samples * source.sizePx * source.sizePx <= KEPT_BYTES;
  const digits = String(source.samples - 1).length;
  const hashes = new DrawnHashes(source, await readDrawnHashes(source));
  const draw = phantomDrawer(source);
  const candidates = labels.map((label, i) => candidateOf({ source, draw, label, i, keep, digits, hashes }));
  return {
    name: `phantom (simulated, ${source.task})`,
    simulated: true,
    classes: phantomClasses(source.task),
    candidates,
  };
}

/** Names of the images, known from an earlier start or found out one by one and then kept. */
class DrawnHashes {
  private readonly found: string[] = [];
  private missing: number;
  private readonly source: PhantomSource;
  private readonly known: readonly string[] | null;

  constructor(source: PhantomSource, known: readonly string[] | null) {
    this.source = source;
    this.known = known;
    this.missing = source.samples;
  }

  async of(i: number, draw: () => Promise<Uint8Array>): Promise<string> {
    const known = this.known?.[i];
    if (known !== undefined) return known;
    const hash = sha256Of(await draw());
    if (this.found[i] === undefined) this.missing--;
    this.found[i] = hash;
    if (this.missing === 0) await keepDrawnHashes(this.source, this.found);
    return hash;
  }
}

interface Place {
  readonly source: PhantomSource;
  readonly draw: DrawImage;
  readonly label: number;
  readonly i: number;
  readonly keep: boolean;
  readonly digits: number;
  readonly hashes: DrawnHashes;
}

function candidateOf({ source, draw, label, i, keep, digits, hashes }: Place): Candidate {
  let kept: Uint8Array | null = null;
  const grey = async (): Promise<Uint8Array> => {
    const drawn = kept ?? (await draw(label, i));
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
      ...{
        sha256: await hashes.of(i, grey),
        ...size,
        format: "array",
        channels: 1,
        bytes: source.sizePx * source.sizePx,
      },
      ...{ pixelSha256: null, perceptualHash: null },
    }),
    decode: async (sha256) => {
      const drawn = await grey();
      if (sha256Of(drawn) !== sha256) throw new BadImage("is drawn otherwise than when it was listed");
      return { data: repeatGrey(drawn), ...size };
    },
  };
}
