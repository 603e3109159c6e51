// Values of flags, checked where they are read: a wrong one is an error that names the flag.
import { LockstepError } from "../errors.ts";
import { suggestion } from "../experiment/nearest.ts";

/** "a,b" */
export function words(text: string): string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** "0,1" as whole numbers. */
export function wholeNumbers(flag: string): (text: string) => number[] {
  return (text) => words(text).map(wholeNumber(flag, Number.MIN_SAFE_INTEGER));
}

export function wholeNumber(flag: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    const bound = least === Number.MIN_SAFE_INTEGER ? "" : ` of at least ${least}`;
    throw usage(`${flag} is "${text}", expected a whole number${bound}.`);
  };
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw usage(`--port is "${text}", expected a whole number from 0 to 65535.`);
}

/** A number from 0 to 1. */
export function fraction(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= 0 && value <= 1) return value;
    throw usage(`${flag} is "${text}", expected a number from 0 to 1.`);
  };
}

export function oneOf<Word extends string>(flag: string, valid: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = valid.find((word) => word === text);
    if (found !== undefined) return found;
    throw usage(
      `${flag} is "${text}", expected ${valid.join(", ")}.${valid.length > 1 ? suggestion(text, valid) : ""}`,
    );
  };
}

/** Collects a flag that may be given several times. */
export function repeated(value: string, all: readonly string[]): string[] {
  return [...all, value];
}

function usage(message: string): LockstepError {
  return new LockstepError({ code: "usage", message, next: "See exp run --help." });
}
