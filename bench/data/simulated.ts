// Class folders of simulated images as PNG files, for bench:data where no folder of real ones is given.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { listSource, phantom } from "../../core/data/index.ts";

const SAMPLES = 400;
const SIZE_PX = 256;

/** @returns the folder */
export async function writeSimulated(folder: string): Promise<string> {
  const { manifest, decode } = await listSource(phantom({ samples: SAMPLES, sizePx: SIZE_PX }));
  for (const [i, { label }] of manifest.samples.entries()) {
    const { data, widthPx: width, heightPx: height } = await decode(i);
    const path = join(folder, manifest.classes[label] as string);
    await mkdir(path, { recursive: true });
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(join(path, `${i}.png`));
  }
  return folder;
}
