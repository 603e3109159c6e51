// A 256-bit perceptual hash of a picture (dHash, N. Krawetz 2013, on a 17 x 16 grid): a bit says whether a cell is brighter than
// its right neighbour. Scans of the same lesion differ in a few bits; compression and small shifts hardly matter.
// The grid is averaged by our own integers, so that the hash, and with it the split, is the same on every machine.
import type { DecodedImage } from "./candidate.ts";

const COLUMNS = 17;
const ROWS = 16;

/** @returns 64 hex digits */
export function perceptualHash(image: DecodedImage): string {
  const grid = greyGrid(image);
  let hex = "";
  for (let y = 0; y < ROWS; y++) {
    for (let x = 0; x < COLUMNS - 1; x += 4) {
      let digit = 0;
      for (let bit = 0; bit < 4; bit++) {
        const at = y * COLUMNS + x + bit;
        digit = digit * 2 + ((grid[at] as number) > (grid[at + 1] as number) ? 1 : 0);
      }
      hex += digit.toString(16);
    }
  }
  return hex;
}

/** Mean brightness of each cell, as float64 [16, 17] made of whole sums. */
function greyGrid({ data, widthPx, heightPx }: DecodedImage): Float64Array {
  const grid = new Float64Array(ROWS * COLUMNS);
  for (let row = 0; row < ROWS; row++) {
    const [y0, y1] = cell(row, ROWS, heightPx);
    for (let column = 0; column < COLUMNS; column++) {
      const [x0, x1] = cell(column, COLUMNS, widthPx);
      let sum = 0;
      for (let y = y0; y < y1; y++)
        for (let i = (y * widthPx + x0) * 3; i < (y * widthPx + x1) * 3; i += 3)
          sum += 2 * (data[i] as number) + 5 * (data[i + 1] as number) + (data[i + 2] as number);
      grid[row * COLUMNS + column] = sum / ((x1 - x0) * (y1 - y0));
    }
  }
  return grid;
}

/** First and last pixel (exclusive) of a cell; at least one pixel wide. */
function cell(index: number, cells: number, lengthPx: number): [number, number] {
  const from = Math.min(lengthPx - 1, Math.floor((index * lengthPx) / cells));
  return [from, Math.max(from + 1, Math.floor(((index + 1) * lengthPx) / cells))];
}
