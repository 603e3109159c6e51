#pragma once
// The network with its batch-norms folded into the weights, for what keeps nothing for a backward pass: inference, validation and
// the frozen part of a backbone. A batch-norm of running statistics is y = z * scale + shift (batch-norm.c), hence
//   norm(conv(x, weight)) = conv(x, weight * scale) + shift
// `groups` in executor.c walks these kernels over a few images at a time, so that what one writes is still in cache for the next.
// Each image's numbers depend on that image alone; how images are grouped is free to differ between machines.
#include "columns.c"
#include "depthwise.c"

/** Chunk: a panel of 8 outputs (or channels), `inputs` vectors of weight each. */
APART void fold(const FoldArgs *p, CALL) {
  (void)scratch;
  const float *gamma = (const float *)AT(p->normWeight), *beta = (const float *)AT(p->normBias);
  const float *mean = (const float *)AT(p->runningMean), *variance = (const float *)AT(p->runningVar);
  float *bias = (float *)AT(p->bias);
  for (int panel = from; panel < to; panel++) {
    v8 scales;
    for (int lane = 0; lane < 8; lane++) {
      const int c = panel * 8 + lane;
      const f64 scale = (f64)gamma[c] / __builtin_sqrt((f64)variance[c] + (f64)p->eps);
      scales[lane] = (float)scale;
      bias[c] = (float)((f64)beta[c] - (f64)mean[c] * scale);
    }
    const v8 *in = AT(p->weight) + (ix)panel * p->inputs;
    v8 *out = AT(p->output) + (ix)panel * p->inputs;
    for (int i = 0; i < p->inputs; i++) out[i] = in[i] * scales;
  }
}

/** activation(conv(input) + bias) + residual, 1 x 1 or over patches of an image. Chunk: a block of rows. Scratch: patch, block. */
APART void convFolded(const ConvFoldedArgs *p, CALL) {
  const int in8 = p->inChannels / 8;
  const ix stride = panelStride(p->rows), blockStride = p->blockRows + 2;
  v8 *patch = (v8 *)scratch, *block = patch + PATCH_VECTORS;
  const Patches patches = PATCHES_OF(p);
  zero(patch, PATCH_VECTORS);
  for (int chunk = from; chunk < to; chunk++) {
    const int row = chunk * p->blockRows, rows = smaller(p->blockRows, p->rows - row);
    if (p->patches) loadPatches(&patches, in8, row, rows, (float *)patch, block, blockStride);
    productDense(p->activation,
                 (Product){.a = p->patches ? block : AT(p->input) + row, .aStride = p->patches ? blockStride : stride, .k8 = in8,
                           .b = AT(p->weight), .rows = rows, .out = AT(p->output) + row, .stride = stride, .bias = AT(p->bias),
                           .residual = OFFSET(AT_OR_NULL(p->residual), row)},
                 p->outChannels / 8);
  }
}

/** x = activation(x + bias) + residual, in place; the residual may be absent. */
INLINE void finishRowsOf(const int ACT, v8 *x, v8 bias, const v8 *residual, int count) {
  for (int i = 0; i < count; i++) x[i] = residual ? activate(x[i] + bias, ACT) + residual[i] : activate(x[i] + bias, ACT);
}
APART void finishRows(int act, v8 *x, const v8 *bias, const v8 *residual, int count) {
  BY_ACTIVATION(finishRowsOf, act, x, *bias, residual, count);
}

/** Rows [y0, y1) of one image of one panel, and what outputs they complete. @param x row y0 */
static void foldedBand(const DepthwiseFoldedArgs *p, const Geometry *g, char *memory, const v8 *x, v8 *window, int panel, int image,
                       int y0, int y1) {
  const int taps = p->kernel * p->kernel, outSize = p->outHeight * p->outWidth;
  const int made = rowsMade(g, y0) * p->outWidth, makes = rowsMade(g, y1) * p->outWidth;
  const ix at = panel * panelStride((ix)p->images * outSize) + (ix)image * outSize;
  v8 *out = AT(p->output) + at;
  convolveBand(g, window, ACT_NONE, x, 0, 0, y0, y1, AT(p->weight) + (ix)panel * taps, out);
  finishRows(p->activation, out + made, AT(p->bias) + panel, OFFSET(AT_OR_NULL(p->residual), at + made), makes - made);
}

