// The events of one bulk by their kind, in order.
import type { SpoolEvent } from "../spool/spool-event.ts";

export type Numbered<Event> = { readonly seq: number; readonly event: Event };

export type ByKind = ReadonlyMap<string, readonly SpoolEvent[]>;

export function byKind(events: readonly SpoolEvent[]): ByKind {
  const kinds = new Map<string, SpoolEvent[]>();
  for (const one of events) {
    const others = kinds.get(one.event.kind);
    if (others === undefined) kinds.set(one.event.kind, [one]);
    else others.push(one);
  }
  return kinds;
}

export function ofKind<Event>(events: ByKind, kind: string): readonly Numbered<Event>[] {
  return (events.get(kind) ?? []) as readonly Numbered<Event>[];
}
