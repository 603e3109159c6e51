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

/** The patch of one output position into `patch`, in order ky, kx, channel. */
INLINE void gatherPatch(const Patches *g, int position, float *patch) {
  const int ox = position % g->outWidth, oy = position / g->outWidth % g->outHeight;
  const int image = position / g->outWidth / g->outHeight;
  const int x0 = ox * g->stride - g->padding, y0 = oy * g->stride - g->padding, kernel = g->kernel;
  for (int ky = 0; ky < kernel; ky++) {
    const int y = y0 + ky;
    float *to = patch + ky * kernel * 3;
    const float *from = g->image + ((ix)(image * g->height + y) * g->width + x0) * 3;
    const int inside = y >= 0 && y < g->height;
    if (inside && kernel == 3 && x0 >= 0 && x0 + 3 <= g->width) {
      *(v8 *)to = *(const v8 *)from; // 9 floats
      to[8] = from[8];
    } else {
      for (int kx = 0; kx < kernel; kx++) {
        const int within = inside && x0 + kx >= 0 && x0 + kx < g->width;
        for (int c = 0; c < 3; c++) to[kx * 3 + c] = within ? from[kx * 3 + c] : 0;
      }
    }
  }
}

/** Patches of rows [row, row + rows) as panels. @param patch scratch for one patch, zero behind its kernel * kernel * 3 floats */
static void loadPatches(const Patches *g, int panels, int row, int rows, float *patch, v8 *out, ix stride) {
  for (int i = 0; i < rows; i++) {
    gatherPatch(g, row + i, patch);
    for (int k = 0; k < panels; k++) out[k * stride + i] = ((const v8 *)patch)[k];
  }
}
