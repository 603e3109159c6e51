// A freeze schedule in words, as the column `freeze` and the dashboard have it.
import type { FreezeStage } from "./settings.ts";

/** "backbone", or for a schedule "backbone for 10, then none". */
export function freezeText(stages: readonly Pick<FreezeStage, "part" | "epochs">[]): string {
  const part = (stage: (typeof stages)[number]) =>
    typeof stage.part === "string" ? stage.part : JSON.stringify(stage.part);
  return stages
    .map((stage) => (stage.epochs === undefined ? part(stage) : `${part(stage)} for ${stage.epochs}`))
    .join(", then ");
}
