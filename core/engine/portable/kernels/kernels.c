// All kernels as one translation unit, compiled once for each kind of machine (build.mjs), and what it exports.
#include "executor.c"
#include "resample.c"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))

/** Addresses are in bytes. @return 1, or 0 where it was told to stop */
EXPORT(walk) int exportWalk(uint32_t plan, int records, int thread, int threads, uint32_t scratch, uint32_t control) {
  return walk((char *)0, (int32_t *)plan, records, thread, threads, (char *)scratch, (Control *)control);
}

EXPORT(resample) void exportResample(const ResampleJob *job) {
  resample(job, (const u8 *)(uintptr_t)job->source, (u8 *)(uintptr_t)job->output, (char *)(uintptr_t)job->scratch);
}
#endif