/**
 * activation(depthwise(x) + bias) + residual, where x is the input, or activation(conv(input) + bias) of a 1 x 1 convolution that is
 * made for a few panels and rows at a time and never written out. Chunk: a panel of 8 channels.
 * A block is blockImages whole images (then bandRows is their height), or bandRows rows of one.
 * Scratch: the windows of TILE_PANELS planes, TILE_PANELS panels of a block.
 */
APART void depthwiseFolded(const DepthwiseFoldedArgs *p, CALL) {
  const int size = p->height * p->width;
  const Geometry g = GEOMETRY_OF(p);
  const ix stride = panelStride((ix)p->images * size), blockStride = panelStride((ix)p->blockImages * p->bandRows * p->width);
  const ix windowSize = windowVectors(&g, p->bandRows);
  v8 *windows = (v8 *)scratch, *block = windows + TILE_PANELS * windowSize;
  zero(windows, TILE_PANELS * windowSize);
  for (int panel = from; panel < to; panel += TILE_PANELS) {
    const int panels = smaller(TILE_PANELS, to - panel);
    for (int first = 0; first < p->images; first += p->blockImages) {
      const int count = smaller(p->blockImages, p->images - first);
      for (int y = 0, yEnd; y < p->height; y = yEnd) {
        yEnd = smaller(p->height, y + p->bandRows);
        const ix row = (ix)first * size + y * p->width;
        if (p->expandWeight) {
          productDense(p->expandActivation,
                       (Product){.a = AT(p->input) + row, .aStride = stride, .k8 = p->inChannels / 8,
                                 .b = AT(p->expandWeight) + (ix)panel * p->inChannels, .rows = count * (yEnd - y) * p->width,
                                 .out = block, .stride = blockStride, .bias = AT(p->expandBias) + panel},
                       panels);
        }
        for (int i = 0; i < panels * count; i++) {
          const int of = i / count, image = i % count;
          const v8 *x = p->expandWeight ? block + of * blockStride : AT(p->input) + (panel + of) * stride + row;
          foldedBand(p, &g, memory, x + (ix)image * size, windows + of * windowSize, panel + of, first + image, y, yEnd);
        }
      }
    }
  }
}

/** Mean over each image. Chunk: a panel. */
APART void poolFolded(const PoolFoldedArgs *p, CALL) {
  (void)scratch;
  const float mean = 1.0f / (float)p->imageRows;
  const v8 *in = AT(p->input) + from * panelStride((ix)p->images * p->imageRows);
  for (int k = from; k < to; k++, in += PANEL_GAP) {
    for (int image = 0; image < p->images; image++, in += p->imageRows) {
      v8 sum = {0};
      for (int i = 0; i < p->imageRows; i++) sum = sum + in[i];
      AT(p->output)[k * panelStride(p->images) + image] = sum * mean;
    }
  }
}

/** The value times its gate, in place. Chunk: a panel. */
APART void gateFolded(const GateFoldedArgs *p, CALL) {
  (void)scratch;
  v8 *value = AT(p->value) + from * panelStride((ix)p->images * p->imageRows);
  for (int k = from; k < to; k++, value += PANEL_GAP) {
    for (int image = 0; image < p->images; image++, value += p->imageRows) {
      const v8 gate = AT(p->gate)[k * panelStride(p->images) + image];
      for (int i = 0; i < p->imageRows; i++) value[i] = value[i] * gate;
    }
  }
}
