// Turns zod's findings into our one-line errors: where, what was received, what was expected, the nearest valid key.
import type * as z from "zod";
import { LockstepError } from "../errors.ts";
import { suggestion } from "./nearest.ts";
import { experimentSchema, settingsKeys } from "./schema.ts";
import type { Experiment } from "./settings.ts";

/** Checks what a file exports as its default. @throws LockstepError "experiment-invalid", naming the first wrong key */
export function validateExperiment(value: unknown, where: string): Experiment {
  const result = experimentSchema.safeParse(value);
  if (!result.success) throw invalid(result.error, value, where);
  return value as Experiment;
}

/** The error for the first thing that zod found in `value`. @param where such as "experiments/mine.ts" */
export function invalid(error: z.ZodError, value: unknown, where: string): LockstepError {
  const issue = firstIssue(error.issues);
  const path = issue.path.map(String);
  const place = [where, ...placeOf(path)].join(": ");
  const message =
    issue.code === "unrecognized_keys"
      ? `${place}: unknown key "${issue.keys[0]}".${suggestion(issue.keys[0] ?? "", validKeys(path))}`
      : `${place}: ${describe(issue)}, received ${show(at(value, issue.path))}.`;
  return new LockstepError({
    code: "experiment-invalid",
    message,
    next: "Correct the value; nothing was run or stored.",
  });
}

/** Unknown keys first, since they explain what is missing; a union's most specific branch instead of the union. */
function firstIssue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const unknown = issues.find((issue) => issue.code === "unrecognized_keys");
  const issue = unknown ?? (issues[0] as z.core.$ZodIssue);
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const branches = issue.errors.map((branch) => firstIssue(branch)).filter((inner) => inner.path.length > 0);
  const deepest = branches.sort((a, b) => b.path.length - a.path.length)[0];
  return deepest === undefined ? issue : { ...deepest, path: [...issue.path, ...deepest.path] };
}

/** ["variants", "frozen", "lr"] reads: variant "frozen": lr. */
function placeOf(path: readonly string[]): string[] {
  const [first, second, ...rest] = path;
  if (first === "variants" && second !== undefined)
    return [`variant "${second}"`, ...(rest.length ? [rest.join(".")] : [])];
  return path.length === 0 ? [] : [path.join(".")];
}

/** Keys of settings that are objects, of all their kinds. */
const NESTED_KEYS: Readonly<Record<string, readonly string[]>> = {
  batchNorm: ["eps", "momentum"],
  earlyStopping: ["patience", "minDelta"],
  optimizer: ["kind", "weightDecay", "beta1", "beta2", "eps", "momentum", "nesterov", "alpha"],
  schedule: [
    ...["kind", "warmupEpochs", "finalLr", "everyEpochs", "factor"],
    ...["patience", "threshold", "cooldownEpochs", "minLr"],
  ],
};

function validKeys(path: readonly string[]): readonly string[] {
  if (path.length === 0) return Object.keys(experimentSchema.shape);
  if (path[0] === "split") return ["train", "val", "test", "folds", "seed"];
  return NESTED_KEYS[path.at(-1) ?? ""] ?? settingsKeys;
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${issue.expected === "int" ? "a whole number" : `a value of type ${issue.expected}`}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return issue.origin === "array"
        ? "expected at least one value"
        : `expected ${issue.inclusive ? "at least" : "more than"} ${String(issue.minimum)}`;
    case "too_big":
      return `expected ${issue.inclusive ? "at most" : "less than"} ${String(issue.maximum)}`;
    case "invalid_union":
      return unionText(issue);
    default:
      return issue.message;
  }
}

function unionText(issue: z.core.$ZodIssueInvalidUnion): string {
  const words = wordsOf(issue);
  return words.length === 0 ? "expected another kind of value" : `expected ${words.join(" or ")}`;
}

/** The words that any branch of a union accepts, as JSON. */
function wordsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value));
  return issue.code === "invalid_union" ? issue.errors.flat().flatMap(wordsOf) : [];
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "function" ? "a function" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
