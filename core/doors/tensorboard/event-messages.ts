// The part of TensorFlow's event.proto, summary.proto and tensor.proto that carries numbers, under its own field numbers. What a value is
// stands in a oneof, as there: outside of one a 0 is not written, and its point is missing.
import protobuf from "protobufjs";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
  message Summary { repeated Value value = 1;
    message Value { string tag = 1; oneof value { float simple_value = 2; HistogramProto histo = 5; TensorProto tensor = 8; }
      SummaryMetadata metadata = 9; } }
  message HistogramProto { double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5;
    repeated double bucket_limit = 6 [packed = true]; repeated double bucket = 7 [packed = true]; }
  message SummaryMetadata { PluginData plugin_data = 1; message PluginData { string plugin_name = 1; bytes content = 2; } }
  message TensorProto { int32 dtype = 1; TensorShape tensor_shape = 2; bytes tensor_content = 4;
    repeated float float_val = 5 [packed = true]; repeated double double_val = 6 [packed = true]; repeated int32 int_val = 7 [packed = true];
    repeated bytes string_val = 8; repeated int64 int64_val = 10 [packed = true]; }
  message TensorShape { repeated Dim dim = 2; message Dim { int64 size = 1; } }
`);
const Event = root.lookupType("Event");

export interface HistogramMessage {
  readonly bucketLimit: readonly number[];
  readonly bucket: readonly number[];
  readonly min: number;
  readonly max: number;
}

export interface TensorMessage {
  readonly dtype: number;
  readonly tensorShape?: { readonly dim: readonly { readonly size: number }[] };
  readonly tensorContent?: Uint8Array;
  readonly floatVal?: readonly number[];
  readonly doubleVal?: readonly number[];
  readonly intVal?: readonly number[];
  readonly int64Val?: readonly number[];
  readonly stringVal?: readonly Uint8Array[];
}

export interface ValueMessage {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly histo?: HistogramMessage;
  readonly tensor?: TensorMessage;
  readonly metadata?: { readonly pluginData?: { readonly pluginName?: string; readonly content?: Uint8Array } };
}

export interface EventMessage {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly ValueMessage[] };
}

/** Fields that were not sent are absent. @throws where the bytes are no event */
export function decodeEvent(bytes: Uint8Array): EventMessage {
  const message = Event.toObject(Event.decode(bytes), { longs: Number }) as Partial<EventMessage>;
  return { ...message, wallTime: message.wallTime ?? 0, step: message.step ?? 0 };
}

export function encodeEvent(event: Partial<EventMessage>): Uint8Array {
  return Event.encode(Event.fromObject(event)).finish();
}
