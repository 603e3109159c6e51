// Walks over a pickle's bytes; every read that would leave them is a PickleError.
export class PickleError extends Error {}

export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the next read starts. */
  at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  /** @returns where the skipped bytes start */
  skip(count: number): number {
    const at = this.at;
    if (count > this.#bytes.length - at) throw new PickleError("it ends in the middle");
    this.at += count;
    return at;
  }

  raw(count: number): Uint8Array {
    const at = this.skip(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Unsigned, little-endian. */
  uint(size: 1 | 2 | 4 | 8): number {
    const at = this.skip(size);
    if (size === 8) return Number(this.#view.getBigUint64(at, true));
    if (size === 4) return this.#view.getUint32(at, true);
    return size === 2 ? this.#view.getUint16(at, true) : this.#view.getUint8(at);
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  /** Big-endian, as pickles have it. */
  float64(): number {
    return this.#view.getFloat64(this.skip(8), false);
  }

  /** Two's complement, little-endian; a bigint where a number would not be exact. */
  long(size: number): number | bigint {
    let value = 0n;
    this.raw(size).forEach((byte, i) => (value |= BigInt(byte) << BigInt(8 * i)));
    const signed = size === 0 ? 0n : BigInt.asIntN(8 * size, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  text(length: number): string {
    return new TextDecoder().decode(this.raw(length));
  }

  /** Up to the next newline, which is passed over. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new PickleError("it ends in the middle");
    const text = this.text(end - this.at);
    this.skip(1);
    return text;
  }
}
