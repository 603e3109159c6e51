// What keeps nothing for a backward pass, depth first: a few images at a time go through all of it, with batch-norms folded into the
// weights (kernels/folded.c), each group in one thread's arena. A group leaves the last unit's value, or its mean.
import type { ConvOp, DepthwiseConvOp } from "../../../model/network.ts";
import { Plan, type Buffer } from "../plan.ts";
import {
  depthFirstBlock,
  depthwiseBandRows,
  depthwiseWindowBytes,
  forwardBlockRows,
  panelStride,
  VECTOR_BYTES,
} from "../shapes.ts";
import type { Unit } from "../stages.ts";
import { lowerGateVectors } from "./gate.ts";
import { activationCode, mapBuffer, mapSize, vectorBuffer, weightOf, type Lowering } from "./lowering.ts";
import { isMadeInside, spansOf } from "./spans.ts";
import { normBuffers, normOf } from "./norm.ts";
import { lowerNormalize } from "./normalize.ts";
import { patchGeometry } from "./value.ts";
import type { FoldedWeight } from "./weights.ts";

/** Every unit's batch-norm into its weights, for when those have changed. */
export function lowerFold(lowering: Lowering): void {
  for (const unit of lowering.stages.units) {
    const { buffer, packing } = weightOf(lowering, unit.conv.weight);
    const { weight, bias } = foldedOf(lowering, unit);
    const norm = normOf(unit);
    const { weight: normWeight, bias: normBias, ...statistics } = normBuffers(lowering, norm);
    const read = { weight: buffer, normWeight, normBias, ...statistics };
    const sizes = { inputs: packing.inputs, eps: norm.eps };
    lowering.plan.add("fold", packing.outputs / 8, { ...read, output: weight, bias, ...sizes });
    lowering.plan.alongside();
  }
}

/**
 * @param units the network's first ones, at least one; what follows them reads the last one alone
 * @param end what is wanted of the last unit's value: all of it, or its mean over each image
 * @returns that for all images
 */
export function lowerDepthFirst(lowering: Lowering, units: readonly Unit[], end: "map" | "mean"): Buffer {
  const { images, plan } = lowering;
  const last = units.at(-1) as Unit;
  let input: Groups["input"] = null;
  for (const { units: span, count } of spansOf(units, images)) {
    const unit = span.at(-1) as Unit;
    const map = mapSize(unit.conv.output, images);
    const isMean = unit === last && end === "mean";
    const output = isMean ? vectorBuffer(lowering, map.channels) : mapBuffer(lowering, map);
    const groups = { units: span, input, end: isMean ? "mean" : "map", output } as const;
    const whole = images - (images % count);
    addGroups(lowering, { ...groups, first: 0, count, groups: whole / count });
    if (whole < images) {
      plan.alongside();
      addGroups(lowering, { ...groups, first: whole, count: images - whole, groups: 1 });
    }
    input = { unit, value: output };
  }
  return (input as NonNullable<Groups["input"]>).value;
}

interface Groups {
  readonly units: readonly Unit[];
  /** What the units read of those before, for all images; null: the image itself. */
  readonly input: { readonly unit: Unit; readonly value: Buffer } | null;
  readonly end: "map" | "mean";
  readonly output: Buffer;
  /** The first image. */
  readonly first: number;
  /** Images in each group. */
  readonly count: number;
  readonly groups: number;
}

function addGroups(lowering: Lowering, { units, input, end, output, first, count, groups }: Groups): void {
  const { memory, images, plan, options } = lowering;
  const group: Lowering = { ...lowering, plan: new Plan(), images: count };
  const read = input === null ? readImages(group, options.batchSize) : readValue(group, input);
  units.forEach((unit, i) => addUnit(group, read.made, unit, units[i + 1]));
  const value = finish(group, units.at(-1) as Unit, end, read.made.values);
  group.plan.keep(value.buffer);
  const all = {
    images: input === null ? memory.images : null,
    input: input?.value ?? null,
    output,
    first,
    count,
    all: images,
  };
  plan.addGroups(group.plan, groups, { ...all, ...read.args, value: value.buffer, ...value.size });
}

function readImages(group: Lowering, batchSize: number) {
  const imageBytes = group.memory.images.bytes / batchSize;
  const groupImages = group.plan.buffer(group.images * imageBytes);
  const made: Made = { values: new Map(), pixels: lowerNormalize(group, groupImages) };
  return { made, args: { groupImages, groupInput: null, imageBytes, inputRows: 0, inputChannels: 0 } };
}

function readValue(group: Lowering, { unit }: NonNullable<Groups["input"]>) {
  const map = mapSize(unit.conv.output, group.images);
  const groupInput = mapBuffer(group, map);
  const made: Made = { values: new Map([[unit, groupInput]]), pixels: null };
  const sizes = { imageBytes: 0, inputRows: map.imageRows, inputChannels: map.channels };
  return { made, args: { groupImages: null, groupInput, ...sizes } };
}

