// What the tracker takes over HTTP. Numbers that JSON cannot say may be given as "NaN", "Infinity" and "-Infinity".
import { z } from "@hono/zod-openapi";

const text = z.string();
const words = z.array(text);
const step = z.int().optional().openapi({ description: "Default: one more than the last one", example: 1 });
const epoch = z.int().nullable().optional();
const number = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);
const place = { step, epoch };

export const anything = z.any();

/** Whole, since runs that are not in the database yet have no prefix to be found by. */
export const runId = z.object({ id: z.uuid().openapi({ description: "As POST /api/v1/runs gave it" }) });

export const newRun = z.strictObject({
  run: z.uuid().optional().openapi({ description: "An id of your own: sent again, it is the same run" }),
  experiment: text.openapi({ example: "my-experiment" }),
  project: text.optional(),
  variant: text.optional(),
  seed: z.int().optional(),
  name: text.max(500).optional(),
  config: z
    .record(text, z.any())
    .optional()
    .openapi({ example: { lr: 0.1 } }),
  tags: words.optional(),
  note: text.optional(),
});

const row = { values: z.record(text, number).openapi({ example: { loss: 0.3 } }), ...place };
export const numbers = z.union([z.strictObject(row), z.strictObject({ rows: z.array(z.strictObject(row)) })]);

export const line = z.strictObject({ text, level: z.enum(["info", "warning", "error"]).optional() });

export const histogram = z.union([
  z.strictObject({ name: text, values: z.array(number), ...place }),
  z.strictObject({ name: text, edges: z.array(z.number()), counts: z.array(z.number().min(0)), ...place }),
]);

const cell = z.union([text, z.number(), z.boolean(), z.null()]);
export const table = z.strictObject({ name: text, rows: z.array(z.record(text, cell)), ...place });

const queryEpoch = z.coerce.number().int().optional();
export const imageQuery = z.object({ name: text, step: z.coerce.number().int().optional(), epoch: queryEpoch });
export const fileQuery = z.object({ name: text, kind: text.optional(), epoch: queryEpoch });

export const ending = z.strictObject({ status: z.enum(["done", "failed", "interrupted"]).default("done") });
