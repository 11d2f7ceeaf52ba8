// The kernels, written once with the 16-lane vectors of one simd_*.h, which must be included
// before.
//
// Everything has internal linkage and uses no inline function of the standard library: each
// including file is compiled for its own instruction set, and the linker must not share its code
// with others.
#include "kernels.h"
#include "kernels_activations.h"
#include "kernels_matmul.h"
#include "kernels_rows.h"
#include "probe_impl.h"

namespace gpt2 {
namespace {

// ---- The epilogue: from products to results ----

GPT2_INLINE F product(const Finish&, const float* y, int, int) { return load(y); }

GPT2_INLINE F product(const Finish& f, const int32_t* y, int row, int column) {
  const Step& step = f.steps[row];
  const I zeros = mul(load(f.sums + column), iset1(step.zero - kByteShift));
  return mul(to_float(sub(load(y), zeros)), mul(set1(step.scale), load(f.scales + column)));
}

template <class Y>
void finish_as(const Finish& f, const Y* y, size_t ldy, int rows, int width) {
  for (int r = 0; r < rows; r++) {
    float* out = f.out + r * f.stride;
    for (int i = 0; i < width; i += kLanes) {
      F x = product(f, y + r * ldy + i, r, i);
      if (f.bias) x = add(x, load_some(f.bias + i, width - i));
      x = activate(x, f.activation);
      if (f.add) x = add(load_some(out + i, width - i), x);
      store_some(out + i, x, width - i);
    }
  }
}

void finish(const Finish& f, const float* y, size_t ldy, int rows, int width) {
  finish_as(f, y, ldy, rows, width);
}

void finish_integers(const Finish& f, const int32_t* y, size_t ldy, int rows, int width) {
  finish_as(f, y, ldy, rows, width);
}

constexpr Kernels table(const char* name) {
  return {name,         kTileRows,       multiply,  kByteShift, multiply_integers,
          finish,       finish_integers, normalize, quantize,   exponentials,
          divide,       to_half,         to_bytes,  scale,      read_streams,
          multiply_adds};
}

}  // namespace
}  // namespace gpt2
