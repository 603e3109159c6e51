// Channel counts: the one place where the width multiplier acts. Rounding is torchvision's `_make_divisible`.
import type { BlockTable } from "./block-table.ts";

/** The nearest multiple of 8, at least 8, and not more than 10 % below `channels`. */
export function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/** The table with all its channels times `widthMult`, rounded. */
export function widenTable(table: BlockTable, widthMult: number): BlockTable {
  return {
    stem: roundChannels(table.stem * widthMult),
    blocks: table.blocks.map((row) => ({
      ...row,
      expanded: roundChannels(row.expanded * widthMult),
      out: roundChannels(row.out * widthMult),
    })),
    lastChannels: roundChannels(table.lastChannels * widthMult),
  };
}
