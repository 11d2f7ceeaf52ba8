#include "simd_neon.h"
// The vectors must come first: the kernels are written with them.
#include "kernels_impl.h"

namespace gpt2 {

extern const Kernels kernels_neon_base;
const Kernels kernels_neon_base = table("neon_base");

}  // namespace gpt2
