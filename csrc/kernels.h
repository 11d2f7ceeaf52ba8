// The arithmetic as a table of functions, one per instruction set, chosen at run time.
//
// All loops work on vectors of 16 lanes, whatever the processor's own vector width, and every sum
// has a fixed order: a dot product runs over its inputs from first to last, with one accumulator
// per output; a sum over a row is 16 interleaved partial sums, then a horizontal sum by halves. So
// a result depends neither on the instruction set (but see `Floats::fused`) nor on the number of
// rows or columns in a call.
#ifndef GPT2_KERNELS_H_
#define GPT2_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "gpt2.h"

namespace gpt2 {

constexpr int kLanes = 16;  // outputs in a panel, floats in a vector
constexpr int kGroup = 32;  // inputs that share a scale in int4; integer rows are padded to it
constexpr int kQuad = 4;    // inputs whose byte products are summed in one step
constexpr int kMostActivation = 255;  // quantized activations are integers from 0 to this

// Rounds n up to a multiple of unit.
constexpr int padded(int n, int unit) { return (n + unit - 1) / unit * unit; }

// `count` panels of a float matrix. Panel p holds, for input k, the weights of outputs 16 p to 16 p
// + 15 at data + p * panel + k * step (bytes). The keys and values of the KV cache are panels too:
// in a key block the outputs are 16 positions, in values the inputs are positions.
struct Floats {
  gpt2_dtype dtype;  // F32, F16, BF16; INT8 only in the cache: the caller applies the scales
  const uint8_t* data;
  size_t panel, step;
  int count, inputs;
  // Fused multiply-add, with one rounding: only for weights, so int8 and int4 never depend on it.
  // avx2, avx512 and neon fuse and agree; generic does if its target can (64-bit ARM, not x86).
  bool fused;
  // Only for the KV cache: with a single row, memory this many bytes ahead is prefetched; a hint.
  size_t ahead = 0;
};

// `count` panels of an integer matrix. An int8 panel holds, for each quad of inputs, 16 quads of
// bytes, one per output. An int4 panel holds, for every 4 groups of 32 inputs (the last may have
// fewer), 64 bytes of scales, 16 per group, then 256 bytes of nibbles per group: 64 bytes for two
// quads, the first in the low nibbles, the second in the high ones, each stored with 8 added. A
// weight's integer is its signed nibble times its group's scale.
struct Integers {
  gpt2_dtype dtype;  // INT8, INT4
  const uint8_t* data;
  size_t panel;
  int count, inputs;  // inputs: a multiple of kGroup
  // Set by the kernels: the prefetch distance in bytes for each panel of a tile; a hint.
  size_t ahead[4] = {};
};

// Bytes of an int4 panel, and the offsets of a group's scales and nibbles in it.
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

// The offset in its panel of the weight of input k for output r.
constexpr size_t int8_place(int k, int r) {
  return static_cast<size_t>(k / kQuad) * kQuad * kLanes + r * kQuad + k % kQuad;
}
constexpr size_t int4_place(int k, int r) {
  return int4_nibbles(k / kGroup) + k % kGroup / (2 * kQuad) * 64 + r * kQuad + k % kQuad;
}

// The quantization of one row of activations: x is about scale (q - zero).
struct Step {
  float scale;
  int32_t zero;
};

// The epilogue of a matmul: what is applied to its products y [rows, width] on the way to `out`.
struct Finish {
  const float* bias;  // [width]; may be null
  int activation;     // gpt2_activation, or -1 for none
  bool add;           // to the contents of `out`: the residual stream
  float* out;
  size_t stride;  // of out, in floats
  // Only for integers:
  const Step* steps = nullptr;    // of the activations, [rows]
  const float* scales = nullptr;  // of the weights, [width]
  const int32_t* sums = nullptr;  // of the weights over the inputs, [width]
};

struct Kernels {
  const char* name;
  // Rows in a register tile of `multiply`. With more rows, weights smaller than fp32 are first
  // expanded to floats in `scratch`, of kScratch bytes.
  int rows;
  // y [rows, ldy] = x [rows, ldx] times the panels, 16 columns per panel.
  void (*multiply)(const Floats& w, const float* x, size_t ldx, int rows, float* y, size_t ldy,
                   void* scratch);
  // What multiply_integers subtracts from each activation and finish_integers corrects for, on
  // processors that only multiply signed bytes; otherwise 0.
  int shift;
  void (*multiply_integers)(const Integers& w, const uint8_t* x, size_t ldx, int rows, int32_t* y,
                            size_t ldy);
  // out [rows, width] from the y of multiply (float) or multiply_integers (int32).
  void (*finish)(const Finish& f, const float* y, size_t ldy, int rows, int width);
  void (*finish_integers)(const Finish& f, const int32_t* y, size_t ldy, int rows, int width);
  // LayerNorm: one row x [n] to mean 0 and variance 1, times gain, plus bias.
  void (*normalize)(const float* x, const float* gain, const float* bias, int n, float epsilon,
                    float* y);
  // Quantizes one row x [n] to integers in [0, limit], then pads with zeros to a multiple of
  // kGroup. 0 is represented exactly: it becomes the step's zero point.
  Step (*quantize)(const float* x, int n, int limit, uint8_t* q);
  // exp(scale x - max) of one row [n] in place, padded with zeros to a multiple of 16. Returns the
  // sum.
  float (*exponentials)(float* x, int n, float scale);
  // y [n] = x [n] / divisor.
  void (*divide)(const float* x, int n, float divisor, float* y);
  // Converts contiguous floats to fp16, saturating at the largest finite value; n is a multiple of
  // 16.
  void (*to_half)(const float* x, int n, uint16_t* y);
  // Quantizes one row x [n] to integers from -127 to 127, then pads with zeros to a multiple of 16.
  // Returns the scale.
  float (*to_bytes)(const float* x, int n, int8_t* q);
  // x [n] times factors [n] in place; n a multiple of 16.
  void (*scale)(float* x, const float* factors, int n);
  // For gpt2_probe: reads `streams` runs of `bytes` each, side by side; does multiply-adds in
  // registers and returns the number of operations.
  int32_t (*read_streams)(const uint8_t* data, int streams, size_t bytes);
  double (*multiply_adds)(int rounds, float* result);
};

// The most panels of a matrix that are finished together; and numbers of panels whose multiples no
// kernel splits unevenly, for one row and for more.
constexpr int kUnit = 12, kStripAlone = 4, kStrip = 6;
// Weights expanded to floats at a time if there are many rows: inputs, and the most panels.
constexpr int kBlock = 512;
constexpr int kMostTilePanels = 4;
constexpr size_t kScratch = sizeof(float) * kBlock * kLanes * kMostTilePanels;

// The kernels called `name`, or for null the best that this processor supports; null if it cannot
// run them.
const Kernels* find_kernels(const char* name);

}  // namespace gpt2

#endif  // GPT2_KERNELS_H_
