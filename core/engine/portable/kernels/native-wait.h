// Sleeping, waking and the clock on Linux without a C library, so that one file serves glibc and musl.
#pragma once
#include <stdint.h>

#if defined(__x86_64__)
enum { CALL_FUTEX = 202, CALL_CLOCK_GETTIME = 228 };
#else
enum { CALL_FUTEX = 98, CALL_CLOCK_GETTIME = 113 };
#endif
enum { CLOCK_MONOTONIC = 1, FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

typedef struct {
  int64_t seconds, nanoseconds;
} Timespec;

/** A system call of Linux. @return its result, or minus an error number */
static inline long systemCall(long number, long a, long b, long c, const void *d) {
#if defined(__x86_64__)
  long result;
  register const void *fourth __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long call __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register const void *x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(call), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
#else
#error "no system calls for this machine"
#endif
}

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
