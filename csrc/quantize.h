// Rounding a panel of weights to whole numbers and scales.
#ifndef GPT2_QUANTIZE_H_
#define GPT2_QUANTIZE_H_

#include <cstdint>

#include "kernels.h"

namespace gpt2 {

// `block` holds a panel's weights as [inputs, 16], inputs padded by zeros to a multiple of 32.
// They write the panel as `Integers` (kernels.h) describes it, zeroed before, its 16 scales and the
// sums of each output's whole numbers. Both return the largest sum of magnitudes of an output.
int64_t quantize_int8(const float* block, int inputs, uint8_t* panel, float* scales, int32_t* sums);
int64_t quantize_int4(const float* block, int inputs, uint8_t* panel, float* scales, int32_t* sums);

}  // namespace gpt2

#endif  // GPT2_QUANTIZE_H_
