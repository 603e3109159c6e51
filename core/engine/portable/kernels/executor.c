#pragma once
// Walks a plan: every thread takes every record, claims chunks from its counter, and waits where the record says so.
// A barrier spins for a while and then sleeps. A thread that finds `stop` set leaves the plan; the result is then worthless.
#include "batch-norm.c"
#include "folded.c"
#include "loss.c"
#include "pool.c"
#include "update.c"

/** Shared by the threads of one program; each field on a cache line of its own. control.mjs writes `stop`. */
typedef struct {
  int32_t arrived, pad0[15];
  int32_t generation, pad1[15];
  int32_t stop, pad2[15];
} Control;

// How often a barrier looks before it sleeps, at most some 50 microseconds. A thread whose looking was in vain (the other has
// no core just now) looks half as long the next time, else twice as long.
#ifdef __wasm__
enum { FEWEST_SPINS = 500, MOST_SPINS = 20000 };
#else
enum { FEWEST_SPINS = 50, MOST_SPINS = 2000 }; // with a pause of some 25 ns each
#endif
enum { SLEEP_NS = 20 * 1000 * 1000 }; // sleepers look at `stop` from time to time

#ifdef __wasm__
__attribute__((import_module("env"), import_name("nowMs"))) f64 nowMs(void);
INLINE void sleepWhile(int32_t *at, int32_t value) { __builtin_wasm_memory_atomic_wait32(at, value, SLEEP_NS); }
INLINE void wakeAll(int32_t *at) { __builtin_wasm_memory_atomic_notify(at, 1u << 30); }
INLINE void pauseCpu(void) {}
#else
#include "native-wait.h"
#endif

INLINE int32_t seen(const int32_t *at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }

/** @param spins how often to look, adapted @return whether to go on */
INLINE int barrier(Control *control, int threads, int *spins) {
  const int32_t generation = seen(&control->generation);
  if (__atomic_fetch_add(&control->arrived, 1, __ATOMIC_SEQ_CST) == threads - 1) {
    __atomic_store_n(&control->arrived, 0, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&control->generation, 1, __ATOMIC_SEQ_CST);
    wakeAll(&control->generation);
    return !seen(&control->stop);
  }
  for (int i = 0; i < *spins; i++) {
    if (seen(&control->generation) != generation) {
      *spins = smaller(MOST_SPINS, *spins * 2);
      return !seen(&control->stop);
    }
    pauseCpu();
  }
  *spins = larger(FEWEST_SPINS, *spins / 2);
  while (seen(&control->generation) == generation) {
    if (seen(&control->stop)) return 0;
    sleepWhile(&control->generation, generation);
  }
  return !seen(&control->stop);
}

APART void groups(const GroupsArgs *p, CALL);

static void callKernel(int kernel, const void *args, CALL) {
  switch (kernel) {
#define KERNEL(number, function, Args) \
  case number: function((const Args *)args, memory, scratch, from, to); break;
    KERNEL(0, normalize, NormalizeArgs)
    KERNEL(1, convForward, ConvForwardArgs)
    KERNEL(2, convBackward, ConvBackwardArgs)
    KERNEL(3, columnsForward, ColumnsForwardArgs)
    KERNEL(4, columnsBackward, ColumnsBackwardArgs)
    KERNEL(5, weightGradient, WeightGradientArgs)
    KERNEL(6, apply, ApplyArgs)
    KERNEL(7, normGradient, NormGradientArgs)
    KERNEL(8, normForward, NormForwardArgs)
    KERNEL(9, normInference, NormInferenceArgs)
    KERNEL(10, normBackward, NormBackwardArgs)
    KERNEL(11, depthwiseForward, DepthwiseForwardArgs)
    KERNEL(12, depthwiseBackward, DepthwiseBackwardArgs)
    KERNEL(13, pool, PoolArgs)
    KERNEL(14, poolBackward, PoolBackwardArgs)
    KERNEL(15, gateGradient, GateGradientArgs)
    KERNEL(16, vectorForward, VectorForwardArgs)
    KERNEL(17, vectorBackward, VectorBackwardArgs)
    KERNEL(18, loss, LossArgs)
    KERNEL(19, lossTotal, LossTotalArgs)
    KERNEL(20, transpose, TransposeArgs)
    KERNEL(21, sumParts, SumPartsArgs)
    KERNEL(22, clip, ClipArgs)
    KERNEL(23, update, UpdateArgs)
    KERNEL(24, fold, FoldArgs)
    KERNEL(25, convFolded, ConvFoldedArgs)
    KERNEL(26, depthwiseFolded, DepthwiseFoldedArgs)
    KERNEL(27, poolFolded, PoolFoldedArgs)
    KERNEL(28, gateFolded, GateFoldedArgs)
    KERNEL(29, groups, GroupsArgs)
    default: __builtin_trap();
  }
}

