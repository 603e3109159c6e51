#pragma once
// What a convolution reads, brought into its scratch block by block:
//   LOAD_PLAIN    the values as they lie in memory (nothing is copied)
//   LOAD_NORM     gate * activation(z * scale + shift), recomputed from z (gate: of the image and channel, or none)
//   LOAD_KEEP     the same (+ residual), written to `plain`, where later kernels find it
//   LOAD_PATCHES  for each output position of a k x k convolution the k * k * 3 inputs in order ky, kx, channel, zero outside
#include "activation.h"
#include "plan.h"

enum { EXTRA_NONE = 0, EXTRA_GATE = 1, EXTRA_RESIDUAL = 2 };

INLINE void normRowsOf(const int ACT, const int EXTRA, const v8 *z, v8 *out, int rows, const v8 *coef, ix channels8,
                       v8 gate, const v8 *residual) {
  const v8 scale = coef[0], shift = coef[channels8];
  for (int i = 0; i < rows; i++) {
    v8 x = activate(z[i] * scale + shift, ACT);
    if (EXTRA == EXTRA_GATE) x = gate * x;
    if (EXTRA == EXTRA_RESIDUAL) x = residual[i] + x;
    out[i] = x;
  }
}
APART void normRows(int act, const v8 *z, v8 *out, int rows, const v8 *coef, ix channels8) {
  BY_ACTIVATION(normRowsOf, act, EXTRA_NONE, z, out, rows, coef, channels8, (v8){0}, 0);
}
APART void normRowsGated(int act, const v8 *z, v8 *out, int rows, const v8 *coef, ix channels8, const v8 *gate) {
  BY_ACTIVATION(normRowsOf, act, EXTRA_GATE, z, out, rows, coef, channels8, *gate, 0);
}
APART void normRowsAdded(int act, const v8 *z, v8 *out, int rows, const v8 *coef, ix channels8, const v8 *residual) {
  BY_ACTIVATION(normRowsOf, act, EXTRA_RESIDUAL, z, out, rows, coef, channels8, (v8){0}, residual);
}

typedef struct {
  const v8 *z, *coef, *gate, *residual; // all panels, from row 0 on; gate and residual may be absent
  ix stride, channels8;                 // of z and residual; of coef
  int act, imageRows;
  ix gateStride;
} Value;

/** Rows [row, row + rows) of one panel of a value. The gate changes from image to image. */
static void loadPanel(const Value *v, int panel, int row, int rows, v8 *out) {
  const v8 *z = v->z + panel * v->stride, *coef = v->coef + panel;
  if (v->residual) {
    normRowsAdded(v->act, z + row, out, rows, coef, v->channels8, v->residual + panel * v->stride + row);
  } else if (!v->gate) {
    normRows(v->act, z + row, out, rows, coef, v->channels8);
  } else {
    for (const int end = row + rows; row < end;) {
      const int image = row / v->imageRows, next = smaller(end, (image + 1) * v->imageRows);
      normRowsGated(v->act, z + row, out, next - row, coef, v->channels8, v->gate + panel * v->gateStride + image);
      out += next - row;
      row = next;
    }
  }
}

typedef struct {
  const float *image; // [images][height][width][3]
  int height, width, outHeight, outWidth, kernel, stride, padding;
} Patches;

/** The patch whose first corner is (y0, x0) into `patch`, in order ky, kx, channel. */
INLINE void gatherPatch(const Patches *g, int image, int y0, int x0, float *patch) {
  const int kernel = g->kernel;
  for (int ky = 0; ky < kernel; ky++) {
    const int y = y0 + ky;
    const float *from = g->image + ((ix)(image * g->height + y) * g->width + x0) * 3;
    for (int kx = 0; kx < kernel; kx++, patch += 3, from += 3) {
      const int within = y >= 0 && y < g->height && x0 + kx >= 0 && x0 + kx < g->width;
      for (int c = 0; c < 3; c++) patch[c] = within ? from[c] : 0;
    }
  }
}

INLINE v4 fourAt(const float *at) { return *(const v4 *)at; }

/** A 3 x 3 patch that lies inside the image straight into its 4 panels: 27 floats, then zeros. @param at its first float */
INLINE void gatherInside(const Patches *g, const float *at, v8 *out, ix stride) {
  const float *below = at + g->width * 3, *last = below + g->width * 3;
  const v4 zero = {0};
  v4 *o = (v4 *)out;
  o[0] = fourAt(at), o[1] = fourAt(at + 4);
  o += 2 * stride;
  o[0] = __builtin_shufflevector(fourAt(at + 5), fourAt(below), 3, 4, 5, 6), o[1] = fourAt(below + 3);
  o += 2 * stride;
  o[0] = __builtin_shufflevector(fourAt(below + 5), fourAt(last), 2, 3, 4, 5), o[1] = fourAt(last + 2);
  o += 2 * stride;
  o[0] = __builtin_shufflevector(fourAt(last + 5), zero, 1, 2, 3, 4), o[1] = zero;
}

/** Patches of rows [row, row + rows) as panels. @param patch scratch for one patch, zero behind its kernel * kernel * 3 floats */
static void loadPatches(const Patches *g, int panels, int row, int rows, float *patch, v8 *out, ix stride) {
  int ox = row % g->outWidth, oy = row / g->outWidth % g->outHeight, image = row / g->outWidth / g->outHeight;
  for (int i = 0; i < rows; i++) {
    const int x0 = ox * g->stride - g->padding, y0 = oy * g->stride - g->padding;
    const int inside = x0 >= 0 && y0 >= 0 && x0 + g->kernel <= g->width && y0 + g->kernel <= g->height;
    if (inside && g->kernel == 3) {
      gatherInside(g, g->image + ((ix)(image * g->height + y0) * g->width + x0) * 3, out + i, stride);
    } else {
      gatherPatch(g, image, y0, x0, patch);
      for (int k = 0; k < panels; k++) out[k * stride + i] = ((const v8 *)patch)[k];
    }
    if (++ox < g->outWidth) continue;
    ox = 0;
    if (++oy == g->outHeight) oy = 0, image++;
  }
}
