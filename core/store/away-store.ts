// A store whose database does not answer yet, for what can do without: a training records into its spool. What needs the database throws
// why it is away; `revive` opens it once it is back, and sends what was left.
import { storeName, type Store, type StoreOptions } from "./connect.ts";
import { DatabaseAway } from "./connection-error.ts";
import { openReadyStore } from "./ready-store.ts";

/** @param onNotice lines for people */
export async function openStoreOrAway(options: StoreOptions, onNotice: (text: string) => void): Promise<Store> {
  try {
    return await openReadyStore(options, onNotice);
  } catch (error) {
    if (!(error instanceof DatabaseAway)) throw error;
    return awayStore(error, options, onNotice);
  }
}

function awayStore(reason: DatabaseAway, options: StoreOptions, onNotice: (text: string) => void): Store {
  let opened: Store | null = null;
  let opening: Promise<void> | null = null;
  const there = (): Store => {
    if (opened === null) throw reason;
    return opened;
  };
  const open = async (): Promise<void> => {
    opened = await openReadyStore(options, onNotice);
  };
  return {
    name: storeName(options),
    get away() {
      return opened === null ? reason : null;
    },
    get sql() {
      return there().sql;
    },
    get url() {
      return there().url;
    },
    get embedded() {
      return there().embedded;
    },
    get migrations() {
      return there().migrations;
    },
    querySql: async () => there().querySql(),
    revive: () => opened?.revive() ?? (opening ??= open().finally(() => (opening = null))),
    async close() {
      await opening?.catch(() => undefined);
      await opened?.close();
    },
  };
}
