// Crops and resizes images off the main thread, with the same bits everywhere (kernels/resample.c): bilinear with
// antialiasing as in torchvision and Pillow. For batches (`resample`) and for the prepared cache (`resize`).
import type { CropJob, Prepared, Resampler } from "../../data/sample.ts";
import { LockstepError } from "../../errors.ts";
import { startKernelTeam } from "./kernel-team.ts";
import type { KernelChoice } from "./load.ts";

export interface ImageSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface PortableResampler extends Resampler {
  /**
   * Resizes one whole image. @param pixels uint8 RGB [height, width, 3]
   * @returns uint8 RGB of the new size, over shared memory
   */
  resize(pixels: Uint8Array, from: ImageSize, to: ImageSize): Promise<Uint8Array>;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly flip: boolean;
}

/** Where an image starts in the file or the pixels, and its size. */
type Image = ImageSize & { readonly offset: number };

export interface ResamplerOptions {
  readonly threads: number;
  /** Default: "auto". All give the same bits. */
  readonly kernels?: KernelChoice;
}

/** @example const resampler = await createPortableResampler({ threads: 1 }); */
export async function createPortableResampler({
  threads,
  kernels = "auto",
}: ResamplerOptions): Promise<PortableResampler> {
  const file = new URL("./resample-worker.mjs", import.meta.url);
  const onNotice = (): void => {}; // the engine says it of its own threads
  const { team } = await startKernelTeam<null>({ file, threads, kernels, onNotice });

  const run = async (from: Pixels, images: Image[], boxes: readonly Box[], to: ImageSize): Promise<Uint8Array> => {
    boxes.forEach((box, i) => checkBox(box, images[i] as Image));
    checkSize(to);
    const output = new SharedArrayBuffer(boxes.length * to.widthPx * to.heightPx * 3);
    const next = new Int32Array(new SharedArrayBuffer(4));
    const sizes = { outWidthPx: to.widthPx, outHeightPx: to.heightPx };
    await team.request({ ...from, images, boxes, ...sizes, output, next });
    return new Uint8Array(output);
  };

  return {
    threads,
    resample: (prepared, jobs, sizePx) => {
      const images = jobs.map((job) => imageOf(prepared, job));
      const boxes = jobs.map(({ left, top, width, height, flip }) => ({ left, top, width, height, flip }));
      return run({ file: prepared.file, pixels: null }, images, boxes, { widthPx: sizePx, heightPx: sizePx });
    },
    resize: (pixels, from, to) => {
      const whole = { left: 0, top: 0, width: from.widthPx, height: from.heightPx, flip: false };
      const { buffer, offset } = shareBytes(pixels);
      return run({ file: null, pixels: buffer }, [{ ...from, offset }], [whole], to);
    },
    close: () => team.close(),
  };
}

/** Where the workers find the images. */
type Pixels =
  { readonly file: number; readonly pixels: null } | { readonly file: null; readonly pixels: SharedArrayBuffer };

function imageOf(prepared: Prepared, job: CropJob): Image {
  const image = prepared.images[job.sampleIndex];
  if (image === undefined) throw internal(`no prepared image ${job.sampleIndex} of ${prepared.images.length}`);
  return image;
}

/** The bytes in memory that workers see: the same where they already are, else a copy. */
function shareBytes(bytes: Uint8Array): { buffer: SharedArrayBuffer; offset: number } {
  if (bytes.buffer instanceof SharedArrayBuffer) return { buffer: bytes.buffer, offset: bytes.byteOffset };
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return { buffer: copy.buffer, offset: 0 };
}

function checkBox(box: Box, { widthPx, heightPx }: ImageSize): void {
  const { left, top, width, height } = box;
  const inside =
    left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= widthPx && top + height <= heightPx;
  if (!inside)
    throw internal(`box ${left}, ${top}, ${width} x ${height} is not inside an image of ${widthPx} x ${heightPx}`);
}

function checkSize({ widthPx, heightPx }: ImageSize): void {
  const whole = Number.isInteger(widthPx) && Number.isInteger(heightPx) && widthPx > 0 && heightPx > 0;
  if (!whole) throw internal(`an image of ${widthPx} x ${heightPx} pixels was asked for`);
}

function internal(what: string): LockstepError {
  return new LockstepError({ code: "internal", message: `resampler: ${what}` });
}
