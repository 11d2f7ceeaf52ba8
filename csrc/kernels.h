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
constexpr int kQuad = 4;    // inputs whose products with bytes are summed in one step
constexpr int kMostActivation = 255;  // activations of integer matrices are integers from 0

// Rounds n up to a multiple of unit.
constexpr int padded(int n, int unit) { return (n + unit - 1) / unit * unit; }

// `count` panels of a float matrix. Panel p holds, for input k, the weights of outputs 16 p to
// 16 p + 15 at data + p * panel + k * step (bytes). Weights are panels, and so are the keys and
// values of the cache: a key block has 16 positions as outputs, values have positions as inputs.
struct Floats {
  gpt2_dtype dtype;  // F32, F16, BF16; INT8 in the cache: integers, scaled by the caller
  const uint8_t* data;
  size_t panel, step;
  int count, inputs;
  bool fused;  // multiply-add with one rounding: weights only, so int8 and int4 never depend on it.
  // avx2, avx512 and neon do so and agree; generic does where its target can (64-bit ARM, not x86).
  // Not of weights: how far after what a single row meets the memory lies that is fetched
  // meanwhile; a hint.
  size_t ahead = 0;
};

// `count` panels of an integer matrix. An int8 panel holds, for each quad of inputs, 16 quads of
// bytes, one an output. An int4 panel holds, for each 4 groups of 32 inputs (the last may have
// fewer), 64 bytes of scales, 16 a group, then 256 bytes of nibbles a group: 64 bytes for two
// quads, the first in the low halves, the second in the high ones, each nibble 8 more than it
// means. The integer a weight stands for is its nibble times its group's scale.
struct Integers {
  gpt2_dtype dtype;  // INT8, INT4
  const uint8_t* data;
  size_t panel;
  int count, inputs;  // inputs: a multiple of kGroup
  // Set by the kernels: how far after what it multiplies in each panel of a tile the memory lies
  // that is fetched meanwhile; a hint.
  size_t ahead[4] = {};
};

// Bytes of an int4 panel; and where in it the scales and the nibbles of a group are.
constexpr size_t int4_panel(int groups) {
  return static_cast<size_t>(padded(groups, 4)) * kLanes + static_cast<size_t>(groups) * 256;
}
constexpr size_t int4_scales(int group) {
  return static_cast<size_t>(group / 4) * (64 + 4 * 256) + static_cast<size_t>(group % 4) * kLanes;
}
constexpr size_t int4_nibbles(int group) {
  return static_cast<size_t>(group / 4) * (64 + 4 * 256) + 64 +
         static_cast<size_t>(group % 4) * 256;
}

// Where in its panel the weight of input k for output r is.
constexpr size_t int8_place(int k, int r) {
  return static_cast<size_t>(k / kQuad) * kQuad * kLanes + r * kQuad + k % kQuad;
}
constexpr size_t int4_place(int k, int r) {
  return int4_nibbles(k / kGroup) + k % kGroup / (2 * kQuad) * 64 + r * kQuad + k % kQuad;
}

// What one row of activations became as integers: x is about scale (q - zero).
struct Step {
  float scale;
  int32_t zero;
};

// What becomes of the products y [rows, width] of a matrix, on their way to `out`.
struct Finish {
  const float* bias;  // [width]; may be null
  int activation;     // gpt2_activation, or -1 for none
  bool add;           // to what `out` holds: the residual stream
  float* out;
  size_t stride;  // of out, in floats
  // Of integers only:
  const Step* steps = nullptr;    // of the activations, [rows]
  const float* scales = nullptr;  // of the weights, [width]
  const int32_t* sums = nullptr;  // of the weights over the inputs, [width]
};

struct Kernels {
  const char* name;
  // Rows `multiply` works on side by side. With more, halves are expanded to floats in `scratch`
  // first, of kScratch bytes.
  int rows;
  // y [rows, ldy] = x [rows, ldx] times the panels, 16 columns a panel.
  void (*multiply)(const Floats& w, const float* x, size_t ldx, int rows, float* y, size_t ldy,
                   void* scratch);
  // What multiply_integers takes off each activation, and finish_integers makes up for: where the
  // processor multiplies signed bytes only.
  int shift;
  void (*multiply_integers)(const Integers& w, const uint8_t* x, size_t ldx, int rows, int32_t* y,
                            size_t ldy);
  // out [rows, width] from the y of multiply (float) or multiply_integers (int32).
  void (*finish)(const Finish& f, const float* y, size_t ldy, int rows, int width);
  void (*finish_integers)(const Finish& f, const int32_t* y, size_t ldy, int rows, int width);
  // One row x [n] to mean 0 and variance 1, times gain, plus bias.
  void (*normalize)(const float* x, const float* gain, const float* bias, int n, float epsilon,
                    float* y);
  // One row x [n] as integers in [0, limit], then zeros up to a multiple of kGroup. 0 is met
  // exactly: it becomes the zero of the step.
  Step (*quantize)(const float* x, int n, int limit, uint8_t* q);
  // exp(scale x - max) of one row [n], then zeros up to a multiple of 16, in place. Returns the
  // sum.
  float (*exponentials)(float* x, int n, float scale);
  // y [n] = x [n] / divisor.
  void (*divide)(const float* x, int n, float divisor, float* y);
  // Contiguous numbers to fp16, beyond its range to the nearest finite one; n a multiple of 16.
  void (*to_half)(const float* x, int n, uint16_t* y);
  // One row x [n] as integers from -127 to 127, then zeros up to a multiple of 16. Returns
  // what one is worth.
  float (*to_bytes)(const float* x, int n, int8_t* q);
  // x [n] times factors [n] in place; n a multiple of 16.
  void (*scale)(float* x, const float* factors, int n);
  // For gpt2_probe: reads `streams` runs of `bytes` each, side by side; and does multiply-adds in
  // registers, and tells how many operations they were.
  int32_t (*read_streams)(const uint8_t* data, int streams, size_t bytes);
  double (*multiply_adds)(int rounds, float* result);
};

// Panels of a matrix that are finished together, at most; and whose multiples no kernel has to
// split unevenly, for one row and for more.
constexpr int kUnit = 12, kStripAlone = 4, kStrip = 6;
// Halves expanded to floats at a time, when they meet many rows: inputs, and panels at most.
constexpr int kBlock = 512;
constexpr int kMostTilePanels = 4;
constexpr size_t kScratch = sizeof(float) * kBlock * kLanes * kMostTilePanels;

// The kernels called `name`, or the best this processor runs for null; null if it cannot run them.
const Kernels* find_kernels(const char* name);

}  // namespace gpt2

#endif  // GPT2_KERNELS_H_
