// exp, GELU and the other activations of a vector, written with one simd_*.h: see kernels_impl.h.
#ifndef GPT2_KERNELS_ACTIVATIONS_H_
#define GPT2_KERNELS_ACTIVATIONS_H_

#include "exp.h"
#include "kernels.h"

namespace gpt2 {
namespace {

#define GPT2_INLINE inline __attribute__((always_inline))

GPT2_INLINE F negative(F x) { return sub(zero(), x); }
GPT2_INLINE F absolute(F x) { return max(x, negative(x)); }

// e^x to within 2 ulp; 0 below -87, where the result would become subnormal.
GPT2_INLINE F exponential(F x) {
  const F least = set1(-87.0f), bounded = min(max(x, least), set1(88.0f));
  const I n = round(mul(bounded, set1(kLog2E)));
  const F steps = to_float(n);
  const F r = sub(sub(bounded, mul(steps, set1(kLn2High))), mul(steps, set1(kLn2Low)));
  const auto madd = [](F a, F b, F c) __attribute__((always_inline)) { return add(mul(a, b), c); };
  const F p = exp_polynomial(r, madd, set1);
  const F power = add(add(mul(p, mul(r, r)), r), set1(1.0f));  // e^r
  return keep_above(x, least, mul(power, power_of_two(n)));
}

// x times the sigmoid of y.
GPT2_INLINE F gate(F x, F y) { return div(x, add(set1(1.0f), exponential(negative(y)))); }

// tanh(u) = 2 sigmoid(2 u) - 1, so 0.5 x (1 + tanh(u)) is x sigmoid(2 u).
GPT2_INLINE F gelu_tanh(F x) {
  const F cubic = add(x, mul(set1(0.044715f), mul(x, mul(x, x))));
  return gate(x, mul(set1(2.0f * 0.7978845608f), cubic));
}

// Abramowitz and Stegun 7.1.26: the error function to 1.5e-7.
GPT2_INLINE F gelu(F x) {
  const F z = mul(absolute(x), set1(0.70710678f));
  const F t = div(set1(1.0f), add(set1(1.0f), mul(set1(0.3275911f), z)));
  F p = set1(1.061405429f);
  p = add(mul(p, t), set1(-1.453152027f));
  p = add(mul(p, t), set1(1.421413741f));
  p = add(mul(p, t), set1(-0.284496736f));
  p = add(mul(p, t), set1(0.254829592f));
  const F rest = mul(mul(p, t), exponential(negative(mul(z, z))));  // 1 - erf(z)
  // 0.5 x (1 + erf(x / sqrt 2)) = max(x, 0) - 0.5 |x| (1 - erf(|x| / sqrt 2)).
  return sub(max(x, zero()), mul(mul(set1(0.5f), absolute(x)), rest));
}

GPT2_INLINE F activate(F x, int activation) {
  switch (activation) {
    case GPT2_GELU_TANH:
      return gelu_tanh(x);
    case GPT2_GELU:
      return gelu(x);
    case GPT2_RELU:
      return max(x, zero());
    case GPT2_SILU:
      return gate(x, x);
    case GPT2_TANH:
      return sub(gate(set1(2.0f), mul(set1(2.0f), x)), set1(1.0f));
    default:
      return x;
  }
}

}  // namespace
}  // namespace gpt2

#endif  // GPT2_KERNELS_ACTIVATIONS_H_
