// Squeeze-excite: a gate for each image and channel, and the way back through it.
import type { Buffer } from "../plan.ts";
import type { Unit } from "../stages.ts";
import { lowerDense, lowerDenseBackward, lowerWeightGradient } from "./dense.ts";
import { activationCode, stateOf, vectorBuffer, weightOf, type Lowering, type UnitState } from "./lowering.ts";
import { prepareSums } from "./norm.ts";

/** pooled = mean of the value; gate = hardSigmoid(fc2(relu(fc1(pooled)))). */
export function lowerGate(lowering: Lowering, unit: Unit, state: UnitState): void {
  const { plan, images } = lowering;
  const { channels, imageRows } = state.map;
  const pooled = vectorBuffer(lowering, channels);
  const activation = activationCode(unit.activation);
  plan.add("pool", channels / 8, {
    input: state.z,
    coef: state.coef,
    output: pooled,
    activation,
    images,
    imageRows,
    channels,
  });
  state.gate = { pooled, ...lowerGateVectors(lowering, unit, pooled) };
}

/** From the mean to the gate. */
export function lowerGateVectors(lowering: Lowering, unit: Unit, pooled: Buffer) {
  const { weight1, bias1, weight2, bias2 } = unit.gate as NonNullable<Unit["gate"]>;
  const [relu, hardSigmoid] = [activationCode("relu"), activationCode("hardSigmoid")];
  const hidden = lowerDense(lowering, pooled, { weight: weight1, bias: bias1, activation: relu });
  const gate = lowerDense(lowering, hidden, { weight: weight2, bias: bias2, activation: hardSigmoid });
  return { hidden, gate };
}

/** From the loss by a gated value (in state.dy) to the loss by its batch-norm's output, through gate and value. */
export function lowerGateBackward(lowering: Lowering, unit: Unit): void {
  const { plan, images } = lowering;
  const state = stateOf(lowering, unit);
  const upstream = state.dy as Buffer;
  const { pooled, hidden, gate } = state.gate as NonNullable<UnitState["gate"]>;
  const { weight1, bias1, weight2, bias2 } = unit.gate as NonNullable<Unit["gate"]>;
  const { channels, imageRows } = state.map;
  const activation = activationCode(unit.activation);
  const squeeze = weightOf(lowering, weight1).packing.outputs;
  const sizes = { activation, images, imageRows, channels };

  const dGate = vectorBuffer(lowering, channels);
  plan.add("gateGradient", channels / 8, { z: state.z, coef: state.coef, upstream, gate, output: dGate, ...sizes });
  lowerWeightGradient(lowering, {
    input: hidden,
    dz: dGate,
    weight: weight2,
    bias: bias2,
    rows: images,
    outChannels: channels,
  });
  const dHidden = lowerDenseBackward(lowering, dGate, weight2);
  const dBeforeRelu = vectorBuffer(lowering, squeeze);
  const relu = { mask: null, activation: activationCode("relu"), images };
  plan.add("vectorBackward", squeeze / 8, { input: hidden, gradient: dHidden, output: dBeforeRelu, ...relu });
  lowerWeightGradient(lowering, {
    input: pooled,
    dz: dBeforeRelu,
    weight: weight1,
    bias: bias1,
    rows: images,
    outChannels: squeeze,
  });
  const dPooled = lowerDenseBackward(lowering, dBeforeRelu, weight1);
  const stats = prepareSums(lowering, state, 1);
  const through = { upstream, gate, output: upstream, stats }; // in place
  plan.add("poolBackward", channels / 8, { z: state.z, coef: state.coef, gradient: dPooled, ...through, ...sizes });
}