/** Calls a record of a group's plan, whose own buffers begin at `arena`. */
static void callInArena(const int32_t *record, uint32_t arena, char *memory, char *scratch) {
  int32_t args[RECORD_WORDS - RECORD_HEAD];
  const uint64_t own = (uint32_t)record[2] | (uint64_t)(uint32_t)record[3] << 32;
  for (int i = 0; i < RECORD_WORDS - RECORD_HEAD; i++) args[i] = record[RECORD_HEAD + i] + (own >> i & 1 ? (int32_t)arena : 0);
  callKernel(record[0], args, memory, scratch, 0, record[1]);
}

/** Some rows of each panel of a value. @param strides vectors from one panel to the next */
static void copyPanels(v8 *to, ix toStride, const v8 *from, ix fromStride, int panels, ix rows) {
  for (int k = 0; k < panels; k++) __builtin_memcpy(to + k * toStride, from + k * fromStride, (size_t)rows * sizeof(v8));
}

/** Chunk: a group of images, taken through the whole plan by one thread. */
APART void groups(const GroupsArgs *p, CALL) {
  const int32_t *plan = (const int32_t *)p - RECORD_HEAD + (ix)p->skip * RECORD_WORDS;
  const uint32_t arena = (uint32_t)((uintptr_t)(scratch - memory) / 64) + (uint32_t)p->arena;
  const ix inputRows = (ix)p->count * p->inputRows, inputStride = panelStride((ix)p->all * p->inputRows);
  const ix rows = (ix)p->count * p->imageRows, stride = panelStride((ix)p->all * p->imageRows);
  for (int group = from; group < to; group++) {
    const ix image = p->first + (ix)group * p->count;
    if (p->images) {
      const u8 *images = (const u8 *)AT(p->images) + image * p->imageBytes;
      __builtin_memcpy(AT(arena + p->groupImages), images, (size_t)p->count * (size_t)p->imageBytes);
    } else {
      copyPanels(AT(arena + p->groupInput), panelStride(inputRows), AT(p->input) + image * p->inputRows, inputStride,
                 p->inputChannels / 8, inputRows);
    }
    for (int i = 0; i < p->records; i++) callInArena(plan + (ix)i * RECORD_WORDS, arena, memory, scratch);
    copyPanels(AT(p->output) + image * p->imageRows, stride, AT(arena + p->value), panelStride(rows), p->channels / 8, rows);
  }
}

enum { COLUMNS_FORWARD = 3, COLUMNS_BACKWARD = 4, WEIGHT_GRADIENT = 5 }; // kernels by columns, below
enum { FEW_PANELS = 3 };

/**
 * How many of the chunks that are left a thread takes in a turn, once all others take as many: half of its share, so that one on a
 * busy core does less and all end together. A product by columns reads all its rows anew in every turn, so that turns of few panels
 * are dear; where registers hold two panels, a turn makes whole tiles.
 */
INLINE int turnSize(int kernel, int left, int threads) {
  const int byColumns = kernel >= COLUMNS_FORWARD && kernel <= WEIGHT_GRADIENT;
  const int half = (left + 2 * threads - 1) / (2 * threads);
  const int size = byColumns && half < FEW_PANELS ? (left + threads - 1) / threads : half;
  return byColumns && WIDE_PANELS == 2 ? roundUp(size, size > 2 ? MOST_TILE_PANELS : TILE_PANELS) : size;
}

/** Chunks themselves are fixed by the shape; no bit depends on who does which. */
INLINE void runRecord(int32_t *record, char *memory, char *scratch, int threads) {
  const int chunks = record[1];
  for (;;) {
    int turn = __atomic_fetch_add(record + 3, 1, __ATOMIC_SEQ_CST), first = 0, size = 0;
    for (; first < chunks; first += threads * size, turn -= threads) {
      size = turnSize(record[0], chunks - first, threads);
      if (turn < threads) break;
    }
    first += turn * size;
    if (first >= chunks) return;
    callKernel(record[0], record + RECORD_HEAD, memory, scratch, first, smaller(chunks, first + size));
  }
}

enum { WAITING = 63 }; // in a profile: the time at barriers, behind the kernels' (profile.ts)

/** Adds to an entry of a profile the milliseconds since `since`. @return now */
static f64 charge(f64 *entry, f64 since) {
  const f64 now = nowMs();
  *entry = *entry + (now - since);
  return now;
}

/**
 * Thread `thread` of `threads` walks all records. Counters are cleared by thread 0, one barrier later.
 * @param profile NULL, or this thread's milliseconds by kernel, added to @return whether it got to the end
 */
static int walk(char *memory, int32_t *plan, int records, int thread, int threads, char *scratch, Control *control, f64 *profile) {
  int cleared = 0, spins = MOST_SPINS;
  f64 since = profile ? nowMs() : 0;
  for (int i = 0; i < records; i++) {
    int32_t *record = plan + (ix)i * RECORD_WORDS;
    runRecord(record, memory, scratch, threads);
    if (profile) since = charge(profile + record[0], since);
    if (!record[2]) continue;
    if (!barrier(control, threads, &spins)) return 0;
    if (profile) since = charge(profile + WAITING, since);
    if (thread == 0) for (; cleared <= i; cleared++) plan[(ix)cleared * RECORD_WORDS + 3] = 0;
  }
  return 1;
}
