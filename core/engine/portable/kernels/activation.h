// Activations and their derivatives on one vector.
//   relu z = max(z, 0)    hardSigmoid z = min(max(z + 3, 0), 6) / 6    hardSwish z = z hardSigmoid z
// A NaN goes through: diverged weights must show in the loss. At the kinks the derivative is PyTorch's.
#pragma once
#include "vector.h"

enum { ACT_NONE = 0, ACT_RELU = 1, ACT_HARD_SWISH = 2, ACT_HARD_SIGMOID = 3 }; // activationCode in lower/values.ts

#define LOW_HALF(x) __builtin_shufflevector(x, x, 0, 1, 2, 3)
#define HIGH_HALF(x) __builtin_shufflevector(x, x, 4, 5, 6, 7)
#define JOIN(low, high) __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7)

// z < 0 ? 0 : z and 6 < z ? 6 : z, by the instruction that means exactly that where there is one
#if defined(__wasm__)
INLINE v8 aboveZero(v8 z) {
  const v4 zero = {0};
  return JOIN(__builtin_wasm_pmax_f32x4(LOW_HALF(z), zero), __builtin_wasm_pmax_f32x4(HIGH_HALF(z), zero));
}
INLINE v8 belowSix(v8 z) {
  const v4 six = {6, 6, 6, 6};
  return JOIN(__builtin_wasm_pmin_f32x4(LOW_HALF(z), six), __builtin_wasm_pmin_f32x4(HIGH_HALF(z), six));
}
#elif defined(__AVX__)
INLINE v8 aboveZero(v8 z) { return __builtin_ia32_maxps256((v8){0}, z); }
INLINE v8 belowSix(v8 z) { return __builtin_ia32_minps256(splat(6), z); }
#elif defined(__SSE2__)
INLINE v8 aboveZero(v8 z) {
  const v4 zero = {0};
  return JOIN(__builtin_ia32_maxps(zero, LOW_HALF(z)), __builtin_ia32_maxps(zero, HIGH_HALF(z)));
}
INLINE v8 belowSix(v8 z) {
  const v4 six = {6, 6, 6, 6};
  return JOIN(__builtin_ia32_minps(six, LOW_HALF(z)), __builtin_ia32_minps(six, HIGH_HALF(z)));
}
#else
INLINE v8 aboveZero(v8 z) { return select(z < 0.0f, (v8){0}, z); }
INLINE v8 belowSix(v8 z) { return select(z > 6.0f, splat(6), z); }
#endif

INLINE v8 activate(v8 z, const int act) {
  if (act == ACT_NONE) return z;
  if (act == ACT_RELU) return aboveZero(z);
  const v8 sigmoid = belowSix(aboveZero(z + 3.0f)) * (float)(1.0 / 6.0);
  return act == ACT_HARD_SIGMOID ? sigmoid : z * sigmoid;
}

/** dy times the derivative at z. */
INLINE v8 activateGradient(v8 z, v8 dy, const int act) {
  if (act == ACT_NONE) return dy;
  if (act == ACT_RELU) return keepWhere(z > 0.0f, dy);
  const v8 slope = select(z > 3.0f, splat(1), z * (float)(1.0 / 3.0) + 0.5f);
  return keepWhere(z >= -3.0f, dy * slope);
}

/** Calls function(ACT, ...) with the activation as a constant, so that each has its own loop. */
#define BY_ACTIVATION(function, act, ...)                              \
  if ((act) == ACT_NONE) function(ACT_NONE, __VA_ARGS__);              \
  else if ((act) == ACT_RELU) function(ACT_RELU, __VA_ARGS__);         \
  else if ((act) == ACT_HARD_SWISH) function(ACT_HARD_SWISH, __VA_ARGS__); \
  else function(ACT_HARD_SIGMOID, __VA_ARGS__)
