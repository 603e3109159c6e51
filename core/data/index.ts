// What experiment files and the rest of core use of data.
export * from "./sample.ts";
export * from "./source.ts";
export * from "./augment.ts";
