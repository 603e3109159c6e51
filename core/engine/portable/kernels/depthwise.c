#pragma once
// Depthwise convolution, by plane. Chunk: panel * groups + group; a group is images partStart(images, group, groups) on.
// Forward:   z = the convolution of activation(norm(input)), with the sums of z.
// Backward:  dz = the batch-norm's gradient; tap gradient one part a group; input gradient = dz convolved with the flipped
//            taps (with stride 2 in four interleaved planes), + residual, times the input's activation's derivative.
#include "depthwise-plane.h"

INLINE int groupStart(const int images, int group, int groups) { return partStart(images, group, groups); }

/** One image of a value into the inside of a plane; without coef as it is. */
static void fillPlane(int act, const v8 *x, const v8 *coef, ix channels8, v8 *inside, ix row, int height, int width) {
  for (int y = 0; y < height; y++, x += width, inside += row) {
    if (coef) normRows(act, x, inside, width, coef, channels8);
    else __builtin_memcpy(inside, x, (size_t)width * sizeof(v8));
  }
}

/** Sums of (x - shift) and (x - shift)^2, added. */
INLINE void addMoments(const v8 *x, int count, v8 shift, v8 *sum, v8 *squares) {
  v8 s = {0}, q = {0};
  for (int i = 0; i < count; i++) {
    const v8 d = x[i] - shift;
    s = s + d;
    q = q + d * d;
  }
  *sum = *sum + s;
  *squares = *squares + q;
}

/** Scratch: the padded input plane. */
APART void depthwiseForward(const DepthwiseForwardArgs *p, CALL) {
  const int k = p->kernel, pad = p->padding, channels8 = p->channels / 8;
  const int rows = p->height + 2 * pad, columns = p->width + 2 * pad;
  const int inSize = p->height * p->width, outSize = p->outHeight * p->outWidth;
  v8 *in = (v8 *)scratch;
  clearBorder(in, rows, columns, pad, p->height, p->width);
  for (int chunk = from; chunk < to; chunk++) {
    const int panel = chunk / p->groups, group = chunk % p->groups;
    const int first = groupStart(p->images, group, p->groups), end = groupStart(p->images, group + 1, p->groups);
    v8 *stats = OFFSET(AT_OR_NULL(p->stats), (ix)group * 3 * channels8 + panel);
    if (stats) stats[channels8] = stats[2 * channels8] = (v8){0};
    for (int image = first; image < end; image++) {
      v8 *out = AT(p->output) + panel * panelStride((ix)p->images * outSize) + (ix)image * outSize;
      fillPlane(p->activation, AT(p->input) + panel * panelStride((ix)p->images * inSize) + (ix)image * inSize,
                OFFSET(AT_OR_NULL(p->inputCoef), panel), channels8, in + (ix)pad * columns + pad, columns, p->height, p->width);
      plane(k, p->stride, (Plane){in, columns, AT(p->weight) + (ix)panel * k * k, k, out, p->outWidth, 1, p->outHeight, p->outWidth});
      if (!stats) continue;
      if (image == first) stats[0] = out[0];
      addMoments(out, outSize, stats[0], stats + channels8, stats + 2 * channels8);
    }
  }
}

/** d = d * activation'(norm(z)) in place; sums of d and d (z - mean), added to sums[0] and sums[1]. */
INLINE void finishGradientOf(const int ACT, v8 *d, const v8 *z, int count, const v8 *coef, ix channels8, v8 *sums) {
  const v8 scale = coef[0], shift = coef[channels8], mean = coef[2 * channels8];
  v8 s = {0}, q = {0};
  for (int i = 0; i < count; i++) {
    const v8 g = activateGradient(z[i] * scale + shift, d[i], ACT);
    d[i] = g;
    s = s + g;
    q = q + g * (z[i] - mean);
  }
  sums[0] = sums[0] + s;
  sums[1] = sums[1] + q;
}
APART void finishGradient(int act, v8 *d, const v8 *z, int count, const v8 *coef, ix channels8, v8 *sums) {
  BY_ACTIVATION(finishGradientOf, act, d, z, count, coef, channels8, sums);
}

/** The taps in the order in which the input gradient needs them. @param flipped [4][16], one for each parity of y and x, or [25] */
static void flipTaps(const v8 *w, int k, int stride, v8 *flipped) {
  if (stride == 1) {
    for (int i = 0; i < k * k; i++) flipped[i] = w[k * k - 1 - i];
    return;
  }
  for (int parity = 0; parity < 4; parity++) {
    const int py = parity >> 1, px = parity & 1;
    v8 *to = flipped + parity * 16;
    for (int ky = py + ((k - 1 - py) & ~1); ky >= 0; ky -= 2) {
      for (int kx = px + ((k - 1 - px) & ~1); kx >= 0; kx -= 2) *to++ = w[ky * k + kx];
    }
  }
}

