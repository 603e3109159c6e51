// What this x86-64 CPU and its operating system can do, by CPUID and XGETBV: a compiler's own detection can be silently
// wrong in a cross-compiled library.
#pragma once

enum { LEVEL_BASELINE = 0, LEVEL_AVX2 = 1, LEVEL_AVX512 = 2 };

#if defined(__x86_64__)
static void cpuid(unsigned leaf, unsigned *a, unsigned *b, unsigned *c) {
  unsigned d;
  *a = leaf, *c = 0;
  __asm__ volatile("cpuid" : "+a"(*a), "=b"(*b), "+c"(*c), "=d"(d));
}

static int cpuLevel(void) {
  unsigned a, b, c, low, high;
  cpuid(0, &a, &b, &c);
  if (a < 7) return LEVEL_BASELINE;
  cpuid(1, &a, &b, &c);
  const int osxsave = c >> 27 & 1, avx = c >> 28 & 1;
  if (!osxsave || !avx) return LEVEL_BASELINE;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return LEVEL_BASELINE; // the system does not save the wide registers
  cpuid(7, &a, &b, &c);
  if (!(b >> 5 & 1)) return LEVEL_BASELINE;
  const int f = b >> 16 & 1, dq = b >> 17 & 1, bw = b >> 30 & 1, vl = b >> 31 & 1;
  return f && dq && bw && vl && (low & 0xe6) == 0xe6 ? LEVEL_AVX512 : LEVEL_AVX2;
}
#else
static int cpuLevel(void) { return LEVEL_BASELINE; }
#endif
