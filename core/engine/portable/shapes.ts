// Sizes and strides of the kernels' layout "P8" (kernels/vector.h), and the choices that depend on a shape alone: how many
// chunks, how many rows a block. They decide the order of sums, hence bits; never on threads or the CPU.
import { roundUp } from "./plan.ts";

export const FLOAT_BYTES = 4;
export const VECTOR_BYTES = 32; // 8 float32
const PANEL_GAP = 10; // vectors, kernels/vector.h
const TILE_ROWS = 4;

/** Channels, padded to whole vectors. */
export function padded(channels: number): number {
  return roundUp(channels, 8);
}

/** Vectors from one panel of 8 channels to the next. */
export function panelStride(rows: number): number {
  return rows + PANEL_GAP;
}

/** Bytes of a map or vector of the network: [channels / 8] panels of rows. */
export function mapBytes(channels: number, rows: number): number {
  return (padded(channels) / 8) * panelStride(rows) * VECTOR_BYTES;
}

/** Below this many rows, a product is split by columns. */
const ROW_SPLIT = 2048;

export function isRowSplit(rows: number): boolean {
  return rows >= ROW_SPLIT;
}

/** Chunks of rows, each with its own part of every sum. */
export function rowChunks(rows: number): number {
  return Math.min(rows >= 16384 ? 16 : 8, Math.ceil(rows / TILE_ROWS));
}

export function rowTiles(rows: number): number {
  return Math.ceil(rows / TILE_ROWS);
}

/** Rows of a block whose `channels` values a row stay in the second-level cache. */
export function forwardBlockRows(channels: number): number {
  return clampRows(49152 / channels, 32, 256);
}

export function backwardBlockRows(channels: number): number {
  return clampRows(40960 / channels, 32, 256);
}

const COLUMN_BYTES = 1 << 20; // of a matrix that a second-level cache holds beside the weights

/** Rows that a product by columns takes at a time: all, where a cache holds them. Free to change: its sums go on from block to block. */
export function columnBlockRows(rows: number, channels: number): number {
  return rows * channels * FLOAT_BYTES <= COLUMN_BYTES ? rows : Math.min(rows, forwardBlockRows(channels));
}

/** What such a block takes of a thread's scratch. */
export function columnBlockBytes(channels: number, blockRows: number): number {
  return (channels / 8) * (blockRows + 2) * VECTOR_BYTES;
}

export function weightGradientBlockRows(channels: number): number {
  return clampRows(81920 / channels, 96, 384);
}

function clampRows(rows: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.floor(rows / TILE_ROWS) * TILE_ROWS));
}

/** Groups of images of a depthwise convolution: more where few channels leave few chunks. */
export function imageGroups(channels: number, images: number): number {
  return Math.min(channels >= 320 ? 1 : 4, images);
}

const DEPTH_FIRST_BYTES = 5 << 18; // of the largest value of a group of images
const DEPTH_FIRST_IMAGES = [4, 2]; // they divide most batches and leave enough groups for some threads

/** Images in a group that goes depth first. Free to change: no bit depends on it. @param numbers of an image's largest value */
export function depthFirstImages(numbers: number): number {
  return DEPTH_FIRST_IMAGES.find((images) => images * numbers * FLOAT_BYTES <= DEPTH_FIRST_BYTES) ?? 1;
}

const BAND_BYTES = 1 << 14; // of one panel of a map: what of it a depthwise convolution has in the first-level cache

/** Rows of a map of which a depthwise convolution takes a panel of 8 channels at a time. Free to change. */
export function depthwiseBandRows(height: number, width: number): number {
  return Math.min(height, Math.max(1, Math.floor(BAND_BYTES / (width * VECTOR_BYTES))));
}

/** Bytes of scratch for a band of a padded map (kernels/depthwise-plane.h: windowVectors). */
export function depthwiseWindowBytes(width: number, kernel: number, padding: number, bandRows: number): number {
  return ((kernel - 1 + bandRows + padding) * (width + 2 * padding) + 128) * VECTOR_BYTES;
}

const BLOCK_BYTES = 1 << 17; // of one panel of whole images that is made on the way

/** Whole images of which an expanding convolution makes a panel at a time, where more than one fits. Free to change. */
export function depthFirstBlock(imageRows: number): number {
  return Math.max(1, Math.floor(BLOCK_BYTES / (imageRows * VECTOR_BYTES)));
}
