// The vector types of all kernels, and the rules that keep the bits the same on every machine.
//
// What may not be done, for the bits' sake:
// - No fused multiply-add, no fast-math, no reassociation: the build passes -ffp-contract=off and rejects fma in the output.
// - No sum whose order or number of parts depends on the thread count, the vector width or the CPU. Lanes of a vector are
//   different channels (outputs), never parts of one sum; chunks are fixed by the shape and merged in order.
// - No library mathematics (expf, logf, ...): only + - * /, sqrt, comparisons and floor, which IEEE 754 defines exactly.
// - No wasm relaxed SIMD. No min/max instruction whose NaN or -0 differs between CPUs: select() by a comparison instead.
// - No static data and no address-taken locals that need not be: wasm threads share one memory.
//
// Layout "P8": an activation of C channels is [C / 8] panels of [rows] vectors of 8 channels; rows = image, y, x. C is padded
// to a multiple of 8 with zeros. A panel has PANEL_GAP vectors more than rows, so that panels do not fall on the same cache
// sets and a tile of four rows may run over the end. Weights are [N / 8][K] vectors: 8 outputs by K inputs.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias)); // one AVX register, two of SSE, NEON or wasm
typedef float v4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t i8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t i4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint8_t u8;
typedef int32_t i32;
typedef double f64;
typedef intptr_t ix; // an index into memory

#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#define UNROLL _Pragma("unroll")

#define PANEL_GAP 10 // vectors between two panels
#define STAT_ROWS 4  // rows of a tile; sums over rows are formed tile by tile

#if defined(__AVX__)
#define LANES 8 // channels in one register
typedef v8 lanes;
#else
#define LANES 4
typedef v4 lanes;
#endif

// What a product's tile computes with: two panels side by side where a register holds so many.
#if defined(__AVX512F__)
#define WIDE_PANELS 2
typedef float wide __attribute__((vector_size(64), aligned(4), may_alias));
#else
#define WIDE_PANELS 1
typedef v8 wide;
#endif

// V8 schedules an unrolled SIMD body one accumulator at a time and spills. A branch that is never taken, at which all
// accumulators are live, keeps the source's order. The compiler must not see that it is never taken.
#ifdef __wasm__
#define KEEP_ORDER(i, n)                 \
  {                                      \
    int opaque = (i);                    \
    __asm__ volatile("" : "+r"(opaque)); \
    if (opaque == -1 - (n)) goto done;   \
  }
#define ORDER_EXIT done:;
#else
#define KEEP_ORDER(i, n) {}
#define ORDER_EXIT
#endif

INLINE int smaller(int a, int b) { return a < b ? a : b; }
INLINE int larger(int a, int b) { return a > b ? a : b; }
INLINE int roundUp(int n, int to) { return (n + to - 1) / to * to; }
INLINE ix panelStride(ix rows) { return rows + PANEL_GAP; }
INLINE v8 splat(float f) { return (v8){f, f, f, f, f, f, f, f}; }
INLINE void zero(void *to, ix vectors) { __builtin_memset(to, 0, (size_t)vectors * sizeof(v8)); }
#define CACHE_LINE_FLOATS 16
#ifdef __wasm__
#define PREFETCHES 0 // whether the target can
#else
#define PREFETCHES 1
#endif
/** Brings a cache line near, where the target has such an instruction; never faults. */
INLINE void prefetch(const void *at) { __builtin_prefetch(at, 0, 2); }
INLINE void prefetchRows(const v8 *at, const int rows) {
  UNROLL for (int i = 0; i < rows * 8; i += CACHE_LINE_FLOATS) prefetch((const float *)at + i);
}
#if WIDE_PANELS == 2
INLINE wide widen(const v8 *panel, ix stride) {
  return __builtin_shufflevector(panel[0], panel[stride], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
INLINE v8 panelOf(wide x, int panel) {
  return panel == 0 ? __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7)
                    : __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
}
#else
INLINE wide widen(const v8 *panel, ix stride) { return (void)stride, panel[0]; }
INLINE v8 panelOf(wide x, int panel) { return (void)panel, x; }
#endif
/** By bits: mask is all ones or all zeros in each lane. */
INLINE v8 select(i8 mask, v8 yes, v8 no) { return (v8)((mask & (i8)yes) | (~mask & (i8)no)); }
INLINE v8 keepWhere(i8 mask, v8 x) { return (v8)(mask & (i8)x); }
