#pragma once
// The optimizers, as PyTorch defines them, on packed weights; what pads a weight has gradient 0 and stays 0.
//   adam     g += decay w;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g g;  w -= step m / (sqrt(v) / root + eps)
//   adamw    the same without decay, after w = keep w
//   sgd      g += decay w;  m = momentum m + g;  w -= step (nesterov ? g + momentum m : m)
//   rmsprop  g += decay w;  v = beta2 v + (1 - beta2) g g;  m = momentum m + g / (sqrt(v) + eps);  w -= step m
// A gradient lies in parts that are added in order. Chunk: UPDATE_VECTORS vectors.
#include "plan.h"

#define UPDATE_VECTORS 32 // updateVectors in lower/update.ts

enum { RULE_ADAM = 0, RULE_SGD = 1, RULE_NESTEROV = 2, RULE_RMSPROP = 3 };

/** Numbers of one step, written before it (lower/hyper.ts). clip: factor on all gradients, written by `clip`. */
typedef struct {
  float decay, keep, beta1, rest1, beta2, rest2, step, root, eps, momentum, clip, clipNorm;
  f64 squares; // sum of all gradients' squares
} Hyper;

INLINE v8 squareRoot(v8 x) { return __builtin_elementwise_sqrt(x); }

INLINE v8 sumOfParts(const v8 *gradient, int parts, ix vectors, ix i) {
  v8 g = gradient[i];
  for (int part = 1; part < parts; part++) g = g + gradient[part * vectors + i];
  return g;
}

APART void update(const UpdateArgs *p, CALL) {
  (void)scratch;
  const Hyper *h = (const Hyper *)AT(p->hyper);
  v8 *weight = AT(p->weight), *first = AT_OR_NULL(p->first), *second = AT_OR_NULL(p->second);
  const int end = smaller(p->vectors, to * UPDATE_VECTORS);
  for (int i = from * UPDATE_VECTORS; i < end; i++) {
    v8 w = weight[i] * h->keep, g = sumOfParts(AT(p->gradient), p->parts, p->vectors, i) * h->clip + w * h->decay, change;
    if (p->rule == RULE_ADAM) {
      const v8 m = first[i] * h->beta1 + g * h->rest1, v = second[i] * h->beta2 + (g * g) * h->rest2;
      first[i] = m;
      second[i] = v;
      change = m / (squareRoot(v) / h->root + h->eps);
    } else if (p->rule == RULE_RMSPROP) {
      const v8 v = second[i] * h->beta2 + (g * g) * h->rest2;
      second[i] = v;
      change = g / (squareRoot(v) + h->eps);
      if (first) first[i] = change = first[i] * h->momentum + change;
    } else {
      change = g;
      if (first) first[i] = change = first[i] * h->momentum + g;
      if (p->rule == RULE_NESTEROV) change = g + change * h->momentum;
    }
    weight[i] = w - change * h->step;
  }
}

/** Adds a gradient's parts up into the first one, and, where asked for, the sum of squares of each chunk. */
APART void sumParts(const SumPartsArgs *p, CALL) {
  (void)scratch;
  v8 *gradient = AT(p->gradient);
  for (int chunk = from; chunk < to; chunk++) {
    const int end = smaller(p->vectors, (chunk + 1) * UPDATE_VECTORS);
    f64 squares = 0;
    for (int i = chunk * UPDATE_VECTORS; i < end; i++) {
      const v8 g = gradient[i] = sumOfParts(gradient, p->parts, p->vectors, i);
      const v8 square = g * g;
      for (int lane = 0; lane < 8; lane++) squares += (f64)square[lane];
    }
    if (p->squares) ((f64 *)AT(p->squares))[chunk] = squares;
  }
}

/** Factor that brings the norm of all gradients down to clipNorm, as torch.nn.utils.clip_grad_norm_; by call after call. One chunk. */
APART void clip(const ClipArgs *p, CALL) {
  (void)scratch, (void)from, (void)to;
  const f64 *squares = (const f64 *)AT(p->squares);
  Hyper *h = (Hyper *)AT(p->hyper);
  f64 sum = p->first ? 0 : h->squares;
  for (int i = 0; i < p->count; i++) sum += squares[i];
  h->squares = sum;
  if (!p->last) return;
  const f64 factor = (f64)h->clipNorm / (__builtin_sqrt(sum) + 1e-6);
  h->clip = factor < 1 ? (float)factor : factor == factor ? 1 : (float)factor; // NaN stays
}

enum { TRANSPOSE_AHEAD = 4 }; // panels; each is a leap that the processor does not foresee

/** A weight [N / 8][K] of vectors as [K / 8][N]. Chunk: a panel of 8 inputs. */
APART void transpose(const TransposeArgs *p, CALL) {
  (void)scratch;
  const int K = p->inChannels, N = p->outChannels;
  for (int k = from; k < to; k++) {
    for (int q = 0; q < N / 8; q++) {
      const float *in = (const float *)(AT(p->weight) + (ix)q * K + k * 8);
      float *out = (float *)(AT(p->output) + (ix)k * N + q * 8);
      for (int i = 0; i < 64; i += CACHE_LINE_FLOATS) prefetch(in + TRANSPOSE_AHEAD * (ix)K * 8 + i);
      for (int i = 0; i < 8; i++) for (int j = 0; j < 8; j++) out[j * 8 + i] = in[i * 8 + j];
    }
  }
}
