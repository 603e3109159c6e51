#pragma once
// Matrix products. out[row][n] = sum over k, in order, of a[row][k] b[k][n], started from 0 and rounded at each step:
// so tile shapes are free to differ between machines. Rows come in tiles of 4; a tile of the last rows may be partly
// behind the end, where it stores what no one reads and counts for nothing in sums.
// Sums over rows: ((r0 + r1) + (r2 + r3)) of each tile, tile after tile, added to `stats`.
// While it multiplies one block of rows it asks for what is read next, so that the next block need not wait for memory.
#include "activation.h"
#include "plan.h"

/** What is read next: the same rows of some panels. */
typedef struct {
  const v8 *at; // or absent
  ix stride;    // from panel to panel
  int panels;
} Next;

typedef struct {
  const v8 *a; // [K / 8] panels of rows
  ix aStride;
  int k8; // K / 8
  const v8 *b; // [columns / 8][K]
  int rows;
  v8 *out; // [columns / 8] panels; z, residual alike
  ix stride;
  const v8 *bias;                // DENSE: one vector a panel, or absent
  const v8 *residual;            // absent or all panels
  const v8 *z, *coef;            // GRADIENT: all panels
  v8 *stats;                     // absent: no sums
  ix channels8;                  // vectors in a row of stats and coef
  Next next;                     // absent: a itself, some rows on
  int restAhead;                 // GRADIENT: from a row of z and residual to the one that is read next
  int first;                     // STATS: the block begins a chunk, whose first row becomes the shift
} Product;

enum {
  DENSE = 0,    // + bias, activation, + residual
  STATS = 1,    // sums of (out - shift) and (out - shift)^2 to stats[1], stats[2]; stats[0] is the shift
  GRADIENT = 2, // (+ residual) times the activation's derivative at norm(z); sums of it and of it * (z - mean)
};

/** Adds a tile's rows to a sum. */
INLINE void addRows(v8 *sum, const v8 *x) { *sum = *sum + ((x[0] + x[1]) + (x[2] + x[3])); }

#define ROWS_AHEAD 24 // from the row that is written to the one whose memory is asked for

/** @param live rows of the tile that exist */
INLINE void finishTile(const int epilogue, const int act, const Product *p, int j, int row, int live, v8 *s) {
  v8 *out = p->out + j * p->stride + row;
  const v8 *coef = p->coef + j;
  const v8 *z = p->z + j * p->stride + row;
  const v8 *residual = OFFSET(p->residual, j * p->stride + row);
  prefetchRows(out + ROWS_AHEAD, 4);
  if (epilogue == DENSE) {
    if (p->bias) UNROLL for (int r = 0; r < 4; r++) s[r] = s[r] + p->bias[j];
    UNROLL for (int r = 0; r < 4; r++) s[r] = activate(s[r], act);
    if (residual) UNROLL for (int r = 0; r < 4; r++) s[r] = s[r] + residual[r];
  }
  if (epilogue == GRADIENT) {
    if (act != ACT_NONE || p->stats) prefetchRows(z + p->restAhead, 4);
    if (residual) prefetchRows(residual + p->restAhead, 4);
    if (residual) UNROLL for (int r = 0; r < 4; r++) s[r] = s[r] + residual[r];
    const v8 scale = coef[0], shift = coef[p->channels8];
    if (act != ACT_NONE) UNROLL for (int r = 0; r < 4; r++) s[r] = activateGradient(z[r] * scale + shift, s[r], act);
  }
  UNROLL for (int r = 0; r < 4; r++) out[r] = s[r];
  if (epilogue == DENSE || !p->stats) return;
  v8 *stats = p->stats + j, x[4], y[4];
  if (epilogue == STATS) {
    if (p->first && row == 0) stats[0] = s[0];
    UNROLL for (int r = 0; r < 4; r++) x[r] = s[r] - stats[0], y[r] = x[r] * x[r];
    stats += p->channels8;
  } else {
    const v8 mean = coef[2 * p->channels8];
    UNROLL for (int r = 0; r < 4; r++) x[r] = s[r], y[r] = s[r] * (z[r] - mean);
  }
  if (live < 4) UNROLL for (int r = 1; r < 4; r++) if (r >= live) x[r] = y[r] = (v8){0};
  addRows(stats, x);
  addRows(stats + p->channels8, y);
}

// A tile's shape follows the registers: 4 or 8 rows of up to two of them. In a wide one lie two panels (one panel alone twice).
#define WIDES(panels) (((panels) + WIDE_PANELS - 1) / WIDE_PANELS)
#define MOST_TILE_PANELS (LANES == 8 ? 2 * WIDE_PANELS : 1)
#define TILE_ROWS(panels) (LANES == 8 && 2 * WIDES(panels) <= MOST_TILE_PANELS ? 8 : 4)
#define TILE_PANELS smaller(2, MOST_TILE_PANELS) // of a tile that is good enough for those who have few panels at a time

