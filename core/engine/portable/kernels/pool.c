#pragma once
// Means over an image and what comes back through them: global average pooling and squeeze-excite. Vectors of the network
// (one number an image and channel) have the same layout as maps, with one row an image. Chunk everywhere: a panel.
#include "depthwise-plane.h"

/** Sum over an image of activation(norm(z)), times `factor` where there is one. */
INLINE v8 sumOf(const int ACT, const int WEIGHTED, const v8 *z, const v8 *factor, int count, const v8 *coef, ix channels8) {
  const v8 scale = coef[0], shift = coef[channels8];
  v8 sum = {0};
  for (int i = 0; i < count; i++) {
    const v8 x = activate(z[i] * scale + shift, ACT);
    sum = sum + (WEIGHTED ? x * factor[i] : x);
  }
  return sum;
}
INLINE void storeSum(const int ACT, const v8 *z, const v8 *factor, int count, const v8 *coef, ix channels8, v8 *out) {
  *out = factor ? sumOf(ACT, 1, z, factor, count, coef, channels8) : sumOf(ACT, 0, z, factor, count, coef, channels8);
}
APART void sumImage(int act, const v8 *z, const v8 *factor, int count, const v8 *coef, ix channels8, v8 *out) {
  BY_ACTIVATION(storeSum, act, z, factor, count, coef, channels8, out);
}

APART void pool(const PoolArgs *p, CALL) {
  (void)scratch;
  const float mean = 1.0f / (float)p->imageRows;
  const ix stride = panelStride((ix)p->images * p->imageRows), outStride = panelStride(p->images);
  for (int k = from; k < to; k++) {
    for (int image = 0; image < p->images; image++) {
      v8 *out = AT(p->output) + k * outStride + image;
      sumImage(p->activation, AT(p->input) + k * stride + (ix)image * p->imageRows, 0, p->imageRows, AT(p->coef) + k,
               p->channels / 8, out);
      *out = *out * mean;
    }
  }
}

/** dy = (gradient / imageRows + upstream * gate) activation'(norm(z)), with its sums. */
APART void poolBackward(const PoolBackwardArgs *p, CALL) {
  const float mean = 1.0f / (float)p->imageRows;
  const ix stride = panelStride((ix)p->images * p->imageRows), vectorStride = panelStride(p->images);
  v8 *sums = (v8 *)scratch, *stats = 0;
  for (int k = from; k < to; k++) {
    if (p->stats) {
      stats = AT(p->stats) + k;
      stats[0] = stats[p->channels / 8] = (v8){0};
    }
    for (int image = 0; image < p->images; image++) {
      const ix at = k * stride + (ix)image * p->imageRows, vector = k * vectorStride + image;
      const v8 share = AT(p->gradient)[vector] * mean;
      v8 *out = AT(p->output) + at;
      if (p->upstream) {
        const v8 *upstream = AT(p->upstream) + at, gate = AT(p->gate)[vector];
        for (int i = 0; i < p->imageRows; i++) out[i] = upstream[i] * gate + share;
      } else {
        for (int i = 0; i < p->imageRows; i++) out[i] = share;
      }
      zero(sums, 2);
      finishGradient(p->activation, out, AT(p->z) + at, p->imageRows, AT(p->coef) + k, p->channels / 8, sums);
      if (!stats) continue;
      stats[0] = stats[0] + sums[0];
      stats[p->channels / 8] = stats[p->channels / 8] + sums[1];
    }
  }
}

/** Gradient before the gate's hardSigmoid: sum over an image of upstream * activation(norm(z)), / 6 where 0 < gate < 1. */
APART void gateGradient(const GateGradientArgs *p, CALL) {
  (void)scratch;
  const ix stride = panelStride((ix)p->images * p->imageRows), vectorStride = panelStride(p->images);
  for (int k = from; k < to; k++) {
    for (int image = 0; image < p->images; image++) {
      const ix at = k * stride + (ix)image * p->imageRows, vector = k * vectorStride + image;
      v8 *out = AT(p->output) + vector;
      const v8 gate = AT(p->gate)[vector];
      sumImage(p->activation, AT(p->z) + at, AT(p->upstream) + at, p->imageRows, AT(p->coef) + k, p->channels / 8, out);
      *out = keepWhere((gate > 0.0f) & (gate < 1.0f), *out * (float)(1.0 / 6.0));
    }
  }
}

INLINE void activateRows(const int ACT, const v8 *x, const v8 *mask, v8 *out, int count) {
  for (int i = 0; i < count; i++) out[i] = mask ? activate(x[i], ACT) * mask[i] : activate(x[i], ACT);
}
INLINE void activateRowsBack(const int ACT, const v8 *x, const v8 *mask, const v8 *dy, v8 *out, int count) {
  for (int i = 0; i < count; i++) out[i] = activateGradient(x[i], mask ? dy[i] * mask[i] : dy[i], ACT);
}

/** activation(x) * mask; the mask (dropout's) may be absent. */
APART void vectorForward(const VectorForwardArgs *p, CALL) {
  (void)scratch;
  for (int k = from; k < to; k++) {
    const ix at = k * panelStride(p->images);
    BY_ACTIVATION(activateRows, p->activation, AT(p->input) + at, OFFSET(AT_OR_NULL(p->mask), at), AT(p->output) + at, p->images);
  }
}

/** dy * mask * activation'(x). */
APART void vectorBackward(const VectorBackwardArgs *p, CALL) {
  (void)scratch;
  for (int k = from; k < to; k++) {
    const ix at = k * panelStride(p->images);
    BY_ACTIVATION(activateRowsBack, p->activation, AT(p->input) + at, OFFSET(AT_OR_NULL(p->mask), at), AT(p->gradient) + at,
                  AT(p->output) + at, p->images);
  }
}
