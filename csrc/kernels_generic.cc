#include "simd_generic.h"
// The vectors must come first: the kernels are written with them.
#include "kernels_impl.h"

namespace gpt2 {

extern const Kernels kernels_generic;
const Kernels kernels_generic = table("generic");

}  // namespace gpt2
