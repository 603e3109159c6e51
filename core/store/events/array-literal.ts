// Values as Postgres writes arrays: {1,NaN,NULL,"a \"quoted\" text"}.
export type Scalar = number | string | null;

export function arrayLiteral(values: readonly Scalar[]): string {
  return `{${values.map(element).join(",")}}`;
}

function element(value: Scalar): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return PLAIN.test(value) ? value : `"${storableText(value).replace(/["\\]/g, "\\$&")}"`;
}

/** Digits and letters of a digest; "null" would be none of them. */
const PLAIN = /^[0-9a-f]{20,}$/;

/** Postgres holds any text but the character NUL, which is shown as ␀; half a surrogate pair becomes U+FFFD. */
export function storableText(text: string): string {
  return Buffer.from(text.replaceAll("\0", "\u2400"), "utf8").toString("utf8");
}

/** The same for every text and name inside a JSON value; what JSON cannot say (NaN, undefined) becomes null or is left out. */
export function storableJson(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) => {
    if (typeof inner === "string") return storableText(inner);
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, field]) => [storableText(name), field as unknown]));
  });
}
