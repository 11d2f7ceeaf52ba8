#include "simd_avx2.h"
// The vectors must come first: the kernels are written with them.
#include "kernels_impl.h"

namespace gpt2 {

extern const Kernels kernels_avx2;
const Kernels kernels_avx2 = table("avx2");

}  // namespace gpt2
