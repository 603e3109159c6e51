// Products by columns, forward and back: of dense layers and of convolutions over few rows.
import { columnBlockBytes, columnBlockRows } from "../shapes.ts";
import type { Args } from "../plan.ts";
import type { Lowering } from "./lowering.ts";

type WithoutBlock<A> = Omit<A, "blockRows">;

export function addColumnsForward(lowering: Lowering, args: WithoutBlock<Args<"columnsForward">>): void {
  const { outChannels, rows, inChannels } = args;
  lowering.plan.add("columnsForward", outChannels / 8, { ...args, blockRows: blockRows(lowering, rows, inChannels) });
}

export function addColumnsBackward(lowering: Lowering, args: WithoutBlock<Args<"columnsBackward">>): void {
  const { outChannels, rows, inChannels } = args;
  lowering.plan.add("columnsBackward", inChannels / 8, { ...args, blockRows: blockRows(lowering, rows, outChannels) });
}

function blockRows({ plan }: Lowering, rows: number, channels: number): number {
  const block = columnBlockRows(rows, channels);
  if (block < rows) plan.needScratch(columnBlockBytes(channels, block));
  return block;
}
