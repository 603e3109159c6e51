#pragma once
// Batch-norm (Ioffe and Szegedy 2015): y = weight (z - mean) / sqrt(variance + eps) + bias, mean and variance by channel.
// Kernels apply it as y = z * scale + shift and its gradient as dz = scale * dy + slope * (z - mean) + offset, with
//   slope = -scale / deviation^2 * sum(dy (z - mean)) / rows      offset = -scale * sum(dy) / rows
// The sums of z come in parts of (z - shift), where shift is the part's first row, so that a large mean costs no digits;
// parts are merged in order (Chan, Golub, LeVeque 1979) in double precision.
#include "plan.h"

typedef struct {
  float *scale, *shift, *mean, *inverse, *slope, *offset;
} Coefficients;

INLINE Coefficients coefficientsAt(v8 *at, int channels) {
  float *f = (float *)at;
  return (Coefficients){f, f + channels, f + 2 * channels, f + 3 * channels, f + 4 * channels, f + 5 * channels};
}

INLINE void setNorm(Coefficients c, int i, f64 weight, f64 bias, f64 mean, f64 variance, f64 eps) {
  const f64 inverse = 1 / __builtin_sqrt(variance + eps), scale = weight * inverse;
  c.scale[i] = (float)scale;
  c.shift[i] = (float)(bias - mean * scale);
  c.mean[i] = (float)mean;
  c.inverse[i] = (float)inverse;
  c.slope[i] = 0;
  c.offset[i] = 0;
}

/** Parts of sums to coefficients and running statistics (variance unbiased there). Chunk: 8 channels. */
APART void normForward(const NormForwardArgs *p, CALL) {
  (void)scratch;
  const int channels = p->channels;
  const Coefficients coef = coefficientsAt(AT(p->coef), channels);
  const float *stats = (const float *)AT(p->stats), *weight = (const float *)AT(p->weight), *bias = (const float *)AT(p->bias);
  float *runningMean = (float *)AT(p->runningMean), *runningVar = (float *)AT(p->runningVar);
  const f64 rows = p->rows, momentum = (f64)p->momentum;
  for (int c = from * 8; c < to * 8; c++) {
    f64 count = 0, mean = 0, squares = 0; // merged so far; squares of deviations from the mean
    for (int part = 0; part < p->parts; part++) {
      const float *sums = stats + (ix)part * 3 * channels + c;
      const int first = partStart(p->units, part, p->parts) * p->unitRows;
      const f64 n = smaller(p->rows, partStart(p->units, part + 1, p->parts) * p->unitRows) - first;
      const f64 sum = (f64)sums[channels], partMean = (f64)sums[0] + sum / n;
      const f64 difference = partMean - mean, total = count + n;
      squares += ((f64)sums[2 * channels] - sum * sum / n) + difference * difference * (count * n / total);
      mean += difference * (n / total);
      count = total;
    }
    const f64 variance = squares > 0 ? squares / rows : squares == squares ? 0 : squares; // NaN stays
    setNorm(coef, c, (f64)weight[c], (f64)bias[c], mean, variance, (f64)p->eps);
    if (!p->update) continue;
    const f64 unbiased = variance * (rows / (rows - 1));
    runningMean[c] = (float)((1 - momentum) * (f64)runningMean[c] + momentum * mean);
    runningVar[c] = (float)((1 - momentum) * (f64)runningVar[c] + momentum * unbiased);
  }
}

/** Running statistics to coefficients. Chunk: 8 channels. */
APART void normInference(const NormInferenceArgs *p, CALL) {
  (void)scratch;
  const Coefficients coef = coefficientsAt(AT(p->coef), p->channels);
  const float *weight = (const float *)AT(p->weight), *bias = (const float *)AT(p->bias);
  const float *mean = (const float *)AT(p->runningMean), *variance = (const float *)AT(p->runningVar);
  for (int c = from * 8; c < to * 8; c++) {
    setNorm(coef, c, (f64)weight[c], (f64)bias[c], (f64)mean[c], (f64)variance[c], (f64)p->eps);
  }
}

/** Parts of sums of dy and dy (z - mean) to slope, offset and the gradients of weight and bias. Chunk: 8 channels. */
APART void normBackward(const NormBackwardArgs *p, CALL) {
  (void)scratch;
  const int channels = p->channels;
  const Coefficients coef = coefficientsAt(AT(p->coef), channels);
  const float *stats = (const float *)AT(p->stats);
  float *weightGradient = (float *)AT_OR_NULL(p->weightGradient), *biasGradient = (float *)AT_OR_NULL(p->biasGradient);
  for (int c = from * 8; c < to * 8; c++) {
    f64 sum = 0, product = 0;
    for (int part = 0; part < p->parts; part++) {
      sum += (f64)stats[(ix)part * 2 * channels + c];
      product += (f64)stats[(ix)part * 2 * channels + channels + c];
    }
    const f64 scale = coef.scale[c], inverse = coef.inverse[c], rows = p->rows;
    coef.slope[c] = (float)(-scale * inverse * inverse * product / rows);
    coef.offset[c] = (float)(-scale * sum / rows);
    if (weightGradient) weightGradient[c] = (float)(product * inverse);
    if (biasGradient) biasGradient[c] = (float)sum;
  }
}
