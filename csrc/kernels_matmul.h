// Matmuls with packed weights, written with the vectors of one simd_*.h: see kernels_impl.h.
#ifndef GPT2_KERNELS_MATMUL_H_
#define GPT2_KERNELS_MATMUL_H_

#include "kernels.h"

namespace gpt2 {
namespace {

// ---- Weight formats: how 16 weights become a vector of floats ----

struct F32 {
  static F at(const uint8_t* p) { return load(reinterpret_cast<const float*>(p)); }
};
struct F16 {
  static F at(const uint8_t* p) { return load_half(reinterpret_cast<const uint16_t*>(p)); }
};
struct BF16 {
  static F at(const uint8_t* p) { return load_bfloat(reinterpret_cast<const uint16_t*>(p)); }
};
struct Bytes {
  static F at(const uint8_t* p) { return load_bytes(reinterpret_cast<const int8_t*>(p)); }
};

// ---- Matmuls ----
//
// The loops over rows and panels must be unrolled before register allocation, or the sums spill to
// memory: hence the pragmas.

// For benchmarks/reproducibility.py: attention also uses fused multiply-adds. By default it must
// not, because int8 has the same bits on every processor.
#if GPT2_FREE_ORDER
constexpr bool kFreeOrder = true;
#else
constexpr bool kFreeOrder = false;
#endif

// y [R, 16 V] (+)= x [R, inputs] times V panels.
template <class W, bool kFused, int R, int V>
void tile(const Floats& w, const float* x, size_t ldx, float* y, size_t ldy, bool more) {
  F sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sum[r][v] = more ? load(y + r * ldy + v * kLanes) : zero();
  }
  const uint8_t* weights = w.data;
  for (int k = 0; k < w.inputs; k++, weights += w.step) {
    F column[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      column[v] = W::at(weights + v * w.panel);
      if (R == 1 && !kFused) __builtin_prefetch(weights + v * w.panel + w.ahead);
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const F input = set1(x[r * ldx + k]);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        sum[r][v] = kFused || kFreeOrder ? fused(input, column[v], sum[r][v])
                                         : add(sum[r][v], mul(input, column[v]));
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) store(y + r * ldy + v * kLanes, sum[r][v]);
  }
}

// The prefetch distance in bytes for several rows: with so much arithmetic per load the processor
// does not run far enough ahead without prefetches.
constexpr int kAhead = 1024;

// Loads four quads of inputs for each of R rows.
template <int R>
inline void load_inputs(const uint8_t* x, size_t ldx, X (&inputs)[R]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) inputs[r] = quads(x + r * ldx);
}

// Multiplies quad kTurn of the inputs with V panels. S alternating sums hide the latency if there
// are few rows: integers can be added in any order.
template <int kTurn, class Sum, int R, int V, int S>
inline void step(const Q (&column)[V], const X (&inputs)[R], Sum (&sum)[R][V][S]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      sum[r][v][kTurn % S] = dot<kTurn>(sum[r][v][kTurn % S], column[v], inputs[r]);
    }
  }
}

// The same for quad kTurn of the four in an int8 panel.
template <int kTurn, int R, int V, int S>
inline void step_int8(const Integers& w, const uint8_t* weights, const X (&inputs)[R],
                      I (&sum)[R][V][S]) {
  Q column[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; v++) {
    const uint8_t* quads = weights + v * w.panel + kTurn * 64;
    column[v] = load_quads(quads);
    if (R > 1) __builtin_prefetch(quads + w.ahead[v]);
  }
  step<kTurn>(column, inputs, sum);
}

// The same for quads kTurn and kTurn + 1 of an int4 panel, which share bytes.
template <int kTurn, int R, int V, int S>
inline void step_int4(const Integers& w, const uint8_t* nibbles, const X (&inputs)[R],
                      G (&sum)[R][V][S]) {
  Q low[V], high[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; v++) {
    const uint8_t* pairs = nibbles + v * w.panel + kTurn * 32;
    load_nibbles(pairs, low[v], high[v]);
    if (R > 1) __builtin_prefetch(pairs + w.ahead[v]);
  }
  step<kTurn>(low, inputs, sum);
  step<kTurn + 1>(high, inputs, sum);
}

template <class Sum, int R, int V, int S>
inline void clear(Sum (&sum)[R][V][S]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
#pragma GCC unroll 4
      for (int s = 0; s < S; s++) sum[r][v][s] = none(Sum());
    }
  }
}

