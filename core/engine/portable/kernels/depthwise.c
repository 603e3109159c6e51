#pragma once
// Depthwise convolution, by plane. Chunk: panel * groups + group; a group is images partStart(images, group, groups) on.
// Forward:   z = the convolution of activation(norm(input)), with the sums of z.
// Backward:  dz = the batch-norm's gradient; tap gradient one part a group; input gradient = dz convolved with the flipped
//            taps (with stride 2 in four interleaved planes), + residual, times the input's activation's derivative.
#include "depthwise-plane.h"

INLINE int groupStart(const int images, int group, int groups) { return partStart(images, group, groups); }

/** Sums of (x - shift) and (x - shift)^2, added. */
INLINE void addMoments(const v8 *x, int count, v8 shift, v8 *sums) {
  v8 s = sums[0], q = sums[1];
  for (int i = 0; i < count; i++) {
    const v8 d = x[i] - shift;
    s = s + d;
    q = q + d * d;
  }
  sums[0] = s;
  sums[1] = q;
}

/** Scratch: an image's sums [2], the window. */
APART void depthwiseForward(const DepthwiseForwardArgs *p, CALL) {
  const int channels8 = p->channels / 8, inSize = p->height * p->width, outSize = p->outHeight * p->outWidth;
  const Geometry g = GEOMETRY_OF(p);
  v8 *sums = (v8 *)scratch, *window = sums + 2;
  zero(window, windowVectors(&g, p->bandRows));
  for (int chunk = from; chunk < to; chunk++) {
    const int panel = chunk / p->groups, group = chunk % p->groups;
    const int first = groupStart(p->images, group, p->groups), end = groupStart(p->images, group + 1, p->groups);
    const v8 *coef = OFFSET(AT_OR_NULL(p->inputCoef), panel), *w = AT(p->weight) + (ix)panel * p->kernel * p->kernel;
    v8 *stats = OFFSET(AT_OR_NULL(p->stats), (ix)group * 3 * channels8 + panel);
    if (stats) stats[channels8] = stats[2 * channels8] = (v8){0};
    for (int image = first; image < end; image++) {
      const v8 *x = AT(p->input) + panel * panelStride((ix)p->images * inSize) + (ix)image * inSize;
      v8 *out = AT(p->output) + panel * panelStride((ix)p->images * outSize) + (ix)image * outSize;
      zero(sums, 2);
      for (int y = 0, yEnd, made = 0; y < p->height; y = yEnd) {
        yEnd = smaller(p->height, y + p->bandRows);
        prefetchVectors(x + (ix)yEnd * p->width, p->bandRows * p->width);
        convolveBand(&g, window, p->activation, x + (ix)y * p->width, coef, channels8, y, yEnd, w, out);
        if (!stats) continue;
        if (image == first && y == 0) stats[0] = out[0];
        const int makes = rowsMade(&g, yEnd) * p->outWidth;
        addMoments(out + made, makes - made, stats[0], sums);
        made = makes;
      }
      if (!stats) continue;
      stats[channels8] = stats[channels8] + sums[0];
      stats[2 * channels8] = stats[2 * channels8] + sums[1];
    }
  }
}

