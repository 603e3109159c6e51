#pragma once
// Depthwise convolution of one plane: 8 channels of one image, with a border of zeros in place of padding.
// plane: out(y, x) = sum over taps, in order of ky, kx, of in(y * stride + ky, x * stride + kx) w(ky, kx).
// taps:  w'(ky, kx) += sum over y, x, in order, of dz(y, x) in(y * stride + ky, x * stride + kx).
#include "load.c"

#define PLANE_SLACK 128 // vectors between two planes in scratch

#define LANES_AT(p, half) (((const lanes *)(p))[half])
#define HALVES (8 / LANES)

/** PIXELS neighbouring outputs of one row. @param half which lanes of the 8 channels */
INLINE void planePixels(const int KW, const int STRIDE, const int PIXELS, const v8 *in, ix inRow, const v8 *w, int kh,
                        v8 *out, ix outStep, int half) {
  lanes sum[8];
  UNROLL for (int i = 0; i < PIXELS; i++) sum[i] = (lanes){0};
  for (int left = kh; left > 0; left--) {
    lanes tap[5];
    UNROLL for (int k = 0; k < KW; k++) tap[k] = LANES_AT(w + k, half);
    UNROLL for (int j = 0; j < (PIXELS - 1) * STRIDE + KW; j++) {
      const lanes x = LANES_AT(in + j, half);
      UNROLL for (int i = 0; i < PIXELS; i++) {
        const int k = j - i * STRIDE;
        if (k >= 0 && k < KW) sum[i] = sum[i] + x * tap[k];
      }
      if (PIXELS > 1 && KW >= 3 && j < (PIXELS - 1) * STRIDE + KW - 1) KEEP_ORDER(left, j)
    }
    in += inRow;
    w += KW;
  }
  ORDER_EXIT
  UNROLL for (int i = 0; i < PIXELS; i++) ((lanes *)(out + i * outStep))[half] = sum[i];
}

typedef struct {
  const v8 *in; // with its border
  ix inRow;     // vectors from one row to the next
  const v8 *w;  // [kh][kw]
  int kh;
  v8 *out;
  ix outRow, outStep; // to the next row, to the next pixel
  int height, width;  // of out
} Plane;

INLINE void planeOf(const int KW, const int STRIDE, const Plane *p) {
  for (int y = 0; y < p->height; y++) {
    for (int half = 0; half < HALVES; half++) {
      const v8 *in = p->in + (ix)y * STRIDE * p->inRow;
      v8 *out = p->out + y * p->outRow;
      int left = p->width;
#define PIXELS(n)                                                                          \
  for (; left >= n; left -= n) {                                                           \
    planePixels(KW, STRIDE, n, in, p->inRow, p->w, p->kh, out, p->outStep, half);          \
    in += n * STRIDE;                                                                      \
    out += n * p->outStep;                                                                 \
  }
#if LANES == 8
      PIXELS(8)
#endif
      PIXELS(4) PIXELS(2) PIXELS(1)
#undef PIXELS
    }
  }
}
#define PLANE(name, KW, STRIDE) APART void name(Plane p) { planeOf(KW, STRIDE, &p); }
PLANE(plane1, 1, 1) PLANE(plane2, 2, 1) PLANE(plane3, 3, 1) PLANE(plane5, 5, 1)
PLANE(plane3Strided, 3, 2) PLANE(plane5Strided, 5, 2)

static void plane(int kw, int stride, Plane p) {
  if (stride == 2) kw == 3 ? plane3Strided(p) : plane5Strided(p);
  else if (kw == 5) plane5(p);
  else if (kw == 3) plane3(p);
  else if (kw == 2) plane2(p);
  else plane1(p);
}

/** Copies; short rows faster than a call of memcpy, which the compiler would make of the loop. */
INLINE void copyVectors(v8 *to, const v8 *from, int count) {
  for (int i = 0; i < count; i++) {
    to[i] = from[i];
    __asm__ volatile("" : "+r"(from)); // keeps it a loop
  }
}

/** Brings the vectors near that the next band reads or writes. */
INLINE void prefetchVectors(const v8 *at, int count) {
  for (int i = 0; i < count; i += (int)(CACHE_LINE_FLOATS * sizeof(float) / sizeof(v8))) prefetch(at + i);
}

/** One image of a value into the inside of a plane; without coef as it is. */
static void fillPlane(int act, const v8 *x, const v8 *coef, ix channels8, v8 *inside, ix row, int height, int width) {
  for (int y = 0; y < height; y++, x += width, inside += row) {
    if (coef) normRows(act, x, inside, width, coef, channels8);
    else copyVectors(inside, x, width);
  }
}

typedef struct {
  int kernel, stride, padding, height, width, outHeight, outWidth;
} Geometry;
#define GEOMETRY_OF(p) \
  ((Geometry){(p)->kernel, (p)->stride, (p)->padding, (p)->height, (p)->width, (p)->outHeight, (p)->outWidth})

// An image's rows pass through a window of its padded plane, a band of some rows at a time, so that they are still in the
// first-level cache where the convolution reads them.

/** Output rows that the input's rows before y suffice for. */
INLINE int rowsMade(const Geometry *g, int y) {
  const int last = y + g->padding - g->kernel;
  if (y == g->height) return g->outHeight;
  return last < 0 ? 0 : smaller(g->outHeight, last / g->stride + 1);
}