// y [R, 16 V] = x [R, inputs] times V panels.
template <int R, int V>
void tile_int8(const Integers& w, const uint8_t* x, size_t ldx, int32_t* y, size_t ldy) {
  constexpr int S = R * V >= kChains ? 1 : kChains / (R * V);
  I sum[R][V][S];
  clear(sum);
  const uint8_t* weights = w.data;
  for (int k = 0; k < w.inputs; k += 4 * kQuad, weights += 4 * 64) {
    X inputs[R];
    load_inputs(x + k, ldx, inputs);
    step_int8<0>(w, weights, inputs, sum);
    step_int8<1>(w, weights, inputs, sum);
    step_int8<2>(w, weights, inputs, sum);
    step_int8<3>(w, weights, inputs, sum);
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
#pragma GCC unroll 4
      for (int s = 1; s < S; s++) sum[r][v][0] = add(sum[r][v][0], sum[r][v][s]);
      store(y + r * ldy + v * kLanes, sum[r][v][0]);
    }
  }
}

// The same for int4: a group's products are summed, then multiplied by the group's scale.
template <int R, int V>
void tile_int4(const Integers& w, const uint8_t* x, size_t ldx, int32_t* y, size_t ldy) {
  constexpr int S = R * V >= kChains ? 1 : kChains / (R * V) > 2 ? 2 : kChains / (R * V);
  I sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sum[r][v] = none(I());
  }
  const uint8_t* weights = w.data;  // of four groups
  for (int k = 0; k < w.inputs; weights += 64 + 4 * 256) {
    for (int g = 0; g < 4 && k < w.inputs; g++, k += kGroup) {
      G part[R][V][S];
      clear(part);
      const uint8_t* nibbles = weights + 64 + g * 256;
#pragma GCC unroll 2
      for (int i = 0; i < 2; i++, nibbles += 128) {
        X inputs[R];
        load_inputs(x + k + i * 4 * kQuad, ldx, inputs);
        step_int4<0>(w, nibbles, inputs, part);
        step_int4<2>(w, nibbles, inputs, part);
      }
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        const Scales scales = load_scales(weights + v * w.panel + g * kLanes);
#pragma GCC unroll 16
        for (int r = 0; r < R; r++) {
          if (S == 2) part[r][v][0] = add(part[r][v][0], part[r][v][S - 1]);
          sum[r][v] = add_scaled(sum[r][v], part[r][v][0], scales);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) store(y + r * ldy + v * kLanes, sum[r][v]);
  }
}

// Calls the tile function for a number of rows known only at run time. `Tile` names the format:
// Tile::run<R, V>(...) is one of the functions above.
template <class Tile, int V, int R, class... Args>
inline void tile_of(int rows, const Args&... args) {
  if constexpr (R > 1) {
    if (rows < R) return tile_of<Tile, V, R - 1>(rows, args...);
  }
  Tile::template run<R, V>(args...);
}

template <class W, bool kFused>
struct FloatTile {
  static constexpr int kRows = kTileRows, kPanels = kTilePanels, kAlone = kRowPanels;
  template <int R, int V, class... Args>
  static void run(const Args&... args) {
    tile<W, kFused, R, V>(args...);
  }
};
struct Int8Tile {
  static constexpr int kRows = kInt8Rows, kPanels = kInt8Panels, kAlone = kInt8RowPanels;
  template <int R, int V, class... Args>
  static void run(const Args&... args) {
    tile_int8<R, V>(args...);
  }
};
struct Int4Tile {
  static constexpr int kRows = kInt4Rows, kPanels = kInt4Panels, kAlone = kInt4RowPanels;
  template <int R, int V, class... Args>
  static void run(const Args&... args) {
    tile_int4<R, V>(args...);
  }
};

// Prefetching. The first rows that use some panels prefetch these a little ahead. Later rows find
// them in the L2 cache and prefetch the next panels into it; this sets which panel each turn
// prefetches.
inline void look_ahead(Floats&, int, int, int) {}
inline void look_ahead(Integers& w, int turn, int turns, int panels) {
  for (int v = 0; v < panels; v++) {
    const bool mine = turn == 1 + v * (turns - 1) / panels;
    w.ahead[v] = turn == 0 ? kAhead : mine ? panels * w.panel : 0;
  }
}

