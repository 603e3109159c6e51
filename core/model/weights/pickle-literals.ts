// The opcodes of a pickle that push a plain value: numbers, text, bytes, None, True, False.
import type { PickleBytes } from "./pickle-bytes.ts";

/** The value that the opcode pushes; undefined where it is no such opcode. */
export function readLiteral(opcode: number, bytes: PickleBytes): { readonly is: unknown } | undefined {
  switch (String.fromCharCode(opcode)) {
    case "N":
      return { is: null };
    case "\x88":
      return { is: true };
    case "\x89":
      return { is: false };
    case "K":
      return { is: bytes.uint(1) };
    case "M":
      return { is: bytes.uint(2) };
    case "J":
      return { is: bytes.int32() };
    case "G":
      return { is: bytes.float64() };
    case "\x8a":
      return { is: bytes.long(bytes.uint(1)) };
    case "I":
      return { is: textInteger(bytes.line()) };
    case "L":
      return { is: Number(bytes.line().replace(/L$/, "")) };
    case "F":
      return { is: Number(bytes.line()) };
    case "S":
      return { is: bytes.line().replace(/^['"]|['"]$/g, "") };
    case "V":
      return { is: bytes.line() };
    case "X":
    case "T":
      return { is: bytes.text(bytes.uint(4)) };
    case "\x8c":
    case "U":
      return { is: bytes.text(bytes.uint(1)) };
    case "\x8d":
      return { is: bytes.text(bytes.uint(8)) };
    case "B":
      return { is: bytes.raw(bytes.uint(4)) };
    case "C":
      return { is: bytes.raw(bytes.uint(1)) };
    default:
      return undefined;
  }
}

/** Protocol 0 writes True and False as 01 and 00. */
function textInteger(line: string): number | boolean {
  return line === "01" ? true : line === "00" ? false : Number(line);
}
