// MobileNetV3-Large and -Small (Howard et al. 2019) as a network. Two layouts: "torchvision", whose parameter names are those of its
// state_dict, and "article", whose squeeze-excite has no bias and whose names are its own, so that neither loads into the other.
import { LARGE, LARGE_OF_ARTICLE, SMALL, type BlockRow } from "./block-table.ts";
import { roundChannels, widenTable } from "./channels.ts";
import { checkMobilenetSettings } from "./model-check.ts";
import { NetworkBuilder, type BatchNormSettings } from "./network-builder.ts";
import type { Activation, Network } from "./network.ts";

export interface MobilenetV3Settings {
  readonly size: "large" | "small";
  readonly layout: "torchvision" | "article";
  /** Factor on all channel counts; above 0, at most 8. */
  readonly widthMult: number;
  /** At least 2. */
  readonly classes: number;
  /** 32 to 512. */
  readonly imageSizePx: number;
  /** Rate before the last dense layer: 0 to below 1. */
  readonly dropout: number;
  readonly batchNorm: BatchNormSettings;
}

/** Lists the ops and parameters of one MobileNetV3. */
export function mobilenetV3(settings: MobilenetV3Settings): Network {
  checkMobilenetSettings(settings);
  const { size, layout, widthMult, classes, imageSizePx } = settings;
  const large = layout === "torchvision" ? LARGE : LARGE_OF_ARTICLE;
  const table = widenTable(size === "large" ? large : SMALL, widthMult);
  const names = layout === "torchvision" ? TORCHVISION_NAMES : ARTICLE_NAMES;
  const builder = new NetworkBuilder(imageSizePx, settings.batchNorm);

  builder.normalize("normalize");
  addConvUnit(builder, names.unit(names.stem), { out: table.stem, kernel: 3, stride: 2, activation: "hardSwish" });
  table.blocks.forEach((row, i) => addBlock(builder, names, row, { index: i + 1, layout }));

  builder.enter({ kind: "lastConv" });
  const lastConv = { out: 6 * builder.channels, kernel: 1, stride: 1, activation: "hardSwish" } as const;
  addConvUnit(builder, names.unit(names.lastConv(table.blocks.length + 1)), lastConv);

  builder.enter({ kind: "classifier" });
  builder.globalAveragePool(names.pool);
  builder.dense(names.hidden, table.lastChannels);
  builder.activation(names.hiddenActivation, "hardSwish");
  builder.dropout(names.dropout, settings.dropout);
  builder.dense(names.logits, classes);

  const family = `mobilenet-v3-${size}` as const;
  return { family, layout, widthMult, classes, imageSizePx, ops: builder.ops, parameters: builder.parameters };
}

/** Expand (where it changes anything), depthwise, squeeze-excite, project, add. */
function addBlock(
  builder: NetworkBuilder,
  names: Names,
  row: BlockRow,
  { index, layout }: { index: number; layout: Network["layout"] },
): void {
  const entry = builder.last;
  const inChannels = builder.channels;
  let position = 0; // of the layer in torchvision's nn.Sequential
  const layer = (role: string) => names.layer(index, role, position++);

  builder.enter({ kind: "block", index });
  if (row.expanded !== inChannels) {
    const expand = { out: row.expanded, kernel: 1, stride: 1, activation: row.activation } as const;
    addConvUnit(builder, names.unit(layer("expand")), expand);
  }
  const [conv, norm, activation] = names.unit(layer("depthwise"));
  builder.depthwiseConv(conv, row.kernel, row.stride);
  builder.batchNorm(norm);
  builder.activation(activation, row.activation);
  if (row.squeezeExcite) {
    const quarter = Math.floor(row.expanded / 4);
    const squeeze = layout === "torchvision" ? roundChannels(quarter) : quarter;
    builder.squeezeExcite(layer("squeezeExcite"), squeeze, layout === "torchvision");
  }
  addConvUnit(builder, names.unit(layer("project")), { out: row.out, kernel: 1, stride: 1, activation: null });
  if (row.stride === 1 && inChannels === row.out) builder.add(names.block(index), entry);
}

interface ConvUnit {
  readonly out: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  readonly activation: Activation | null;
}

/** Convolution, batch-norm and, but for a projection, an activation. */
function addConvUnit(builder: NetworkBuilder, [conv, norm, activation]: UnitNames, unit: ConvUnit): void {
  builder.conv(conv, unit.out, unit.kernel, unit.stride);
  builder.batchNorm(norm);
  if (unit.activation !== null) builder.activation(activation, unit.activation);
}

/** Names of a convolution, its batch-norm and its activation. */
type UnitNames = readonly [conv: string, norm: string, activation: string];

/** How a layout calls its layers. */
interface Names {
  readonly stem: string;
  readonly lastConv: (index: number) => string;
  readonly block: (index: number) => string;
  readonly layer: (index: number, role: string, position: number) => string;
  readonly unit: (layer: string) => UnitNames;
  readonly pool: string;
  readonly hidden: string;
  readonly hiddenActivation: string;
  readonly dropout: string;
  readonly logits: string;
}

const TORCHVISION_NAMES: Names = {
  stem: "features.0",
  lastConv: (index) => `features.${index}`,
  block: (index) => `features.${index}`,
  layer: (index, _role, position) => `features.${index}.block.${position}`,
  unit: (layer) => [`${layer}.0`, `${layer}.1`, `${layer}.2`],
  pool: "avgpool",
  hidden: "classifier.0",
  hiddenActivation: "classifier.1",
  dropout: "classifier.2",
  logits: "classifier.3",
};

const ARTICLE_NAMES: Names = {
  stem: "stem",
  lastConv: () => "lastConv",
  block: (index) => `blocks.${index}`,
  layer: (index, role) => `blocks.${index}.${role}`,
  unit: (layer) => [`${layer}.conv`, `${layer}.norm`, `${layer}.activation`],
  pool: "pool",
  hidden: "classifier.hidden",
  hiddenActivation: "classifier.activation",
  dropout: "classifier.dropout",
  logits: "classifier.logits",
};
