#pragma once
// Convolutions as matrix products (1 x 1, and k x k over the image's patches), split by rows into chunks that the shape fixes.
// Forward:   z = load(input) W, with the sums of z for batch-norm.
// Backward:  dz = the batch-norm's gradient; weight gradient = load(input)^T dz, one part a chunk; input gradient = dz W^T,
//            times the derivative of the input's activation, with the sums for the input's batch-norm.
// A chunk goes in blocks of rows that stay in cache; sums are formed by block, then added to the chunk's. While a block is multiplied,
// the next one's rows are asked for.
#include "gemm.c"
#include "load.c"

#define PATCH_VECTORS 32 // scratch for one patch: kernels up to 9 x 9

INLINE void addStats(v8 *to, const v8 *from, int vectors) {
  for (int i = 0; i < vectors; i++) to[i] = to[i] + from[i];
}

// A macro, since forward and backward arguments have the same names but not the same type.
#define VALUE_OF(p)                                                                                              \
  ((Value){.z = AT((p)->input), .coef = AT((p)->inputCoef), .gate = AT_OR_NULL((p)->gate),                       \
           .residual = AT_OR_NULL((p)->residual), .stride = panelStride((p)->rows),                              \
           .channels8 = (p)->inChannels / 8, .act = (p)->activation, .imageRows = (p)->imageRows,                \
           .gateStride = panelStride((p)->images)})
#define PATCHES_OF(p)                                                                                            \
  ((Patches){(const float *)AT((p)->input), (p)->height, (p)->width, (p)->outHeight, (p)->outWidth, (p)->kernel, \
             (p)->stride, (p)->padding})

/** out = rows [row, row + rows) of the input as [inChannels / 8] panels; LOAD_KEEP also leaves them in `plain`. */
#define LOAD_ROWS(p, row, rows, patch, block, blockStride, a, aStride)                     \
  if ((p)->load == LOAD_PLAIN) {                                                           \
    a = AT((p)->input) + (row), aStride = panelStride((p)->rows);                          \
  } else if ((p)->load == LOAD_PATCHES) {                                                  \
    const Patches patches = PATCHES_OF(p);                                                 \
    loadPatches(&patches, (p)->inChannels / 8, row, rows, (float *)(patch), block, blockStride); \
    a = block, aStride = blockStride;                                                      \
  } else {                                                                                 \
    const Value value = VALUE_OF(p);                                                       \
    v8 *to = (p)->load == LOAD_KEEP ? AT((p)->plain) + (row) : block;                      \
    aStride = (p)->load == LOAD_KEEP ? panelStride((p)->rows) : blockStride;               \
    for (int k = 0; k < (p)->inChannels / 8; k++) loadPanel(&value, k, row, rows, to + k * aStride); \
    a = to;                                                                                \
  }

/** Chunk: a row chunk. Scratch: one patch, the block's sums, the block. */
APART void convForward(const ConvForwardArgs *p, CALL) {
  const int in8 = p->inChannels / 8, out8 = p->outChannels / 8;
  const ix stride = panelStride(p->rows), blockStride = p->blockRows + 2;
  v8 *patch = (v8 *)scratch, *sums = patch + PATCH_VECTORS, *block = sums + 3 * out8;
  zero(patch, PATCH_VECTORS);
  for (int chunk = from; chunk < to; chunk++) {
    const int start = chunkRow(p->rows, chunk, p->rowChunks), end = chunkRow(p->rows, chunk + 1, p->rowChunks);
    v8 *stats = OFFSET(AT_OR_NULL(p->stats), (ix)chunk * 3 * out8);
    if (stats) zero(stats, 3 * out8);
    for (int row = start; row < end; row += p->blockRows) {
      const int rows = smaller(p->blockRows, end - row);
      const v8 *a;
      ix aStride;
      LOAD_ROWS(p, row, rows, patch, block, blockStride, a, aStride)
      zero(sums + out8, 2 * out8);
      productStats((Product){.a = a, .aStride = aStride, .k8 = in8, .b = AT(p->weight), .rows = rows,
                             .out = AT(p->output) + row, .stride = stride, .stats = stats ? sums : 0,
                             .channels8 = out8, .first = row == start,
                             .next = {p->load == LOAD_PATCHES ? 0 : AT(p->input) + row + rows, stride, in8}},
                   out8);
      if (stats) {
        if (row == start) __builtin_memcpy(stats, sums, (size_t)out8 * sizeof(v8));
        addStats(stats + out8, sums + out8, 2 * out8);
      }
    }
  }
}

