#pragma once
// Softmax cross-entropy with soft targets, in double precision, and what stands at the network's two ends.
//   loss of an image = log(sum exp x) sum t - sum t x     its gradient by x = softmax(x) sum t - t
//   loss of the batch = sum(weight * loss) / sum(weight)
#include "plan.h"

/** e^x for x <= 0, by argument reduction and Taylor's series. */
static f64 exponential(f64 x) {
  if (x < -700) return 0;
  const f64 n = __builtin_floor(x * 1.4426950408889634 + 0.5);
  const f64 r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  f64 sum = 1;
  for (int i = 16; i >= 1; i--) sum = 1 + (r / (f64)i) * sum;
  const union { int64_t bits; f64 value; } power = {((int64_t)n + 1023) << 52};
  return sum * power.value;
}

/** log x for normal x >= 1: 2 artanh((m - 1) / (m + 1)) + exponent log 2. */
static f64 logarithm(f64 x) {
  const union { f64 value; uint64_t bits; } whole = {x};
  const int64_t exponent = (int64_t)(whole.bits >> 52 & 2047) - 1022;
  const union { uint64_t bits; f64 value; } mantissa = {(whole.bits & 0xFFFFFFFFFFFFF) | 0x3FE0000000000000};
  const f64 t = (mantissa.value - 1) / (mantissa.value + 1), square = t * t;
  f64 sum = 0;
  for (int i = 61; i >= 1; i -= 2) sum = sum * square + 1 / (f64)i;
  return 2 * t * sum + (f64)exponent * 0.6931471805599453;
}

/** Where class c of an image stands in a vector of the network. */
INLINE ix classAt(int c, int image, int images) { return ((c >> 3) * panelStride(images) + image) * 8 + (c & 7); }

INLINE int indexOfLargest(const float *x, int image, int images, int classes) {
  int best = 0;
  for (int c = 1; c < classes; c++) if (x[classAt(c, image, images)] > x[classAt(best, image, images)]) best = c;
  return best;
}

/** Chunk: an image. losses: two doubles an image, weight * loss and whether it is classified correctly. */
APART void loss(const LossArgs *p, CALL) {
  (void)scratch;
  const float *x = (const float *)AT(p->logits), *t = (const float *)AT(p->targets), *weights = (const float *)AT(p->sampleWeights);
  float *gradient = (float *)AT(p->gradient);
  f64 *losses = (f64 *)AT(p->losses), totalWeight = 0;
  for (int image = 0; image < p->images; image++) totalWeight += (f64)weights[image];
  for (int image = from; image < to; image++) {
    f64 largest = (f64)x[classAt(0, image, p->images)], sum = 0, mass = 0, dot = 0;
    for (int c = 1; c < p->classes; c++) {
      const f64 logit = (f64)x[classAt(c, image, p->images)];
      largest = logit > largest ? logit : largest;
    }
    for (int c = 0; c < p->classes; c++) {
      const ix at = classAt(c, image, p->images);
      sum += exponential((f64)x[at] - largest);
      mass += (f64)t[at];
      dot += (f64)t[at] * ((f64)x[at] - largest);
    }
    const f64 weight = (f64)weights[image];
    losses[2 * image] = weight * (logarithm(sum) * mass - dot);
    losses[2 * image + 1] = indexOfLargest(x, image, p->images, p->classes) == indexOfLargest(t, image, p->images, p->classes);
    for (int c = 0; c < p->classes; c++) {
      const ix at = classAt(c, image, p->images);
      gradient[at] = (float)(weight / totalWeight * (exponential((f64)x[at] - largest) / sum * mass - (f64)t[at]));
    }
    for (int c = p->classes; c < roundUp(p->classes, 8); c++) gradient[classAt(c, image, p->images)] = 0;
  }
  if (from == 0) losses[2 * p->images] = totalWeight;
}

/** result: two doubles, the batch's loss and the number of images classified correctly. One chunk. */
APART void lossTotal(const LossTotalArgs *p, CALL) {
  (void)scratch, (void)from, (void)to;
  const f64 *losses = (const f64 *)AT(p->losses);
  f64 sum = 0, correct = 0;
  for (int image = 0; image < p->images; image++) {
    sum += losses[2 * image];
    correct += losses[2 * image + 1];
  }
  f64 *result = (f64 *)AT(p->result);
  result[0] = sum / losses[2 * p->images];
  result[1] = correct;
}

/** Images as bytes to (x / 255 - mean) / std. Chunk: an image. */
APART void normalize(const NormalizeArgs *p, CALL) {
  (void)scratch;
  for (int image = from; image < to; image++) {
    const u8 *in = (const u8 *)AT(p->images) + (ix)image * p->pixels * 3;
    float *out = (float *)AT(p->output) + (ix)image * p->pixels * 3;
    for (int i = 0; i < p->pixels; i++, in += 3, out += 3) {
      out[0] = (float)in[0] * p->scaleR + p->shiftR;
      out[1] = (float)in[1] * p->scaleG + p->shiftG;
      out[2] = (float)in[2] * p->scaleB + p->shiftB;
    }
  }
}
