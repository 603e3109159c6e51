// Reads a Python pickle without running anything: names of functions are looked up in the caller's table or refused, never called.
// Opcodes after Python's pickletools; protocols 0 to 5 as far as torch.save writes them.

/** A function or class that the pickle names. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string; // "torch._utils._rebuild_tensor_v2"
}

/** Gives the pickle's names a meaning. */
export interface PickleMeaning {
  /** Result of calling the named function; throws where the name is not known to be harmless. */
  call(name: string, args: readonly unknown[]): unknown;
  /** An object outside the pickle, such as a tensor's storage. */
  persistent(id: unknown): unknown;
  /** Called for each name before anything else; throws to refuse. */
  admit(name: string): void;
}

export class PickleError extends Error {}

const MARK = Symbol("mark");

/** Reads the pickle that starts at `start`. @returns its value and where the next one starts */
export function readPickle(bytes: Uint8Array, start: number, meaning: PickleMeaning): { value: unknown; end: number } {
  const reader = new PickleReader(bytes, start, meaning);
  return reader.run();
}

class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #meaning: PickleMeaning;
  readonly #memo = new Map<number, unknown>();
  readonly #stack: unknown[] = [];
  #at: number;

  constructor(bytes: Uint8Array, start: number, meaning: PickleMeaning) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#meaning = meaning;
  }

  run(): { value: unknown; end: number } {
    for (;;) {
      const opcode = this.#uint(1);
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#at }; // STOP
      const handled = this.#literal(opcode) || this.#container(opcode) || this.#memory(opcode) || this.#object(opcode);
      if (!handled) throw new PickleError(`opcode 0x${opcode.toString(16)} is not read`);
    }
  }

  /** Numbers, text, bytes, None, True, False. */
  #literal(opcode: number): boolean {
    const value = this.#literalValue(opcode);
    if (value !== undefined) this.#stack.push(value.is);
    return value !== undefined;
  }

  #literalValue(opcode: number): { readonly is: unknown } | undefined {
    switch (String.fromCharCode(opcode)) {
      case "N":
        return { is: null };
      case "\x88":
        return { is: true };
      case "\x89":
        return { is: false };
      case "K":
        return { is: this.#uint(1) };
      case "M":
        return { is: this.#uint(2) };
      case "J":
        return { is: this.#view.getInt32(this.#skip(4), true) };
      case "G":
        return { is: this.#view.getFloat64(this.#skip(8), false) };
      case "\x8a":
        return { is: this.#long(this.#uint(1)) };
      case "I":
        return { is: textInteger(this.#line()) };
      case "L":
        return { is: Number(this.#line().replace(/L$/, "")) };
      case "F":
        return { is: Number(this.#line()) };
      case "S":
        return { is: this.#line().replace(/^['"]|['"]$/g, "") };
      case "V":
        return { is: this.#line() };
      case "X":
      case "T":
        return { is: this.#text(this.#uint(4)) };
      case "\x8c":
      case "U":
        return { is: this.#text(this.#uint(1)) };
      case "\x8d":
        return { is: this.#text(this.#uint(8)) };
      case "B":
        return { is: this.#raw(this.#uint(4)) };
      case "C":
        return { is: this.#raw(this.#uint(1)) };
      default:
        return undefined;
    }
  }

  /** Lists, tuples, dicts and sets; a dict becomes a Map. */
  #container(opcode: number): boolean {
    const stack = this.#stack;
    switch (String.fromCharCode(opcode)) {
      case "(":
        stack.push(MARK);
        return true;
      case ")":
      case "]":
      case "\x8f":
        stack.push([]);
        return true;
      case "}":
        stack.push(new Map());
        return true;
      case "t":
      case "l":
      case "\x91":
        stack.push(this.#toMark());
        return true;
      case "\x85":
      case "\x86":
      case "\x87":
        stack.push(this.#popMany(opcode - 0x84));
        return true;
      case "d":
        stack.push(setAll(new Map(), this.#toMark()));
        return true;
      case "a": {
        const item = this.#pop();
        this.#topList().push(item);
        return true;
      }
      case "e":
      case "\x90": {
        const items = this.#toMark();
        this.#topList().push(...items);
        return true;
      }
      case "s": {
        const pair = this.#popMany(2);
        setAll(this.#topMap(), pair);
        return true;
      }
      case "u": {
        const items = this.#toMark();
        setAll(this.#topMap(), items);
        return true;
      }
      default:
        return false;
    }
  }

  /** The memo, frames, and what moves the stack. */
  #memory(opcode: number): boolean {
    switch (String.fromCharCode(opcode)) {
      case "\x80":
        this.#skip(1); // protocol
        return true;
      case "\x95":
        this.#skip(8); // frame
        return true;
      case "0":
        this.#pop();
        return true;
      case "1":
        this.#toMark();
        return true;
      case "2":
        this.#stack.push(this.#top());
        return true;
      case "q":
        this.#memo.set(this.#uint(1), this.#top());
        return true;
      case "r":
        this.#memo.set(this.#uint(4), this.#top());
        return true;
      case "p":
        this.#memo.set(Number(this.#line()), this.#top());
        return true;
      case "\x94":
        this.#memo.set(this.#memo.size, this.#top());
        return true;
      case "h":
        this.#stack.push(this.#recall(this.#uint(1)));
        return true;
      case "j":
        this.#stack.push(this.#recall(this.#uint(4)));
        return true;
      case "g":
        this.#stack.push(this.#recall(Number(this.#line())));
        return true;
      default:
        return false;
    }
  }

  /** Names, calls and objects: what could run code in Python, and here asks the table. */
  #object(opcode: number): boolean {
    switch (String.fromCharCode(opcode)) {
      case "c":
        this.#stack.push(this.#global(this.#line(), this.#line()));
        return true;
      case "\x93": {
        const [module, name] = this.#popMany(2);
        this.#stack.push(this.#global(String(module), String(name)));
        return true;
      }
      case "R":
      case "\x81": {
        const [callable, args] = this.#popMany(2);
        if (!isGlobal(callable) || !Array.isArray(args))
          throw new PickleError("a call of something that is no function");
        this.#stack.push(this.#meaning.call(callable.name, args));
        return true;
      }
      case "b":
        this.#pop(); // attributes of an object that we keep no attributes of, such as a state dict's _metadata
        return true;
      case "Q":
        this.#stack.push(this.#meaning.persistent(this.#pop()));
        return true;
      default:
        return false;
    }
  }

  #global(module: string, name: string): PickleGlobal {
    this.#meaning.admit(`${module}.${name}`);
    return { kind: "global", name: `${module}.${name}` };
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw new PickleError("the stack is empty");
    return this.#stack.pop();
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length < count) throw new PickleError("the stack is empty");
    return this.#stack.splice(this.#stack.length - count);
  }

  #toMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError("no mark on the stack");
    return this.#stack.splice(mark).slice(1);
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw new PickleError("the stack is empty");
    return this.#stack.at(-1);
  }

  #topList(): unknown[] {
    const top = this.#top();
    if (!Array.isArray(top)) throw new PickleError("items for something that is no list");
    return top as unknown[];
  }

  #topMap(): Map<unknown, unknown> {
    const top = this.#top();
    if (!(top instanceof Map)) throw new PickleError("items for something that is no dict");
    return top;
  }

  #recall(index: number): unknown {
    if (!this.#memo.has(index)) throw new PickleError(`nothing was kept at ${index}`);
    return this.#memo.get(index);
  }

  #skip(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new PickleError("it ends in the middle");
    this.#at += count;
    return at;
  }

  #raw(count: number): Uint8Array {
    const at = this.#skip(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Unsigned, little-endian. */
  #uint(size: 1 | 2 | 4 | 8): number {
    const at = this.#skip(size);
    if (size === 8) return Number(this.#view.getBigUint64(at, true));
    return size === 1
      ? this.#view.getUint8(at)
      : size === 2
        ? this.#view.getUint16(at, true)
        : this.#view.getUint32(at, true);
  }

  /** Two's complement, little-endian; a bigint where a number would not be exact. */
  #long(size: number): number | bigint {
    let value = 0n;
    this.#raw(size).forEach((byte, i) => (value |= BigInt(byte) << BigInt(8 * i)));
    const signed = size === 0 ? 0n : BigInt.asIntN(8 * size, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#raw(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new PickleError("it ends in the middle");
    const text = this.#text(end - this.#at);
    this.#skip(1);
    return text;
  }
}

function isGlobal(value: unknown): value is PickleGlobal {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "global";
}

/** Keys and values in turn. */
function setAll(map: Map<unknown, unknown>, items: readonly unknown[]): Map<unknown, unknown> {
  for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1]);
  return map;
}

/** Protocol 0 writes True and False as 01 and 00. */
function textInteger(line: string): number | boolean {
  return line === "01" ? true : line === "00" ? false : Number(line);
}