/** d = d * activation'(norm(z)) in place; sums of d and d (z - mean), carried on in sums[0] and sums[1]. */
INLINE void finishGradientOf(const int ACT, v8 *d, const v8 *z, int count, const v8 *coef, ix channels8, v8 *sums) {
  const v8 scale = coef[0], shift = coef[channels8], mean = coef[2 * channels8];
  v8 s = sums[0], q = sums[1];
  for (int i = 0; i < count; i++) {
    const v8 g = activateGradient(z[i] * scale + shift, d[i], ACT);
    d[i] = g;
    s = s + g;
    q = q + g * (z[i] - mean);
  }
  sums[0] = s;
  sums[1] = q;
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

/** Rows [y0, y1) of the input's gradient out of a plane of dz. @param d the image's first row */
static void inputGradientRows(const DepthwiseBackwardArgs *p, const v8 *dz, int dzColumns, const v8 *flipped, v8 *d, int y0, int y1) {
  const int k = p->kernel, pad = p->padding, border = dzBorder(k, p->stride);
  if (p->stride == 1) {
    plane(k, 1, (Plane){dz + (ix)y0 * dzColumns, dzColumns, flipped, k, d + (ix)y0 * p->width, p->width, 1, y1 - y0, p->width});
    return;
  }
  for (int parity = 0; parity < 4; parity++) { // input positions y with (y + pad) mod 2 = py see taps ky = py, py + 2, ..
    const int py = parity >> 1, px = parity & 1, y = y0 + ((y0 + pad + py) & 1), x = (px + pad) & 1;
    const int kh = ((k - 1 - py) >> 1) + 1, kw = ((k - 1 - px) >> 1) + 1;
    const int fromY = ((y + pad - py) >> 1) - (kh - 1) + border, fromX = ((x + pad - px) >> 1) - (kw - 1) + border;
    if (y >= y1 || x >= p->width) continue;
    plane(kw, 1, (Plane){dz + (ix)fromY * dzColumns + fromX, dzColumns, flipped + parity * 16, kh,
                         d + (ix)y * p->width + x, 2 * p->width, 2, (y1 - y + 1) >> 1, (p->width - x + 1) >> 1});
  }
}

/** Where the planes of a chunk's images lie in scratch, and the sums of the image at hand. */
typedef struct {
  v8 *flipped, *sums, *taps, *in, *dz;
  int columns, dzColumns, border;
} BackwardPlanes;

/** Vectors from an image's first in each array that a chunk walks. */
typedef struct {
  ix in, out;
} ImageAt;

/**
 * Of one image what dz's rows [o0, o1) bring: their part of the taps' gradient, and the input's gradient as far as no later row
 * of dz reaches it. What a band reads is then in cache for all of this, and the next band's is asked for meanwhile.
 */
static void backwardBand(const DepthwiseBackwardArgs *p, char *memory, const BackwardPlanes *s, ImageAt at, int panel,
                         int o0, int o1) {
  const int k = p->kernel, pad = p->padding, stride = p->stride, channels8 = p->channels / 8, isLast = o1 == p->outHeight;
  const int inFrom = o0 == 0 ? 0 : smaller(p->height, (o0 - 1) * stride + k - pad); // rows of the input that taps need
  const int inTo = isLast ? p->height : smaller(p->height, (o1 - 1) * stride + k - pad);
  const int y0 = larger(0, o0 * stride - pad), y1 = isLast ? p->height : larger(0, o1 * stride - pad); // rows of its gradient
  const v8 *z = AT(p->input) + at.in, *inputCoef = AT(p->inputCoef) + panel;
  const v8 *dy = AT(p->dy) + at.out, *outZ = OFFSET(AT_OR_NULL(p->z), at.out);
  const int outBand = (o1 - o0) * p->outWidth, inBand = (o1 - o0) * stride * p->width;
  prefetchVectors(dy + (ix)o1 * p->outWidth, outBand);
  if (outZ) prefetchVectors(outZ + (ix)o1 * p->outWidth, outBand);
  for (int y = o0; y < o1; y++) {
    const ix row = (ix)y * p->outWidth;
    normGradientRows(dy + row, OFFSET(outZ, row), s->dz + (ix)(s->border + y) * s->dzColumns + s->border, p->outWidth,
                     AT(p->coef) + panel, channels8);
  }
  prefetchVectors(z + (ix)inTo * p->width, inBand);
  if (p->weightGradient) {
    const v8 *plain = OFFSET(AT_OR_NULL(p->plain), at.in), *x = plain ? plain : z;
    fillPlane(p->activation, x + (ix)inFrom * p->width, plain ? 0 : inputCoef, channels8,
              s->in + (ix)(pad + inFrom) * s->columns + pad, s->columns, inTo - inFrom, p->width);
    taps(k, stride, s->dz + (ix)(s->border + o0) * s->dzColumns + s->border, s->dzColumns, s->in + (ix)o0 * stride * s->columns,
         s->columns, o1 - o0, p->outWidth, s->taps);
  }
  if (!p->inputGradient) return;
  v8 *d = AT(p->inputGradient) + at.in;
  const ix from = (ix)y0 * p->width;
  const int count = (y1 - y0) * p->width;
  prefetchVectors(d + from + count, count);
  inputGradientRows(p, s->dz, s->dzColumns, s->flipped, d, y0, y1);
  if (p->residual) addStats(d + from, AT(p->residual) + at.in + from, count);
  if (!p->gated) finishGradient(p->activation, d + from, z + from, count, inputCoef, channels8, s->sums);
}

/** Scratch: flipped taps [64], an image's sums [2], its taps' gradient [k][k], the padded input plane, the padded plane of dz. */
APART void depthwiseBackward(const DepthwiseBackwardArgs *p, CALL) {
  const int k = p->kernel, pad = p->padding, channels8 = p->channels / 8, border = dzBorder(k, p->stride);
  const int rows = p->height + 2 * pad, columns = p->width + 2 * pad;
  const int dzRows = dzExtent(p->outHeight, k, p->stride), dzColumns = dzExtent(p->outWidth, k, p->stride);
  const ix inSize = (ix)p->height * p->width, outSize = (ix)p->outHeight * p->outWidth;
  v8 *flipped = (v8 *)scratch, *in = flipped + PLANE_SLACK, *dz = in + (ix)rows * columns + PLANE_SLACK;
  const BackwardPlanes planes = {flipped, flipped + 64, flipped + 66, in, dz, columns, dzColumns, border};
  clearBorder(in, rows, columns, pad, p->height, p->width);
  clearBorder(dz, dzRows, dzColumns, border, p->outHeight, p->outWidth);
  for (int chunk = from; chunk < to; chunk++) {
    const int panel = chunk / p->groups, group = chunk % p->groups;
    const int first = groupStart(p->images, group, p->groups), end = groupStart(p->images, group + 1, p->groups);
    v8 *w = OFFSET(AT_OR_NULL(p->weightGradient), ((ix)group * channels8 + panel) * k * k);
    v8 *stats = OFFSET(AT_OR_NULL(p->stats), (ix)group * 2 * channels8 + panel);
    if (w) zero(w, k * k);
    if (stats) stats[0] = stats[channels8] = (v8){0};
    flipTaps(AT(p->weight) + (ix)panel * k * k, k, p->stride, flipped);
    for (int image = first; image < end; image++) {
      const ImageAt at = {panel * panelStride(p->images * inSize) + image * inSize,
                          panel * panelStride(p->images * outSize) + image * outSize};
      zero(planes.sums, 2 + k * k);
      for (int row = 0; row < p->outHeight; row += p->bandRows) {
        backwardBand(p, memory, &planes, at, panel, row, smaller(p->outHeight, row + p->bandRows));
      }
      if (w) addStats(w, planes.taps, k * k);
      if (stats) stats[0] = stats[0] + planes.sums[0], stats[channels8] = stats[channels8] + planes.sums[1];
    }
  }
}
