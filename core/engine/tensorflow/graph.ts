// A TensorFlow graph as plain data, written node by node. Nothing here runs; saved-model.ts encodes it.
// A tensor is known by its node's name and the number of the output; attributes are written as TensorFlow's AttrValue messages.

/** TensorFlow's numbers of the element types that the engine uses. */
export const DATA_TYPE = { float32: 1, int32: 3, uint8: 4, resource: 20 } as const;
export type DataType = keyof typeof DATA_TYPE;

/** An output of a node; what it holds is known only while the session runs. */
export interface Tensor {
  readonly node: string;
  readonly output: number;
  readonly dtype: DataType;
}

/** A node that others can be made to run after. */
export interface Control {
  readonly node: string;
}

export interface ShapeMessage {
  readonly dim: readonly { readonly size: number }[];
}

/** One AttrValue: exactly one of its fields is set. */
export type Attribute =
  | { readonly type: number }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly s: Uint8Array }
  | { readonly shape: ShapeMessage }
  | { readonly list: { readonly i: readonly number[] } }
  | { readonly tensor: { dtype: number; tensorShape: ShapeMessage; tensorContent: Uint8Array } };

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

export interface NodeSpec {
  readonly op: string;
  readonly inputs?: readonly Tensor[];
  /** Nodes that must have run before. */
  readonly after?: readonly Control[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Types of the outputs; default: one float32. */
  readonly outputs?: readonly DataType[];
  /** Full name, where callers must know it; default: scope, op and a number. */
  readonly name?: string;
}

/** Collects nodes; owns the counter of their names. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  #scope = "";

  /** Adds a node and returns all its outputs. */
  add(spec: NodeSpec): Tensor[] {
    const name = spec.name ?? this.#newName(spec.op);
    const data = (spec.inputs ?? []).map((tensor) => `${tensor.node}:${tensor.output}`);
    const control = (spec.after ?? []).map(({ node }) => `^${node}`);
    this.nodes.push({ name, op: spec.op, input: [...data, ...control], attr: spec.attributes ?? {} });
    return (spec.outputs ?? ["float32"]).map((dtype, output) => ({ node: name, output, dtype }));
  }

  /** Adds a node and returns its first output. */
  one(spec: NodeSpec): Tensor {
    return this.add(spec)[0] as Tensor;
  }

  /** Adds a node that is there for what it does; it has no output. */
  effect(spec: NodeSpec): Control {
    const name = spec.name ?? this.#newName(spec.op);
    this.add({ ...spec, name, outputs: [] });
    return { node: name };
  }

  /** Names of the nodes that `write` adds begin with `scope`. */
  within<T>(scope: string, write: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${scope}/`;
    const result = write();
    this.#scope = outer;
    return result;
  }

  #newName(op: string): string {
    return `${this.#scope}${op}_${this.nodes.length}`;
  }
}

export function typeOf(dtype: DataType): Attribute {
  return { type: DATA_TYPE[dtype] };
}

export function text(value: string): Attribute {
  return { s: new TextEncoder().encode(value) };
}

/** @param shape -1: any size */
export function shapeOf(shape: readonly number[]): ShapeMessage {
  return { dim: shape.map((size) => ({ size })) };
}
