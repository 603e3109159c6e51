// How an amount of bytes is told to people.

/** 1234567 → "1.2 MB" */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
