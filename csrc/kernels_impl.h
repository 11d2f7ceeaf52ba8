// The kernels, written once over the 16-lane vectors of one simd_*.h, which is included before.
//
// All of it has internal linkage, and no inline function of the standard library is used: each
// including file is compiled for its own instruction set, and no other may end up with its code.
#include "kernels.h"

namespace gpt2 {
namespace {

// ---- Formats of weights: how 16 weights, or 16 pairs of them, become a vector ----

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

// ---- Matrix products ----
//
// The loops over rows and panels must be unrolled before the compiler thinks of registers, or the
// sums live in memory: hence the pragmas.

// For benchmarks/reproducibility.py: attention fuses too, which it may not where int8 has the same
// bits on every processor.
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

// Several rows keep the processor so busy with what it has that it must be told what comes next.
constexpr int kAhead = 1024;

// Four quads of inputs of each of R rows.
template <int R>
inline void load_inputs(const uint8_t* x, size_t ldx, X (&inputs)[R]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) inputs[r] = quads(x + r * ldx);
}

// Their quad kTurn meets V panels. S sums that take turns hide the latency of a few rows: whole
// numbers can be added in any order.
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

// Quad kTurn of an int8 panel's four.
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

// Quads kTurn and kTurn + 1 of an int4 panel, which share bytes.
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
  constexpr int S = R * V >= 4 ? 1 : 4 / (R * V);
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
  constexpr int S = R * V >= 4 ? 1 : 4 / (R * V) > 2 ? 2 : 4 / (R * V);
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

// The tile function for a number of rows known only at run time. `Tile` names the format:
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

// The first rows that meet some panels fetch them a little ahead; those that come after them, and
// find them in the second cache, fetch the next panels there: which panel each turn fetches.
inline void look_ahead(Floats&, int, int, int) {}
inline void look_ahead(Integers& w, int turn, int turns, int panels) {
  for (int v = 0; v < panels; v++) {
    const bool mine = turn == 1 + v * (turns - 1) / panels;
    w.ahead[v] = turn == 0 ? kAhead : mine ? panels * w.panel : 0;
  }
}

// V panels and all rows, dealt out evenly: 10 as 5 + 5 and not as 8 + 2.
template <class Tile, int V, class Matrix, class X, class Y, class... More>
void strip(Matrix& w, const X* x, size_t ldx, int rows, Y* y, size_t ldy, More... more) {
  const int turns = (rows + Tile::kRows - 1) / Tile::kRows;
  for (int turn = 0; turn < turns; turn++) {
    const int r = rows * turn / turns, n = rows * (turn + 1) / turns - r;
    look_ahead(w, turn, turns, V);
    tile_of<Tile, V, Tile::kRows>(n, w, x + r * ldx, ldx, y + r * ldy, ldy, more...);
  }
}

// One row and `panels` panels side by side, or fewer, so that one sum need not wait for another.
template <class Tile, int V = Tile::kAlone, class... Args>
void alone(int panels, const Args&... args) {
  if constexpr (V > 1) {
    if (panels < V) return alone<Tile, V - 1>(panels, args...);
  }
  Tile::template run<1, V>(args...);
}

// All panels, a few at a time, so that they stay in the nearest caches while the rows pass by.
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

// Few rows take the weights as they are stored. For many rows halves are worth expanding first,
// block by block, to where the second cache holds them.
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

// ---- Functions of a vector ----

#define GPT2_INLINE inline __attribute__((always_inline))

GPT2_INLINE F negative(F x) { return sub(zero(), x); }
GPT2_INLINE F absolute(F x) { return max(x, negative(x)); }

// e^x to 2 units in the last place: x = n ln 2 + r, a polynomial in r (Cephes expf), times 2^n.
// 0 below -87, where the result would leave the normal numbers.
GPT2_INLINE F exponential(F x) {
  const F least = set1(-87.0f), bounded = min(max(x, least), set1(88.0f));
  const I n = round(mul(bounded, set1(1.44269504f)));
  const F whole = to_float(n);
  F r = sub(bounded, mul(whole, set1(0.693359375f)));  // exact: the constant has 9 bits
  r = sub(r, mul(whole, set1(-2.12194440e-4f)));
  F p = set1(1.9875691500e-4f);
  p = add(mul(p, r), set1(1.3981999507e-3f));
  p = add(mul(p, r), set1(8.3334519073e-3f));
  p = add(mul(p, r), set1(4.1665795894e-2f));
  p = add(mul(p, r), set1(1.6666665459e-1f));
  p = add(mul(p, r), set1(5.0000001201e-1f));
  p = add(add(mul(p, mul(r, r)), r), set1(1.0f));
  return keep_above(x, least, mul(p, power_of_two(n)));
}

// x times the logistic function of y.
GPT2_INLINE F gate(F x, F y) { return div(x, add(set1(1.0f), exponential(negative(y)))); }

// tanh(u) = 2 logistic(2 u) - 1, so 0.5 x (1 + tanh(u)) is x logistic(2 u).
GPT2_INLINE F gelu_tanh(F x) {
  const F cubic = add(x, mul(set1(0.044715f), mul(x, mul(x, x))));
  return gate(x, mul(set1(2.0f * 0.7978845608f), cubic));
}

// Abramowitz and Stegun 7.1.26: the error function to 1.5e-7.
GPT2_INLINE F gelu(F x) {
  const F z = mul(absolute(x), set1(0.70710678f));
  const F t = div(set1(1.0f), add(set1(1.0f), mul(set1(0.3275911f), z)));
  F p = set1(1.061405429f);
  p = add(mul(p, t), set1(-1.453152027f));
  p = add(mul(p, t), set1(1.421413741f));
  p = add(mul(p, t), set1(-0.284496736f));
  p = add(mul(p, t), set1(0.254829592f));
  const F rest = mul(mul(p, t), exponential(negative(mul(z, z))));  // 1 - erf(z)
  // 0.5 x (1 + erf(x / sqrt 2)): the positive part of x less what the tail takes from |x|.
  return sub(max(x, zero()), mul(mul(set1(0.5f), absolute(x)), rest));
}

GPT2_INLINE F activate(F x, int activation) {
  switch (activation) {
    case GPT2_GELU_TANH:
      return gelu_tanh(x);
    case GPT2_GELU:
      return gelu(x);
    case GPT2_RELU:
      return max(x, zero());
    case GPT2_SILU:
      return gate(x, x);
    case GPT2_TANH:
      return sub(gate(set1(2.0f), mul(set1(2.0f), x)), set1(1.0f));
    default:
      return x;
  }
}

// ---- Rows, 16 numbers at a time; the last few by way of a copy ----

GPT2_INLINE F load_some(const float* p, int n) {
  if (n >= kLanes) return load(p);
  float copy[kLanes] = {};
  for (int i = 0; i < n; i++) copy[i] = p[i];
  return load(copy);
}

GPT2_INLINE void store_some(float* p, F x, int n) {
  if (n >= kLanes) return store(p, x);
  float copy[kLanes];
  store(copy, x);
  for (int i = 0; i < n; i++) p[i] = copy[i];
}

GPT2_INLINE F first(F x, int n) {  // the first n lanes, the others 0
  if (n >= kLanes) return x;
  float copy[kLanes];
  store(copy, x);
  return load_some(copy, n);
}

float fold_sum(F x) {  // lanes i and i + 8, then i and i + 4, ...
  float lane[kLanes];
  store(lane, x);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) lane[i] += lane[i + half];
  }
  return lane[0];
}

