// Column types that drizzle has no builder for.
import { customType } from "drizzle-orm/pg-core";

/** Raw bytes, such as a sha256 in 32 of them. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });
