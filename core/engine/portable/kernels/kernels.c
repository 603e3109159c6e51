// All kernels as one translation unit, compiled once for each kind of machine (build.mjs), and what it exports.
#include "executor.c"
#include "resample.c"
#include "self-test.c"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))

/** Addresses are in bytes. @param profile or 0 @return 1, or 0 where it was told to stop */
EXPORT(walk) int exportWalk(uint32_t plan, int records, int thread, int threads, uint32_t scratch, uint32_t control, uint32_t profile) {
  return walk((char *)0, (int32_t *)plan, records, thread, threads, (char *)scratch, (Control *)control, (f64 *)profile);
}

/** Overwrites the first SELF_TEST_BYTES of the memory; the stack must lie behind them. */
EXPORT(selfTest) uint64_t exportSelfTest(void) { return selfTest((char *)0); }

/** Addresses in the job are in bytes. */
EXPORT(resample) void exportResample(const ResampleJob *job) {
  resample(job, (const u8 *)(uintptr_t)job->source, (u8 *)(uintptr_t)job->output, (char *)(uintptr_t)job->scratch);
}
#else
/** What addon.c calls, by level of the CPU. */
#define NAMED(name, level) NAMED_AGAIN(name, level)
#define NAMED_AGAIN(name, level) name##_##level
#define EXPORTED __attribute__((visibility("hidden")))

EXPORTED int NAMED(walk, LEVEL)(char *memory, int32_t *plan, int records, int thread, int threads, char *scratch, void *control,
                             f64 *profile) {
  return walk(memory, plan, records, thread, threads, scratch, (Control *)control, profile);
}
/** Addresses in the job are offsets: of source and scratch into memory, of output into output. */
EXPORTED void NAMED(resample, LEVEL)(const double *job, char *memory, char *output) {
  const ResampleJob *j = (const ResampleJob *)job;
  resample(j, (const u8 *)memory + (ix)j->source, (u8 *)output + (ix)j->output, memory + (ix)j->scratch);
}
EXPORTED uint64_t NAMED(selfTest, LEVEL)(char *memory) { return selfTest(memory); }
EXPORTED unsigned NAMED(selfTestBytes, LEVEL)(void) { return SELF_TEST_BYTES; }
#endif
