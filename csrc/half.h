// float <-> fp16 and bf16 with plain integers: round to nearest even, exact on every machine.
#ifndef GPT2_HALF_H_
#define GPT2_HALF_H_

#include <cstdint>
#include <cstring>

namespace gpt2 {

inline uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

inline float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline float float_from_half(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31, fraction = half & 0x3ff;
  if (exponent == 31) {  // a NaN becomes quiet, as in the processors' own conversions
    return float_of(sign | 0x7f800000 | (fraction << 13) | (fraction ? 0x400000 : 0));
  }
  if (exponent == 0) {  // subnormal: fraction * 2^-24, exact in fp32
    return float_of(sign | bits_of(static_cast<float>(fraction) * 5.9604644775390625e-8f));
  }
  return float_of(sign | ((exponent + 112) << 23) | (fraction << 13));
}

inline uint16_t half_from_float(float x) {
  const uint32_t bits = bits_of(x), magnitude = bits & 0x7fffffff;
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >> 13) & 0x3ff);  // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00;                               // 2^16 and up
  if (magnitude < 0x38800000) {  // below 2^-14: adding 0.5 rounds to multiples of 2^-24
    return sign | static_cast<uint16_t>(bits_of(float_of(magnitude) + 0.5f) - 0x3f000000);
  }
  const uint32_t odd = (magnitude >> 13) & 1;  // a carry into the exponent is correct
  return sign | static_cast<uint16_t>((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

inline float float_from_bfloat(uint16_t bfloat) {
  return float_of(static_cast<uint32_t>(bfloat) << 16);
}

inline uint16_t bfloat_from_float(float x) {
  const uint32_t bits = bits_of(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace gpt2

#endif  // GPT2_HALF_H_
