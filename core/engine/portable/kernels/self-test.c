// A digest over what kernels make of fixed inputs: whoever loads them compares it with the one stored at build time. It runs
// in every thread, since a library that sets flush-to-zero in one would change bits there; hence inputs reach denormals.
#pragma once
#include "executor.c"
#include "resample.c"

enum { TEST_IMAGES = 3, TEST_SIZE = 9, TEST_INPUTS = 24, TEST_CHANNELS = 32, TEST_ROWS = TEST_IMAGES * TEST_SIZE * TEST_SIZE, TEST_SLOT = 512 };

/** xorshift32 (Marsaglia 2003), as floats of both signs between 2^-3 and 2^3, or near the smallest ones. */
static uint32_t fillFloats(v8 *at, int vectors, uint32_t seed, int tiny) {
  uint32_t *words = (uint32_t *)at;
  for (int i = 0; i < vectors * 8; i++) {
    seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
    const uint32_t exponent = (tiny ? 50 : 124) + (seed >> 8) % 6;
    words[i] = (seed & 0x807fffff) | exponent << 23;
  }
  return seed;
}

static uint64_t hashWords(uint64_t hash, const v8 *at, int vectors) { // FNV-1a
  const uint32_t *words = (const uint32_t *)at;
  for (int i = 0; i < vectors * 8; i++) hash = (hash ^ words[i]) * 1099511628211ull;
  return hash;
}

/** Buffers of the test: TEST_SLOT * 64 bytes each. */
#define SLOT(n) ((buf)((n) * TEST_SLOT))

/** With 3 and 4 panels, so that tiles of every width come up. */
static void testConvolutions(char *memory, char *scratch) {
  convForward(&(ConvForwardArgs){.load = LOAD_NORM, .input = SLOT(1), .inputCoef = SLOT(2), .activation = ACT_HARD_SWISH,
                                 .images = TEST_IMAGES, .weight = SLOT(3), .output = SLOT(4), .stats = SLOT(5), .rows = TEST_ROWS,
                                 .inChannels = TEST_INPUTS, .outChannels = TEST_CHANNELS, .rowChunks = 3, .blockRows = 32},
              memory, scratch, 0, 3);
  convBackward(&(ConvBackwardArgs){.load = LOAD_NORM, .input = SLOT(1), .inputCoef = SLOT(2), .activation = ACT_RELU,
                                   .images = TEST_IMAGES, .dy = SLOT(6), .z = SLOT(4), .coef = SLOT(7), .weightGradient = SLOT(8),
                                   .weightT = SLOT(3), .inputGradient = SLOT(9), .gradientActivation = ACT_HARD_SWISH,
                                   .gradientZ = SLOT(1), .gradientCoef = SLOT(2), .gradientStats = SLOT(10), .rows = TEST_ROWS,
                                   .inChannels = TEST_INPUTS, .outChannels = TEST_CHANNELS, .rowChunks = 2, .blockRows = 32},
               memory, scratch, 0, 2);
}

static void testDepthwise(char *memory, char *scratch, int kernel, int stride, int first) {
  const int out = (TEST_SIZE - 1) / stride + 1, chunks = TEST_CHANNELS / 8 * 2;
  depthwiseForward(&(DepthwiseForwardArgs){.input = SLOT(1), .inputCoef = SLOT(2), .weight = SLOT(3), .output = SLOT(first),
                                           .stats = SLOT(first + 1), .activation = ACT_RELU, .groups = 2, .images = TEST_IMAGES,
                                           .bandRows = 4, .channels = TEST_CHANNELS, .height = TEST_SIZE, .width = TEST_SIZE, .outHeight = out,
                                           .outWidth = out, .kernel = kernel, .stride = stride, .padding = kernel / 2},
                   memory, scratch, 0, chunks);
  depthwiseBackward(&(DepthwiseBackwardArgs){.input = SLOT(1), .inputCoef = SLOT(2), .weight = SLOT(3), .z = SLOT(first),
                                             .coef = SLOT(7), .dy = SLOT(6), .inputGradient = SLOT(first + 2),
                                             .weightGradient = SLOT(first + 3), .stats = SLOT(first + 4),
                                             .activation = ACT_HARD_SWISH, .groups = 2, .images = TEST_IMAGES, .bandRows = 2,
                                             .channels = TEST_CHANNELS, .height = TEST_SIZE, .width = TEST_SIZE, .outHeight = out,
                                             .outWidth = out, .kernel = kernel, .stride = stride, .padding = kernel / 2},
                    memory, scratch, 0, chunks);
}

