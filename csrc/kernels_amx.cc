// Matmuls with int8 weights on the tiles of AMX, which Xeons have since Sapphire Rapids. All other
// kernels are those of AVX-512.
//
// An int8 panel lies in memory as AMX wants it: 16 quads of inputs for 16 outputs are a tile of 16
// rows of 64 bytes. The products are summed as integers, so every result has the same bits as with
// the other kernels. This file is compiled without AVX-512, because its table is copied when the
// library is loaded, on any processor.
#include <immintrin.h>

#include "kernels.h"

namespace gpt2 {

extern const Kernels kernels_avx512;

namespace {

constexpr int kTile = 16;   // rows of a tile
constexpr int kDepth = 64;  // inputs that one instruction multiplies: the bytes in a row of a tile
constexpr int kFewestRows = 12;  // with fewer, reading the weights takes the time

// The operand of LDTILECFG: the number of rows and the bytes in a row of each tile.
struct alignas(64) Shapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};
};

// Tiles 0 to 3 hold sums, 4 and 5 activations, 6 and 7 weights.
void configure(int rows) {
  Shapes shapes;
  for (int t = 0; t < 8; t++) {
    shapes.bytes[t] = kDepth;
    shapes.rows[t] = static_cast<uint8_t>(t < 6 ? rows : kTile);
  }
  _tile_loadconfig(&shapes);
}

// Two blocks of up to 16 rows of activations and of results.
struct Rows {
  const uint8_t* x[2];
  int32_t* y[2];
  size_t ldx, ldy;
};

// y = x [H blocks, inputs] times V panels.
template <int H, int V>
void tiles(const Integers& w, const uint8_t* weights, const Rows& rows) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int k = 0; k < w.inputs; k += kDepth, weights += kDepth * kLanes) {
    _tile_loadd(6, weights, kDepth);
    _tile_loadd(4, rows.x[0] + k, rows.ldx);
    _tile_dpbusd(0, 4, 6);
    if constexpr (H == 2) {
      _tile_loadd(5, rows.x[1] + k, rows.ldx);
      _tile_dpbusd(2, 5, 6);
    }
    if constexpr (V == 2) {
      _tile_loadd(7, weights + w.panel, kDepth);
      _tile_dpbusd(1, 4, 7);
      if constexpr (H == 2) _tile_dpbusd(3, 5, 7);
    }
  }
  const size_t stride = rows.ldy * sizeof(int32_t);
  _tile_stored(0, rows.y[0], stride);
  if constexpr (V == 2) _tile_stored(1, rows.y[0] + kLanes, stride);
  if constexpr (H == 2) _tile_stored(2, rows.y[1], stride);
  if constexpr (H == 2 && V == 2) _tile_stored(3, rows.y[1] + kLanes, stride);
}

// Up to 32 rows times all panels; these rows stay in the L1 cache.
template <int H>
void strip(const Integers& w, const Rows& rows) {
  Rows at = rows;
  for (int p = 0; p < w.count; p += 2, at.y[0] += 2 * kLanes, at.y[1] += 2 * kLanes) {
    const uint8_t* weights = w.data + p * w.panel;
    if (p + 1 < w.count) {
      tiles<H, 2>(w, weights, at);
    } else {
      tiles<H, 1>(w, weights, at);
    }
  }
}

void multiply_integers(const Integers& w, const uint8_t* x, size_t ldx, int rows, int32_t* y,
                       size_t ldy) {
  if (w.dtype != GPT2_INT8 || rows < kFewestRows || w.inputs % kDepth != 0) {
    return kernels_avx512.multiply_integers(w, x, ldx, rows, y, ldy);
  }
  configure(rows < kTile ? rows : kTile);
  // The last blocks overlap those before rather than be lower than a tile.
  const int last = rows < kTile ? 0 : rows - kTile;
  for (int r = 0; r < rows; r += 2 * kTile) {
    const int first = r < last ? r : last, second = r + kTile < last ? r + kTile : last;
    const Rows blocks = {
        {x + first * ldx, x + second * ldx}, {y + first * ldy, y + second * ldy}, ldx, ldy};
    if (rows - r > kTile) {
      strip<2>(w, blocks);
    } else {
      strip<1>(w, blocks);
    }
  }
  _tile_release();
}

Kernels table() {
  Kernels kernels = kernels_avx512;
  kernels.name = "amx";
  kernels.multiply_integers = multiply_integers;
  return kernels;
}

}  // namespace

extern const Kernels kernels_amx;
const Kernels kernels_amx = table();

}  // namespace gpt2
