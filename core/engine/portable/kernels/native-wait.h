// Sleeping and waking on Linux without a C library, so that one file serves glibc and musl.
#pragma once
#include <stdint.h>

#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

typedef struct {
  int64_t seconds, nanoseconds;
} Timespec;

static inline long futex(int32_t *at, long operation, long value, const Timespec *timeout) {
#if defined(__x86_64__)
  long result;
  register const Timespec *limit __asm__("r10") = timeout;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(202L), "D"(at), "S"(operation), "d"(value), "r"(limit)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long number __asm__("x8") = 98;
  register long x0 __asm__("x0") = (long)at;
  register long x1 __asm__("x1") = operation;
  register long x2 __asm__("x2") = value;
  register const Timespec *x3 __asm__("x3") = timeout;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(number), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
#else
#error "no futex for this machine"
#endif
}

static inline void sleepWhile(int32_t *at, int32_t value) {
  const Timespec limit = {0, SLEEP_NS};
  futex(at, FUTEX_WAIT_PRIVATE, value, &limit);
}
static inline void wakeAll(int32_t *at) { futex(at, FUTEX_WAKE_PRIVATE, 1 << 30, 0); }
static inline void pauseCpu(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("yield");
#endif
}