/** Vectors of a window: a band, what earlier rows an output needs, and zeros below the image. */
INLINE ix windowVectors(const Geometry *g, int bandRows) {
  return (ix)(g->kernel - 1 + bandRows + g->padding) * (g->width + 2 * g->padding) + PLANE_SLACK;
}

/**
 * Input rows [y0, y1) of an image into the window, and what outputs they complete: rowsMade(y0) to rowsMade(y1).
 * @param window zero at its sides; begins with the first padded row that an output still to be made needs
 * @param x row y0 @param out the image's first row
 */
static void convolveBand(const Geometry *g, v8 *window, int act, const v8 *x, const v8 *coef, ix channels8, int y0, int y1,
                         const v8 *w, v8 *out) {
  const int pad = g->padding, columns = g->width + 2 * pad, first = rowsMade(g, y0), end = rowsMade(g, y1);
  const int top = first * g->stride, isWhole = y1 - y0 == g->height;
  if (y0 == 0 && !isWhole) zero(window, (ix)pad * columns);
  fillPlane(act, x, coef, channels8, window + (ix)(pad + y0 - top) * columns + pad, columns, y1 - y0, g->width);
  if (y1 == g->height && !isWhole) zero(window + (ix)(pad + y1 - top) * columns, (ix)pad * columns);
  plane(g->kernel, g->stride,
        (Plane){window, columns, w, g->kernel, out + (ix)first * g->outWidth, g->outWidth, 1, end - first, g->outWidth});
  if (y1 == g->height) return;
  const int next = end * g->stride;
  copyVectors(window, window + (ix)(next - top) * columns, (pad + y1 - next) * columns);
}

/** Gradient of ROWS rows of taps. @param w [ROWS][K], carried on from what stands there */
INLINE void tapGradient(const int K, const int ROWS, const int STRIDE, const v8 *dz, ix dzRow, const v8 *in, ix inRow,
                        int height, int width, v8 *w) {
  for (int half = 0; half < HALVES; half++) {
    lanes sum[10];
    UNROLL for (int i = 0; i < ROWS * K; i++) sum[i] = LANES_AT(w + i, half);
    for (int y = 0; y < height; y++) {
      const v8 *d = dz + y * dzRow, *x[3];
      UNROLL for (int r = 0; r < ROWS; r++) x[r] = in + ((ix)y * STRIDE + r) * inRow;
      for (int left = width; left > 0; left--, d++) {
        const lanes g = LANES_AT(d, half);
        UNROLL for (int r = 0; r < ROWS; r++) {
          UNROLL for (int k = 0; k < K; k++) {
            sum[r * K + k] = sum[r * K + k] + g * LANES_AT(x[r] + k, half);
            if (K == 5 && (k == 1 || k == 3)) KEEP_ORDER(left, 10 + r * K + k)
          }
          x[r] += STRIDE;
          if (r < ROWS - 1) KEEP_ORDER(left, r)
        }
      }
    }
    ORDER_EXIT
    UNROLL for (int i = 0; i < ROWS * K; i++) ((lanes *)(w + i))[half] = sum[i];
  }
}
#define TAPS(name, K, ROWS, STRIDE)                                                                                  \
  APART void name(const v8 *dz, ix dzRow, const v8 *in, ix inRow, int height, int width, v8 *w) {                    \
    tapGradient(K, ROWS, STRIDE, dz, dzRow, in, inRow, height, width, w);                                            \
  }
TAPS(taps3, 3, 3, 1) TAPS(taps3Strided, 3, 3, 2)
TAPS(taps5Two, 5, 2, 1) TAPS(taps5TwoStrided, 5, 2, 2) TAPS(taps5One, 5, 1, 1) TAPS(taps5OneStrided, 5, 1, 2)

/** Gradient of all taps of a plane's rows, carried on in w [K][K]. */
static void taps(int kernel, int stride, const v8 *dz, ix dzRow, const v8 *in, ix inRow, int height, int width, v8 *w) {
#define ROWS_FROM(function, r) function(dz, dzRow, in + (r)*inRow, inRow, height, width, w + kernel * (r))
  if (kernel == 3 && stride == 1) ROWS_FROM(taps3, 0);
  else if (kernel == 3) ROWS_FROM(taps3Strided, 0);
  else if (stride == 1) ROWS_FROM(taps5Two, 0), ROWS_FROM(taps5Two, 2), ROWS_FROM(taps5One, 4);
  else ROWS_FROM(taps5TwoStrided, 0), ROWS_FROM(taps5TwoStrided, 2), ROWS_FROM(taps5OneStrided, 4);
#undef ROWS_FROM
}

/** Zeros around the inner height x width of a plane of `rows` x `columns`, placed at (border, border). */
static void clearBorder(v8 *plane, int rows, int columns, int border, int height, int width) {
  zero(plane, (ix)border * columns);
  for (int y = border; y < border + height; y++) {
    zero(plane + (ix)y * columns, border);
    zero(plane + (ix)y * columns + border + width, columns - border - width);
  }
  zero(plane + (ix)(border + height) * columns, (ix)(rows - border - height) * columns);
}
