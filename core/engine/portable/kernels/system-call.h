// System calls of Linux without a C library, so that one file serves glibc and musl.
#pragma once
#include <stdint.h>

#if defined(__x86_64__)
enum { CALL_MADVISE = 28, CALL_FUTEX = 202, CALL_CLOCK_GETTIME = 228 };
#else
enum { CALL_FUTEX = 98, CALL_CLOCK_GETTIME = 113, CALL_MADVISE = 233 };
#endif

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
