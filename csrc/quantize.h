// Rounding a panel of weights to integers and scales.
#ifndef GPT2_QUANTIZE_H_
#define GPT2_QUANTIZE_H_

#include <cstdint>

#include "kernels.h"

namespace gpt2 {

// How weights become integers.
struct Rounding {
  bool search = true;  // int4: try several scales for each group, not only the one that fits all
  // Errors of rounded inputs are made up for by those still to come, in this order; null: each
  // weight goes to the nearest integer. `factor` is the lower triangle L [inputs, inputs] of
  // L L^T, the inverse of X^T X for inputs X in that order.
  const float* factor = nullptr;
  const int32_t* order = nullptr;
  int inputs = 0;
};

// `block` holds a panel's weights as [inputs, 16], inputs padded by zeros to a multiple of 32.
// They write the panel as `Integers` (kernels.h) describes it, zeroed before, its 16 scales and the
// sums of each output's integers. Both return the largest sum of magnitudes of an output.
int64_t quantize_int8(const float* block, int inputs, const Rounding& how, uint8_t* panel,
                      float* scales, int32_t* sums);
int64_t quantize_int4(const float* block, int inputs, const Rounding& how, uint8_t* panel,
                      float* scales, int32_t* sums);

}  // namespace gpt2

#endif  // GPT2_QUANTIZE_H_