/** dz = scale * dy + slope * (z - mean) + offset, on the rows of one panel; without z slope and offset are 0. */
APART void normGradientRows(const v8 *dy, const v8 *z, v8 *out, int rows, const v8 *coef, ix channels8) {
  if (!z) {
    for (int i = 0; i < rows; i++) out[i] = coef[0] * dy[i] + 0.0f; // -0 becomes 0, as with z
    return;
  }
  const v8 scale = coef[0], mean = coef[2 * channels8], slope = coef[4 * channels8], offset = coef[5 * channels8];
  for (int i = 0; i < rows; i++) out[i] = (scale * dy[i] + slope * (z[i] - mean)) + offset;
}

/** Chunk: a row chunk. Scratch: one patch, the block's sums, the block's dz, the block's input. */
APART void convBackward(const ConvBackwardArgs *p, CALL) {
  const int in8 = p->inChannels / 8, out8 = p->outChannels / 8;
  const ix stride = panelStride(p->rows), blockStride = p->blockRows + 2;
  v8 *patch = (v8 *)scratch, *sums = patch + PATCH_VECTORS, *dz = sums + 2 * in8, *block = dz + out8 * blockStride;
  zero(patch, PATCH_VECTORS);
  for (int chunk = from; chunk < to; chunk++) {
    const int start = chunkRow(p->rows, chunk, p->rowChunks), end = chunkRow(p->rows, chunk + 1, p->rowChunks);
    v8 *stats = OFFSET(AT_OR_NULL(p->gradientStats), (ix)chunk * 2 * in8);
    if (stats) zero(stats, 2 * in8);
    for (int row = start; row < end; row += p->blockRows) {
      const int rows = smaller(p->blockRows, end - row);
      for (int q = 0; q < out8; q++) {
        const ix at = q * stride + row;
        normGradientRows(AT(p->dy) + at, OFFSET(AT_OR_NULL(p->z), at), dz + q * blockStride, rows, AT(p->coef) + q, out8);
      }
      if (p->weightGradient) {
        const v8 *a;
        ix aStride;
        LOAD_ROWS(p, row, rows, patch, block, blockStride, a, aStride)
        productTransposed(a, aStride, in8, dz, blockStride, out8, rows, AT(p->weightGradient) + (ix)chunk * out8 * p->inChannels,
                          p->inChannels, row > start,
                          AT(p->dy) + row + rows, OFFSET(AT_OR_NULL(p->z), row + rows), stride);
      }
      if (!p->inputGradient) continue;
      zero(sums, 2 * in8);
      Next next = {0}; // dy, where the weight gradient has not asked for it; a LOAD_NORM's input is gradientZ
      if (!p->weightGradient) next = (Next){AT(p->dy) + row + rows, stride, out8};
      else if (p->load == LOAD_PLAIN) next = (Next){AT(p->input) + row + rows, stride, in8};
      productBackward(p->gradientActivation,
                      (Product){.a = dz, .aStride = blockStride, .k8 = out8, .b = AT(p->weightT), .rows = rows,
                                .out = AT(p->inputGradient) + row, .stride = stride, .stats = stats ? sums : 0,
                                .channels8 = in8, .z = OFFSET(AT_OR_NULL(p->gradientZ), row),
                                .coef = AT_OR_NULL(p->gradientCoef),
                                .residual = OFFSET(AT_OR_NULL(p->gradientResidual), row), .restAhead = rows,
                                .next = next},
                      in8);
      if (stats) addStats(stats, sums, 2 * in8);
    }
  }
}