/** Rows [row, row + ROWS) of PANELS column panels. */
INLINE void multiplyTile(const int ROWS, const int PANELS, const int EPILOGUE, const int ACT, const Product *p, int row) {
  const ix bStride = (ix)p->k8 * 8, bNext = PANELS == 1 ? 0 : bStride, aStep = p->aStride * 8;
  const v8 *next = p->next.at + row;
  int nextLeft = p->next.panels;
  wide s[2][8]; // of fixed size: at most 2 wides, 8 rows
  const float *a = (const float *)(p->a + row);
  const v8 *b = p->b;
  UNROLL for (int j = 0; j < WIDES(PANELS); j++) UNROLL for (int r = 0; r < ROWS; r++) s[j][r] = (wide){0};
  for (int left = p->k8; left > 0; left--) {
    prefetchRows(next, ROWS);
    if (--nextLeft > 0) next += p->next.stride;
    UNROLL for (int k = 0; k < 8; k++) {
      wide column[2];
      UNROLL for (int j = 0; j < WIDES(PANELS); j++) column[j] = widen(b + j * WIDE_PANELS * bStride + k, bNext);
      UNROLL for (int r = 0; r < ROWS; r++) {
        const float x = a[r * 8 + k];
        UNROLL for (int j = 0; j < WIDES(PANELS); j++) s[j][r] = s[j][r] + column[j] * x;
      }
      if (k < 7) KEEP_ORDER(left, k)
    }
    a += aStep;
    b += 8;
  }
  ORDER_EXIT
  UNROLL for (int j = 0; j < PANELS; j++) UNROLL for (int r = 0; r < ROWS; r += 4) {
    const wide *x = s[j / WIDE_PANELS] + r;
    v8 tile[4];
    UNROLL for (int i = 0; i < 4; i++) tile[i] = panelOf(x[i], j % WIDE_PANELS);
    finishTile(EPILOGUE, ACT, p, j, row + r, p->rows - row - r, tile);
  }
}

/** All rows of PANELS column panels. A tile of 8 rows has more than 4 of them, since it must not write farther than one of 4. */
INLINE void multiplyPanels(const int PANELS, const int EPILOGUE, const int ACT, const Product *p) {
  int row = 0;
  if (TILE_ROWS(PANELS) == 8) for (; row + 4 < p->rows; row += 8) multiplyTile(8, PANELS, EPILOGUE, ACT, p, row);
  for (; row < p->rows; row += 4) multiplyTile(4, PANELS, EPILOGUE, ACT, p, row);
}

/** Panels of the next tile, when so many are left: 4, 2 or 1. */
INLINE int tileWidth(int panels) {
  if (MOST_TILE_PANELS == 4 && panels >= 4) return 4;
  return MOST_TILE_PANELS >= 2 && panels >= 2 ? 2 : 1;
}

INLINE void advance(Product *p, int panels) {
  p->b += (ix)panels * p->k8 * 8;
  p->out += panels * p->stride;
  p->z = OFFSET(p->z, panels * p->stride);
  p->residual = OFFSET(p->residual, panels * p->stride);
  p->bias = OFFSET(p->bias, panels);
  p->coef = OFFSET(p->coef, panels);
  p->stats = OFFSET(p->stats, panels);
}

#define PRODUCT(name, EPILOGUE, ACT)                                   \
  APART void name(Product p, int panels) {                             \
    if (!p.next.at) p.next = (Next){p.a + 8, p.aStride, p.k8};         \
    for (int width; panels > 0; panels -= width, advance(&p, width)) { \
      width = tileWidth(panels);                                       \
      if (width == 1) multiplyPanels(1, EPILOGUE, ACT, &p);            \
      else if (width == 2) multiplyPanels(2, EPILOGUE, ACT, &p);       \
      else multiplyPanels(4, EPILOGUE, ACT, &p);                       \
    }                                                                  \
  }
PRODUCT(productPlain, DENSE, ACT_NONE)
PRODUCT(productRelu, DENSE, ACT_RELU)
PRODUCT(productHardSwish, DENSE, ACT_HARD_SWISH)
PRODUCT(productHardSigmoid, DENSE, ACT_HARD_SIGMOID)
PRODUCT(productStats, STATS, ACT_NONE)
PRODUCT(productGradient, GRADIENT, ACT_NONE)
PRODUCT(productGradientRelu, GRADIENT, ACT_RELU)
PRODUCT(productGradientHardSwish, GRADIENT, ACT_HARD_SWISH)

