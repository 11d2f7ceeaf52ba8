// Quantizes a panel of weights to integers and scales.
#ifndef GPT2_QUANTIZE_H_
#define GPT2_QUANTIZE_H_

#include <cstdint>

#include "kernels.h"

namespace gpt2 {

// How weights are rounded to integers.
struct Rounding {
  bool search = true;  // int4: try several scales per group, not only the one that covers its range
  // GPTQ: the rounding errors of inputs are compensated in those not yet rounded, in this order;
  // null: each weight is rounded to nearest. `factor` is the lower triangle L [inputs, inputs] with
  // L L^T = (X^T X)^-1, for inputs X in that order.
  const float* factor = nullptr;
  const int32_t* order = nullptr;
  int inputs = 0;
};

// `block` holds a panel's weights as [inputs, 16], inputs padded with zeros to a multiple of 32.
// Both functions write the panel, which must be zeroed before, in the layout of `Integers`
// (kernels.h), its 16 scales and the sum of each output's integers. They return the largest sum of
// magnitudes of an output.
int64_t quantize_int8(const float* block, int inputs, const Rounding& how, uint8_t* panel,
                      float* scales, int32_t* sums);
int64_t quantize_int4(const float* block, int inputs, const Rounding& how, uint8_t* panel,
                      float* scales, int32_t* sums);

}  // namespace gpt2

#endif  // GPT2_QUANTIZE_H_
