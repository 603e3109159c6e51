// Reads a Python pickle without running anything: names of functions are looked up in the caller's table or refused, never called.
// Opcodes after Python's pickletools; protocols 0 to 5 as far as torch.save writes them.
import { PickleBytes, PickleError } from "./pickle-bytes.ts";
import { readLiteral } from "./pickle-literals.ts";

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

const MARK = Symbol("mark");

/** Reads the pickle that starts at `start`. @returns its value and where the next one starts */
export function readPickle(bytes: Uint8Array, start: number, meaning: PickleMeaning): { value: unknown; end: number } {
  const reader = new PickleReader(bytes, start, meaning);
  return reader.run();
}

class PickleReader {
  readonly #bytes: PickleBytes;
  readonly #meaning: PickleMeaning;
  readonly #memo = new Map<number, unknown>();
  readonly #stack: unknown[] = [];

  constructor(bytes: Uint8Array, start: number, meaning: PickleMeaning) {
    this.#bytes = new PickleBytes(bytes, start);
    this.#meaning = meaning;
  }

  run(): { value: unknown; end: number } {
    for (;;) {
      const opcode = this.#bytes.uint(1);
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#bytes.at }; // STOP
      const handled = this.#literal(opcode) || this.#container(opcode) || this.#memory(opcode) || this.#object(opcode);
      if (!handled) throw new PickleError(`opcode 0x${opcode.toString(16)} is not read`);
    }
  }

  /** Numbers, text, bytes, None, True, False. */
  #literal(opcode: number): boolean {
    const value = readLiteral(opcode, this.#bytes);
    if (value !== undefined) this.#stack.push(value.is);
    return value !== undefined;
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
        const list = this.#topList();
        for (const item of items) list.push(item);
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
        this.#bytes.skip(1); // protocol
        return true;
      case "\x95":
        this.#bytes.skip(8); // frame
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
        this.#memo.set(this.#bytes.uint(1), this.#top());
        return true;
      case "r":
        this.#memo.set(this.#bytes.uint(4), this.#top());
        return true;
      case "p":
        this.#memo.set(Number(this.#bytes.line()), this.#top());
        return true;
      case "\x94":
        this.#memo.set(this.#memo.size, this.#top());
        return true;
      case "h":
        this.#stack.push(this.#recall(this.#bytes.uint(1)));
        return true;
      case "j":
        this.#stack.push(this.#recall(this.#bytes.uint(4)));
        return true;
      case "g":
        this.#stack.push(this.#recall(Number(this.#bytes.line())));
        return true;
      default:
        return false;
    }
  }

  /** Names, calls and objects: what could run code in Python, and here asks the table. */
  #object(opcode: number): boolean {
    switch (String.fromCharCode(opcode)) {
      case "c":
        this.#stack.push(this.#global(this.#bytes.line(), this.#bytes.line()));
        return true;
      case "\x93": {
        const [module, name] = this.#popMany(2);
        this.#stack.push(this.#global(String(module), String(name)));
        return true;
      }
      case "R":
      case "\x81": {
        const [callable, args] = this.#popMany(2);
        const isCall = isGlobal(callable) && Array.isArray(args);
        if (!isCall) throw new PickleError("a call of something that is no function");
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
}

function isGlobal(value: unknown): value is PickleGlobal {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "global";
}

/** Keys and values in turn. */
function setAll(map: Map<unknown, unknown>, items: readonly unknown[]): Map<unknown, unknown> {
  for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1]);
  return map;
}
