// Groups a network's ops into what one kernel call or two can do: units of convolution, batch-norm, activation and what is
// fused with them, and layers of the head. Refuses what no kernel covers, by the op's name.
import { LockstepError } from "../../errors.ts";
import type {
  Activation,
  BatchNormOp,
  ConvOp,
  DenseOp,
  DepthwiseConvOp,
  Network,
  NormalizeOp,
  Op,
  SqueezeExciteOp,
} from "../../model/network.ts";

/** value = gate(activation(norm(conv(input)))) + shortcut; each of activation, gate and shortcut may be absent. */
export interface Unit {
  readonly conv: ConvOp | DepthwiseConvOp;
  /** null: the image */
  readonly input: Unit | null;
  norm: BatchNormOp | null; // null only while the unit is being read
  activation: Activation | null;
  gate: SqueezeExciteOp | null;
  shortcut: Unit | null;
  /** How many units (or the pool) read its value, shortcuts included. */
  readers: number;
}

/** value = dropout(activation(dense(input))). */
export interface HeadLayer {
  readonly dense: DenseOp;
  activation: Activation | null;
  dropout: boolean;
}

export interface Stages {
  readonly normalize: NormalizeOp;
  /** In execution order; the last one is pooled and goes into the head. */
  readonly units: readonly Unit[];
  /** The last one makes the logits. */
  readonly head: readonly HeadLayer[];
}

export function readStages(network: Network): Stages {
  const reader = new Reader(network);
  for (const op of network.ops) reader.read(op);
  return reader.finish();
}

class Reader {
  private normalize: NormalizeOp | null = null;
  private readonly units: Unit[] = [];
  private readonly head: HeadLayer[] = [];
  private pooled = false;
  /** By op name: the unit whose value, so far, that op makes. */
  private readonly values = new Map<string, Unit | null>();
  private readonly readersOfOp = new Map<string, number>();
  private last = "image";

  constructor(network: Network) {
    for (const op of network.ops) {
      this.count(op.input);
      if (op.kind === "add") this.count(op.shortcut);
    }
  }

  read(op: Op): void {
    if (this.normalize === null) this.readFirst(op);
    else if (this.pooled) this.readHead(op);
    else this.readUnit(op);
    this.last = op.name;
  }

  finish(): Stages {
    const logits = this.head.at(-1);
    if (this.normalize === null || logits === undefined || logits.activation !== null || logits.dropout) {
      throw unsupported("its last op must be a dense layer");
    }
    return { normalize: this.normalize, units: this.units, head: this.head };
  }

  private readFirst(op: Op): void {
    if (op.kind !== "normalize" || op.input !== "image")
      throw unsupported(`op ${op.name}: the first op must normalize the image`);
    this.normalize = op;
    this.values.set(op.name, null);
  }

  private readUnit(op: Op): void {
    if (op.kind === "conv" || op.kind === "depthwiseConv") return this.startUnit(op);
    const unit = this.values.get(op.input);
    if (unit === undefined || unit === null)
      throw unsupported(`op ${op.name} (${op.kind}) does not follow a convolution`);
    if (op.kind === "globalAveragePool") {
      if (unit !== this.units.at(-1) || unit.shortcut !== null || unit.gate !== null) throw misplaced(op);
      unit.readers++;
      this.pooled = true;
      return;
    }
    // The unit grows; nobody else may read what it was before.
    if ((this.readersOfOp.get(op.input) ?? 0) > 1) throw misplaced(op);
    this.growUnit(unit, op);
    this.values.set(op.name, unit);
  }

  private startUnit(op: ConvOp | DepthwiseConvOp): void {
    const input = this.values.get(op.input);
    if (input === undefined || input?.norm === null) throw misplaced(op);
    if (op.kind === "conv" && input === null && op.inChannels !== 3) throw misplaced(op);
    if (op.kind === "conv" && input !== null && (op.kernel !== 1 || op.stride !== 1)) {
      throw unsupported(`op ${op.name}: a convolution of ${op.kernel} x ${op.kernel} can only read the image`);
    }
    if (op.kind === "depthwiseConv" && input === null) throw misplaced(op);
    const unit = { conv: op, input, norm: null, activation: null, gate: null, shortcut: null, readers: 0 };
    if (input !== null) input.readers++;
    this.units.push(unit);
    this.values.set(op.name, unit);
  }

  private growUnit(unit: Unit, op: Op): void {
    const plain = unit.gate === null && unit.shortcut === null;
    if (op.kind === "batchNorm" && unit.norm === null) unit.norm = op;
    else if (unit.norm === null) throw misplaced(op);
    else if (op.kind === "activation" && op.activation !== "hardSigmoid" && unit.activation === null && plain)
      unit.activation = op.activation;
    else if (op.kind === "squeezeExcite" && plain) unit.gate = op;
    else if (op.kind === "add" && plain && unit.activation === null) this.addShortcut(unit, op.shortcut, op);
    else throw misplaced(op);
  }

  private addShortcut(unit: Unit, name: string, op: Op): void {
    const shortcut = this.values.get(name);
    if (shortcut === undefined || shortcut === null || shortcut.norm === null || shortcut.gate !== null)
      throw misplaced(op);
    unit.shortcut = shortcut;
    shortcut.readers++;
    if (shortcut.readers > 2) throw misplaced(op);
  }

  private readHead(op: Op): void {
    const layer = this.head.at(-1);
    if (op.input !== this.last) throw misplaced(op);
    if (op.kind === "dense") this.head.push({ dense: op, activation: null, dropout: false });
    else if (layer !== undefined && op.kind === "activation" && layer.activation === null && !layer.dropout)
      layer.activation = op.activation;
    else if (layer !== undefined && op.kind === "dropout" && !layer.dropout) layer.dropout = true;
    else throw misplaced(op);
  }

  private count(name: string): void {
    this.readersOfOp.set(name, (this.readersOfOp.get(name) ?? 0) + 1);
  }
}

function misplaced(op: Op): LockstepError {
  return unsupported(`op ${op.name} (${op.kind}) stands where the portable engine has no kernel for it`);
}

function unsupported(what: string): LockstepError {
  return new LockstepError({
    code: "model-invalid",
    message: `network: ${what}`,
    next: "Use a network of core/model.",
  });
}
