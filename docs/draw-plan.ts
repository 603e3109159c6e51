// Draws docs/images/plan.svg: a training step of MobileNetV3-Large at 96 px, batch 32, as the portable engine has planned it.
// Run: npx tsx docs/draw-plan.ts
import { writeFileSync } from "node:fs";
import { lower } from "../core/engine/portable/lower/lower.ts";
import { offsetOf, type Buffer, type Plan } from "../core/engine/portable/plan.ts";
import { sizeProgram } from "../core/engine/portable/program-size.ts";
import { readStages } from "../core/engine/portable/stages.ts";
import { trainableParameters } from "../core/model/freeze.ts";
import { mobilenetV3 } from "../core/model/mobilenet-v3.ts";

const WIDTH = 1000;
const STRIP_Y = 74;
const STRIP_HEIGHT = 34;
const MEMORY_Y = 150;
const MEMORY_HEIGHT = 330;
const LEFT = 60;

/** What kinds of kernels do, and the colour that each gets. */
const GROUPS: readonly { readonly name: string; readonly colour: string; readonly kernels: RegExp }[] = [
  { name: "convolution and dense, forward", colour: "#3b6fb6", kernels: /^(conv|columns)Forward$/ },
  { name: "convolution and dense, backward", colour: "#8fb4e3", kernels: /^(conv|columns)Backward$|^weightGradient$/ },
  { name: "depthwise, forward", colour: "#2f8f5b", kernels: /^depthwiseForward$/ },
  { name: "depthwise, backward", colour: "#93d1ae", kernels: /^depthwiseBackward$/ },
  { name: "batch-norm", colour: "#c9971c", kernels: /^norm(?!alize)/ },
  { name: "optimizer", colour: "#b4483a", kernels: /^(update|sumParts|clip|transpose)$/ },
  { name: "pooling, gates, loss, images", colour: "#8a6bb0", kernels: /./ },
];

writeFileSync(new URL("images/plan.svg", import.meta.url), draw(trainingPlan()));

function trainingPlan(): { plan: Plan; base: number } {
  const settings = { size: "large", layout: "torchvision", widthMult: 1, classes: 2, dropout: 0.2 } as const;
  const network = mobilenetV3({ ...settings, imageSizePx: 96, batchNorm: { eps: 1e-3, momentum: 0.01 } });
  const adam = { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 } as const;
  const trainable = trainableParameters(network, "none");
  const options = {
    batchSize: 32,
    trainable,
    frozenBatchNorm: "inference",
    optimizer: adam,
    purpose: "training",
  } as const;
  const stages = readStages(network);
  const { memory, regions } = sizeProgram({ network, options, threads: 2 }, stages, 32);
  const { plan } = lower({ kind: "train", stages, memory, options, images: 32 });
  plan.placeBuffers(regions.end);
  return { plan, base: regions.end };
}

function draw({ plan, base }: { plan: Plan; base: number }): string {
  const lives = lifetimes(plan, base);
  const end = Math.max(...[...lives].map(([buffer]) => offsetOf(buffer) + buffer.bytes));
  const together = [...lives.keys()].reduce((sum, { bytes }) => sum + bytes, 0);
  const x = (call: number): number => LEFT + (call / plan.calls.length) * (WIDTH - LEFT - 10);
  const y = (offset: number): number => MEMORY_Y + MEMORY_HEIGHT * (1 - (offset - base) / (end - base));
  const strip = plan.calls.map(({ kernel }, i) =>
    rectangle({ x: x(i), y: STRIP_Y, width: x(i + 1) - x(i), height: STRIP_HEIGHT, fill: colourOf(kernel) }),
  );
  const blocks = [...lives].map(([buffer, { first, last }]) => {
    const top = y(offsetOf(buffer) + buffer.bytes);
    const fill = colourOf(plan.calls[first]?.kernel ?? "");
    return rectangle({ x: x(first), y: top, width: x(last + 1) - x(first), height: y(offsetOf(buffer)) - top, fill });
  });
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  const barriers = plan.calls.filter(({ barrier }) => barrier).length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 505" font-family="sans-serif" font-size="12">`,
    `<title>The plan of a training step</title><rect width="100%" height="100%" fill="#fff"/>`,
    ...legend(),
    text(
      LEFT,
      STRIP_Y - 6,
      `${plan.calls.length} kernel calls in order, ${barriers} barriers: forward, loss, backward, update`,
    ),
    ...strip,
    text(LEFT, MEMORY_Y - 8, `Memory of ${lives.size} buffers, each from its first call to its last: ${megabytes(end - base)} hold what would be ${megabytes(together)}`), // prettier-ignore
    `<rect x="${LEFT}" y="${MEMORY_Y}" width="${WIDTH - LEFT - 10}" height="${MEMORY_HEIGHT}" fill="#f2f2f2"/>`,
    ...blocks,
    text(8, MEMORY_Y + 10, megabytes(end - base)),
    text(8, MEMORY_Y + MEMORY_HEIGHT, "0"),
    text(LEFT, MEMORY_Y + MEMORY_HEIGHT + 17, "time, call by call (not to scale in milliseconds)"),
    "</svg>",
    "",
  ].join("\n");
}

interface Life {
  readonly first: number;
  last: number;
}

/** Of buffers that only this plan uses; weights and the like lie below `base`. */
function lifetimes(plan: Plan, base: number): Map<Buffer, Life> {
  const lives = new Map<Buffer, Life>();
  plan.calls.forEach(({ args }, call) => {
    for (const value of Object.values(args)) {
      if (value === null || typeof value === "number" || offsetOf(value) < base) continue;
      const life = lives.get(value) ?? { first: call, last: call };
      life.last = call;
      lives.set(value, life);
    }
  });
  return lives;
}

function legend(): string[] {
  return GROUPS.flatMap(({ name, colour }, i) => {
    const [left, top] = [LEFT + (i % 4) * 232, 14 + Math.floor(i / 4) * 18];
    return [rectangle({ x: left, y: top, width: 12, height: 12, fill: colour }), text(left + 17, top + 10, name)];
  });
}

function colourOf(kernel: string): string {
  return GROUPS.find(({ kernels }) => kernels.test(kernel))?.colour ?? "#888";
}

type Box = Record<"x" | "y" | "width" | "height", number> & { fill: string };

function rectangle({ x, y, width, height, fill }: Box): string {
  const [left, top, w, h] = [x, y, width, height].map((value) => value.toFixed(1));
  return `<rect x="${left}" y="${top}" width="${w}" height="${h}" fill="${fill}" stroke="#fff" stroke-width="0.3"/>`;
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x}" y="${y}" fill="#222">${content}</text>`;
}
