// A confusion matrix as a PNG: rows are true classes, columns predicted ones; the shade is the share of the row. The title gives the
// positive class's precision, recall and F1. Text is drawn with strokes of our own, so that no font is needed.
import { countsOf, precisionRecall, rowSum, type Confusion } from "./confusion.ts";
import { GLYPHS } from "./stroke-font.ts";

const CELL = 90; // px, as all lengths here
const MARGIN = { left: 130, top: 96, right: 24, bottom: 56 };
const INK = "#1b2733";
const SHADE = [8, 81, 156]; // of a cell that holds all of its row; white where it holds nothing
const LONGEST_NAME = 14; // characters

export interface ConfusionTitle {
  /** Such as "test, batch 3". */
  readonly what: string;
  readonly classes: readonly string[];
  readonly positive: number;
}

/** @returns the bytes of a PNG */
export async function confusionPicture(confusion: Confusion, title: ConfusionTitle): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  return sharp(Buffer.from(confusionSvg(confusion, title)))
    .png({ palette: true })
    .toBuffer();
}

function confusionSvg(confusion: Confusion, { what, classes, positive }: ConfusionTitle): string {
  const side = classes.length * CELL;
  const width = Math.max(MARGIN.left + side + MARGIN.right, 500);
  const height = MARGIN.top + side + MARGIN.bottom;
  const { precision, recall, f1 } = precisionRecall(countsOf(confusion, positive));
  const scores = `precision ${score(precision)}  recall ${score(recall)}  F1 ${score(f1)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(scores, { x: width / 2, y: 28, size: 11 }),
    text(`${what}, positive: ${shortened(classes[positive] ?? "")}`, { x: width / 2, y: 52, size: 10 }),
    text("predicted", { x: MARGIN.left + side / 2, y: height - 8, size: 11 }),
    ...classes.flatMap((name, k) => classLabels(shortened(name), k, side)),
    ...confusion.flatMap((row, i) => row.map((n, j) => cell(n, n / Math.max(1, rowSum(confusion, i)), i, j))),
    "</svg>",
  ].join("\n");
}

function cell(n: number, share: number, row: number, column: number): string {
  const x = MARGIN.left + column * CELL;
  const y = MARGIN.top + row * CELL;
  const [red, green, blue] = SHADE.map((value) => Math.round(255 + (value - 255) * share));
  const square = `<rect x="${x}" y="${y}" width="${CELL}" height="${CELL}" fill="rgb(${red},${green},${blue})" stroke="${INK}"/>`;
  const ink = share > 0.5 ? "white" : INK;
  return square + text(String(n), { x: x + CELL / 2, y: y + CELL / 2 + 8, size: 18, ink });
}

/** The name beside its row and under its column. */
function classLabels(name: string, k: number, side: number): string[] {
  const middle = k * CELL + CELL / 2;
  return [
    text(name, { x: MARGIN.left - 10, y: MARGIN.top + middle + 4, size: 11, align: "end" }),
    text(name, { x: MARGIN.left + middle, y: MARGIN.top + side + 22, size: name.length > 10 ? 8 : 11 }),
  ];
}

interface TextPlace {
  readonly x: number;
  /** Of the base line. */
  readonly y: number;
  /** Height of a capital. */
  readonly size: number;
  readonly align?: "middle" | "end";
  readonly ink?: string;
}

/** Stroked text; with letters that the stroke font lacks, as the system's fonts have them. */
function text(content: string, { x, y, size, align = "middle", ink = INK }: TextPlace): string {
  const glyphs = [...content].map((letter) => GLYPHS[letter]);
  if (glyphs.includes(undefined)) {
    const style = `font-family="sans-serif" font-size="${size * 1.4}" text-anchor="${align}" fill="${ink}"`;
    return `<text x="${x}" y="${y}" ${style}>${escaped(content)}</text>`;
  }
  const scale = size / 21; // a capital is 21 units high and stands on y = 9
  let advance = 0;
  const paths = glyphs.map((glyph) => {
    const [width, path] = glyph as readonly [number, string];
    const placed = path === "" ? "" : `<path d="${path}" transform="translate(${advance} 0)"/>`;
    advance += width;
    return placed;
  });
  const left = align === "end" ? x - advance * scale : x - (advance * scale) / 2;
  const frame = `transform="translate(${left} ${y - 9 * scale}) scale(${scale})"`;
  const pen = `fill="none" stroke="${ink}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"`;
  return `<g ${frame} ${pen}>${paths.join("")}</g>`;
}

function score(value: number | null): string {
  return value === null ? "undefined" : value.toFixed(3);
}

function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 2)}..`;
}

function escaped(content: string): string {
  return content.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
