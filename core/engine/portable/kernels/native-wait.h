// Sleeping, waking and the clock on Linux.
#pragma once
#include "system-call.h"

enum { CLOCK_MONOTONIC = 1, FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

typedef struct {
  int64_t seconds, nanoseconds;
} Timespec;

static inline void sleepWhile(int32_t *at, int32_t value) {
  const Timespec limit = {0, SLEEP_NS};
  systemCall(CALL_FUTEX, (long)at, FUTEX_WAIT_PRIVATE, value, &limit);
}
static inline void wakeAll(int32_t *at) { systemCall(CALL_FUTEX, (long)at, FUTEX_WAKE_PRIVATE, 1 << 30, 0); }
static inline double nowMs(void) {
  Timespec now;
  systemCall(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&now, 0, 0);
  return (double)now.seconds * 1e3 + (double)now.nanoseconds / 1e6;
}
static inline void pauseCpu(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("yield");
#endif
}
