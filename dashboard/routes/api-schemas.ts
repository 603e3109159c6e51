// What the API takes and gives, for its OpenAPI description.
import { z } from "@hono/zod-openapi";

const text = z.string();
const maybe = z.number().nullable();
/** Loose where a page shows whatever the row holds. */
const anything = z.any();

export const runParam = z.object({
  id: text.openapi({ description: "An id or a unique prefix of one", example: "4f2c9ab0" }),
});
export const metricQuery = z.object({ metric: text.optional().openapi({ example: "test_accuracy" }) });
export const listQuery = z.object({
  q: text.default("").openapi({ example: "variant = frozen and test.recall > 0.8" }),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
export const curvesQuery = z.object({
  runs: text.default("").openapi({ description: "Ids with commas", example: "4f2c9ab0,77aa01bc" }),
  q: text.default("").openapi({ description: "A filter, where no ids are given" }),
  phase: z.enum(["train", "val", "test"]).default("val"),
  metric: text.default("loss"),
  by: z.enum(["epoch", "batch"]).default("epoch"),
});
export const nameQuery = z.object({ name: text.openapi({ example: "weights/classifier.3.weight" }) });
export const eventsQuery = z.object({
  after: text.optional().openapi({
    description: "Epoch, batch and seconds of the last train batch that is known; without it no rows are sent",
    example: "0,0,0",
  }),
});
export const pairQuery = z.object({ a: text, b: text });
export const sqlQuery = z.object({ q: text.min(1) });

export const experiments = z.object({ experiments: z.array(anything) });
export const runList = z.object({ runs: z.array(anything), total: z.number() });
export const run = z.object({ run: anything });
export const nothing = z.object({});
export const queue = z.object({ queue: z.array(anything) });

const columns = z.record(z.string(), z.record(z.string(), z.array(maybe))).openapi({ description: "Columns by phase" });
export const curves = z.object({ batches: columns, epochs: columns });
export const metrics = z.object({
  metrics: z.array(
    z.object({
      name: text,
      step: z.array(z.number()),
      epoch: z.array(maybe),
      seconds: z.array(z.number()),
      value: z.array(maybe),
    }),
  ),
});
export const histograms = z.object({
  histograms: z.array(
    z.object({ step: z.number(), epoch: maybe, edges: z.array(z.number()), counts: z.array(z.number()) }),
  ),
});
export const manyCurves = z.object({
  curves: z.array(z.object({ run: text, x: z.array(z.number()), y: z.array(maybe) })),
});
export const confusion = z.object({
  classes: z.array(text),
  matrices: anything.openapi({ description: "matrices[phase][epoch][true class][predicted class]" }),
});
export const predictions = z.object({ predictions: z.array(anything) });
export const pair = z.object({
  a: text,
  b: text,
  mcnemarP: z.number(),
  deLong: anything,
  counts: anything,
  differences: z.array(anything),
  samples: z.array(anything),
});
export const answer = z.object({
  names: z.array(text),
  rows: z.array(z.array(anything)),
  cut: z.boolean(),
  durationMs: z.number(),
});
