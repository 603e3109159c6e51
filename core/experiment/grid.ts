// A grid: every combination of the listed values becomes a variant, named by them.
import type { SettingsInput } from "./settings.ts";

/** Lists of values by setting. */
export type Grid = { readonly [Key in keyof SettingsInput]?: readonly NonNullable<SettingsInput[Key]>[] };

/** The last setting changes fastest; a grid without settings has no variant. */
export function gridVariants(grid: Grid): Map<string, SettingsInput> {
  let combinations: SettingsInput[] = [{}];
  for (const [key, values] of Object.entries(grid)) {
    combinations = combinations.flatMap((input) =>
      (values as readonly unknown[]).map((value): SettingsInput => ({ ...input, [key]: value })),
    );
  }
  const named = combinations.map((input): [string, SettingsInput] => [variantName(input), input]);
  return new Map(named.filter(([name]) => name !== ""));
}

/** "lr=0.001+widthMult=0.5" */
export function variantName(input: SettingsInput): string {
  const texts = Object.entries(input).map(([key, value]) => `${key}=${textOf(value)}`);
  return texts.join("+");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
