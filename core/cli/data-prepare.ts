// exp data prepare: decode a data set into the cache ahead of time.
import { listSource, preparedPath, prepareImages } from "../data/index.ts";
import { createPortableResampler } from "../engine/portable/resample.ts";
import { megabytes } from "../megabytes.ts";
import { dataOf } from "./data-source.ts";
import { printNotice } from "./notice.ts";
import { printJson } from "./output.ts";
import { progressLine } from "./progress-line.ts";

const THREADS = 2;

interface PrepareFlags {
  readonly size: number;
  readonly json?: boolean;
}

export async function prepareData(text: string, { size, json }: PrepareFlags): Promise<void> {
  const { source, onBadImage } = await dataOf(text);
  const listing = await listSource(source, { onBadImage, progress: progressLine("looking at images").update });
  const resizer = await createPortableResampler({ threads: THREADS });
  try {
    const progress = progressLine("decoding images").update;
    const options = { storeSizePx: size, resizer, progress, onNotice: printNotice };
    const { digest, images } = await prepareImages(listing, options);
    const bytes = images.reduce((sum, { widthPx, heightPx }) => sum + widthPx * heightPx * 3, 0);
    const path = preparedPath(listing.manifest.digest, size);
    const about = { dataset: listing.manifest.digest, digest, images: images.length, bytes, path };
    if (json) printJson({ type: "prepared", ...about });
    else process.stdout.write(`${images.length} images, ${megabytes(bytes)}, digest ${digest}\n${path}\n`);
  } finally {
    await resizer.close();
  }
}
