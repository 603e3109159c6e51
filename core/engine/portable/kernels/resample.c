#pragma once
// Cuts a box out of an RGB image and resizes it: bilinear with antialiasing, as Pillow and torchvision do it.
// out(y, x) = sum over rows of wy * (sum ...) with triangle weights of half-width max(1, box / out) around the box's
// centre ((i + 0.5) * box / out), normalised to sum 1; pixels outside the box's whole pixels take no part.
// Separable: first down the columns (taps in order of y), then along the row (taps in order of x), in float32, rounded once.
// Images are uint8 [height, width, 3], tightly packed; the source has 32 readable bytes behind its end.
#include "vector.h"

/** All fields are doubles, so that JavaScript writes them as one Float64Array; source, output, scratch are addresses. */
typedef struct {
  f64 sourceWidth, sourceHeight; // of the image that holds the box
  f64 left, top, width, height;  // the box, in source pixels
  f64 outWidth, outHeight, flip; // flip: 1 mirrors left and right
  f64 source, output, scratch;   // scratch: see resampleScratchBytes in resample.ts
} ResampleJob;

typedef struct {
  i32 first, count;
} Taps;

/** Weights of output i along one axis: writes `count` floats. */
INLINE Taps tapsOf(int i, f64 offset, f64 box, int out, int size, float *weights) {
  const f64 scale = box / (f64)out, support = scale > 1 ? scale : 1;
  const f64 centre = offset + ((f64)i + 0.5) * scale;
  const int low = larger(0, (int)offset), high = smaller(size, (int)__builtin_ceil(offset + box));
  const int first = larger(low, (int)__builtin_floor(centre - support + 0.5));
  const int end = smaller(high, (int)__builtin_floor(centre + support + 0.5));
  f64 sum = 0;
  for (int x = first; x < end; x++) {
    f64 distance = ((f64)x + 0.5 - centre) / support;
    distance = distance < 0 ? -distance : distance;
    const f64 weight = distance < 1 ? 1 - distance : 0;
    weights[x - first] = (float)weight;
    sum += weight;
  }
  for (int x = first; x < end; x++) weights[x - first] = (float)((f64)weights[x - first] / sum);
  return (Taps){first, end - first};
}

typedef u8 bytes8 __attribute__((vector_size(8), aligned(1), may_alias));

/** One row of the source's width, summed down the columns: row[i] = sum over taps of weight * source. */
static void sumColumns(const u8 *source, int rowBytes, Taps taps, const float *weights, float *row) {
  for (int i = 0; i < rowBytes; i += 8) {
    v8 sum = {0};
    const u8 *at = source + (ix)taps.first * rowBytes + i;
    for (int k = 0; k < taps.count; k++, at += rowBytes) {
      sum = sum + __builtin_convertvector(*(const bytes8 *)at, v8) * weights[k];
    }
    *(v8 *)(row + i) = sum;
  }
}

INLINE u8 toByte(float x) { return x >= 255.0f ? 255 : (u8)(x + 0.5f); }

/** One output pixel: sum along the row, three channels in the first three lanes. */
INLINE void sumRow(const float *row, Taps taps, const float *weights, u8 *out) {
  v4 sum = {0};
  const float *at = row + taps.first * 3;
  for (int k = 0; k < taps.count; k++, at += 3) sum = sum + *(const v4 *)at * weights[k];
  out[0] = toByte(sum[0]);
  out[1] = toByte(sum[1]);
  out[2] = toByte(sum[2]);
}

static void resample(const ResampleJob *job, const u8 *source, u8 *output, char *scratch) {
  const int width = (int)job->sourceWidth, height = (int)job->sourceHeight;
  const int outWidth = (int)job->outWidth, outHeight = (int)job->outHeight;
  float *row = (float *)scratch; // one summed row
  float *weightsY = row + roundUp(width * 3 + 16, 8);
  Taps *tapsX = (Taps *)(weightsY + height + 2);
  float *weightsX = (float *)(tapsX + outWidth);
  float *next = weightsX;
  for (int x = 0; x < outWidth; x++) {
    tapsX[x] = tapsOf(x, job->left, job->width, outWidth, width, next);
    next += tapsX[x].count;
  }
  for (int y = 0; y < outHeight; y++) {
    sumColumns(source, width * 3, tapsOf(y, job->top, job->height, outHeight, height, weightsY), weightsY, row);
    const float *weights = weightsX;
    for (int x = 0; x < outWidth; x++) {
      const int column = job->flip != 0 ? outWidth - 1 - x : x;
      sumRow(row, tapsX[x], weights, output + ((ix)y * outWidth + column) * 3);
      weights += tapsX[x].count;
    }
  }
}
