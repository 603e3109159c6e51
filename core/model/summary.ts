// A network layer by layer: shapes, parameters and what each costs (definitions in layer-cost.ts).
import { layerCost, sumCosts, valueCount, written, type Cost } from "./layer-cost.ts";
import { elementCount, isStatistic, type Network, type Op, type Parameter, type ValueShape } from "./network.ts";

export interface LayerRow extends Cost {
  readonly name: string;
  readonly kind: Op["kind"];
  readonly input: ValueShape;
  readonly output: ValueShape;
  /** Weights and biases; statistics are not counted. */
  readonly parameters: number;
  readonly trainable: number;
}

export interface Totals extends Cost {
  readonly parameters: number;
  readonly trainable: number;
  /** 4 bytes a value. */
  readonly activationBytes: number;
  readonly readWriteBytes: number;
}

export interface ModelSummary {
  /** One row an op, but for the normalisation of the image, which is no layer of torchvision's or the article's. */
  readonly rows: readonly LayerRow[];
  /** What torchstat reports for the layout's PyTorch modules. */
  readonly total: Totals;
  /** The sum of the rows; differs from `total` in the article's layout alone. */
  readonly everyRow: Totals;
}

/** @param trainable names of the parameters that train */
export function summarize(network: Network, trainable: ReadonlySet<string>): ModelSummary {
  const rows = layerRows(network, trainable);
  const everyRow = totals(rows, []);
  if (network.layout === "torchvision") return { rows, total: everyRow, everyRow };
  const seen = rows.filter((row) => !isHidden(row, network));
  return { rows, total: totals(seen, identities(network)), everyRow };
}

function layerRows(network: Network, trainable: ReadonlySet<string>): LayerRow[] {
  const shapes = new Map(network.ops.map((op) => [op.name, op.output]));
  const parameters = new Map(network.parameters.map((p) => [p.name, p]));
  const layers = network.ops.filter((op) => op.kind !== "normalize");
  return layers.map((op) => {
    const input = shapes.get(op.input) ?? op.output;
    const own = parametersOf(op, parameters);
    const shape = { name: op.name, kind: op.kind, input, output: op.output };
    const count = (list: readonly Parameter[]) => list.reduce((sum, p) => sum + elementCount(p.shape), 0);
    const trains = own.filter((p) => trainable.has(p.name));
    return { ...shape, parameters: count(own), trainable: count(trains), ...layerCost(op, input) };
  });
}

function parametersOf(op: Op, parameters: ReadonlyMap<string, Parameter>): Parameter[] {
  const found = Object.values(op).map((value) => (typeof value === "string" ? parameters.get(value) : undefined));
  return found.filter((p) => p !== undefined && !isStatistic(p)) as Parameter[];
}

function totals(rows: readonly LayerRow[], others: readonly Cost[]): Totals {
  const cost = sumCosts([...rows, ...others]);
  return {
    parameters: rows.reduce((sum, row) => sum + row.parameters, 0),
    trainable: rows.reduce((sum, row) => sum + row.trainable, 0),
    ...cost,
    activationBytes: 4 * cost.activations,
    readWriteBytes: 4 * cost.readWrite,
  };
}

/**
 * The article's blocks call one activation module twice, after the expansion and after the depthwise convolution; torchstat keeps the
 * last call of a module, so that the activation of the expansion is missing from its totals.
 */
function isHidden(row: LayerRow, network: Network): boolean {
  const op = network.ops.find(({ name }) => name === row.name);
  return op?.kind === "activation" && op.part.kind === "block" && op.name.includes(".expand.");
}

/** Where a block of the article has no squeeze-excite, an identity stands in its place and writes the map once more. */
function identities(network: Network): Cost[] {
  const has = (index: number) =>
    network.ops.some((op) => op.kind === "squeezeExcite" && op.part.kind === "block" && op.part.index === index);
  const depthwise = network.ops.filter((op) => op.kind === "depthwiseConv");
  const bare = depthwise.filter(({ part }) => part.kind === "block" && !has(part.index));
  return bare.map((op) => written(valueCount(op.output)));
}
