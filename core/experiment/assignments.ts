// --set key=value: values as JSON where they are JSON, else as text; keys with dots reach inside ("batchNorm.momentum=0.01").
import { LockstepError } from "../errors.ts";
import { suggestion } from "./nearest.ts";
import { settingsKeys, settingsSchema } from "./schema.ts";
import type { SettingsInput } from "./settings.ts";
import { invalid } from "./validate.ts";

/** @throws LockstepError "usage" for an unknown key, "experiment-invalid" for a wrong value; both name the flag */
export function parseAssignments(assignments: readonly string[]): SettingsInput {
  const input: Record<string, unknown> = {};
  for (const assignment of assignments) {
    const { path, value } = parse(assignment);
    place(input, path, value);
    const result = settingsSchema.safeParse(input);
    if (!result.success) throw invalid(result.error, input, `--set ${assignment}`);
  }
  return input;
}

function parse(assignment: string): { path: string[]; value: unknown } {
  const equals = assignment.indexOf("=");
  const path = assignment
    .slice(0, equals === -1 ? undefined : equals)
    .trim()
    .split(".");
  const key = path[0] ?? "";
  if (equals === -1) {
    throw new LockstepError({
      code: "usage",
      message: `--set ${assignment}: expected key=value.`,
      next: "For example --set lr=3e-4.",
    });
  }
  if (!settingsKeys.includes(key)) {
    const message = `--set ${assignment}: unknown key "${key}".${suggestion(key, settingsKeys)}`;
    throw new LockstepError({ code: "usage", message, next: `Keys: ${settingsKeys.join(", ")}.` });
  }
  return { path, value: parseValue(assignment.slice(equals + 1)) };
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // not JSON: a word such as adam
  }
}

function place(target: Record<string, unknown>, [key = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  target[key] = typeof inner === "object" && inner !== null ? inner : {};
  place(target[key] as Record<string, unknown>, rest, value);
}
