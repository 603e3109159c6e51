// What every bench does with its command line: --help prints the comment that its file opens with and its flags; a flag that it does
// not have is named beside those that it has.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;
type Config<T extends Options> = { options: T; allowPositionals: true };
type Parsed<T extends Options> = ReturnType<typeof parseArgs<Config<T>>>;

/** @param bench its import.meta.url */
export function readFlags<const T extends Options>(bench: string, options: T, mostPositionals = 0): Parsed<T> {
  try {
    const config = { options: { ...options, help: { type: "boolean", short: "h" } }, allowPositionals: true } as const;
    const parsed = parseArgs(config);
    if ((parsed.values as { help?: boolean }).help) leave(0, `${headOf(bench)}\n\nFlags: ${withDefaults(options)}`);
    if (parsed.positionals.length > mostPositionals)
      throw new Error(`Unexpected argument '${parsed.positionals[mostPositionals]}'`);
    return parsed;
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/\. To specify a positional.*/s, "");
    return leave(2, `${why}; the flags are: ${names(options)} (--help says more)`);
  }
}

/** One of `allowed`, or the bench ends with a line that says what it expects. */
export function oneOf<const T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  return found ?? leave(2, `--${flag} ${value}: expected one of ${allowed.join(", ")}`);
}

function leave(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

function names(options: Options): string {
  return Object.keys(options).map((name) => `--${name}`).join(", ") || "none"; // prettier-ignore
}

function withDefaults(options: Options): string {
  const named = Object.entries(options).map(([name, option]) =>
    option.type === "string" ? `--${name} ${option.default === undefined ? "…" : String(option.default)}` : `--${name}`,
  );
  return named.join("  ") || "none";
}

function headOf(bench: string): string {
  const lines = readFileSync(fileURLToPath(bench), "utf8").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, "")).join("\n"); // prettier-ignore
}
