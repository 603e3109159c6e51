// `exp engine check` finds a planted fault: an engine whose gradient of one parameter is 1 % too long does not agree.
import { expect, it } from "vitest";
import type { Engine } from "../../core/engine/engine.ts";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import { compareEngines } from "../../core/run/engine-check.ts";

it("names the parameter whose gradient is wrong", async () => {
  const engine = await createPortableEngine({ threads: 2 });
  const wrong = "features.9.block.1.0.weight";
  const faulty: Engine = {
    identity: engine.identity,
    close: () => engine.close(),
    compile: async (network, options) => {
      const program = await engine.compile(network, options);
      const right = program.gradients.bind(program);
      const gradients: typeof right = async (batch) => {
        const found = await right(batch);
        const changed = [...found.gradients].map(
          ([name, values]) => [name, name === wrong ? values.map((value) => value * 1.01) : values] as const,
        );
        return { ...found, gradients: new Map(changed) };
      };
      return Object.assign(program, { gradients });
    },
  };
  const found = await compareEngines(faulty, engine);
  expect(found.agrees).toBe(false);
  expect(found.worstGradients.map(({ name }) => name)).toEqual([wrong, wrong, wrong]);
  expect(found.worstGradients[0]?.difference).toBeCloseTo(0.01, 5);
  await engine.close();
}, 120_000);
