#include "simd_avx512.h"
// The vectors must come first: the kernels are written with them.
#include "kernels_impl.h"

namespace gpt2 {

extern const Kernels kernels_avx512;
const Kernels kernels_avx512 = table("avx512");

}  // namespace gpt2