float fold_max(F x) {
  float lane[kLanes], most;
  store(lane, x);
  most = lane[0];
  for (int i = 1; i < kLanes; i++) most = lane[i] > most ? lane[i] : most;
  return most;
}

void normalize(const float* x, const float* gain, const float* bias, int n, float epsilon,
               float* y) {
  F sum = zero(), squares = zero();
  for (int i = 0; i < n; i += kLanes) sum = add(sum, load_some(x + i, n - i));
  const F mean = set1(fold_sum(sum) / static_cast<float>(n));
  for (int i = 0; i < n; i += kLanes) {
    const F centred = first(sub(load_some(x + i, n - i), mean), n - i);
    squares = add(squares, mul(centred, centred));
  }
  const float variance = fold_sum(squares) / static_cast<float>(n);
  const F factor = set1(1.0f / __builtin_sqrtf(variance + epsilon));
  for (int i = 0; i < n; i += kLanes) {
    const F normal = mul(sub(load_some(x + i, n - i), mean), factor);
    const F scaled = mul(normal, load_some(gain + i, n - i));
    store_some(y + i, add(scaled, load_some(bias + i, n - i)), n - i);
  }
}

Step quantize(const float* x, int n, int limit, uint8_t* q) {
  F least = zero(), most = zero();
  for (int i = 0; i < n; i += kLanes) {
    const F some = load_some(x + i, n - i);
    least = min(some, least);
    most = max(some, most);
  }
  const float bottom = -fold_max(negative(least)), top = fold_max(most), bound = limit;
  // Below the normal numbers the factor would overflow; such a row is as good as zero.
  const bool some = top - bottom >= 1e-30f;
  const float factor = some ? bound / (top - bottom) : 0.0f;
  int32_t zeros[kLanes];
  store(zeros, round(min(max(set1(-bottom * factor), zero()), set1(bound))));
  const F low = set1(static_cast<float>(-zeros[0])),
          high = set1(bound - static_cast<float>(zeros[0]));
  const I shift = iset1(zeros[0]);
  for (int i = 0; i < padded(n, kGroup); i += kLanes) {
    const F scaled = i < n ? mul(load_some(x + i, n - i), set1(factor)) : zero();
    store_bytes(q + i, add(round(min(max(scaled, low), high)), shift));
  }
  for (int i = n; i < padded(n, kGroup); i++) q[i] = 0;
  return {some ? (top - bottom) / bound : 0.0f, zeros[0]};
}

