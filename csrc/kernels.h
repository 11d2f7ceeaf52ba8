// The arithmetic, once per instruction set, as a table of functions chosen at run time.
//
// Everything is cut in vectors of 16 lanes, whatever the processor's own width, and every sum has
// one order: a dot product runs over its inputs from first to last, with one accumulator per
// output; a sum over a row is 16 interleaved sums, folded in halves. So a result depends neither
// on the instruction set (but see `Floats::fused`), nor on how many rows or columns one call has.
#ifndef GPT2_KERNELS_H_
#define GPT2_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "gpt2.h"

namespace gpt2 {

constexpr int kLanes = 16;  // outputs in a panel, floats in a vector
constexpr int kGroup = 32;  // inputs that share a scale in int4; integer rows are padded to it

// Rounds n up to a multiple of unit.
constexpr int padded(int n, int unit) { return (n + unit - 1) / unit * unit; }

// `count` panels of a float matrix. Panel p holds, for input k, the weights of outputs 16 p to
// 16 p + 15 at data + p * panel + k * step (bytes). Weights are panels, and so are the keys and
// values of the cache: a key block has 16 positions as outputs, values have positions as inputs.
struct Floats {
  gpt2_dtype dtype;  // F32, F16, BF16
  const uint8_t* data;
  size_t panel, step;
  int count, inputs;
  bool fused;  // multiply-add with one rounding: weights only, so int8 and int4 never depend on it
};

// `count` panels of an integer matrix. An int8 panel holds, for each pair of inputs, 16 pairs of
// bytes. An int4 panel holds 16 scales for each group of 32 inputs, then 256 bytes a group: 16-bit
// lanes (one per output and input of a pair) whose four nibbles are four following pairs. The
// integer a weight stands for is its nibble times its group's scale.
struct Integers {
  gpt2_dtype dtype;  // INT8, INT4
  const uint8_t* data;
  size_t panel;
  int count, inputs;  // inputs: a multiple of kGroup
};

// What becomes of the products y [rows, width] of a matrix, on their way to `out`.
struct Finish {
  const float* row_scales;  // of quantised activations, [rows]; null for float weights
  const float* scales;      // of quantised weights, [width]
  const float* bias;        // [width]; may be null
  int activation;           // gpt2_activation, or -1 for none
  bool add;                 // to what `out` holds: the residual stream
  float* out;
  size_t stride;  // of out, in floats
};

struct Kernels {
  const char* name;
  // Rows `multiply` works on side by side. With more, weights are expanded in `scratch` first, of
  // kScratch bytes, and the panels must be kUnit at most.
  int rows;
  // y [rows, ldy] = x [rows, ldx] times the panels, 16 columns a panel.
  void (*multiply)(const Floats& w, const float* x, size_t ldx, int rows, float* y, size_t ldy,
                   void* scratch);
  void (*multiply_integers)(const Integers& w, const int16_t* x, size_t ldx, int rows, int32_t* y,
                            size_t ldy, void* scratch);
  // out [rows, width] from the y of multiply (float) or multiply_integers (int32).
  void (*finish)(const Finish& f, const float* y, size_t ldy, int rows, int width);
  void (*finish_integers)(const Finish& f, const int32_t* y, size_t ldy, int rows, int width);
  // One row x [n] to mean 0 and variance 1, times gain, plus bias.
  void (*normalize)(const float* x, const float* gain, const float* bias, int n, float epsilon,
                    float* y);
  // One row x [n] as integers in [-limit, limit], then zeros up to a multiple of kGroup. Returns
  // what one step is worth.
  float (*quantize)(const float* x, int n, int limit, int16_t* q);
  // exp(scale x - max) of one row [n], then zeros up to a multiple of 16, in place. Returns the
  // sum.
  float (*exponentials)(float* x, int n, float scale);
  // y [n] = x [n] / divisor.
  void (*divide)(const float* x, int n, float divisor, float* y);
  // Contiguous numbers to fp16, beyond its range to the nearest finite one; n a multiple of 16.
  void (*to_half)(const float* x, int n, uint16_t* y);
};

// Panels one call is given, so that they can be worked on side by side.
constexpr int kUnit = 4;
// Inputs expanded at a time, when weights are expanded before they meet many rows.
constexpr int kBlock = 512;
constexpr size_t kScratch = sizeof(float) * kBlock * kLanes * kUnit;

// The kernels called `name`, or the best this processor runs for null; null if it cannot run them.
const Kernels* find_kernels(const char* name);

}  // namespace gpt2

#endif  // GPT2_KERNELS_H_
