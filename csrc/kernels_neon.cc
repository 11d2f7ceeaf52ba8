#include "simd_neon.h"
// The vectors must come first: the kernels are written with them.
#include "kernels_impl.h"

namespace gpt2 {

extern const Kernels kernels_neon;
const Kernels kernels_neon = table("neon");

}  // namespace gpt2
