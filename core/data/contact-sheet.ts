// A picture of what the network sees: augmented training images as they leave the resampler, with their class names.
import type { OverlayOptions } from "sharp";
import { batches, type BatchesInput } from "./batches.ts";

export interface ContactSheetInput extends BatchesInput {
  /** Pictures on the sheet: the first of the order. */
  readonly count: number;
  /** Told under each, in small print: the draw that made it; absent: nothing. */
  readonly notes?: readonly string[] | undefined;
}

const COLUMNS = 4;
const CAPTION_PX = 30;
const NOTE_LINE_PX = 12;
const GAP_PX = 8;
/** Small inputs are shown enlarged, at least so wide. */
const CELL_PX = 160;

/**
 * @returns a PNG
 * @example await contactSheet({ prepared, manifest, order, batchSize: 32, count: 12, crops, sizePx: 96, resampler })
 */
export async function contactSheet(input: ContactSheetInput): Promise<Buffer> {
  const { manifest, sizePx, count, batchSize, notes = [] } = input;
  const order = input.order.slice(0, Math.ceil(count / batchSize) * batchSize); // whole batches: their images may be mixed
  const bytes = sizePx * sizePx * 3;
  const pictures: SheetPicture[] = [];
  for await (const { images, sampleIndices } of batches({ ...input, order }))
    sampleIndices.forEach((index, i) => {
      const sample = manifest.samples[index];
      const pixels = images.slice(i * bytes, (i + 1) * bytes);
      const title = manifest.classes[sample?.label ?? 0] ?? "";
      pictures.push({ pixels, title, subtitle: sample?.id ?? "", note: notes[pictures.length] });
    });
  return composeSheet(pictures.slice(0, count), sizePx);
}

export interface SheetPicture {
  /** uint8 RGB [sizePx, sizePx, 3] */
  readonly pixels: Uint8Array;
  readonly title: string;
  readonly subtitle: string;
  /** Broken into as many lines as it needs. */
  readonly note?: string | undefined;
}

/** Square pictures with two lines of text under each, and a note where there is one. @returns a PNG */
export async function composeSheet(
  pictures: readonly SheetPicture[],
  sizePx: number,
  columns = COLUMNS,
): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const cell = Math.max(CELL_PX, sizePx);
  const notes = pictures.map(({ note = "" }) => linesOf(note, Math.floor(cell / 5)));
  const captionPx = CAPTION_PX + NOTE_LINE_PX * Math.max(0, ...notes.map(({ length }) => length));
  const place = (i: number): { left: number; top: number } => ({
    left: GAP_PX + (i % columns) * (cell + GAP_PX),
    top: GAP_PX + Math.floor(i / columns) * (cell + captionPx + GAP_PX),
  });
  const rows = Math.ceil(pictures.length / columns);
  const overlays = pictures.map(async ({ pixels }, i): Promise<OverlayOptions> => {
    const raw = { width: sizePx, height: sizePx, channels: 3 } as const;
    return {
      input: await sharp(pixels, { raw }).resize(cell, cell, { kernel: "nearest" }).png().toBuffer(),
      ...place(i),
    };
  });
  const width = GAP_PX + columns * (cell + GAP_PX);
  const height = GAP_PX + rows * (cell + captionPx + GAP_PX);
  const captions = pictures.map(({ title, subtitle }, i) =>
    caption([title, subtitle, ...(notes[i] ?? [])], { ...place(i), cell }),
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">${captions.join("")}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: "white" } })
    .composite([...(await Promise.all(overlays)), { input: Buffer.from(svg), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

interface CaptionPlace {
  readonly left: number;
  readonly top: number;
  readonly cell: number;
}

function caption([title = "", subtitle = "", ...note]: readonly string[], { left, top, cell }: CaptionPlace): string {
  const y = top + cell;
  const fit = (text: string, charPx: number): string => escapeXml(shorten(text, Math.floor(cell / charPx)));
  return (
    `<text x="${left}" y="${y + 13}" font-size="12" font-weight="bold">${fit(title, 6.6)}</text>` +
    `<text x="${left}" y="${y + 26}" font-size="10" fill="#555">${fit(subtitle, 5.5)}</text>` +
    note.map((line, k) => smallPrint(line, left, y + 26 + NOTE_LINE_PX * (k + 1))).join("")
  );
}

function smallPrint(line: string, x: number, y: number): string {
  return `<text x="${x}" y="${y}" font-size="9" fill="#555">${escapeXml(line)}</text>`;
}

/** @param most characters of a line; longer words stand alone */
function linesOf(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`.trimStart();
    if (lines.length > 0 && longer.length <= most) lines[lines.length - 1] = longer;
    else if (word !== "") lines.push(word);
  }
  return lines;
}

/** Keeps the end, where file names differ. */
function shorten(text: string, most: number): string {
  return text.length <= most ? text : `…${text.slice(text.length - most + 1)}`;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