/** What units have made so far of a group of images. */
interface Made {
  readonly values: Map<Unit, Buffer>;
  /** The normalised image, where these units read it. */
  readonly pixels: Buffer | null;
}

function finish(group: Lowering, last: Unit, end: Groups["end"], values: Made["values"]) {
  const { channels, imageRows } = mapSize(last.conv.output, 1);
  const buffer = values.get(last) as Buffer;
  if (end === "map") return { buffer, size: { imageRows, channels } };
  return { buffer: addPool(group, buffer, { imageRows, channels }), size: { imageRows: 1, channels } };
}

function addUnit(group: Lowering, made: Made, unit: Unit, next: Unit | undefined): void {
  if (isMadeInside(unit, next)) return;
  const output = mapBuffer(group, mapSize(unit.conv.output, group.images));
  const { weight, bias } = foldedOf(group, unit);
  const residual = (unit.shortcut && made.values.get(unit.shortcut)) ?? null;
  const args = { weight, bias, residual, output, activation: activationCode(unit.activation) };
  if (unit.conv.kind === "depthwiseConv") addDepthwise(group, made, unit, unit.conv, args);
  else addConv(group, made, unit, unit.conv, args);
  if (unit.gate !== null) addGate(group, unit, output);
  made.values.set(unit, output);
}

interface UnitArgs {
  readonly weight: Buffer;
  readonly bias: Buffer;
  readonly residual: Buffer | null;
  readonly output: Buffer;
  readonly activation: number;
}

function addConv(group: Lowering, { values, pixels }: Made, unit: Unit, conv: ConvOp, args: UnitArgs): void {
  const { plan } = group;
  const { inputs: inChannels, outputs: outChannels } = weightOf(group, conv.weight).packing;
  const { rows } = mapSize(conv.output, group.images);
  const input = unit.input === null ? pixels : (values.get(unit.input) as Buffer);
  const blockRows = forwardBlockRows(inChannels);
  plan.needScratch((32 + (inChannels / 8) * (blockRows + 2)) * VECTOR_BYTES);
  const sizes = { rows, inChannels, outChannels, blockRows, patches: unit.input === null ? 1 : 0 };
  const geometry = patchGeometry(group, conv, unit);
  plan.add("convFolded", Math.ceil(rows / blockRows), { input, ...args, ...sizes, ...geometry });
}

function addDepthwise(group: Lowering, { values }: Made, unit: Unit, conv: DepthwiseConvOp, args: UnitArgs): void {
  const { plan, images } = group;
  const { heightPx: outHeight, widthPx: outWidth, channels } = mapSize(conv.output, images);
  const source = unit.input as Unit;
  const { heightPx: height, widthPx: width, imageRows } = mapSize(source.conv.output, images);
  const { kernel, stride, padding } = conv;
  const written = values.get(source);
  const expand = written === undefined ? foldedOf(group, source) : null;
  const input = written ?? values.get(source.input as Unit) ?? null;
  const bandRows = depthwiseBandRows(height, width);
  const blockImages = bandRows < height ? 1 : Math.min(images, depthFirstBlock(imageRows));
  const blockBytes = panelStride(blockImages * bandRows * width) * VECTOR_BYTES;
  plan.needScratch(2 * (depthwiseWindowBytes(width, kernel, padding, bandRows) + blockBytes));
  plan.add("depthwiseFolded", channels / 8, {
    input,
    expandWeight: expand?.weight ?? null,
    expandBias: expand?.bias ?? null,
    expandActivation: activationCode(source.activation),
    inChannels: weightOf(group, source.conv.weight).packing.inputs,
    ...args,
    ...{ images, blockImages, bandRows, height, width, outHeight, outWidth, kernel, stride, padding },
  });
}

/** In place. */
function addGate(group: Lowering, unit: Unit, value: Buffer): void {
  const { channels, imageRows } = mapSize(unit.conv.output, group.images);
  const { gate } = lowerGateVectors(group, unit, addPool(group, value, { channels, imageRows }));
  group.plan.add("gateFolded", channels / 8, { value, gate, images: group.images, imageRows });
}

interface ValueSize {
  readonly channels: number;
  readonly imageRows: number;
}

function addPool(group: Lowering, input: Buffer, { channels, imageRows }: ValueSize): Buffer {
  const output = vectorBuffer(group, channels);
  group.plan.add("poolFolded", channels / 8, { input, output, images: group.images, imageRows });
  return output;
}

function foldedOf({ memory }: Lowering, unit: Unit): FoldedWeight {
  return memory.folded.get(unit.conv.weight) as FoldedWeight; // placeProgramMemory leaves no convolution out
}