// V panels and all rows, split evenly into tiles: 10 rows as 5 + 5, not as 8 + 2.
template <class Tile, int V, class Matrix, class X, class Y, class... More>
void strip(Matrix& w, const X* x, size_t ldx, int rows, Y* y, size_t ldy, More... more) {
  const int turns = (rows + Tile::kRows - 1) / Tile::kRows;
  for (int turn = 0; turn < turns; turn++) {
    const int r = rows * turn / turns, n = rows * (turn + 1) / turns - r;
    look_ahead(w, turn, turns, V);
    tile_of<Tile, V, Tile::kRows>(n, w, x + r * ldx, ldx, y + r * ldy, ldy, more...);
  }
}

// One row and up to `panels` panels side by side, so that one sum does not wait for another.
template <class Tile, int V = Tile::kAlone, class... Args>
void alone(int panels, const Args&... args) {
  if constexpr (V > 1) {
    if (panels < V) return alone<Tile, V - 1>(panels, args...);
  }
  Tile::template run<1, V>(args...);
}

// All panels, a few at a time, so that they stay in the nearest caches for all rows.
template <class Tile, class Matrix, class X, class Y, class... More>
void strips(const Matrix& w, const X* x, size_t ldx, int rows, Y* y, size_t ldy, More... more) {
  Matrix part = w;
  for (int p = 0; p < w.count;) {
    part.data = w.data + p * w.panel;
    Y* out = y + p * kLanes;
    if (rows == 1) {
      const int panels = w.count - p < Tile::kAlone ? w.count - p : Tile::kAlone;
      alone<Tile>(panels, part, x, ldx, out, ldy, more...);
      p += panels;
    } else if (w.count - p >= Tile::kPanels) {
      strip<Tile, Tile::kPanels>(part, x, ldx, rows, out, ldy, more...);
      p += Tile::kPanels;
    } else {
      strip<Tile, 1>(part, x, ldx, rows, out, ldy, more...);
      p++;
    }
  }
}

// Few rows use the weights as they are stored. For many rows it pays to expand weights smaller than
// fp32 first, block by block, into scratch memory that stays in the L2 cache.
template <class W, bool kFused>
void multiply_as(const Floats& w, const float* x, size_t ldx, int rows, float* y, size_t ldy,
                 void* scratch) {
  if (rows <= kTileRows || w.dtype == GPT2_F32) {
    return strips<FloatTile<W, kFused>>(w, x, ldx, rows, y, ldy, false);
  }
  float* expanded = static_cast<float*>(scratch);
  Floats part = {GPT2_F32, static_cast<uint8_t*>(scratch), kBlock * 64, 64, 0, 0, kFused};
  for (int p = 0; p < w.count; p += part.count) {
    part.count = w.count - p < kTilePanels ? w.count - p : kTilePanels;
    for (int k = 0; k < w.inputs; k += kBlock) {
      part.inputs = w.inputs - k < kBlock ? w.inputs - k : kBlock;
      for (int v = 0; v < part.count; v++) {
        const uint8_t* from = w.data + (p + v) * w.panel + k * w.step;
        float* to = expanded + v * kBlock * kLanes;
        for (int i = 0; i < part.inputs; i++) store(to + i * kLanes, W::at(from + i * w.step));
      }
      strips<FloatTile<F32, kFused>>(part, x + k, ldx, rows, y + p * kLanes, ldy, k > 0);
    }
  }
}

template <class W>
void multiply_floats(const Floats& w, const float* x, size_t ldx, int rows, float* y, size_t ldy,
                     void* scratch) {
  return w.fused ? multiply_as<W, true>(w, x, ldx, rows, y, ldy, scratch)
                 : multiply_as<W, false>(w, x, ldx, rows, y, ldy, scratch);
}

void multiply(const Floats& w, const float* x, size_t ldx, int rows, float* y, size_t ldy,
              void* scratch) {
  if (w.dtype == GPT2_F32) return multiply_floats<F32>(w, x, ldx, rows, y, ldy, scratch);
  if (w.dtype == GPT2_F16) return multiply_floats<F16>(w, x, ldx, rows, y, ldy, scratch);
  if (w.dtype == GPT2_INT8) return multiply_as<Bytes, false>(w, x, ldx, rows, y, ldy, scratch);
  return multiply_floats<BF16>(w, x, ldx, rows, y, ldy, scratch);
}

void multiply_integers(const Integers& w, const uint8_t* x, size_t ldx, int rows, int32_t* y,
                       size_t ldy) {
  if (w.dtype == GPT2_INT8) return strips<Int8Tile>(w, x, ldx, rows, y, ldy);
  return strips<Int4Tile>(w, x, ldx, rows, y, ldy);
}

}  // namespace
}  // namespace gpt2

#endif  // GPT2_KERNELS_MATMUL_H_
