// A graph and its signatures as TensorFlow's SavedModel, encoded with TensorFlow's own message definitions (tensorflow.proto).
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import protobuf from "protobufjs";
import { DATA_TYPE, type Graph, type Tensor } from "./graph.ts";
import type { Signature } from "./program-graph.ts";

/** The tag under which TensorFlow finds the one graph of the model. */
export const SERVE_TAG = "serve";

/** Version of TensorFlow's graph format that the ops are written for; 1087 is that of TensorFlow 2.9, the oldest that runs them. */
const GRAPH_VERSION = 1087;

/** Writes `folder/saved_model.pb`. */
export async function writeModelFile(
  folder: string,
  graph: Graph,
  signatures: Readonly<Record<string, Signature>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "saved_model.pb"), encodeSavedModel(graph, signatures));
}

export function encodeSavedModel(graph: Graph, signatures: Readonly<Record<string, Signature>>): Uint8Array {
  const named = Object.entries(signatures).map(([name, signature]) => [name, signatureMessage(signature)] as const);
  const message = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [SERVE_TAG] },
        graphDef: { node: graph.nodes, versions: { producer: GRAPH_VERSION, minConsumer: 0 } },
        signatureDef: Object.fromEntries(named),
      },
    ],
  };
  return messageType("SavedModel").encode(message).finish();
}

/** TensorFlow demands a method's name and reads nothing from it but whether it is there. */
const METHOD_NAME = "tensorflow/serving/predict";

function signatureMessage({ inputs, outputs }: Signature) {
  return { inputs: tensorInfos(inputs), outputs: tensorInfos(outputs), methodName: METHOD_NAME };
}

function tensorInfos(tensors: Readonly<Record<string, Tensor>>) {
  const infos = Object.entries(tensors).map(([name, { node, output, dtype }]) => {
    return [name, { name: `${node}:${output}`, dtype: DATA_TYPE[dtype], tensorShape: { unknownRank: true } }] as const;
  });
  return Object.fromEntries(infos);
}

let root: protobuf.Root | null = null;

function messageType(name: string): protobuf.Type {
  const text = () => readFileSync(new URL("./tensorflow.proto", import.meta.url), "utf8");
  root ??= protobuf.parse(text(), { keepCase: false }).root;
  return root.lookupType(`tensorflow.${name}`);
}