static void productDense(int act, Product p, int panels) {
  if (act == ACT_NONE) productPlain(p, panels);
  else if (act == ACT_RELU) productRelu(p, panels);
  else if (act == ACT_HARD_SWISH) productHardSwish(p, panels);
  else productHardSigmoid(p, panels);
}

/** Without coef the plain gradient. */
static void productBackward(int act, Product p, int panels) {
  if (!p.coef) productPlain(p, panels);
  else if (act == ACT_NONE) productGradient(p, panels);
  else if (act == ACT_RELU) productGradientRelu(p, panels);
  else productGradientHardSwish(p, panels);
}

/**
 * A tile of a weight gradient: out[panel][k] (+)= sum over rows, in order from 0, of a[row][k] b[panel][row].
 * @param INPUTS values of k in the tile, at most 8 @param next NEXT panels of what is read next
 */
INLINE void multiplyTransposed(const int INPUTS, const int PANELS, const int NEXT, const float *a, const v8 *b, ix bStride,
                               int rows, v8 *out, ix outStride, int add, const v8 *next, ix nextStride) {
  const ix bNext = PANELS == 1 ? 0 : bStride;
  wide s[2][8];
  UNROLL for (int j = 0; j < WIDES(PANELS); j++) UNROLL for (int k = 0; k < INPUTS; k++) s[j][k] = (wide){0};
#define ROWS(count)                                                                                       \
  UNROLL for (int r = 0; r < count; r++) {                                                                \
    wide row[2];                                                                                          \
    UNROLL for (int j = 0; j < WIDES(PANELS); j++) row[j] = widen(b + j * WIDE_PANELS * bStride + r, bNext); \
    UNROLL for (int k = 0; k < INPUTS; k++) {                                                             \
      const float x = a[r * 8 + k];                                                                       \
      UNROLL for (int j = 0; j < WIDES(PANELS); j++) s[j][k] = s[j][k] + row[j] * x;                      \
    }                                                                                                     \
    if (r < count - 1) KEEP_ORDER(left, r)                                                                \
  }                                                                                                       \
  a += 8 * count;                                                                                         \
  b += count;
  int left = rows;
  for (; left >= 8; left -= 8, next += 8) {
    UNROLL for (int j = 0; j < NEXT; j++) prefetchRows(next + j * nextStride, 8);
    ROWS(8)
  }
  for (; left > 0; left--) {
    ROWS(1)
  }
#undef ROWS
  ORDER_EXIT
  UNROLL for (int j = 0; j < PANELS; j++) UNROLL for (int k = 0; k < INPUTS; k++) {
    v8 *o = out + j * outStride + k;
    const v8 sum = panelOf(s[j / WIDE_PANELS][k], j % WIDE_PANELS);
    *o = add ? *o + sum : sum;
  }
}

/** Of 8 values of k, as many at a time as registers allow. @param next PANELS panels of what is read next */
INLINE void transposedTiles(const int PANELS, const float *a, const v8 *b, ix bStride, int rows, v8 *out, ix outStride, int add,
                            const v8 *next, ix nextStride) {
  const int inputs = TILE_ROWS(PANELS), nextPanels = larger(1, PANELS * inputs / 8);
  for (int k = 0; k < 8; k += inputs, next += nextPanels * nextStride) {
    multiplyTransposed(inputs, PANELS, nextPanels, a + k, b, bStride, rows, out + k, outStride, add, next, nextStride);
  }
}

/**
 * A weight gradient over a block of rows. @param add to what is there, or instead of it
 * @param nextY, nextZ what b is made from, of the next block: up to two maps with as many panels, nextStride from panel to panel; or absent
 */
APART void productTransposed(const v8 *a, ix aStride, int k8, const v8 *b, ix bStride, int panels, int rows, v8 *out,
                             ix outStride, int add, const v8 *nextY, const v8 *nextZ, ix nextStride) {
  for (int width, done = 0; done < panels; done += width, b += width * bStride, out += width * outStride) {
    width = tileWidth(panels - done);
    for (int k = 0; k < k8; k++) {
      const float *x = (const float *)(a + k * aStride);
      const v8 *map = k == 0 ? nextY : k == 1 ? nextZ : 0; // then, of a, the next panel
      const v8 *next = map ? map + done * nextStride : a + (k + 1) * aStride;
      const ix step = map ? nextStride : 0;
      if (width == 1) transposedTiles(1, x, b, bStride, rows, out + k * 8, outStride, add, next, step);
      else if (width == 2) transposedTiles(2, x, b, bStride, rows, out + k * 8, outStride, add, next, step);
      else transposedTiles(4, x, b, bStride, rows, out + k * 8, outStride, add, next, step);
    }
  }
}
