// Elementary functions in double precision out of +, -, *, / and sqrt alone, which IEEE 754 defines exactly:
// the host's Math.exp, log, pow, sin, cos and tanh differ between V8 versions and CPUs, these do not.
// Relative error below 2e-15 for exp and log, absolute below 1e-15 for sin and cos within |x| <= 1e5 (test/exact-math.test.ts).

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const LOG2_E = 1.4426950408889634;
const HALF_PI_HIGH = 1.57079632673412561417;
const HALF_PI_MIDDLE = 6.0771005063039659766e-11;
const HALF_PI_LOW = 2.0222662487111664558e-21;
const SQRT_HALF = 0.7071067811865476;

const words = new DataView(new ArrayBuffer(8));

/** e^x. Overflows to Infinity above 709.78, underflows to 0 below -745.13. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const n = Math.floor(x * LOG2_E + 0.5);
  const r = x - n * LN2_HIGH - n * LN2_LOW; // |r| <= ln2 / 2
  let sum = 1;
  for (let i = 16; i >= 1; i--) sum = 1 + (r / i) * sum; // Taylor, innermost term first
  const half = Math.trunc(n / 2); // in two factors, so that neither overflows
  return sum * powerOfTwo(half) * powerOfTwo(n - half);
}

/** Natural logarithm. NaN below 0, -Infinity at 0. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return Infinity;
  let exponent = 0;
  let value = x;
  if (value < 2.2250738585072014e-308) {
    value *= 18014398509481984; // 2^54: out of the denormals
    exponent -= 54;
  }
  words.setFloat64(0, value);
  const high = words.getUint32(0);
  exponent += (high >>> 20) - 1022;
  words.setUint32(0, (high & 0x000fffff) | 0x3fe00000);
  let mantissa = words.getFloat64(0); // in [0.5, 1)
  if (mantissa < SQRT_HALF) {
    mantissa *= 2;
    exponent -= 1;
  }
  const t = (mantissa - 1) / (mantissa + 1); // log m = 2 artanh t, |t| <= 0.1716
  const square = t * t;
  let sum = 0;
  for (let i = 23; i >= 1; i -= 2) sum = sum * square + 1 / i;
  return exponent * LN2_HIGH + (2 * t * sum + exponent * LN2_LOW);
}

/** x^y for x > 0 (and 0^y); exact repeated squaring where y is a whole number up to 1024. */
export function pow(x: number, y: number): number {
  if (Number.isInteger(y) && y >= 0 && y <= 1024) {
    let result = 1;
    for (let base = x, n = y; n > 0; n = Math.floor(n / 2), base *= base) if (n % 2 === 1) result *= base;
    return result;
  }
  return exp(y * log(x));
}

/** Sine of x radians, |x| <= 1e5. */
export function sin(x: number): number {
  const n = Math.floor(x / (HALF_PI_HIGH + HALF_PI_MIDDLE) + 0.5);
  return quarter(reduce(x, n), ((n % 4) + 4) % 4);
}

/** Cosine of x radians, |x| <= 1e5. */
export function cos(x: number): number {
  const n = Math.floor(x / (HALF_PI_HIGH + HALF_PI_MIDDLE) + 0.5);
  return quarter(reduce(x, n), (((n + 1) % 4) + 4) % 4);
}

/** Hyperbolic tangent. */
export function tanh(x: number): number {
  if (x > 20) return 1;
  if (x < -20) return -1;
  if (x > -1e-5 && x < 1e-5) return x;
  const e = exp(2 * x);
  return (e - 1) / (e + 1);
}

/** Four-quadrant angle of the point (x, y) in radians, in (-pi, pi]. */
export function atan2(y: number, x: number): number {
  const pi = Math.PI;
  if (x === 0 && y === 0) return 0;
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  let angle = ax >= ay ? arctan(ay / ax) : pi / 2 - arctan(ax / ay);
  if (x < 0) angle = pi - angle;
  return y < 0 ? -angle : angle;
}

/** Arctangent of t in [0, 1], halved three times and then its Taylor series. */
function arctan(t: number): number {
  let u = t;
  for (let i = 0; i < 3; i++) u = u / (1 + Math.sqrt(1 + u * u)); // u <= 0.0985
  const square = u * u;
  let sum = 0;
  for (let i = 17; i >= 1; i -= 2) sum = 1 / i - square * sum;
  return 8 * u * sum;
}

function powerOfTwo(n: number): number {
  if (n < -1022) return powerOfTwo(n + 100) / 1267650600228229401496703205376; // 2^100
  words.setUint32(0, (n + 1023) << 20);
  words.setUint32(4, 0);
  return words.getFloat64(0);
}

function reduce(x: number, n: number): number {
  return x - n * HALF_PI_HIGH - n * HALF_PI_MIDDLE - n * HALF_PI_LOW;
}

/** sin(r + quadrant * pi/2) for |r| <= pi/4, by Taylor series. */
function quarter(r: number, quadrant: number): number {
  const square = r * r;
  let sum = 1;
  if (quadrant % 2 === 0) {
    for (let i = 20; i >= 2; i -= 2) sum = 1 - (square / (i * (i + 1))) * sum;
    sum *= r;
  } else {
    for (let i = 19; i >= 1; i -= 2) sum = 1 - (square / (i * (i + 1))) * sum;
  }
  return quadrant >= 2 ? -sum : sum;
}

/** Python's round: halves go to the even neighbour. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
