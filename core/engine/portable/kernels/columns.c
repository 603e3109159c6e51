#pragma once
// Matrix products with few rows (dense layers, squeeze-excite, small maps), split by column panels instead of rows.
// A sum over rows is then formed by one thread in one go: there is one part of each.
#include "conv.c"

typedef struct {
  const v8 *a;
  ix stride;
} Block;

/**
 * Rows [row, row + rows) of k8 panels. Where `all` rows come in several blocks they do not fit in cache, and a tile would jump from
 * panel to panel and wait at each. Where the next block cannot be asked for meanwhile, a block for more than one tile of columns is
 * copied to `copy` first, panel after panel.
 */
INLINE Block blockOf(const v8 *panels, int k8, int all, int row, int rows, int columns, v8 *copy) {
  const ix stride = panelStride(all), copyStride = rows + 2;
  if (PREFETCHES || rows == all || columns <= TILE_PANELS) return (Block){panels + row, stride};
  for (int k = 0; k < k8; k++) __builtin_memcpy(copy + k * copyStride, panels + k * stride + row, (size_t)rows * sizeof(v8));
  return (Block){copy, copyStride};
}

/** What follows such a block. */
INLINE Next nextBlock(const v8 *panels, int k8, int all, int row, int rows) {
  return rows == all ? (Next){0} : (Next){panels + row + rows, panelStride(all), k8};
}

/** Chunk: a panel of 8 outputs. With stats (of a batch-norm) or with bias and activation. Scratch: a block of the input. */
APART void columnsForward(const ColumnsForwardArgs *p, CALL) {
  const int out8 = p->outChannels / 8, in8 = p->inChannels / 8;
  const ix stride = panelStride(p->rows), first = from * stride;
  v8 *stats = OFFSET(AT_OR_NULL(p->stats), from);
  if (stats) zero(stats + out8, to - from), zero(stats + 2 * out8, to - from);
  for (int row = 0; row < p->rows; row += p->blockRows) {
    const int rows = smaller(p->blockRows, p->rows - row);
    const Block block = blockOf(AT(p->input), in8, p->rows, row, rows, to - from, (v8 *)scratch);
    const Product product = {.a = block.a, .aStride = block.stride, .k8 = in8, .b = AT(p->weight) + (ix)from * p->inChannels,
                             .rows = rows, .out = AT(p->output) + first + row, .stride = stride,
                             .bias = OFFSET(AT_OR_NULL(p->bias), from), .stats = stats, .channels8 = out8, .first = row == 0,
                             .next = nextBlock(AT(p->input), in8, p->rows, row, rows)};
    if (stats) productStats(product, to - from);
    else productDense(p->activation, product, to - from);
  }
}

/** Input gradient; chunk: a panel of 8 inputs. Scratch: a block of dz. */
APART void columnsBackward(const ColumnsBackwardArgs *p, CALL) {
  const int in8 = p->inChannels / 8, out8 = p->outChannels / 8;
  const ix stride = panelStride(p->rows), first = from * stride;
  v8 *stats = OFFSET(AT_OR_NULL(p->stats), from);
  if (stats) zero(stats, to - from), zero(stats + in8, to - from);
  for (int row = 0; row < p->rows; row += p->blockRows) {
    const ix at = first + row;
    const int rows = smaller(p->blockRows, p->rows - row);
    const Block block = blockOf(AT(p->dz), out8, p->rows, row, rows, to - from, (v8 *)scratch);
    productBackward(p->activation,
                    (Product){.a = block.a, .aStride = block.stride, .k8 = out8,
                              .b = AT(p->weightT) + (ix)from * p->outChannels, .rows = rows,
                              .out = AT(p->output) + at, .stride = stride, .z = OFFSET(AT_OR_NULL(p->z), at),
                              .coef = OFFSET(AT_OR_NULL(p->coef), from),
                              .residual = OFFSET(AT_OR_NULL(p->residual), at), .stats = stats, .channels8 = in8,
                              .restAhead = ROWS_AHEAD, .next = nextBlock(AT(p->dz), out8, p->rows, row, rows)},
                    to - from);
  }
}

/** Chunk: a panel of 8 outputs. */
APART void weightGradient(const WeightGradientArgs *p, CALL) {
  (void)scratch;
  const ix stride = panelStride(p->rows);
  for (int row = 0; row < p->rows; row += p->blockRows) {
    productTransposed(AT(p->input) + row, stride, p->inChannels / 8, AT(p->dz) + from * stride + row, stride, to - from,
                      smaller(p->blockRows, p->rows - row), AT(p->weightGradient) + (ix)from * p->inChannels,
                      p->inChannels, row > 0, 0, 0, 0);
  }
  if (!p->biasGradient) return;
  for (int q = from; q < to; q++) {
    const v8 *dz = AT(p->dz) + q * stride;
    v8 sum = {0};
    for (int row = 0; row < p->rows; row++) sum = sum + dz[row];
    AT(p->biasGradient)[q] = sum;
  }
}

/** The value itself, as memory. Chunk: a panel. */
APART void apply(const ApplyArgs *p, CALL) {
  (void)scratch;
  const ix stride = panelStride(p->rows);
  const Value value = {.z = AT(p->input), .coef = AT(p->coef), .gate = AT_OR_NULL(p->gate),
                       .residual = AT_OR_NULL(p->residual), .stride = stride, .channels8 = p->channels / 8,
                       .act = p->activation, .imageRows = p->imageRows, .gateStride = panelStride(p->images)};
  for (int panel = from; panel < to; panel++) loadPanel(&value, panel, 0, p->rows, AT(p->output) + panel * stride);
}

/** dz of a batch-norm, as memory. Chunk: a panel. */
APART void normGradient(const NormGradientArgs *p, CALL) {
  (void)scratch;
  const ix stride = panelStride(p->rows);
  for (int q = from; q < to; q++) {
    const ix at = q * stride;
    normGradientRows(AT(p->dy) + at, OFFSET(AT_OR_NULL(p->z), at), AT(p->output) + at, p->rows, AT(p->coef) + q, p->channels / 8);
  }
}
