// A program's shared memory as JavaScript reads and writes it. It may grow, so views are made when they are needed.
import type { Network, State } from "../../model/network.ts";
import { LockstepError } from "../../errors.ts";
import { takeTurns } from "../../turns.ts";
import type { Batch } from "../engine.ts";
import { averageName, slotName } from "../optimizer-slots.ts";
import { tooLarge } from "./layout.ts";
import { averageHyperOf } from "./lower/hyper.ts";
import type { ProgramMemory, Weight } from "./lower/weights.ts";
import { pack, unpack } from "./pack.ts";
import { offsetOf, type Buffer } from "./plan.ts";
import { panelStride } from "./shapes.ts";

const PAGE = 65536;
const MOST_PAGES = 65536; // 4 GB

export class SharedProgramMemory {
  readonly wasm: WebAssembly.Memory;

  constructor(bytes: number, batchSize: number) {
    try {
      this.wasm = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: MOST_PAGES, shared: true });
    } catch (cause) {
      if (cause instanceof RangeError) throw tooLarge(bytes, batchSize, 0);
      throw cause;
    }
  }

  get byteLength(): number {
    return this.wasm.buffer.byteLength;
  }

  ensure(bytes: number): void {
    const missing = bytes - this.byteLength;
    if (missing > 0) this.wasm.grow(Math.ceil(missing / PAGE));
  }

  bytes(buffer: Buffer): Uint8Array {
    return new Uint8Array(this.wasm.buffer, offsetOf(buffer), buffer.bytes);
  }

  floats(buffer: Buffer): Float32Array {
    return new Float32Array(this.wasm.buffer, offsetOf(buffer), Math.floor(buffer.bytes / 4));
  }

  doubles(buffer: Buffer): Float64Array {
    return new Float64Array(this.wasm.buffer, offsetOf(buffer), Math.floor(buffer.bytes / 8));
  }

  words(offset: number, count: number): Int32Array {
    return new Int32Array(this.wasm.buffer, offset, count);
  }

  /** @param values float32 [count, width], to a vector of the network */
  writeVectors(buffer: Buffer, values: Float32Array, count: number): void {
    const to = this.floats(buffer);
    const width = values.length / count;
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < width; c++) to[vectorAt(c, i, count)] = values[i * width + c] as number;
    }
  }

  /** @returns float32 [count, width] of a vector of the network */
  readVectors(buffer: Buffer, count: number, width: number): Float32Array {
    const from = this.floats(buffer);
    const values = new Float32Array(count * width);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < width; c++) values[i * width + c] = from[vectorAt(c, i, count)] as number;
    }
    return values;
  }
}

/** Where number c of an image stands in a vector of the network. */
function vectorAt(c: number, image: number, images: number): number {
  return ((c >> 3) * panelStride(images) + image) * 8 + (c & 7);
}

/** What a step is given beside images or features. */
export type Labels = Omit<Batch, "images">;

/** @param count images; absent weights of samples and masks are 1 */
export function writeLabels(
  memory: SharedProgramMemory,
  places: Pick<ProgramMemory, "targets" | "sampleWeights" | "mask">,
  { targets, sampleWeights, dropoutMask }: Labels,
  count: number,
): void {
  memory.writeVectors(places.targets, targets, count);
  if (sampleWeights === undefined) memory.floats(places.sampleWeights).fill(1, 0, count);
  else memory.floats(places.sampleWeights).set(sampleWeights);
  if (dropoutMask === undefined) memory.floats(places.mask).fill(1);
  else memory.writeVectors(places.mask, dropoutMask, count);
}

/** Weights, statistics, moments and averages into memory; absent moments become 0, absent averages the weights. */
export async function loadState(
  memory: SharedProgramMemory,
  { weights, averages }: ProgramMemory,
  state: State,
): Promise<void> {
  const turns = takeTurns();
  if (averages !== null) memory.floats(averages.hyper).set(averageHyperOf(averages.decay));
  for (const weight of weights.values()) {
    const { parameter, buffer, moments, average } = weight;
    await pack(parameter, expectValues(state, parameter.name, weight), memory.floats(buffer), turns);
    for (const [slot, moment] of moments) {
      const name = slotName(slot, parameter.name);
      if (state.has(name)) await pack(parameter, expectValues(state, name, weight), memory.floats(moment), turns);
      else memory.floats(moment).fill(0);
    }
    if (average === null) continue;
    const name = averageName(parameter.name);
    const values = expectValues(state, state.has(name) ? name : parameter.name, weight);
    await pack(parameter, values, memory.floats(average), turns);
  }
}

function expectValues(state: State, name: string, { parameter }: Weight): Float32Array {
  const values = state.get(name);
  const expected = parameter.shape.reduce((product, size) => product * size, 1);
  if (values?.length === expected) return values;
  const received = values === undefined ? "nothing" : `${values.length} numbers`;
  throw new LockstepError({
    code: "weights-invalid",
    message: `weights: ${name} is ${received}, expected ${expected} numbers (${parameter.shape.join(" x ")})`,
    next: "Load weights of this family, layout, width and number of classes.",
  });
}

/**
 * Copies: all parameters in the network's order, then moments, then averages.
 * @param unchanging what an earlier call has unpacked and no step can have changed since: taken as it is
 */
export async function saveState(
  memory: SharedProgramMemory,
  { weights }: ProgramMemory,
  network: Network,
  unchanging: ReadonlyMap<string, Float32Array>,
): Promise<Map<string, Float32Array>> {
  const turns = takeTurns();
  const state = new Map<string, Float32Array>();
  const ordered = network.parameters.map(({ name }) => weights.get(name) as Weight);
  for (const { parameter, buffer } of ordered) {
    const { name } = parameter;
    state.set(name, unchanging.get(name) ?? (await unpack(parameter, memory.floats(buffer), turns)));
  }
  for (const { parameter, moments } of ordered) {
    for (const [slot, moment] of moments)
      state.set(slotName(slot, parameter.name), await unpack(parameter, memory.floats(moment), turns));
  }
  for (const { parameter, average } of ordered)
    if (average !== null)
      state.set(averageName(parameter.name), await unpack(parameter, memory.floats(average), turns));
  return state;
}
