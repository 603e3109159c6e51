#pragma once
// Cuts a box out of an RGB image and resizes it: bilinear with antialiasing, as Pillow and torchvision do it.
// out(y, x) = sum over rows of wy * (sum ...) with triangle weights of half-width max(1, box / out) around the box's
// centre ((i + 0.5) * box / out), normalised to sum 1; pixels outside the box's whole pixels take no part.
// Separable: first down the columns (taps in order of y), then along the row (taps in order of x), in float32, rounded once.
// Images are uint8 [height, width, 3]; the source's rows are `stride` bytes apart, with 32 readable bytes behind its end.
// All columns of an output have as many taps as the widest: where fewer matter, weight 0 is given to neighbours inside the
// source, which changes no bit of the sum, since pixels are finite and not negative.
#include "vector.h"

/** All fields are doubles, so that JavaScript writes them as one Float64Array in this order (resample-worker.mjs). */
typedef struct {
  f64 stride, sourceWidth, sourceHeight; // of the pixels that hold the box
  f64 left, top, width, height;          // the box, in source pixels
  f64 outWidth, outHeight, flip;         // flip: 1 mirrors left and right
  f64 source, output, scratch;           // where they begin; scratch: see scratchBytes in resample-worker.mjs
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
typedef u8 bytes4 __attribute__((vector_size(4), aligned(1), may_alias));

/** One row, summed down the columns: row[i] = sum over taps of weight * source. */
INLINE void sumColumnsOf(const int taps, const u8 *source, ix stride, int rowBytes, const float *weights, float *row) {
  for (int i = 0; i < rowBytes; i += 8) {
    v8 sum = {0};
    const u8 *at = source + i;
    for (int k = 0; k < taps; k++, at += stride) sum = sum + __builtin_convertvector(*(const bytes8 *)at, v8) * weights[k];
    *(v8 *)(row + i) = sum;
  }
}

/** One output row: sums along the row, three channels in the first three lanes. Each pixel is stored with a fourth byte, which
 * the next one overwrites; the last has none. Sums are below 255.5, so that rounding cannot leave a byte. */
INLINE void sumRowOf(const int taps, const float *row, const i32 *firsts, const float *weights, int slot, int width, u8 *out) {
  for (int x = 0; x < width; x++, weights += slot) {
    v4 sum = {0};
    const float *at = row + firsts[x];
    for (int k = 0; k < taps; k++, at += 3) sum = sum + *(const v4 *)at * weights[k];
    const bytes4 pixel = __builtin_convertvector(__builtin_convertvector(sum + 0.5f, i4), bytes4);
    if (x < width - 1) *(bytes4 *)(out + x * 3) = pixel;
    else for (int c = 0; c < 3; c++) out[x * 3 + c] = pixel[c];
  }
}

/** Calls function(TAPS, ...) with few taps as a constant, so that each has its own loop. */
#define BY_TAPS(function, taps, ...)             \
  if ((taps) == 2) function(2, __VA_ARGS__);      \
  else if ((taps) == 3) function(3, __VA_ARGS__); \
  else if ((taps) == 4) function(4, __VA_ARGS__); \
  else if ((taps) == 5) function(5, __VA_ARGS__); \
  else function(taps, __VA_ARGS__)

/** Taps of all output columns, as they stand in the output: `firsts` in floats of a row, `slot` weights each. @return taps */
static int tapColumns(const ResampleJob *job, i32 *firsts, float *weights, int slot) {
  const int width = (int)job->sourceWidth, outWidth = (int)job->outWidth;
  int most = 1;
  for (int x = 0; x < outWidth; x++) {
    const int from = job->flip != 0 ? outWidth - 1 - x : x;
    const Taps taps = tapsOf(from, job->left, job->width, outWidth, width, weights + (ix)x * slot);
    firsts[x] = taps.first;
    most = larger(most, taps.count);
    for (int k = taps.count; k < slot; k++) weights[(ix)x * slot + k] = 0;
  }
  for (int x = 0; x < outWidth; x++) {
    float *own = weights + (ix)x * slot;
    const int shift = larger(0, firsts[x] + most - width); // at the right edge zeros stand in front
    for (int k = most - 1; shift > 0 && k >= 0; k--) own[k] = k < shift ? 0 : own[k - shift];
    firsts[x] = (firsts[x] - shift) * 3;
  }
  return most;
}

static void resample(const ResampleJob *job, const u8 *source, u8 *output, char *scratch) {
  const int width = (int)job->sourceWidth, height = (int)job->sourceHeight;
  const int outWidth = (int)job->outWidth, outHeight = (int)job->outHeight;
  const f64 scale = job->width / job->outWidth;
  const int slot = 2 * (int)(scale > 1 ? scale : 1) + 4; // no column has more taps
  float *row = (float *)scratch; // one summed row
  float *weightsY = row + roundUp(width * 3 + 16, 8);
  i32 *firsts = (i32 *)(weightsY + height + 2);
  float *weightsX = (float *)(firsts + outWidth);
  const int tapsX = tapColumns(job, firsts, weightsX, slot);
  for (int y = 0; y < outHeight; y++) {
    const Taps taps = tapsOf(y, job->top, job->height, outHeight, height, weightsY);
    const u8 *from = source + (ix)taps.first * (ix)job->stride;
    BY_TAPS(sumColumnsOf, taps.count, from, (ix)job->stride, width * 3, weightsY, row);
    BY_TAPS(sumRowOf, tapsX, row, firsts, weightsX, slot, outWidth, output + (ix)y * outWidth * 3);
  }
}
