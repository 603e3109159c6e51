// All kernels as one translation unit, compiled once for each kind of machine (kernels/build.mjs), and what it exports to wasm.
#include "vector.h"
#include "resample.c"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))

EXPORT(resample) void exportResample(const ResampleJob *job) {
  resample(job, (const u8 *)(uintptr_t)job->source, (u8 *)(uintptr_t)job->output, (char *)(uintptr_t)job->scratch);
}
#endif
