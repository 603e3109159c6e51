// The plan: a list of records of RECORD_WORDS int32 each, written by plan.ts and walked by executor.c. A record is
// [0] kernel, [1] chunks, [2] whether all threads wait after it, [3] the counter from which threads claim chunks (in a plan
// that `groups` walks, [2] and [3] are 64 bits: which arguments name a buffer in the thread's arena), [4..] the kernel's arguments, one of the structs below. npm run kernels turns this file into plan-layout.ts, so that
// the compiler checks both sides: the n-th struct is kernel n; a field is `buf`, `i32` or `float`, one word each.
#pragma once
#include "vector.h"

#define RECORD_WORDS 64
#define RECORD_HEAD 4

/** A buffer: its offset in memory in units of 64 bytes; 0: absent. */
typedef uint32_t buf;

#define COEFFICIENTS 6 // of a batch-norm, [6][C]: scale, shift, mean, 1 / deviation, slope, offset (batch-norm.c)

/** What a convolution reads: `LOAD_*` in load.c. */
enum { LOAD_PLAIN = 0, LOAD_NORM = 1, LOAD_KEEP = 2, LOAD_PATCHES = 3 };

typedef struct {
  buf images, output;
  i32 pixels; // of one image
  float scaleR, scaleG, scaleB, shiftR, shiftG, shiftB;
} NormalizeArgs;

typedef struct {
  i32 load;
  buf input, inputCoef, gate, residual, plain;
  i32 activation, imageRows, images;
  i32 height, width, outHeight, outWidth, kernel, stride, padding; // LOAD_PATCHES
  buf weight, output, stats;
  i32 rows, inChannels, outChannels, rowChunks, blockRows;
} ConvForwardArgs;

typedef struct {
  i32 load;
  buf input, inputCoef, gate, residual, plain;
  i32 activation, imageRows, images;
  i32 height, width, outHeight, outWidth, kernel, stride, padding;
  buf dy, z, coef;                   // of the convolution's own batch-norm; no z in inference mode
  buf weightGradient;                // [rowChunks] parts, or absent
  buf weightT, inputGradient;        // absent: nothing before it trains
  i32 gradientActivation;            // of the input value; NONE where a gate comes between
  buf gradientZ, gradientCoef;       // of the input value's batch-norm; absent: plain gradient
  buf gradientResidual, gradientStats;
  i32 rows, inChannels, outChannels, rowChunks, blockRows;
} ConvBackwardArgs;

typedef struct {
  buf input, weight, bias, output, stats;
  i32 activation, rows, inChannels, outChannels, blockRows;
} ColumnsForwardArgs;

typedef struct {
  buf dz, weightT, output, z, coef, residual, stats;
  i32 activation, rows, inChannels, outChannels, blockRows; // in: of the convolution, the columns here
} ColumnsBackwardArgs;

typedef struct {
  buf input, dz, weightGradient, biasGradient;
  i32 rows, inChannels, outChannels, blockRows;
} WeightGradientArgs;

typedef struct {
  buf input, coef, gate, residual, output;
  i32 activation, rows, channels, imageRows, images;
} ApplyArgs;

typedef struct {
  buf dy, z, coef, output; // no z in inference mode
  i32 rows, channels;
} NormGradientArgs;

typedef struct {
  buf stats, weight, bias, runningMean, runningVar, coef;
  i32 parts, units, unitRows, rows, channels, update;
  float eps, momentum;
} NormForwardArgs;

typedef struct {
  buf weight, bias, runningMean, runningVar, coef;
  i32 channels;
  float eps;
} NormInferenceArgs;

typedef struct {
  buf stats, coef, weightGradient, biasGradient;
  i32 parts, rows, channels;
} NormBackwardArgs;

typedef struct {
  buf input, inputCoef, weight, output, stats;
  i32 activation, groups, images, bandRows, channels, height, width, outHeight, outWidth, kernel, stride, padding;
} DepthwiseForwardArgs;

typedef struct {
  buf input, inputCoef, plain; // the input's z and coefficients; its value as memory, where it is not only normalised
  buf weight, z, coef, dy; // no z where the batch-norm is in inference mode
  buf inputGradient, weightGradient, residual, stats; // each may be absent
  i32 activation, gated; // gated: the input's activation comes behind a gate, the gradient is plain
  i32 groups, images, bandRows, channels, height, width, outHeight, outWidth, kernel, stride, padding; // bandRows: of dz
} DepthwiseBackwardArgs;