/** Rows of zeros before dz in its plane, and in all: what flipped taps reach. */
INLINE int dzBorder(int kernel, int stride) { return stride == 1 ? kernel / 2 : 2; }
INLINE int dzExtent(int size, int kernel, int stride) { return size + (stride == 1 ? kernel - 1 : 5); }

/** d(y, x) of the input out of a plane of dz. */
static void inputGradientPlane(const DepthwiseBackwardArgs *p, const v8 *dz, int dzColumns, const v8 *flipped, v8 *d) {
  const int k = p->kernel, pad = p->padding, border = dzBorder(k, p->stride);
  if (p->stride == 1) {
    plane(k, 1, (Plane){dz, dzColumns, flipped, k, d, p->width, 1, p->height, p->width});
    return;
  }
  for (int parity = 0; parity < 4; parity++) { // input positions y with (y + pad) mod 2 = py see taps ky = py, py + 2, ..
    const int py = parity >> 1, px = parity & 1, y = (py + pad) & 1, x = (px + pad) & 1;
    const int kh = ((k - 1 - py) >> 1) + 1, kw = ((k - 1 - px) >> 1) + 1;
    const int fromY = ((y + pad - py) >> 1) - (kh - 1) + border, fromX = ((x + pad - px) >> 1) - (kw - 1) + border;
    if (y >= p->height || x >= p->width) continue;
    plane(kw, 1, (Plane){dz + (ix)fromY * dzColumns + fromX, dzColumns, flipped + parity * 16, kh,
                         d + (ix)y * p->width + x, 2 * p->width, 2, (p->height - y + 1) >> 1, (p->width - x + 1) >> 1});
  }
}

/** Scratch: flipped taps [64], sums [2], the padded input plane, the padded plane of dz. */
APART void depthwiseBackward(const DepthwiseBackwardArgs *p, CALL) {
  const int k = p->kernel, pad = p->padding, channels8 = p->channels / 8, border = dzBorder(k, p->stride);
  const int rows = p->height + 2 * pad, columns = p->width + 2 * pad;
  const int dzRows = dzExtent(p->outHeight, k, p->stride), dzColumns = dzExtent(p->outWidth, k, p->stride);
  const int inSize = p->height * p->width, outSize = p->outHeight * p->outWidth;
  v8 *flipped = (v8 *)scratch, *sums = flipped + 64, *in = flipped + PLANE_SLACK, *dz = in + (ix)rows * columns + PLANE_SLACK;
  clearBorder(in, rows, columns, pad, p->height, p->width);
  clearBorder(dz, dzRows, dzColumns, border, p->outHeight, p->outWidth);
  for (int chunk = from; chunk < to; chunk++) {
    const int panel = chunk / p->groups, group = chunk % p->groups;
    const int first = groupStart(p->images, group, p->groups), end = groupStart(p->images, group + 1, p->groups);
    const v8 *coef = AT(p->coef) + panel, *inputCoef = AT(p->inputCoef) + panel;
    v8 *w = OFFSET(AT_OR_NULL(p->weightGradient), ((ix)group * channels8 + panel) * k * k);
    if (w) zero(w, k * k);
    flipTaps(AT(p->weight) + (ix)panel * k * k, k, p->stride, flipped);
    zero(sums, 2);
    for (int image = first; image < end; image++) {
      const ix inAt = panel * panelStride((ix)p->images * inSize) + (ix)image * inSize;
      const ix outAt = panel * panelStride((ix)p->images * outSize) + (ix)image * outSize;
      for (int y = 0; y < p->outHeight; y++) {
        const ix row = outAt + (ix)y * p->outWidth;
        normGradientRows(AT(p->dy) + row, OFFSET(AT_OR_NULL(p->z), row), dz + (ix)(border + y) * dzColumns + border, p->outWidth, coef, channels8);
      }
      const v8 *z = AT(p->input) + inAt;
      if (w) {
        const v8 *plain = OFFSET(AT_OR_NULL(p->plain), inAt);
        fillPlane(p->activation, plain ? plain : z, plain ? 0 : inputCoef, channels8, in + (ix)pad * columns + pad, columns, p->height, p->width);
        taps(k, p->stride, dz + (ix)border * dzColumns + border, dzColumns, in, columns, p->outHeight, p->outWidth, w);
      }
      if (!p->inputGradient) continue;
      v8 *d = AT(p->inputGradient) + inAt;
      inputGradientPlane(p, dz, dzColumns, flipped, d);
      if (p->residual) addStats(d, AT(p->residual) + inAt, inSize);
      if (!p->gated) finishGradient(p->activation, d, z, inSize, inputCoef, channels8, sums);
    }
    if (!p->stats) continue;
    v8 *stats = AT(p->stats) + (ix)group * 2 * channels8 + panel;
    stats[0] = sums[0];
    stats[channels8] = sums[1];
  }
}