float exponentials(float* x, int n, float scale) {
  const F factor = set1(scale);
  for (int i = n; i < padded(n, kLanes); i++) x[i] = x[n - 1];  // no new maximum
  F most = mul(load(x), factor), sum = zero();
  for (int i = kLanes; i < n; i += kLanes) most = max(most, mul(load(x + i), factor));
  const F top = set1(fold_max(most));
  for (int i = 0; i < n; i += kLanes) {
    const F e = first(exponential(sub(mul(load(x + i), factor), top)), n - i);
    store(x + i, e);
    sum = add(sum, e);
  }
  return fold_sum(sum);
}

void divide(const float* x, int n, float divisor, float* y) {
  const F d = set1(divisor);
  for (int i = 0; i < n; i += kLanes) store_some(y + i, div(load_some(x + i, n - i), d), n - i);
}

void to_half(const float* x, int n, uint16_t* y) {
  const F most = set1(65504.0f), least = set1(-65504.0f);
  for (int i = 0; i < n; i += kLanes) store_half(y + i, min(max(load(x + i), least), most));
}

float to_bytes(const float* x, int n, int8_t* q) {
  F most = zero();
  for (int i = 0; i < n; i += kLanes) most = max(absolute(load_some(x + i, n - i)), most);
  const float top = fold_max(most);
  const bool some = top >= 1e-30f;  // as in quantize
  const F factor = set1(some ? 127.0f / top : 0.0f), bound = set1(127.0f);
  for (int i = 0; i < n; i += kLanes) {
    uint8_t shifted[kLanes];
    const F scaled = mul(load_some(x + i, n - i), factor);
    store_bytes(shifted, add(round(min(max(scaled, negative(bound)), bound)), iset1(128)));
    for (int j = 0; j < kLanes; j++) q[i + j] = static_cast<int8_t>(shifted[j] - 128);
  }
  return some ? top / 127.0f : 0.0f;
}

void scale(float* x, const float* factors, int n) {
  for (int i = 0; i < n; i += kLanes) store(x + i, mul(load(x + i), load(factors + i)));
}

// ---- From products to results ----

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

}  // namespace
}  // namespace gpt2

#include "probe_impl.h"

namespace gpt2 {
namespace {

constexpr Kernels table(const char* name) {
  return {name,         kTileRows,       multiply,  kByteShift, multiply_integers,
          finish,       finish_integers, normalize, quantize,   exponentials,
          divide,       to_half,         to_bytes,  scale,      read_streams,
          multiply_adds};
}

}  // namespace
}  // namespace gpt2