/** A box of an image of 40 x 30 random pixels; box in quarters of a pixel. */
APART void testBox(int left, int top, int width, int height, int outWidth, int outHeight, u8 *output, char *memory, char *scratch) {
  ResampleJob job;
  job.stride = 120, job.sourceWidth = 40, job.sourceHeight = 30;
  job.left = left * 0.25, job.top = top * 0.25, job.width = width * 0.25, job.height = height * 0.25;
  job.outWidth = outWidth, job.outHeight = outHeight, job.flip = left != 0;
  resample(&job, (const u8 *)AT(SLOT(34)), output, scratch);
}

static void testResample(char *memory, char *scratch) {
  u8 *output = (u8 *)AT(SLOT(38));
  testBox(6, 8, 149, 84, 53, 47, output, memory, scratch); // enlarged and mirrored
  testBox(0, 1, 160, 116, 11, 7, output + 53 * 47 * 3, memory, scratch);
}

/** @param memory at least SELF_TEST_BYTES; all of it is overwritten */
#define TEST_SLOTS 40
#define SELF_TEST_BYTES ((TEST_SLOTS + 8) * TEST_SLOT * 64)

static uint64_t selfTest(char *memory) {
  char *scratch = memory + TEST_SLOTS * TEST_SLOT * 64;
  uint64_t hash = 14695981039346656037ull;
  uint32_t seed = 2463534242u;
  for (int tiny = 0; tiny < 2; tiny++) {
    zero(memory, TEST_SLOTS * TEST_SLOT * 2);
    for (int slot = 1; slot < 8; slot++) seed = fillFloats(AT(SLOT(slot)), TEST_SLOT * 2, seed, tiny && slot != 2);
    testConvolutions(memory, scratch);
    testDepthwise(memory, scratch, 3, 1, 11);
    testDepthwise(memory, scratch, 3, 2, 16);
    testDepthwise(memory, scratch, 5, 1, 21);
    testDepthwise(memory, scratch, 5, 2, 26);
    normForward(&(NormForwardArgs){.stats = SLOT(5), .weight = SLOT(1), .bias = SLOT(2), .runningMean = SLOT(31),
                                   .runningVar = SLOT(32), .coef = SLOT(33), .parts = 3, .units = (TEST_ROWS + 3) / 4, .unitRows = 4,
                                   .rows = TEST_ROWS, .channels = TEST_CHANNELS, .update = 1, .eps = 1e-3f, .momentum = 0.1f},
                memory, scratch, 0, 2);
    seed = fillFloats(AT(SLOT(34)), TEST_SLOT * 2, seed, tiny);
    Hyper *hyper = (Hyper *)AT(SLOT(35));
    *hyper = (Hyper){.keep = 1, .beta1 = 0.9f, .rest1 = 0.1f, .beta2 = 0.999f, .rest2 = 1e-3f, .step = 1e-2f, .root = 0.5f,
                     .eps = 1e-8f, .clip = 1};
    update(&(UpdateArgs){.weight = SLOT(3), .gradient = SLOT(34), .first = SLOT(36), .second = SLOT(37), .hyper = SLOT(35),
                         .rule = RULE_ADAM, .parts = 2, .vectors = 100},
           memory, scratch, 0, 4);
    testResample(memory, scratch);
    hash = hashWords(hash, AT(SLOT(1)), (TEST_SLOTS - 1) * TEST_SLOT * 2);
  }
  return hash;
}