typedef struct {
  buf input, coef, output;
  i32 activation, images, imageRows, channels;
} PoolArgs;

typedef struct {
  buf z, coef, gradient, output, stats;
  buf upstream, gate; // of a squeeze-excite: upstream * gate is added
  i32 activation, images, imageRows, channels;
} PoolBackwardArgs;

typedef struct {
  buf z, coef, upstream, gate, output;
  i32 activation, images, imageRows, channels;
} GateGradientArgs;

typedef struct {
  buf input, mask, output;
  i32 activation, images;
} VectorForwardArgs;

typedef struct {
  buf input, mask, gradient, output;
  i32 activation, images;
} VectorBackwardArgs;

typedef struct {
  buf logits, targets, sampleWeights, gradient, losses;
  i32 images, classes;
} LossArgs;

typedef struct {
  buf losses, result;
  i32 images;
} LossTotalArgs;

typedef struct {
  buf weight, output;
  i32 inChannels, outChannels;
} TransposeArgs;

typedef struct {
  buf gradient, squares;
  i32 parts, vectors;
} SumPartsArgs;

typedef struct {
  buf squares, hyper;
  i32 count, first, last; // of the calls that together see all gradients
} ClipArgs;

typedef struct {
  buf weight, gradient, first, second, hyper;
  i32 rule, parts, vectors;
} UpdateArgs;

typedef struct {
  buf weight, normWeight, normBias, runningMean, runningVar, output, bias;
  i32 inputs; // vectors of weight in a panel
  float eps;
} FoldArgs;

typedef struct {
  buf input, weight, bias, residual, output;
  i32 activation, rows, inChannels, outChannels, blockRows;
  i32 patches; // whether the input is an image; then its geometry
  i32 height, width, outHeight, outWidth, kernel, stride, padding;
} ConvFoldedArgs;

typedef struct {
  buf input, expandWeight, expandBias, weight, bias, residual, output; // expand*, residual: may be absent
  i32 expandActivation, activation, images, blockImages, bandRows, inChannels, height, width, outHeight, outWidth, kernel, stride, padding;
} DepthwiseFoldedArgs;

typedef struct {
  buf input, output;
  i32 images, imageRows;
} PoolFoldedArgs;

typedef struct {
  buf value, gate;
  i32 images, imageRows;
} GateFoldedArgs;

// Walks a plan of its own, `records` records from `skip` records further on, over a few images at a time. The plan's own buffers lie
// in the thread's arena, `arena` * 64 bytes behind its scratch; which arguments name such a one is in a record's words [2] and [3].
typedef struct {
  buf images, input, output;             // of all images: bytes, or instead the value that the plan reads; the value that it makes
  buf groupImages, groupInput, value;    // of a group: in the arena
  i32 skip, records, arena;
  i32 first, count, all;                 // images of the first group begin with `first`; images in a group, and in all
  i32 imageBytes, inputRows, inputChannels, imageRows, channels; // of an image: of the input, of the value
} GroupsArgs;

/** What every kernel gets beside its arguments: the memory, this thread's scratch, and the chunks to do. */
#define CALL char *memory, char *scratch, const int from, const int to

#ifdef __wasm__ // address 0 is the memory's start; 0 + offset would be undefined
#define AT(b) ((void)memory, (v8 *)((uintptr_t)(b) * 64))
#else
#define AT(b) ((v8 *)(memory + (uintptr_t)(b) * 64))
#endif
#define AT_OR_NULL(b) ((b) ? AT(b) : (v8 *)0)
#define OFFSET(pointer, by) ((pointer) ? (pointer) + (by) : 0)

/** Where part t of `parts` begins among `units`. */
INLINE int partStart(int units, int t, int parts) { return (int)((int64_t)units * t / parts); }
/** First row of row chunk t: chunks are whole tiles of rows. */
INLINE int chunkRow(int rows, int t, int chunks) {
  return smaller(rows, partStart((rows + STAT_ROWS - 1) / STAT_ROWS, t, chunks) * STAT_ROWS);
}
